"""`kill -9` during a deploy, each time after a certain call of AWS was carried out."""

from __future__ import annotations

import signal

import pytest

from .account import Account
from .machine import Victim

STATE = "PutObject infra/terraform.tfstate"
LOCK = "*Item task-tracker-terraform-state/infra/terraform.tfstate"
# The call, and which of that name; in the order of a first deploy.
BY_TERRAFORM = [
    (f"Put{LOCK}", 1),
    (f"Delete{LOCK}", 1),
    ("PutObject *.tflock", 1),
    ("CreateTopic", 1),
    ("CreateRole", 1),
    ("CreateTable", 1),
    ("CreateApi", 1),
    ("Subscribe", 1),
    ("CreateFunction", 1),
    ("CreateStage", 1),
    ("CreateAlias", 1),
    ("PutMetricAlarm", 1),
    ("AddPermission", 1),
    ("CreateRoute", 3),
    ("PutParameter /task-tracker/deployment", 1),
    (STATE, 1),
    ("PutItem *-md5", 1),
]
BY_TT_OPS = [
    ("PutObject *.deploy", 1),
    ("PutParameter /task-tracker/state*", 1),
    ("DeleteObject *.deploy", 1),
]
MORE_BY_TERRAFORM = [("CreateLogGroup", 2), ("PutRolePolicy", 1), ("UpdateTimeToLive", 1)]
FIRST_DEPLOY = {
    "all": BY_TERRAFORM + BY_TT_OPS,
    "tt-ops": BY_TERRAFORM + BY_TT_OPS,
    "terraform": BY_TERRAFORM + MORE_BY_TERRAFORM,
}


@pytest.mark.row("`kill -9` of {victim} at 20 moments of a first deploy")
@pytest.mark.parametrize(
    ("victim", "call", "nth"),
    [
        pytest.param(victim, call, nth, id=f"{victim}-{call}")
        for victim, moments in FIRST_DEPLOY.items()
        for call, nth in moments
    ],
)
def test_first_deploy(first: Account, victim: Victim, call: str, nth: int) -> None:
    """The next deploy adopts what exists, takes the lock over and completes the deployment."""
    died = first.die_after(call, victim, nth=nth)
    assert died.returncode == (1 if victim == "terraform" else -signal.SIGKILL), died.stderr
    assert first.orphans() == []
    first.require_nothing_twice()
    first.require_healed()


@pytest.mark.row("`kill -9` of tt-ops in a first deploy, and the next deploy at once")
def test_next_deploy_at_once(first: Account) -> None:
    """The next deploy ends what still runs of the dead one before it plans."""
    first.die_after("CreateFunction", "tt-ops")
    first.require_healed()
    assert first.orphans() == []
