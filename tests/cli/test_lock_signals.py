"""Signals to a `tt-ops` that waits for the deploy lock, or holds it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.states import KEY, StateBucket, state

from .conftest import KEYS

TT_OPS = Path(sys.executable).with_name("tt-ops")
LOCK = f"{KEY}.deploy"


@pytest.fixture(scope="module")
def bucket(backend: StateBucket) -> StateBucket:
    """A state with a version before it."""
    for serial in (1, 2):
        backend.apply(state(serial, "alerts"))
    return backend


@pytest.fixture
def asking(bucket: StateBucket, project: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A command on a terminal, which holds the lock and asks for confirmation."""
    terminal, tty = pty.openpty()
    with subprocess.Popen(
        [TT_OPS, "state", "--lock-table", bucket.table, "restore"],
        cwd=project,
        env=environment(bucket, project),
        stdin=tty,
        stdout=tty,
        stderr=tty,
    ) as process:
        read(terminal, b"[y/N]")
        assert locks(bucket) == [LOCK]
        yield process
        process.kill()
    os.close(tty)
    os.close(terminal)


def environment(bucket: StateBucket, home: Path) -> dict[str, str]:
    """The environment of `tt-ops`."""
    path = {"PATH": os.environ["PATH"], "HOME": str(home)}
    return {**path, **KEYS, "AWS_ENDPOINT_URL": bucket.endpoint}


def read(terminal: int, text: bytes) -> None:
    """Read what a process prints until it has printed `text`."""
    found = b""
    with suppress(OSError):
        while text not in found:
            found += os.read(terminal, 1024)
    assert text in found, found


def locks(bucket: StateBucket) -> list[str]:
    """The deploy lock and the tickets that are stored."""
    answer = bucket.client("s3").list_objects_v2(Bucket=bucket.name, Prefix=LOCK)
    return [item["Key"] for item in answer.get("Contents", ())]


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_releases_the_lock(
    asking: subprocess.Popen[bytes], bucket: StateBucket, number: signal.Signals
) -> None:
    """Exit code 130; the lock is gone."""
    asking.send_signal(number)
    assert asking.wait(30) == 130
    assert locks(bucket) == []


def test_a_signal_gives_the_place_in_the_queue_up(
    asking: subprocess.Popen[bytes], bucket: StateBucket, tmp_path: Path
) -> None:
    """The lock of the other one stays, and is free once that has ended."""
    command = [TT_OPS, "lock", "-m", "freeze", "--lock-timeout", "60"]
    with subprocess.Popen(
        [*command, "--lock-table", bucket.table],
        cwd=tmp_path,
        env=environment(bucket, tmp_path),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as waiting:
        wait_until(lambda: len(locks(bucket)) == 2)
        waiting.send_signal(signal.SIGINT)
        _, stderr = waiting.communicate(timeout=30)
    assert waiting.returncode == 130
    assert f"process {asking.pid}".encode() in stderr
    assert locks(bucket) == [LOCK]
    asking.send_signal(signal.SIGINT)
    asking.wait(30)
    assert locks(bucket) == []
