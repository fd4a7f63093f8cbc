"""`logs` on a deployment that somebody else made, outside of a clone, on a plain emulator."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tasktracker_ops.errors import ExitCode

TT_OPS = Path(sys.executable).with_name("tt-ops")
REGION = "eu-west-3"
GROUP = "/aws/lambda/tracker"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
DEPLOYMENT = {
    "schema": 1,
    "region": REGION,
    "api_url": "https://api.example.com",
    "api_id": "abc",
    "api_auth": "NONE",
    "function_name": "tracker",
    "function_alias": "live",
    "log_group": GROUP,
    "table_name": "TaskTable",
    "dashboard_name": "dashboard",
    "alarm_names": [],
    "topic_arn": "arn:aws:sns:eu-west-3:123456789012:alerts",
}
Client = Callable[[str], Any]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def client(endpoint: str) -> Client:
    """Clients of an account that starts empty but for a deployment's description."""
    session = boto3.Session("AKIDEXAMPLE", "example", region_name=REGION)

    def make(service: str) -> Any:
        return session.client(service, endpoint_url=endpoint)

    make("ssm").put_parameter(
        Name="/task-tracker/deployment", Value=json.dumps(DEPLOYMENT), Type="String", Overwrite=True
    )
    return make


@pytest.fixture
def write(client: Client) -> Iterator[Callable[..., None]]:
    """Make the log group, and write messages to it, each a millisecond after the other."""
    logs = client("logs")
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="stream")

    def put(*messages: str) -> None:
        now = int(time.time() * 1000)
        logs.put_log_events(
            logGroupName=GROUP,
            logStreamName="stream",
            logEvents=[
                {"timestamp": now + number, "message": message}
                for number, message in enumerate(messages)
            ],
        )

    yield put
    logs.delete_log_group(logGroupName=GROUP)


@pytest.fixture
def start(endpoint: str, tmp_path: Path) -> Iterator[Start]:
    """Start `tt-ops logs` in an empty folder, with keys and an endpoint and nothing else."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, **options: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [TT_OPS, "logs", *arguments],
            cwd=tmp_path,
            env={**KEYS, "AWS_ENDPOINT_URL": endpoint, "HOME": str(tmp_path), "PATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_a_log_is_read_from_anywhere(write: Any, start: Start) -> None:
    """With the SSM parameter and read rights only."""
    write("START RequestId: 1 Version: 1\n", '{"level": "INFO"}\n', "text\n")
    out, err = start("--message-only").communicate(timeout=30)
    assert (out, err) == ('START RequestId: 1 Version: 1\n{"level": "INFO"}\ntext\n', "")
    out, _ = start("--output", "json").communicate(timeout=30)
    assert [json.loads(line)["fields"] for line in out.splitlines()] == [
        None,
        {"level": "INFO"},
        None,
    ]


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_reader_that_has_enough_is_no_error(write: Any, start: Start, form: str) -> None:
    """As with `| head -1`: more than a pipe holds is written, and nothing is said about it."""
    write(*[f"{number} {'x' * 1000}" for number in range(500)])
    process = start("--output", form)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) is not None
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_an_empty_log_is_no_error(write: Any, start: Start) -> None:
    """There is nothing to show."""
    process = start()
    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == ExitCode.OK


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_following_ends_with_ctrl_c(write: Any, start: Start, number: signal.Signals) -> None:
    """Quietly, with exit code 130."""
    write("first\n")
    process = start("--follow", "--message-only")
    assert process.stdout is not None
    assert process.stdout.readline() == "first\n"
    process.send_signal(number)
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == ExitCode.INTERRUPTED


def test_a_reader_that_leaves_is_told_nothing(write: Any, start: Start) -> None:
    """`tt-ops logs --follow | head -1` ends with the next event."""
    write("first\n")
    process = start("--follow", "--message-only")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    write("second\n", "third\n")
    assert process.wait(timeout=15) == ExitCode.READER_GONE
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stdout = None


def test_a_log_group_that_goes_is_told(write: Any, client: Client, start: Start) -> None:
    """While it is followed; what was seen before is shown."""
    write("first\n")
    process = start("--follow", "--message-only")
    assert process.stdout is not None
    assert process.stdout.readline() == "first\n"
    client("logs").delete_log_group(logGroupName=GROUP)
    _, err = process.communicate(timeout=15)
    client("logs").create_log_group(logGroupName=GROUP)
    assert process.returncode == ExitCode.FAILED
    assert err.startswith(f"Error: there is no log group {GROUP!r}")


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        ([], "log-group-missing", ExitCode.FAILED),
        (["--api"], "access-log-missing", ExitCode.FAILED),
        (["--follow", "--request-id", "1"], "usage", ExitCode.USAGE),
        (["--since", "soon"], "usage", ExitCode.USAGE),
    ],
)
def test_each_failure_has_its_code(
    client: Client, start: Start, arguments: list[str], code: str, exit_code: ExitCode
) -> None:
    """One error, on stderr."""
    process = start("--output", "json", *arguments)
    out, err = process.communicate(timeout=30)
    assert out == ""
    assert json.loads(err)["error"]["code"] == code
    assert process.returncode == exit_code
