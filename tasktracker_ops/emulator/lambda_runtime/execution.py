"""One invocation in an execution environment: measured, limited, logged."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field

from tasktracker_ops.emulator.logs.writer import LogLine

from . import report
from .environment import Answer, Environment, InvocationRequest, WorkerFailed
from .functions import FunctionVersion

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
_INIT_SECONDS = 10.0


@dataclass
class Execution:
    """One invocation and its measures, which `run` fills in. Times in ms, memory in MB."""

    function: FunctionVersion
    qualifier: str | None = None
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    lines: list[LogLine] = field(default_factory=list)
    failed: WorkerFailed | None = None
    duration_ms: float = 0.0
    init_ms: float | None = None
    memory_mb: int = 0

    def run(self, environment: Environment, payload: bytes, *, cold: bool) -> Answer:
        """Return the function's answer, or Lambda's own error when the worker gave none.

        `failed` is then set, and the environment cannot be used again.
        """
        try:
            if cold:
                self._initialise(environment)
            self.lines.append(report.start(self.request_id, self.function))
            answer = self._invoke(environment, payload)
        except WorkerFailed as error:
            self.failed = error
            environment.kill()
            answer = report.failed_answer(self.request_id, error, self.function)
        self.memory_mb = environment.peak_memory_mb()
        self.lines += environment.take_output()
        self.lines += report.end(self)
        return answer if len(answer.body) <= MAX_PAYLOAD_BYTES else _too_large(answer)

    def _initialise(self, environment: Environment) -> None:
        self.lines.append(report.init_start())
        begin = time.perf_counter()
        try:
            environment.initialise(_INIT_SECONDS)
        except WorkerFailed:
            self.lines.append(report.start(self.request_id, self.function))
            raise
        finally:
            self.init_ms = _since(begin)
        self.lines += environment.take_output()

    def _invoke(self, environment: Environment, payload: bytes) -> Answer:
        deadline = time.time() + self.function.timeout
        begin = time.perf_counter()
        try:
            arn = self.function.invoked_arn(self.qualifier)
            request = InvocationRequest(self.request_id, arn, payload, deadline)
            return environment.invoke(request)
        finally:
            self.duration_ms = _since(begin)


def _since(begin: float) -> float:
    return (time.perf_counter() - begin) * 1000


def _too_large(answer: Answer) -> Answer:
    error = {
        "errorMessage": f"Response payload size ({len(answer.body)} bytes) exceeded maximum "
        f"allowed payload size ({MAX_PAYLOAD_BYTES} bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    return Answer(json.dumps(error).encode(), is_error=True)
