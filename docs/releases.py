"""Write `releases.svg`: the steps of a release, who answers meanwhile, and what a failure does.

With --check it writes nothing, and exits 1 when the picture is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

PICTURE = Path(__file__).parent / "releases.svg"
WIDTH, HEIGHT = 900, 362
LEFT, STEP, BOX = 16, 146, 138  # x of the first step; from step to step; width of one
STEPS = (
    ("1  Upload", "the package becomes", "$LATEST, which serves", "nobody"),
    ("2  Publish", "as version 13; its record", "says that it is", "unproven"),
    (
        "3  Check version 13",
        "by its number: health, list,",
        "a task created, read,",
        "changed and deleted",
    ),
    (
        "4  Shift the alias live",
        "at once, or first a share",
        "of the requests, while",
        "both are watched",
    ),
    ("5  Check the API", "by requests as clients", "send them, through", "API Gateway"),
    ("6  Record it", "as proven; the oldest", "versions are deleted,", "their records stay"),
)
# First step, number of steps, and what a failure there means.
FAILURES = (
    (
        *(0, 2),
        ("Killed, at any step", "The release stays unproven: the next deploy", "checks it again."),
    ),
    (2, 1, ("The check fails", "Exit 1. No client", "reached version 13.")),
    (3, 1, ("A breach, or Ctrl-C", "The alias goes back", "to release 12.")),
    (
        4,
        2,
        (
            "The check fails",
            "Exit 1. Release 12 serves again,",
            "and the record of 13 says: failed.",
        ),
    ),
)
BOXES, BAND, BELOW = 34, 168, 288  # y of the three rows
BAND_HEIGHT, CANARY = 76, 0.2
STYLE = """
  text { font: 11px Helvetica, Arial, sans-serif; fill: #52606d }
  .title { font-weight: bold; font-size: 12px; fill: #1f2933 }
  .row { font-weight: bold; font-size: 12px; fill: #52606d }
  .page { fill: #ffffff }
  .step { fill: #e3f8ee; stroke: #3f9b74; stroke-width: 1.2 }
  .old { fill: #e2eefc; stroke: #3a78c2; stroke-width: 1.2 }
  .new { fill: #fdeedc; stroke: #d1802a; stroke-width: 1.2 }
  .failure { fill: #fbe6ee; stroke: #c2476f; stroke-width: 1.2 }
  .arrow { stroke: #52606d; stroke-width: 1.4; fill: none }
  .back { stroke: #c2476f; stroke-width: 1.2; stroke-dasharray: 3 3; fill: none }
  .head { fill: #52606d }
  .back-head { fill: #c2476f }
  @media (prefers-color-scheme: dark) {
    text { fill: #b6c2cf }
    .title { fill: #f0f4f8 }
    .row { fill: #b6c2cf }
    .page { fill: #0d1117 }
    .step { fill: #12362a; stroke: #4fb98c }
    .old { fill: #15304f; stroke: #5b9be6 }
    .new { fill: #46300f; stroke: #e39b4c }
    .failure { fill: #45182a; stroke: #e27498 }
    .arrow { stroke: #9aa5b1 }
    .head { fill: #9aa5b1 }
    .back { stroke: #e27498 }
    .back-head { fill: #e27498 }
  }
"""


def picture() -> str:
    """Return the drawing."""
    parts = "\n".join(["", *_steps(), *_band(), *_failures(), ""])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        f"<title>The steps of a release</title>\n<style>{STYLE}</style>\n"
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>{parts}</svg>\n'
    )


def _steps() -> Iterator[str]:
    yield _text(LEFT, BOXES - 14, "What tt-ops does", "row")
    for number, lines in enumerate(STEPS):
        x = LEFT + number * STEP
        yield from _box(x, BOXES, BOX, 72, "step", lines)
        if number:
            yield from _arrow(x - (STEP - BOX), BOXES + 36, x, BOXES + 36)


def _band() -> Iterator[str]:
    """Draw which release answers, by share of the requests, below the steps."""
    shift, shifted = LEFT + 3 * STEP, LEFT + 4 * STEP
    end, bottom = LEFT + 5 * STEP + BOX, BAND + BAND_HEIGHT
    split = bottom - BAND_HEIGHT * CANARY
    yield _text(LEFT, BAND - 14, "Who answers clients meanwhile", "row")
    old = ((LEFT, BAND), (shifted, BAND), (shifted, split), (shift, split), (shift, bottom))
    new = ((shifted, BAND), (end, BAND), (end, bottom), (shift, bottom), (shift, split))
    yield _polygon("old", (*old, (LEFT, bottom)))
    yield _polygon("new", (*new, (shifted, split)))
    for x, lines in (
        (LEFT, ("Release 12", "answers every request")),
        (shift, ("Release 12", "answers most of them")),
        (shifted, ("Release 13", "answers every request")),
    ):
        yield _text(x + 8, BAND + 22, lines[0], "title")
        yield _text(x + 8, BAND + 37, lines[1])
    yield _text(shift + 8, bottom - 4, "a canary: version 13")


def _failures() -> Iterator[str]:
    yield _text(LEFT, BELOW - 14, "When it goes wrong", "row")
    for first, steps, lines in FAILURES:
        x = LEFT + first * STEP
        yield from _box(x, BELOW, (steps - 1) * STEP + BOX, 58, "failure", lines)
        if first:
            middle = x + BOX - 8
            yield from _arrow(middle, BOXES + 72, middle, BELOW, "back")


def _box(
    x: float, y: float, width: float, height: float, kind: str, lines: tuple[str, ...]
) -> Iterator[str]:
    yield f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="7"/>'
    for number, line in enumerate(lines):
        yield _text(x + 8, y + 17 + 15 * number, line, "" if number else "title")


def _arrow(x1: float, y1: float, x2: float, y2: float, kind: str = "arrow") -> Iterator[str]:
    """Draw an arrow to the right or downwards."""
    yield f'<path class="{kind}" d="M{x1} {y1}L{x2} {y2}"/>'
    head = "back-head" if kind == "back" else "head"
    points = ((x2, y2), (x2 - 4, y2 - 7), (x2 + 4, y2 - 7))
    if y1 == y2:
        points = ((x2, y2), (x2 - 7, y2 - 4), (x2 - 7, y2 + 4))
    yield _polygon(head, points)


def _polygon(kind: str, points: tuple[tuple[float, float], ...]) -> str:
    corners = " ".join(f"{x:g},{y:g}" for x, y in points)
    return f'<polygon class="{kind}" points="{corners}"/>'


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}"{attribute} xml:space="preserve">{escape(text)}</text>'


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(PICTURE.read_text(encoding="utf-8") != picture())
    PICTURE.write_text(picture(), encoding="utf-8")
