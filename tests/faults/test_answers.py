"""Answers of AWS that are lost, refuse or come late, at twelve operations of a first deploy."""

from __future__ import annotations

import time
from itertools import cycle
from math import inf

import pytest

from .account import Account
from .proxy import CUT, DELAYED, DENIED, ERROR, THROTTLED, UNAVAILABLE

OPERATIONS = [
    "PutObject *.deploy",
    "PutItem */infra/terraform.tfstate",
    "CreateLogGroup",
    "CreateTopic",
    "CreateRole",
    "CreateTable",
    "CreateApi",
    "CreateFunction",
    "CreateAlias",
    "PutParameter /task-tracker/deployment",
    "PutObject infra/terraform.tfstate",
    "PutItem *-md5",
]
BRIEF = {"500": ERROR, "503": UNAVAILABLE, "throttled": THROTTLED, "delayed": DELAYED}
SILENT_SECONDS = 150  # the provider's own five minutes would be silent


@pytest.mark.row("The answer to one of 12 operations is cut off after it was carried out")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_answer_is_cut(first: Account, operation: str) -> None:
    """At most one more deploy is needed, nothing exists twice, and nobody waits in silence."""
    first.proxy.inject(operation, CUT)
    _deploy_meets_a_fault(first)
    first.require_healed()


@pytest.mark.row("One of 12 operations is denied (403)")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_call_is_refused(first: Account, operation: str) -> None:
    """The error names the cause; once it is allowed, a deploy completes the deployment."""
    first.proxy.inject(operation, DENIED, times=inf)
    _deploy_meets_a_fault(first)
    first.require_healed()


@pytest.mark.row("One of 12 operations keeps answering 500, 503 or a throttling error")
@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        pytest.param(operation, answer, id=f"{operation}-{answer}")
        for operation, answer in zip(OPERATIONS, cycle(["500", "503", "throttled"]), strict=False)
    ],
)
def test_call_fails_for_long(first: Account, operation: str, answer: str) -> None:
    """The deploy gives up and says so; once AWS answers again, a deploy completes it."""
    first.proxy.inject(operation, BRIEF[answer], times=inf)
    _deploy_meets_a_fault(first)
    first.require_healed()


@pytest.mark.row("Each of 12 operations is {answer} once, in one deploy")
@pytest.mark.parametrize("answer", BRIEF)
def test_calls_fail_once(first: Account, answer: str) -> None:
    """Each call is repeated; the deploy succeeds by itself."""
    for operation in OPERATIONS:
        first.proxy.inject(operation, BRIEF[answer])
    first.succeed("deploy", "--yes")
    assert first.proxy.clear() == []
    first.require_deployed()
    first.require_empty_plan()


def _deploy_meets_a_fault(account: Account) -> None:
    """Deploy; that may fail, but with an error, and what it calls a success has to be one."""
    started = time.monotonic()
    first = account.run("deploy", "--yes")
    assert time.monotonic() - started < SILENT_SECONDS
    calls = account.proxy.writes
    left = account.proxy.clear()
    assert not left, f"{left} was not called: {calls}; {first.stderr}"
    assert first.returncode in (0, 1, 4), first.stderr
    assert "Traceback" not in first.stderr
    if first.returncode == 0:
        account.require_deployed()
    account.require_nothing_twice()
