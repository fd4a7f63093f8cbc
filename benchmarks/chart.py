"""A chart of the ratios: a bar for each row on a logarithmic axis, with its goal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import log10

from .rows import Row, is_met

_WIDTH, _LABELS, _RIGHT = 880, 390, 60
_TOP, _ROW, _BAR = 56, 30, 12
_AXIS = (0.03, 0.1, 0.3, 1, 3)
_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.beside, .axis { fill: #59636e; font-size: 11px }
.grid { stroke: #d1d9e0 } .equal { stroke: #59636e }
.met { fill: #1a7f37 } .missed { fill: #bc4c00 } .goal { stroke: #1f2328; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc } .beside, .axis { fill: #9198a1 }
.grid { stroke: #3d444d } .equal { stroke: #9198a1 }
.met { fill: #3fb950 } .missed { fill: #f0883e } .goal { stroke: #f0f6fc }
}"""


def chart(ratios: Sequence[tuple[Row, float]]) -> str:
    """Return the chart as SVG, in the colours of the reader's scheme.

    A bar goes from 1, equal, to what our side takes as a part of the other; left is less.
    """
    height = _TOP + _ROW * len(ratios) + 12
    title = "What tt-ops takes, as a part of what another tool takes"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>{title}</title><style>{_STYLE}</style>",
        f'<text x="0" y="18">{title}; the line is the goal</text>',
        *_grid(height),
    ]
    for number, (row, ratio) in enumerate(ratios):
        parts += _bar(row, ratio, _TOP + _ROW * number)
    return "\n".join([*parts, "</svg>", ""])


def _grid(height: int) -> Iterator[str]:
    for value in _AXIS:
        x, kind = _x(value), "equal" if value == 1 else "grid"
        yield f'<line class="{kind}" x1="{x}" x2="{x}" y1="{_TOP - 12}" y2="{height - 8}"/>'
        yield f'<text class="axis" text-anchor="middle" x="{x}" y="{_TOP - 18}">{value:g}</text>'


def _bar(row: Row, ratio: float, top: int) -> Iterator[str]:
    # Of requests per second less is worse: the bar shows the time of one.
    ratio, goal = (1 / ratio, 1 / row.goal) if row.more_is_better else (ratio, row.goal)
    kind = "met" if is_met(row, 1 / ratio if row.more_is_better else ratio) else "missed"
    left, right = sorted((_x(ratio), _x(1)))
    middle = top + _ROW // 2
    label = f'{escape(row.ours)} <tspan class="beside">{escape(row.theirs)}</tspan>'
    y = middle - _BAR // 2
    yield f'<text x="{_LABELS - 12}" y="{middle + 4}" text-anchor="end">{label}</text>'
    yield (
        f'<rect class="{kind}" x="{left}" y="{y}" width="{max(right - left, 1):.1f}" '
        f'height="{_BAR}" rx="2"/>'
    )
    x = _x(goal)
    yield f'<line class="goal" x1="{x}" x2="{x}" y1="{middle - 10}" y2="{middle + 10}"/>'
    yield f'<text class="axis" x="{_WIDTH - _RIGHT + 12}" y="{middle + 4}">{ratio:.2f}</text>'


def _x(value: float) -> float:
    """Return where a ratio is on the axis."""
    low, high = log10(_AXIS[0]), log10(_AXIS[-1])
    place = (log10(min(max(value, _AXIS[0]), _AXIS[-1])) - low) / (high - low)
    return round(_LABELS + place * (_WIDTH - _LABELS - _RIGHT), 1)
