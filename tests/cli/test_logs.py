"""`logs` on a plain emulator, outside of a project; in processes where they follow a log."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.errors import ExitCode

from .conftest import KEYS, Client, Run, error_of

TT_OPS = Path(sys.executable).with_name("tt-ops")
GROUP = "/aws/lambda/tracker"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def write(client: Client) -> Iterator[Callable[..., None]]:
    """Create the log group and write messages to it, one per millisecond."""
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
def run(run: Run, endpoint: str, describe: Callable[..., None]) -> Run:
    """Run `tt-ops logs` in this process, with keys and an endpoint only."""
    describe(alarm_names=[])
    return functools.partial(run, "logs", **KEYS, AWS_ENDPOINT_URL=endpoint)


@pytest.fixture
def start(endpoint: str, describe: Callable[..., None], tmp_path: Path) -> Iterator[Start]:
    """Start `tt-ops logs` in an empty folder, with keys and an endpoint only."""
    describe(alarm_names=[])
    processes: list[subprocess.Popen[str]] = []

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
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def test_a_log_is_read_from_anywhere(write: Any, run: Run) -> None:
    """It takes only read permissions, and no project."""
    write("START RequestId: 1 Version: 1\n", '{"level": "INFO"}\n', "text\n")
    result = run("--message-only")
    assert result.output == 'START RequestId: 1 Version: 1\n{"level": "INFO"}\ntext\n'
    out = run("--output", "json").stdout
    assert [json.loads(line)["fields"] for line in out.splitlines()] == [
        None,
        {"level": "INFO"},
        None,
    ]


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_reader_that_closes_the_pipe_is_no_error(write: Any, start: Start, form: str) -> None:
    """As with `| head -1`: more than a pipe holds is written, and no error is printed."""
    write(*[f"{number} {'x' * 1000}" for number in range(500)])
    process = start("--output", form)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) is not None
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_an_empty_log_is_no_error(write: Any, run: Run) -> None:
    """Nothing is printed."""
    result = run()
    assert (result.exit_code, result.output) == (ExitCode.OK, "")


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.extended)]
)
def test_ctrl_c_ends_following(write: Any, start: Start, number: signal.Signals) -> None:
    """Nothing is printed, and the exit code is 130."""
    write("first\n")
    process = start("--follow", "--message-only")
    assert process.stdout is not None
    assert process.stdout.readline() == "first\n"
    process.send_signal(number)
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == ExitCode.INTERRUPTED


def test_following_ends_when_the_reader_closes_the_pipe(write: Any, start: Start) -> None:
    """`tt-ops logs --follow | head -1` ends at the next event."""
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


def test_deleting_the_log_group_ends_following(write: Any, client: Client, start: Start) -> None:
    """Earlier events are printed, then an error."""
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
        (["--since", "soon"], "usage", ExitCode.USAGE),
    ],
)
def test_each_failure_has_its_code(
    client: Client, run: Run, arguments: list[str], code: str, exit_code: ExitCode
) -> None:
    """Stderr has one error."""
    result = run("--output", "json", *arguments)
    assert result.stdout == ""
    assert error_of(result)["code"] == code
    assert result.exit_code == exit_code
