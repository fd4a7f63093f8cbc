"""Releases, their history and pruning as text."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tasktracker_ops.models.release import (
    PruneResult,
    Release,
    ReleaseEvent,
    ReleaseHistory,
    ReleaseList,
    ReleaseRecord,
)
from tasktracker_ops.models.times import timestamp


def ago(seconds: int) -> str:
    """Return a time in the past."""
    return timestamp(datetime.now(UTC) - timedelta(seconds=seconds))


LIVE = Release(12, True, "ab12", "3f2c1a9d", True, "ada@laptop", ago(7300), "proven")
OLD = Release(9, False, "cd34", None, False, None, ago(200000), "failed")


def test_releases_are_a_table(show: Callable[..., str]) -> None:
    """The live one is marked; in JSON, all of each release is there."""
    _, _, live, old = show(ReleaseList((LIVE, OLD))).splitlines()
    assert live.split(maxsplit=4) == [
        *("12", "live", "proven", "3f2c1a9"),
        "+ changes  ada@laptop  2 h ago",
    ]
    assert old.split() == ["9", "failed", "no", "commit", "unknown", "2", "d", "ago"]
    (first, _) = json.loads(show(ReleaseList((LIVE, OLD)), output="json"))["releases"]
    assert " ".join(first) == "release live sha256 commit dirty by at outcome"
    assert "tt-ops deploy" in show(ReleaseList(()))


def test_history_says_how_long_each_release_served(show: Callable[..., str]) -> None:
    """A release serves until the next one does, whatever became of their versions."""
    record = ReleaseRecord(1, "", {}, None, False, "a@b", None, "", "1")
    first = replace(record, events=(ReleaseEvent(ago(9000), "live", "ada@laptop"),))
    event = ReleaseEvent(ago(1800), "live", "ada@laptop", "instead of 1")
    second = replace(record, release=2, events=(event,))
    text = show(ReleaseHistory.of([first, second], 1))
    assert "2  live     ada@laptop  30 min    instead of 1" in text
    assert text.endswith("1 older event: see them with --limit.\n")
    whole = ReleaseHistory.of([second, first], 9)
    assert [round(event.served or 0) for event in whole.events] == [1800, 7200]


def test_pruning_names_ranges(show: Callable[..., str]) -> None:
    """A dry run says that it is one."""
    assert show(PruneResult((1, 2, 3, 5), (4, 6), dry_run=True)) == (
        "Would prune releases 1-3, 5. Kept releases 4, 6.\n"
    )
    assert show(PruneResult((), (4, 6), dry_run=False)) == "Nothing to prune: 2 releases exist.\n"
