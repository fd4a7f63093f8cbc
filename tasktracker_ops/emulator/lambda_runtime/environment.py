"""A Lambda execution environment: one worker process, its Runtime API and its output.

Nothing here has a thread: the caller's thread drives the worker for as long as an invocation lasts.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess  # nosec B404 # starts nothing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tasktracker_ops.emulator.logs.writer import LogLine

from .runtime_api import Connection, RuntimeApi, WorkerRequest
from .worker_output import OutputParser

_INVOCATION = "/2018-06-01/runtime/invocation/"
_LOOK_SECONDS = 0.02
_READ_BYTES = 65536
_WATCH_SECONDS = 0.05
_DEATH_SECONDS = 1.0

_MEMORY = re.compile(rb"VmHWM:\s*(\d+) kB\nVmRSS:\s*(\d+) kB")

TIMED_OUT = "Sandbox.Timedout"

Launch = Callable[[str, int], "subprocess.Popen[bytes]"]
"""Starts a worker, given the address of its Runtime API and the file its output goes to."""


@dataclass(frozen=True)
class InvocationRequest:
    """One invocation as it is sent to the worker; `deadline` is on the clock of `time.time`."""

    request_id: str
    arn: str
    payload: bytes
    deadline: float


@dataclass(frozen=True)
class Answer:
    """The function's answer to its caller; `is_error` when the function raised."""

    body: bytes
    is_error: bool


class WorkerFailed(Exception):
    """The worker gave no answer.

    `error_type` is Lambda's name for the reason, `body` the error as the worker reported it.
    """

    def __init__(self, error_type: str, message: str, body: bytes | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.body = body


class Environment:
    """One worker; usable by one thread at a time."""

    def __init__(self, launch: Launch, *, log_stream: str, memory_limit_mb: int) -> None:
        self.log_stream = log_stream
        self.idle_since = self._watched_at = time.monotonic()
        self._memory_limit_mb = memory_limit_mb
        self._api = RuntimeApi()
        self._parser = OutputParser()
        self._lines: list[LogLine] = []
        self._waiting: Connection | None = None
        self._answer: Answer | None = None
        self._request_id: str | None = None
        self._output, output_end = os.pipe()
        os.set_blocking(self._output, False)
        try:
            self._process = launch(self._api.address, output_end)
        except BaseException:
            self._close()
            raise
        finally:
            os.close(output_end)
        self._memory = _Memory(self._process.pid)

    @property
    def is_alive(self) -> bool:
        """Return whether the worker process is running."""
        return self._process.poll() is None

    def initialise(self, limit: float) -> None:
        """Wait until the worker asks for work.

        Raises WorkerFailed when it reports an error, dies, or takes longer than `limit` seconds.
        """
        deadline = time.time() + limit
        while self._waiting is None:
            self._step(deadline)
            if self._answer is not None:
                error_type = json.loads(self._answer.body).get("errorType", "Runtime.Unknown")
                raise WorkerFailed(error_type, "the function did not load", self._answer.body)

    def invoke(self, request: InvocationRequest) -> Answer:
        """Hand the invocation to the worker and return its answer.

        Raises WorkerFailed when it dies, outgrows its memory or misses the deadline.
        """
        while self._waiting is None:
            self._step(request.deadline)
        connection, self._waiting = self._waiting, None
        self._answer, self._request_id = None, request.request_id
        try:
            self._api.answer(connection, 200, request.payload, _invocation_headers(request))
        except OSError as error:
            raise self._death() from error
        while self._answer is None:
            self._step(request.deadline)
        return self._answer

    def take_output(self) -> Sequence[LogLine]:
        """Return the log events written since the last call, everything up to now included."""
        self._read_output()
        lines = self._lines + self._parser.flush()
        self._lines = []
        return lines

    def peak_memory_mb(self) -> int:
        """Return the most memory the worker has held, in MB (0 where /proc is missing)."""
        self._memory.measure()
        return self._memory.peak_mb

    def stop(self) -> None:
        """Kill the worker with all it started, and close what belongs to it."""
        self.kill()
        self._memory.close()
        self._close()

    def kill(self) -> None:
        """Kill the worker with all it started; its output stays readable."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _step(self, deadline: float) -> None:
        left = deadline - time.time()
        if left <= 0:
            raise WorkerFailed(TIMED_OUT, "Task timed out")
        requests = self._api.requests(min(left, _LOOK_SECONDS))
        for request in requests:
            self._on_request(request)
        if requests:
            return
        # Not as it comes: to wake up for each line takes longer than a short invocation.
        self._read_output()
        if time.monotonic() - self._watched_at >= _WATCH_SECONDS:
            self._watch()

    def _watch(self) -> None:
        self._watched_at = time.monotonic()
        if not self.is_alive:
            raise self._death()
        self._memory.measure()
        if self._memory.resident_mb > self._memory_limit_mb:
            raise WorkerFailed("Runtime.OutOfMemory", "Runtime exited with error: signal: killed")

    def _close(self) -> None:
        self._api.close()
        os.close(self._output)

    def _death(self) -> WorkerFailed:
        try:
            self._process.wait(_DEATH_SECONDS)
        except subprocess.TimeoutExpired:
            # It has closed its connection and is still running.
            self.kill()
        code = self._process.returncode
        reason = f"exit status {code}" if code >= 0 else f"signal: {signal.strsignal(-code)}"
        return WorkerFailed("Runtime.ExitError", f"Runtime exited with error: {reason.lower()}")

    def _read_output(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._output, _READ_BYTES):
                self._lines += self._parser.feed(data)
                if len(data) < _READ_BYTES:
                    return

    def _on_request(self, request: WorkerRequest) -> None:
        if request.path == f"{_INVOCATION}next":
            self._waiting = request.connection
            return
        expected = {
            f"{_INVOCATION}{self._request_id}/response",
            f"{_INVOCATION}{self._request_id}/error",
            "/2018-06-01/runtime/init/error",
        }
        # The answer counts even if the worker is gone by now.
        with contextlib.suppress(OSError):
            if request.path not in expected:
                self._api.answer(request.connection, 404)
                return
            self._answer = Answer(request.body, is_error=request.path.endswith("/error"))
            self._api.answer(request.connection, 202, b'{"status":"OK"}')


def _invocation_headers(request: InvocationRequest) -> dict[str, str]:
    return {
        "Lambda-Runtime-Aws-Request-Id": request.request_id,
        "Lambda-Runtime-Deadline-Ms": str(int(request.deadline * 1000)),
        "Lambda-Runtime-Invoked-Function-Arn": request.arn,
    }


class _Memory:
    """The memory of a process in MB: the most it has held, and what it held when last measured.

    Linux counts them; both stay 0 where there is no /proc.
    """

    def __init__(self, pid: int) -> None:
        self.peak_mb = self.resident_mb = 0
        # Kept open, since to open it takes several times as long as to read it.
        self._status: int | None = None
        with contextlib.suppress(OSError):
            self._status = os.open(f"/proc/{pid}/status", os.O_RDONLY)

    def measure(self) -> None:
        """Look at the process, if it is still there."""
        if self._status is None:
            return
        with contextlib.suppress(OSError):
            sizes = _MEMORY.search(os.pread(self._status, 4096, 0))
            if sizes is not None:  # of a process that has ended
                self.peak_mb, self.resident_mb = (int(size) // 1024 for size in sizes.groups())

    def close(self) -> None:
        """End measuring."""
        if self._status is not None:
            os.close(self._status)
            self._status = None
