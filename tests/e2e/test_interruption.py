"""A deploy that is interrupted or meets another one, on the embedded AWS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Clone

_PATIENCE = 60.0


@pytest.fixture(scope="module")
def empty(clone: Clone) -> Clone:
    """A clone with a state backend, and nothing deployed yet."""
    clone.succeed("local", "up")
    clone.succeed("bootstrap")
    return clone


def wait_for(process: subprocess.Popen[str], text: str) -> list[str]:
    """Read standard error until `text` comes; the rest is read on in the background."""
    assert process.stderr is not None
    seen: list[str] = []
    for line in process.stderr:
        seen.append(line)
        if text in line:
            threading.Thread(target=lambda: seen.extend(process.stderr or []), daemon=True).start()
            return seen
    pytest.fail(f"ended without {text!r}: {''.join(seen)}")


def descendants(pid: int) -> Iterator[int]:
    """Every process that `pid` started, by Linux's /proc."""
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
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        locks = dynamodb.scan(TableName="terraform-locks")["Items"]
        if any("OperationTypeApply" in lock.get("Info", {}).get("S", "") for lock in locks):
            return
        time.sleep(0.05)
    pytest.fail("nobody took the lock")


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "created  aws_iam_role.function"),
        (signal.SIGTERM, "Plan for the deployment"),
    ],
)
def test_an_interrupted_apply_leaves_no_lock_and_no_process(
    empty: Clone, number: signal.Signals, moment: str
) -> None:
    """Terraform is told once and waited for; the sentence says how far it got; exit 130."""
    process = empty.start("deploy", "--yes", "--verbose", "--output", "json")
    wait_for(process, moment)
    started = set(descendants(process.pid))
    process.send_signal(number)
    assert process.wait(_PATIENCE) == 130
    assert not any(Path(f"/proc/{pid}").exists() for pid in started)
    planned = empty.run("plan", "--output", "json")
    assert planned.returncode == 0, planned.stderr


def test_the_next_deploy_completes(empty: Clone) -> None:
    """What an interrupt left half done is picked up."""
    deployed = empty.read("deploy", "--yes")
    assert deployed["smoke"] == "passed"
    assert empty.run("plan", "--detailed-exitcode").returncode == 0


def test_of_two_deploys_one_works_and_the_other_names_the_holder(empty: Clone) -> None:
    """The second one says who holds the lock since when, and changes nothing."""
    empty.edit("lambda_function/api.py", '"status": "ok"', '"status": "first"')
    first = empty.start("deploy", "--yes")
    wait_for_the_lock(empty)
    second = empty.run("deploy", "--yes", "--output", "json")
    first.communicate(timeout=_PATIENCE)
    assert first.returncode == 0
    assert second.returncode == 1
    error = json.loads(second.stderr)["error"]
    assert error["code"] == "state-locked"
    assert os.uname().nodename in error["message"]
    assert time.strftime("%Y-%m-%d", time.gmtime()) in error["message"]
    assert "tt-ops --target local unlock" in error["hint"]


def test_a_lock_whose_holder_was_killed_can_be_released(empty: Clone) -> None:
    """After kill -9 the lock stays; the message names it, and the hint as it stands frees it."""
    empty.edit("lambda_function/api.py", '"status": "first"', '"status": "second"')
    process = empty.start("deploy", "--yes")
    wait_for_the_lock(empty)
    for pid in [process.pid, *descendants(process.pid)]:
        os.kill(pid, signal.SIGKILL)
    process.wait()
    refused = json.loads(empty.run("deploy", "--yes", "--output", "json").stderr)["error"]
    assert refused["code"] == "state-locked"
    unlock = refused["hint"].split("tt-ops ")[1].split()
    assert unlock[-1] == "--yes"
    assert empty.read(*unlock) == {"lock_id": unlock[-2]}
    empty.succeed("deploy", "--yes")
