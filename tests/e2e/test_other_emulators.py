"""`--target aws` behind `AWS_ENDPOINT_URL`: a plain moto server, and ministack.

What an emulator lacks is asserted as what `tt-ops` makes of it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.endpoint import account, client

if TYPE_CHECKING:
    from .conftest import Clone

ROOT = Path(__file__).parents[2]
ADDRESS = ("--alert-email", "operator@example.com")
_START_SECONDS = 60

pytestmark = pytest.mark.extended  # the provider alone waits a minute for the bucket's rules


@pytest.fixture
def ministack(tmp_path: Path) -> Iterator[str]:
    """Start ministack, which has an environment of its own; gives its address."""
    installed = ROOT / "build" / "emulators" / "bin" / "ministack"
    command = str(installed) if installed.exists() else shutil.which("ministack")
    if command is None:
        pytest.fail("ministack is not installed; install it: make build/emulators/ready")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": "eu-west-3",
    }
    log = tmp_path / "ministack.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            _wait_for(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # the workers of its functions as well


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"ministack did not start: {log.read_text()}")


def refusal(clone: Clone, *arguments: str) -> tuple[int, str]:
    """Run `tt-ops`, which has to fail; returns its exit code and the error's code."""
    result = clone.run(*arguments, "--output", "json")
    return result.returncode, json.loads(result.stderr)["error"]["code"]


def test_moto_takes_a_deployment_without_its_api(
    make_clone: Callable[..., Clone], endpoint: str
) -> None:
    """From bootstrap to the end of the state backend; moto serves no API and keeps no history."""
    # moto forgets the size in a rule of the bucket, for which the provider waits in vain.
    clone = make_clone(**account(endpoint), TF_VAR_expire_old_versions="false")
    assert refusal(clone, "deploy", "--yes") == (4, "alert-email-missing")
    assert clone.read("bootstrap")["plan"]["add"] == 6
    assert clone.read("bootstrap")["plan"]["changes"] == []
    assert (
        clone.read("deploy", "--yes", "--checks", "none", *ADDRESS)["release"]["checks"]
        == "skipped"
    )
    assert clone.read("plan", *ADDRESS)["changes"] == []
    assert clone.read("outputs")["api_url"].endswith(".amazonaws.com")
    table = client("dynamodb", endpoint).describe_table(TableName="TaskTable")["Table"]
    assert table["DeletionProtectionEnabled"]
    assert clone.succeed("logs") == ""
    assert len(clone.read("alarms")["alarms"]) == 2

    assert refusal(clone, "tasks", "list") == (4, "api-not-served")
    assert refusal(clone, "trigger-error") == (4, "api-not-served")
    status = clone.run("status", "--output", "json")
    problems = [problem["code"] for problem in json.loads(status.stdout)["problems"]]
    assert (status.returncode, problems) == (1, ["api-not-served", "release-unproven"])
    history = clone.run("alarms", "--history", "--output", "json")
    shown = json.loads(history.stdout)
    assert (history.returncode, len(shown["alarms"]), shown["history"]) == (1, 2, None)
    assert [problem["code"] for problem in shown["problems"]] == ["history-unreadable"]

    clone.succeed("destroy", "--confirm", "default", "--backend")
    assert refusal(clone, "outputs") == (1, "not-deployed")
    assert client("s3", endpoint).list_buckets()["Buckets"] == []


def test_ministack_takes_a_deployment_with_its_api(
    make_clone: Callable[..., Clone], ministack: str
) -> None:
    """From bootstrap to the end of the state backend, with the smoke check, tasks and logs."""
    clone = make_clone(**account(ministack))
    assert clone.read("bootstrap")["plan"]["add"] == 7
    assert clone.read("deploy", "--yes", *ADDRESS)["release"]["checks"] == "passed"
    port = ministack.rpartition(":")[2]
    assert clone.read("outputs")["api_url"].endswith(f".execute-api.localhost:{port}")
    added = clone.read("tasks", "add", "first")
    assert clone.read("tasks", "list") == [added]
    status = clone.read("status")
    assert (status["api"]["status"], status["problems"]) == (200, [])
    assert "POST /tasks 201" in clone.succeed("logs", "--since", "1h")
    shown = clone.read("alarms", "--history")
    assert len(shown["alarms"]) == 2
    assert shown["history"]

    # It gives the provider alarms and a topic's policy that lack what was written.
    planned = clone.read("plan", *ADDRESS)["changes"]
    assert {(change["address"], change["action"]) for change in planned} <= {
        ("aws_cloudwatch_metric_alarm.duration", "update"),
        ("aws_cloudwatch_metric_alarm.errors", "update"),
        ("aws_sns_topic_policy.alerts", "update"),
    }
    # Its gateway answers 502 for a function that fails, where AWS answers 500.
    drill = json.loads(clone.run("trigger-error", "--output", "json").stdout)
    assert (drill["complete"], drill["requests"][0]["status"]) == (False, 502)
    # It writes no access log.
    assert clone.succeed("logs", "--api") == ""

    clone.succeed("destroy", "--confirm", "default", "--backend")
    assert refusal(clone, "outputs") == (1, "not-deployed")
    assert client("s3", ministack).list_buckets()["Buckets"] == []
