"""Write the results of the last `make faults` into the table of reliability.md.

`make faults` runs it. The tests leave their results in build/faults.json; each names its row, and
its docstring says what happens.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
RESULTS = ROOT / "build" / "faults.json"
BEGIN, END = "<!-- written by make faults -->\n", "<!-- until here -->\n"
# The figures that have to be zero.
COUNTS = {
    "second": "things that existed twice",
    "orphans": "processes that outlived a run by ten seconds",
    "tasks lost": "tasks lost",
}

Case = Mapping[str, Any]


def table(results: Mapping[str, Any]) -> str:
    """Return the results as a sentence, a table with a row for each fault, and what failed."""
    cases: list[Case] = [case for case in results["cases"] if not case["skipped"]]
    passed = sum(case["passed"] for case in cases)
    counts = [f"{text}: {_sum(cases, name)}" for name, text in COUNTS.items()]
    lines = [
        f"{results['date']}, commit `{results['commit']}`: {passed} of {len(cases)} cases as the "
        f"table says; {'; '.join(counts)}.",
        "",
        "| Fault | What happens | Test | Result |",
        "|---|---|---|---|",
    ]
    for fault in dict.fromkeys(case["row"] for case in results["cases"]):
        lines.append(_row(fault, [case for case in results["cases"] if case["row"] == fault]))
    failed = [f"- `{case['test'].rpartition('/')[2]}`" for case in cases if not case["passed"]]
    if failed:
        lines += ["", "Not as the table says:", "", *failed]
    return "\n".join(lines) + "\n"


def _row(fault: str, cases: Sequence[Case]) -> str:
    path, _, function = cases[0]["test"].partition("::")
    test = f"[`{function.partition('[')[0]}`](../{path})"
    return f"| {fault} | {cases[0]['happens']} | {test} | {_result(cases)} |"


def _result(cases: Sequence[Case]) -> str:
    run = [case for case in cases if not case["skipped"]]
    if not run:
        return "not run: it takes root"
    parts = [f"{sum(case['passed'] for case in run)} of {len(run)}"]
    seconds = [case["figures"]["seconds"] for case in run if "seconds" in case["figures"]]
    if seconds:
        parts.append(f"healed in {statistics.median(seconds):.0f} s")
    if commands := _sum(run, "commands"):
        parts.append(f"{commands} by the command that the error names")
    return ", ".join(parts)


def _sum(cases: Sequence[Case], figure: str) -> int:
    return int(sum(case["figures"].get(figure, 0) for case in cases))


def main() -> None:
    """Replace the part of the page between its two markers."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    content = table(json.loads(RESULTS.read_text("utf-8")))
    PAGE.write_text(f"{before}{BEGIN}\n{content}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
