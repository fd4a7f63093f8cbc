"""`kill -9` during a deploy that changes code and configuration."""

from __future__ import annotations

import signal

import pytest

from tests.faults.account import Account
from tests.faults.machine import Victim
from tests.faults.test_kills import LOCK, STATE

CHANGE: list[tuple[str, int, Victim]] = [
    ("PutObject *.deploy", 1, "all"),
    (f"Put{LOCK}", 1, "tt-ops"),
    ("PutObject *.tflock", 2, "terraform"),
    ("UpdateFunctionConfiguration*", 1, "tt-ops"),
    ("UpdateStage", 1, "tt-ops"),
    (STATE, 1, "terraform"),
    ("PutItem *-md5", 1, "all"),
    ("UpdateFunctionCode*", 1, "all"),
    ("PublishVersion*", 1, "tt-ops"),
    ("UpdateAlias *", 1, "all"),
]


@pytest.mark.row("`kill -9` at 10 moments of a change of code and configuration")
@pytest.mark.parametrize(
    ("call", "nth", "victim"),
    [pytest.param(*moment, id=f"{moment[0]}-{moment[2]}") for moment in CHANGE],
)
def test_change(deployed: Account, call: str, nth: int, victim: Victim) -> None:
    """The API serves meanwhile; the next deploy completes the change."""
    kept = deployed.tasks()
    deployed.change()
    died = deployed.die_after(call, victim, nth=nth)
    assert died.returncode == (1 if victim == "terraform" else -signal.SIGKILL), died.stderr
    assert deployed.tasks() == kept
    assert deployed.orphans() == []
    deployed.require_healed(kept)
