"""Terraform's state, its versions and what was done to it, as text."""

from __future__ import annotations

from collections.abc import Iterator

from tasktracker_ops.errors import counted
from tasktracker_ops.models.state import (
    StateContent,
    StateDifference,
    StateRepairResult,
    StateRestore,
    StateVersion,
    StateVersions,
)

from .columns import Column, fit
from .results import text
from .screen import Screen
from .text import ago, escape_control_characters

_SHORTEST = 8
# Each column with its weight.
_WEIGHTS = {
    "version": 7,
    "written": 6,
    "serial": 5,
    "lineage": 2,
    "size": 1,
    "resources": 3,
    "who": 4,
}
_NUMBERS = {"serial", "size", "resources"}


@text.register
def _(result: StateVersions, screen: Screen) -> str:
    if not result.versions:
        return f"The bucket {result.bucket} has no version of the state {result.key}."
    length = _unique_length([each.version for each in result.versions])
    cells = zip(*(_row(each, length) for each in result.versions), strict=True)
    columns = [
        Column(header, each, weight, right=header in _NUMBERS, cuts=header == "who")
        for (header, weight), each in zip(_WEIGHTS.items(), cells, strict=True)
    ]
    lines = [fit(columns, screen.columns)]
    if result.more:
        lines.append(f"{counted(result.more, 'older version')}: see them with --limit.")
    return "\n\n".join(lines)


def _row(version: StateVersion, length: int) -> list[str]:
    current = " (current)" if version.current else ""
    first = [version.version[:length], f"{ago(version.at)}{current}"]
    if version.problem:
        return [*first, "", "", f"{version.size:,}", "", version.problem]
    return [
        *first,
        str(version.serial),
        (version.lineage or "")[:_SHORTEST],
        f"{version.size:,}",
        str(version.resources),
        version.who or "unknown",
    ]


def _unique_length(ids: list[str]) -> int:
    """Return how many characters tell the versions apart, at least eight."""
    longest = max(map(len, ids))
    lengths = range(_SHORTEST, longest + 1)
    return next((n for n in lengths if len({each[:n] for each in ids}) == len(ids)), longest)


@text.register
def _(result: StateContent, screen: Screen) -> str:
    return result.content.rstrip("\n")


@text.register
def _(result: StateRestore, screen: Screen) -> str:
    first = (
        f"Restored the state of serial {result.from_serial} as serial {result.serial} "
        f"(version {result.version})."
    )
    plan = f"See what a deploy would change now: {screen.command('plan')}"
    return "\n".join([escape_control_characters(first), *difference_lines(result.difference), plan])


def difference_lines(difference: StateDifference) -> Iterator[str]:
    """Yield a line for each resource that a restore changes in the state."""
    kinds = (
        ("+", "comes back", difference.added),
        ("~", "gets the id it had", difference.changed),
        ("-", "is forgotten", difference.removed),
    )
    for sign, words, addresses in kinds:
        for address in addresses:
            yield f"{sign} {escape_control_characters(address)} {words}"
    if difference.empty:
        yield "The resources in it are the same as now."


@text.register
def _(result: StateRepairResult, screen: Screen) -> str:
    first = "Repaired." if result.repairs else "Nothing to repair."
    if result.serial is None:
        rest = f"There is no state {result.key}."
    else:
        resources = counted(result.resources or 0, "resource")
        rest = (
            f"The state {result.key} is valid: serial {result.serial}, lineage {result.lineage}, "
            f"{resources}."
        )
    return f"{first} {escape_control_characters(rest)}"
