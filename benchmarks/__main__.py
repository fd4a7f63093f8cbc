"""Compare what tt-ops does with the tools that a user would pick instead.

Each row is kept in build/benchmarks/ once it is measured; RESULTS.md, the chart and the table of
the README are written from all that are kept.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from . import commands, deploy, function, gateway, observe, report
from .measure import busy_cores, say
from .rows import Measurement, Row

_Measure = Callable[[Sequence[Row], int], Iterator[Measurement]]
# Rows that share what they need, with the function that yields them, and the turns of a full run.
_GROUPS: tuple[tuple[Sequence[Row], _Measure, int], ...] = (
    (commands.ROWS, commands.measure, 15),
    (observe.ROWS, observe.measure, 15),
    (function.ROWS, function.measure, 15),
    (gateway.ROWS, gateway.measure, 11),
    (deploy.ROWS, deploy.measure, 5),
)
_ROWS = {row.name: row for rows, _, _ in _GROUPS for row in rows}
_QUICK_TURNS = 3


def main() -> None:
    """Measure the rows that are asked for, and write what is known of all."""
    options = _parser().parse_args()
    if options.list:
        for row in _ROWS.values():
            print(f"{row.name:16} {row.ours} | {row.theirs} | {report.goal(row)}")
        return
    if not options.report:
        wanted = options.only or list(_ROWS)
        if options.resume:
            wanted = [name for name in wanted if report.read(name) is None]
        for rows, measure, turns in _GROUPS:
            chosen = [row for row in rows if row.name in wanted]
            if chosen:
                _run(chosen, measure, _QUICK_TURNS if options.quick else turns, options.quick)
    if not options.quick:
        report.write(_ROWS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=_ROWS, help="this row (repeatable)")
    parser.add_argument("--quick", action="store_true", help="few turns, and write nothing")
    parser.add_argument("--resume", action="store_true", help="only rows without kept results")
    parser.add_argument("--report", action="store_true", help="measure nothing, write the results")
    parser.add_argument("--list", action="store_true", help="list the rows and their goals")
    return parser


def _run(rows: Sequence[Row], measure: _Measure, turns: int, is_quick: bool) -> None:
    names = ", ".join(row.name for row in rows)
    say(f"{names}: {turns} turns")
    load = busy_cores()
    for measurement in measure(rows, turns):
        row = _ROWS[measurement.row]
        kept = replace(measurement, load=load, versions=report.versions(row))
        if not is_quick:
            report.keep(kept)
        say(f"  {report.line(row, kept)}")
        load = busy_cores()


if __name__ == "__main__":
    main()
