"""Releases and their history as text."""

from __future__ import annotations

from collections.abc import Sequence

from tasktracker_ops.errors import counted
from tasktracker_ops.models.promote_to import PackagePromotion
from tasktracker_ops.models.release import (
    PruneResult,
    Release,
    ReleaseHistory,
    ReleaseList,
    ServingRelease,
)

from .columns import Column, fit
from .results import text
from .screen import Screen
from .text import ago, duration, escape_control_characters, state


@text.register
def _(result: ReleaseList, screen: Screen) -> str:
    if not result.releases:
        return f"Nothing was released yet. Release the project: {screen.command('deploy')}"
    releases = result.releases
    columns = [
        Column("release", [each.release for each in releases], weight=6, right=True),
        Column("", ["live" if each.live else "" for each in releases], weight=5),
        Column("outcome", [state(each.outcome) for each in releases], weight=4),
        Column("commit", [*map(commit, releases)], weight=3),
        Column("by", [each.by or "unknown" for each in releases], weight=1, cuts=True),
        Column("age", [ago(each.at) for each in releases], weight=2),
    ]
    return fit(columns, screen.columns)


@text.register
def _(result: ReleaseHistory, screen: Screen) -> str:
    if not result.events:
        return "No release has a record yet."
    events = result.events
    served = ["" if each.served is None else duration(each.served) for each in events]
    columns = [
        Column("time", [each.at[:19].replace("T", " ") for each in events], weight=5),
        Column("release", [each.release for each in events], weight=6, right=True),
        Column("event", [each.what for each in events], weight=7),
        Column("by", [each.by for each in events], weight=1),
        Column("served", served, weight=2),
        Column("detail", [each.detail for each in events], weight=4, cuts=True),
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


def commit(release: Release | ServingRelease | PackagePromotion) -> str:
    """Return the commit that a release was made of, as results show it."""
    if release.commit is None:
        return "no commit"
    return f"{escape_control_characters(release.commit[:7])}{' + changes' if release.dirty else ''}"
