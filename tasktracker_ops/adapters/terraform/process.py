"""A child process in its own session, whose output is read line by line.

The terminal's Ctrl-C reaches only this process, which forwards it once and waits for the child.
The child writes to files, and a guard interrupts it if this process is killed, so that it ends in
order.
"""

from __future__ import annotations

import os
import signal
import subprocess  # nosec B404 # Terraform
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, Literal

from tasktracker_ops.adapters.host.disk import reporting_full_disk, reserve_space
from tasktracker_ops.frozen import dataclass

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Reads the child's pid and, once it must not be interrupted any more, a line; or the end of its
# input, when this process has died. The kernel's parent-death signal (prctl) would come once per
# thread of this process, and Terraform gives up its state at a second one.
_GUARD = 'read -r child && [ "$child" ] && { read -r dismissed || kill -INT "$child"; }'
# Seconds between looks at the output.
_POLL = 0.02
# Seconds between SIGTERM and SIGKILL for processes that outlive the child.
_GRACE = 2.0
# Bytes of output that fit even when the disk fills up meanwhile.
_RESERVED = 1 << 20
_CHUNK = 1 << 16

Stream = Literal["stdout", "stderr"]
_Signals = SimpleQueue[None]


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
    output: Path,
    on_start: Callable[[int], None],
    on_line: Callable[[Stream, str], None],
    on_signal: Callable[[int], None],
    inherited: Sequence[int] = (),
) -> Outcome:
    """Run `command` and pass each line of its output to `on_line`, in this thread.

    Its standard output and standard error are written to files in the folder `output`. `on_start`
    gets its pid, which is also its process group. The first SIGINT, SIGTERM or SIGHUP becomes one
    SIGINT to the child; `on_signal` gets the count of every one, from 1. Outside the main thread no
    handler is installed. When this returns or raises, the child and everything in its process group
    have ended. Files that the child creates are private to the user; it has the descriptors
    `inherited`. Raises StartError, and TtOpsError (disk-full).
    """
    received: _Signals = SimpleQueue()
    with _signals_in(received), ExitStack() as stack:
        stdout = stack.enter_context(_Output.create(output / "stdout", reserve=_RESERVED))
        stderr = stack.enter_context(_Output.create(output / "stderr"))
        # Before the child, so that it is never without one.
        guard = stack.enter_context(Guard())
        child = _start(command, directory, environment, (stdout, stderr), inherited)
        signals = 0
        try:
            guard.watch(child)
            on_start(child.pid)
            has_ended = False
            while not has_ended:
                # First, since its output is complete only once it has ended.
                has_ended = child.poll() is not None
                for line in stdout.lines(is_complete=has_ended):
                    on_line("stdout", line)
                for line in stderr.lines(is_complete=has_ended):
                    on_line("stderr", line)
                if not has_ended and _wait_for_signal(received):
                    signals += 1
                    if signals == 1:
                        guard.interrupt(child)
                    on_signal(signals)
        finally:
            if child.poll() is None and signals == 0:
                guard.interrupt(child)
            _finish(child)
    return Outcome(child.returncode, interrupted=signals > 0 or not received.empty())


class _Output:
    """A file that the child writes and this process follows."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._position = 0
        self._rest = b""

    @classmethod
    @contextmanager
    def create(cls, path: Path, *, reserve: int = 0) -> Iterator[_Output]:
        """Create the file, with room for `reserve` bytes, which are zero until they are written."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            if reserve:
                with reporting_full_disk(path):
                    reserve_space(descriptor, reserve)
            yield cls(descriptor)
        finally:
            os.close(descriptor)

    def lines(self, *, is_complete: bool) -> Iterator[str]:
        """Yield the lines written since the last call; a last one may lack its end if complete."""
        *lines, self._rest = (self._rest + self._read(is_complete)).split(b"\n")
        if is_complete and self._rest:
            lines.append(self._rest)
        for line in lines:
            yield line.decode("utf-8", "replace").rstrip("\r")

    def _read(self, is_complete: bool) -> bytes:
        # The child shares the descriptor's own position.
        found = b""
        while chunk := os.pread(self.descriptor, _CHUNK, self._position):
            written = chunk.rstrip(b"\0") if is_complete else chunk.partition(b"\0")[0]
            self._position += len(written)
            found += written
            if len(written) < len(chunk):
                break
        return found


def _start(
    command: Sequence[str],
    directory: Path,
    environment: Mapping[str, str],
    outputs: tuple[_Output, _Output],
    inherited: Sequence[int],
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # nosec B603 # no shell
            command,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=outputs[0].descriptor,
            stderr=outputs[1].descriptor,
            pass_fds=inherited,
            start_new_session=True,
            umask=0o077,
        )
    except OSError as error:
        raise StartError(error.strerror or str(error)) from error


class Guard:
    """A shell that interrupts a child if this process dies; the child gets one SIGINT in all."""

    def __init__(self) -> None:
        self._shell = subprocess.Popen(  # nosec B603 # no input from outside
            ["/bin/sh", "-c", _GUARD],
            env={},
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: object) -> None:
        self._write("\n")
        if self._shell.stdin:
            self._shell.stdin.close()
        self._shell.wait()

    @property
    def descriptor(self) -> int:
        """Return what another child may inherit; the shell then waits until that has ended too."""
        assert self._shell.stdin is not None  # nosec B101 # it is a pipe
        return self._shell.stdin.fileno()

    def watch(self, child: subprocess.Popen[Any]) -> None:
        """Interrupt the child if this process dies from now on."""
        self._write(f"{child.pid}\n")

    def interrupt(self, child: subprocess.Popen[bytes]) -> None:
        """Interrupt the child now, and not again if this process dies before it."""
        self._write("\n")
        child.send_signal(signal.SIGINT)

    def _write(self, line: str) -> None:
        # The shell has ended if it was dismissed before.
        with suppress(BrokenPipeError):
            if self._shell.stdin:
                self._shell.stdin.write(line.encode())


@contextmanager
def _signals_in(received: _Signals) -> Iterator[None]:
    """Put stop signals into the queue; ignored ones (nohup) stay ignored.

    An empty handler replaces SIG_IGN, which the child would inherit: it could then not be
    interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        # SimpleQueue.put is reentrant, so a signal handler may call it.
        received.put(None)

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


def _wait_for_signal(received: _Signals) -> bool:
    """Return whether a signal arrived before the output has to be read again."""
    try:
        received.get(timeout=_POLL)
    except Empty:
        return False
    return True


def _finish(child: subprocess.Popen[bytes]) -> None:
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
