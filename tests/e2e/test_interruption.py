"""A deploy that is interrupted, or runs while another one does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from .conftest import LOCAL, make_backend

if TYPE_CHECKING:
    from .conftest import Clone

_LIMIT = 60.0


@pytest.fixture(scope="module")
def empty(prepared: Clone) -> Clone:
    """Return a clone with a state backend, and nothing deployed."""
    return prepared


def wait_for(process: subprocess.Popen[str], text: str) -> list[str]:
    """Read standard error until `text` comes, and the rest in the background."""
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line)
        if text in line:
            threading.Thread(target=lambda: lines.extend(process.stderr or []), daemon=True).start()
            return lines
    pytest.fail(f"ended without {text!r}: {''.join(lines)}")


def descendants(pid: int) -> Iterator[int]:
    """Yield every process that `pid` started, by Linux's /proc."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield int(child)
            yield from descendants(int(child))


def wait_for_the_lock(clone: Clone) -> None:
    """Wait until an apply holds the state's lock."""
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=clone.read("local", "status")["url"],
        region_name="eu-west-3",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    deadline = time.monotonic() + _LIMIT
    while time.monotonic() < deadline:
        locks = dynamodb.scan(TableName="terraform-locks")["Items"]
        if any("OperationTypeApply" in lock.get("Info", {}).get("S", "") for lock in locks):
            return
        time.sleep(0.05)
    pytest.fail("no apply has locked the state")


def change_code(clone: Clone) -> None:
    """Give the next deploy something to do."""
    with (clone.path / "lambda_function/api.py").open("a") as file:
        file.write("# changed\n")


def _interrupt(clone: Clone, number: signal.Signals, moment: str) -> None:
    """Send a signal to a deploy that has printed `moment`; it has to end and leave no child."""
    process = clone.start("deploy", "--yes", "--verbose", "--output", "json")
    wait_for(process, moment)
    started = set(descendants(process.pid))
    process.send_signal(number)
    assert process.wait(_LIMIT) == 130
    assert not any(Path(f"/proc/{pid}").exists() for pid in started)


@pytest.mark.soak
def test_next_deploy_completes_an_interrupted_apply(empty: Clone) -> None:
    """Ctrl-C during an apply exits 130, with no lock and no process left; deploy completes it."""
    _interrupt(empty, signal.SIGINT, "created  aws_iam_role.function")
    deployed = empty.read("deploy", "--yes")
    assert deployed["release"]["checks"] == "passed"


@pytest.mark.extended  # tests/adapters/terraform sends it to a small apply
def test_sigterm_ends_a_background_deploy_in_order(make_clone: Callable[..., Clone]) -> None:
    """`nohup tt-ops deploy &` ignores SIGINT and SIGHUP, and ends on SIGTERM."""
    clone = make_clone(**LOCAL)
    make_backend(clone)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    for number in before:
        signal.signal(number, signal.SIG_IGN)
    try:
        _interrupt(clone, signal.SIGTERM, "created  aws_iam_role.function")
        assert clone.run("plan").returncode == 0  # so the state is not locked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        clone.run("local", "down")


@pytest.fixture(scope="module")
def deployed(empty: Clone) -> Clone:
    """Deploy unless an earlier test has."""
    empty.succeed("deploy", "--yes")
    return empty


@pytest.mark.extended
def test_second_deploy_names_the_holder_of_the_lock(deployed: Clone) -> None:
    """A second deploy says who deploys since when, and changes nothing."""
    change_code(deployed)
    first = deployed.start("deploy", "--yes")
    wait_for_the_lock(deployed)
    second = deployed.run("deploy", "--yes", "--output", "json")
    first.communicate(timeout=_LIMIT)
    assert first.returncode == 0
    assert second.returncode == 1
    error = json.loads(second.stderr)["error"]
    assert error["code"] == "deploy-locked"
    assert f"process {first.pid} on {os.uname().nodename!r}" in error["message"]
    assert time.strftime("%Y-%m-%d", time.gmtime()) in error["message"]
    assert error["hint"].endswith("--lock-timeout 600")


@pytest.mark.extended
def test_the_lock_of_a_killed_deploy_is_taken_over(deployed: Clone) -> None:
    """After kill -9 the next deploy says so and completes it, with Terraform's locks removed."""
    change_code(deployed)
    process = deployed.start("deploy", "--yes")
    wait_for_the_lock(deployed)
    for pid in [process.pid, *descendants(process.pid)]:
        os.kill(pid, signal.SIGKILL)
    process.wait(_LIMIT)
    assert deployed.read("status")["deploy_lock"]["dead"]
    deploy = deployed.run("deploy", "--yes")
    assert deploy.returncode == 0, deploy.stderr
    assert f"its process {process.pid} is gone" in deploy.stderr
    assert "Removed the lock that Terraform left" in deploy.stderr
    unlocked = deployed.read("unlock", "--yes")
    assert unlocked == {"released": [], "holder": None}
