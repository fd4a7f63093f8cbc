"""The results: kept row by row, and written as RESULTS.md, the chart and the README's table."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from tasktracker_ops import __version__

from .chart import chart
from .peers import LOCKS, ROOT, version
from .rows import Measurement, Row, is_met

_KEPT = ROOT / "build" / "benchmarks"
_RESULTS = Path(__file__).with_name("RESULTS.md")
_CHART = Path(__file__).with_name("results.svg")
_README = ROOT / "README.md"
_TABLE = re.compile(r"(<!-- figures: made by python -m benchmarks -->\n).*?(<!-- end -->)", re.S)
# What matters to a user, with its words.
_FIGURES = {
    "first-deploy": "A first deploy, compared with Terraform's `init` and `apply` of both stacks",
    "code-alone": "New code alone (`deploy --code`), compared with `terraform apply`",
    "status": "`status` of everything, compared with one `aws cloudwatch describe-alarms`",
    "handler-cold": "A cold start, compared with a function with boto3's resource (CPU)",
    "help-aws": "`--help`, compared with `aws --version`",
}
_QUIET = 0.2  # cores that others may keep busy
_HEAD = """\
# Results

Written by `python -m benchmarks`; [what it does](README.md). A ratio is the median of ours \
divided by the median of the other; the range after it holds the middle half of the turns. *Same* \
is our work divided by itself, measured in the same turns: how far a ratio can be trusted.
"""


def keep(measurement: Measurement) -> None:
    """Store a measurement, in the place of an earlier one of its row."""
    _KEPT.mkdir(parents=True, exist_ok=True)
    (_KEPT / f"{measurement.row}.json").write_text(json.dumps(asdict(measurement), indent=1))


def read(row: str) -> Measurement | None:
    """Return the measurement that is kept of a row, if there is one."""
    try:
        return Measurement(**json.loads((_KEPT / f"{row}.json").read_text()))
    except FileNotFoundError:
        return None


def versions(row: Row) -> dict[str, str]:
    """Return the versions of both sides, and the machine they ran on."""
    return {
        "ours": f"tt-ops {__version__}",
        "theirs": _peer_version(row.theirs),
        "machine": f"{os.cpu_count()} cores, {_processor()}, {platform.system()}, "
        f"Python {platform.python_version()}",
    }


def _peer_version(work: str) -> str:
    return next((version(program) for program in LOCKS if program in work), "")


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    return found[1] if found else platform.machine()


def goal(row: Row) -> str:
    """Return the goal as text."""
    return f"{'≥' if row.more_is_better else '≤'} {row.goal:g}"


def line(row: Row, measurement: Measurement) -> str:
    """Return a measurement in one line."""
    lower, upper = measurement.spread
    return (
        f"{row.name}: {_number(measurement.ratio)} ({_number(lower)}-{_number(upper)}), "
        f"goal {goal(row)}, same {measurement.control_ratio:.2f}, "
        f"{measurement.load:.1f} cores busy with other work"
    )


def write(rows: Mapping[str, Row]) -> None:
    """Write RESULTS.md, the chart and the table of the README from what is kept."""
    kept = {name: found for name in rows if (found := read(name)) is not None}
    if not kept:
        return
    _RESULTS.write_text(_page(rows, kept), "utf-8")
    _CHART.write_text(chart([(rows[name], each.ratio) for name, each in kept.items()]), "utf-8")
    figures = _figures(kept)
    text = _README.read_text("utf-8")
    _README.write_text(_TABLE.sub(lambda found: found[1] + figures + found[2], text), "utf-8")


def _page(rows: Mapping[str, Row], kept: Mapping[str, Measurement]) -> str:
    lines = ["| work | beside | ours | theirs | ratio | same | goal | met | turns |"]
    lines.append("|---|---|---|---|---|---|---|---|---|")
    for name, each in kept.items():
        row = rows[name]
        lower, upper = each.spread
        ratio = f"{_number(each.ratio)} ({_number(lower)} to {_number(upper)})"
        lines.append(
            f"| {row.ours} | {row.theirs} | {_value(each.ours, row)} | {_value(each.theirs, row)} "
            f"| {_mark(ratio, each)} | {each.control_ratio:.2f} | {goal(row)} "
            f"| {'yes' if is_met(row, each.ratio) else 'no'} | {len(each.ours)} |"
        )
    notes = [f"- {text}" for text in _versions_of(kept)]
    busy = [each.load for each in kept.values() if each.load > _QUIET]
    if busy:
        notes.append(
            f"- *Provisional*: others kept {min(busy):.1f} to {max(busy):.1f} cores busy when the "
            "row was measured."
        )
    return "\n".join([_HEAD, *lines, "", *notes, ""])


def _versions_of(kept: Mapping[str, Measurement]) -> list[str]:
    keys = ("machine", "ours", "theirs")
    found = (each.versions.get(key, "") for key in keys for each in kept.values())
    return list(dict.fromkeys(filter(None, found)))


def _figures(kept: Mapping[str, Measurement]) -> str:
    lines = ["| | ratio of times |", "|---|---|"]
    for name, words in _FIGURES.items():
        if name in kept:
            lines.append(f"| {words} | {_mark(_number(kept[name].ratio), kept[name])} |")
    return "\n".join([*lines, ""])


def _mark(text: str, measurement: Measurement) -> str:
    return f"{text} *provisional*" if measurement.load > _QUIET else text


def _number(ratio: float) -> str:
    return f"{ratio:.3f}" if ratio < 0.1 else f"{ratio:.2f}"


def _value(values: Sequence[float], row: Row) -> str:
    return f"{median(values):.3g} {row.unit}"
