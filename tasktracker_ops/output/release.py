"""Releases, their history, and rollbacks as text."""

from __future__ import annotations

from collections.abc import Sequence

from tasktracker_ops.errors import counted
from tasktracker_ops.models.promote_to import PackagePromotion
from tasktracker_ops.models.release import (
    FileChange,
    PruneResult,
    Release,
    ReleaseHistory,
    ReleaseList,
    Rollback,
    RollbackResult,
    ServingRelease,
)

from .columns import Column, fit
from .results import summary_title, text
from .screen import Screen
from .text import StyledText, ago, duration, escape_control_characters, state

_MOST_FILES = 10
_SIGNS = {"added": "+", "changed": "~", "removed": "-"}


@text.register
def _(result: ReleaseList, screen: Screen) -> str:
    if not result.releases:
        return f"Nothing was released yet. Release the project: {screen.command('deploy')}"
    found = result.releases
    columns = [
        Column("release", [each.release for each in found], weight=6, right=True),
        Column("", ["live" if each.live else "" for each in found], weight=5),
        Column("outcome", [StyledText(state(each.outcome).rstrip()) for each in found], weight=4),
        Column("commit", [*map(commit, found)], weight=3),
        Column("by", [each.by or "unknown" for each in found], weight=1, cuts=True),
        Column("age", [ago(each.at) for each in found], weight=2),
    ]
    return fit(columns, screen.columns)


@text.register
def _(result: ReleaseHistory, screen: Screen) -> str:
    if not result.events:
        return "No release has a record yet."
    found = result.events
    served = ["" if each.served is None else duration(each.served) for each in found]
    columns = [
        Column("time", [each.at[:19].replace("T", " ") for each in found], weight=5),
        Column("release", [each.release for each in found], weight=6, right=True),
        Column("event", [each.what for each in found], weight=7),
        Column("by", [each.by for each in found], weight=1),
        Column("served", served, weight=2),
        Column("detail", [each.detail for each in found], weight=4, cuts=True),
    ]
    lines = [fit(columns, screen.columns)]
    if result.more:
        lines.append(f"{counted(result.more, 'older event')}: see them with --limit.")
    return "\n\n".join(lines)


@text.register
def _(result: PruneResult, screen: Screen) -> str:
    if not result.pruned:
        return f"Nothing to prune: {counted(len(result.kept), 'release')} exist."
    verb = "Would prune" if result.dry_run else "Pruned"
    return f"{verb} {_numbers(result.pruned)}. Kept {_numbers(result.kept)}."


def _numbers(releases: Sequence[int]) -> str:
    """Return releases by number; ranges as such."""
    ranges: list[list[int]] = []
    for number in sorted(releases):
        if ranges and ranges[-1][-1] == number - 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    noun = "release" if len(releases) == 1 else "releases"
    return f"{noun} {', '.join('-'.join(map(str, each)) for each in ranges)}"


@text.register
@summary_title("Rollback")
def _(result: RollbackResult, screen: Screen) -> str:
    after = result.rollback.after
    lines = [
        f"Release {after.release} is live: {commit(after)}, {result.release.outcome}, "
        f"released {ago(after.at)}. Checks: {result.release.checks}.",
        *_differences(result.rollback),
        f"The next deploy rolls forward to the code of the project: {screen.command('deploy')}",
    ]
    return "\n".join(lines)


def rollback_question(rollback: Rollback) -> str:
    """Return what is asked before a rollback."""
    before, after = rollback.before, rollback.after
    files = "" if rollback.changes is None else f"; {_files_differ(rollback.changes)}"
    now = "no release" if before is None else f"release {before.release} ({commit(before)})"
    return (
        f"{now[0].upper()}{now[1:]} is live. Let release {after.release} ({commit(after)}, "
        f"{after.outcome}, {ago(after.at)}) serve instead{files}?"
    )


def commit(release: Release | ServingRelease | PackagePromotion) -> str:
    """Return the commit that a release was made of, as results show it."""
    if release.commit is None:
        return "no commit"
    return f"{escape_control_characters(release.commit[:7])}{' + changes' if release.dirty else ''}"


def _differences(rollback: Rollback) -> list[str]:
    before, changes = rollback.before, rollback.changes
    if before is None or changes is None:
        return []
    compared = f"Compared with release {before.release} ({commit(before)}), "
    files = [
        f"  {_SIGNS[each.change]} {escape_control_characters(each.path)}"
        for each in changes[:_MOST_FILES]
    ]
    more = [f"  … and {len(changes) - _MOST_FILES} more"] if len(changes) > _MOST_FILES else []
    return [f"{compared}{_files_differ(changes)}{':' if changes else '.'}", *files, *more]


def _files_differ(changes: Sequence[FileChange]) -> str:
    if not changes:
        return "no file differs"
    return f"{counted(len(changes), 'file')} differ{'s' if len(changes) == 1 else ''}"
