"""Interruptions of a deploy, as by Ctrl-C and by a CI runner that cancels a job."""

from __future__ import annotations

import os
import signal
import time

import pytest

from .account import Account
from .proxy import Fault

SIGNALS = {
    "SIGINT": [signal.SIGINT],
    "SIGTERM": [signal.SIGTERM],
    "twice": [signal.SIGINT, signal.SIGINT],
}
CALLS = {"plan": "PutItem */infra/terraform.tfstate", "apply": "CreateApi"}


@pytest.mark.row("{sent} in plan, apply and check (`twice`: a second Ctrl-C half a second later)")
@pytest.mark.parametrize("phase", ["plan", "apply", "check"])
@pytest.mark.parametrize("sent", SIGNALS)
def test_signal(first: Account, sent: str, phase: str) -> None:
    """It exits 130 with no process and no lock left; the next deploy completes the deployment."""

    def interrupt() -> None:
        for number in SIGNALS[sent]:
            os.kill(started.pid, number)
            time.sleep(0.5)

    first.slow_down_the_check()
    if phase in CALLS:
        first.proxy.inject(CALLS[phase], Fault(then=interrupt))
    started = first.start("deploy", "--yes", "--verbose")
    if phase == "check":
        first.wait_for_line(started, "before it serves")
        interrupt()
    ended = first.finish(started)
    assert ended.returncode == 130, ended.stderr
    assert first.processes() == []
    assert first.locks() == []
    first.require_nothing_twice()
    first.require_healed()
