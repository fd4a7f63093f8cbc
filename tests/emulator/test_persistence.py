"""Snapshots follow changes, by a fork or within the process, and a failure is reported."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.emulator import changes
from tasktracker_ops.emulator.persistence import CAN_FORK, Persistence

from .aws import Aws

STARTED = datetime(2026, 1, 1, tzinfo=UTC)
Eventually = Callable[[Callable[[], bool]], None]


@pytest.fixture(params=[True, False], ids=["forked", "in-process"])
def persistence(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Persistence]:
    """The snapshots of this process, without stores of its own."""
    if request.param and not CAN_FORK:
        pytest.skip("a process with threads cannot be forked safely here")
    (tmp_path / "kept").mkdir()
    made = Persistence(tmp_path / "kept", {}, started_at=STARTED, forks=request.param)
    made.start()
    yield made
    made.stop()


def test_a_snapshot_follows_a_change_within_a_second(
    persistence: Persistence, tmp_path: Path
) -> None:
    """The one before stays until then; one that is restored knows when the target began."""
    file = tmp_path / "kept" / "snapshot"
    assert not file.exists()
    with changes.access():
        pass
    deadline = time.monotonic() + 5
    while not persistence.describe()["is_current"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert b"2026-01-01T00:00:00" in file.read_bytes().partition(b"\n")[0]
    assert persistence.describe()["saved_at"] is not None


def test_a_failure_is_reported_until_a_snapshot_succeeds(
    persistence: Persistence, tmp_path: Path, eventually: Eventually
) -> None:
    """The changes are not forgotten meanwhile."""
    obstacle = tmp_path / "kept" / ".snapshot.partial"
    obstacle.mkdir()
    with changes.access():
        pass
    eventually(lambda: "IsADirectoryError" in str(persistence.describe()["problem"]))
    assert persistence.describe()["is_current"] is False
    obstacle.rmdir()
    eventually(lambda: persistence.describe()["is_current"])
    assert persistence.describe()["problem"] is None


def test_requests_go_on_while_snapshots_are_written(
    in_process_aws: Aws, persistence: Persistence
) -> None:
    """Each waits for a moment at most."""
    client: Any = in_process_aws.client("sns")
    client.create_topic(Name="first")
    begin = time.monotonic()
    slowest = 0.0
    while time.monotonic() < begin + 1.5:
        sent = time.monotonic()
        client.create_topic(Name="again")
        slowest = max(slowest, time.monotonic() - sent)
    assert persistence.describe()["saved_at"] is not None
    assert slowest < 5
