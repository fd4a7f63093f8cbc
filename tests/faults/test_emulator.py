"""The emulator of the local target is killed during a deploy, and all it holds is lost."""

from __future__ import annotations

import json
import os
import signal

import pytest

from .account import Account

LINES = {
    "plan": "comparing with the deployment",
    "apply": "created  aws_iam_role.function",
    "check": "before it serves",
}


@pytest.mark.row("The emulator is killed in {phase}")
@pytest.mark.parametrize("phase", LINES)
def test_emulator_is_killed(first: Account, phase: str) -> None:
    """The deploy fails with the cause; the next one starts another emulator and deploys to it."""
    local = {"TT_OPS_TARGET": "local", "TT_OPS_LOCAL_PORT": "0"}
    first.slow_down_the_check()
    server = first.project / ".tt-ops" / "local" / "server.json"
    started = first.start("deploy", "--yes", "--verbose", **local)
    try:
        first.wait_for_line(started, LINES[phase])
        os.kill(json.loads(server.read_text())["pid"], signal.SIGKILL)
        failed = first.finish(started)
        assert failed.returncode == 1, failed.stderr
        assert "Traceback" not in failed.stderr
        assert first.orphans() == []
        first.succeed("deploy", "--yes", **local)
        first.proxy.upstream = ("127.0.0.1", json.loads(server.read_text())["port"])
        first.require_deployed()
    finally:
        first.run("local", "down")
