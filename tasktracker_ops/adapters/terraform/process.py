"""A child process in its own session, whose output is read line by line.

The terminal's Ctrl-C reaches only this process, which forwards it once and waits for the child.
"""

from __future__ import annotations

import os
import signal
import subprocess  # nosec B404 # Terraform
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import IO, Literal

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Seconds between checks for a child that ended while an orphan holds its pipes open.
_POLL = 0.5
# Seconds between SIGTERM and SIGKILL for processes that outlive the child.
_GRACE = 2.0

Stream = Literal["stdout", "stderr"]
_Inbox = SimpleQueue[tuple[Stream | Literal["end", "signal"], str]]


class StartError(Exception):
    """The operating system could not start the command; the text says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a child ended; a negative `returncode` is the signal that killed it."""

    returncode: int
    interrupted: bool


def run(
    command: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    on_line: Callable[[Stream, str], None],
    on_signal: Callable[[int], None],
) -> Outcome:
    """Run `command` and pass each line of its output to `on_line`, in this thread.

    The first SIGINT, SIGTERM or SIGHUP becomes one SIGINT to the child; `on_signal` gets the count
    of every one, from 1. Outside the main thread no handler is installed. When this returns or
    raises, the child and everything in its process group have ended. Files that the child creates
    are private to the user. Raises StartError.
    """
    inbox: _Inbox = SimpleQueue()
    with _signals_in(inbox):
        child = _start(command, directory, environment)
        signals = 0
        try:
            readers = _start_readers(child, inbox)
            while readers:
                try:
                    source, text = inbox.get(timeout=_POLL)
                except Empty:
                    if child.poll() is not None:
                        break
                    continue
                if source == "end":
                    readers -= 1
                elif source == "signal":
                    signals += 1
                    if signals == 1:
                        child.send_signal(signal.SIGINT)
                    on_signal(signals)
                else:
                    on_line(source, text)
        finally:
            _finish(child, interrupted=signals > 0)
    return Outcome(child.returncode, interrupted=signals > 0 or _late_signal(inbox))


def _start(
    command: Sequence[str], directory: Path, environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(  # nosec B603 # no shell
            command,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            umask=0o077,
        )
    except OSError as error:
        raise StartError(error.strerror or str(error)) from error


@contextmanager
def _signals_in(inbox: _Inbox) -> Iterator[None]:
    """Put stop signals into the inbox; ignored ones (nohup) stay ignored.

    An empty handler replaces SIG_IGN, which the child would inherit: it could then not be
    interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        # SimpleQueue.put is reentrant, so a signal handler may call it.
        inbox.put(("signal", ""))

    def ignore(_number: int, _frame: FrameType | None) -> None:
        pass

    before = {number: signal.getsignal(number) for number in STOPPING}
    try:
        for number, handler in before.items():
            signal.signal(number, ignore if handler is signal.SIG_IGN else note)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start_readers(child: subprocess.Popen[str], inbox: _Inbox) -> int:
    def drain(stream: IO[str], source: Stream) -> None:
        with stream:
            for line in stream:
                inbox.put((source, line.rstrip("\r\n")))
        inbox.put(("end", ""))

    assert child.stdout is not None  # nosec B101 # for mypy: both are pipes
    assert child.stderr is not None  # nosec B101 # likewise
    pairs: list[tuple[IO[str], Stream]] = [(child.stdout, "stdout"), (child.stderr, "stderr")]
    for pair in pairs:
        threading.Thread(target=drain, args=pair, daemon=True).start()
    return len(pairs)


def _late_signal(inbox: _Inbox) -> bool:
    """Return whether a signal arrived after the last line was read."""
    while not inbox.empty():
        if inbox.get()[0] == "signal":
            return True
    return False


def _finish(child: subprocess.Popen[str], *, interrupted: bool) -> None:
    if child.poll() is None and not interrupted:
        child.send_signal(signal.SIGINT)
    child.wait()
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + _GRACE
        if not _signal_group(child.pid, number):
            return
        while time.monotonic() < deadline:
            if not _signal_group(child.pid, 0):
                return
            time.sleep(0.02)


def _signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; return False when it has no process left."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # macOS answers EPERM for a group of zombies.
        return False
    return True
