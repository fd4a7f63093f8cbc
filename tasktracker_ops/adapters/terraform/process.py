"""A child process in a session of its own, whose lines arrive as they come.

The terminal's Ctrl-C reaches only us: it is passed on once, and the child is waited for.
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

# An orphan that holds the pipes open is noticed after this many seconds.
_POLL = 0.5
# What outlives the child has this many seconds to end after SIGTERM, then is killed.
_GRACE = 2.0

Stream = Literal["stdout", "stderr"]
_Inbox = SimpleQueue[tuple[Stream | Literal["end", "signal"], str]]


class CannotStart(Exception):
    """The operating system would not run the command; the text says why."""


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
    """Run `command` and give `on_line` each line of it, without its end, in this thread.

    The first SIGINT, SIGTERM or SIGHUP becomes one SIGINT to the child; `on_signal` is told of
    every one with its number from 1. Outside the main thread no handler is installed. Whatever is
    raised here, the child has ended before it leaves, and so has everything in its process group.
    Files that the child makes are private to the user. Raises CannotStart.
    """
    inbox: _Inbox = SimpleQueue()
    with _signals_into(inbox):
        child = _start(command, directory, environment)
        signals = 0
        try:
            readers = _read(child, inbox)
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
            _finish(child, told=signals > 0)
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
        raise CannotStart(error.strerror or str(error)) from error


@contextmanager
def _signals_into(inbox: _Inbox) -> Iterator[None]:
    """Put the signals that stop us into the inbox; what is ignored (nohup) stays ignored.

    A handler that does nothing takes the place of SIG_IGN, which a child would inherit: it could
    not be interrupted by us any more.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        # SimpleQueue.put is the one call that is safe here: the main loop does the rest.
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


def _read(child: subprocess.Popen[str], inbox: _Inbox) -> int:
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
    """Tell whether a signal came after the last line, when nothing read it any more."""
    while not inbox.empty():
        if inbox.get()[0] == "signal":
            return True
    return False


def _finish(child: subprocess.Popen[str], *, told: bool) -> None:
    if child.poll() is None and not told:
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
    """Send a signal to what is left of a process group; False when nothing is."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # macOS answers EPERM for a group of zombies.
        return False
    return True
