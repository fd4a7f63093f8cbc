"""One invocation in an execution environment: measured, limited, and logged as Lambda does it.

Source: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import json
import math
import platform
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tasktracker_ops.emulator.logs.writer import LogLine

from .environment import TIMED_OUT, Answer, Environment, InvocationRequest, WorkerFailed
from .functions import FunctionVersion

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
_INIT_SECONDS = 10.0


@dataclass
class Execution:
    """One invocation, its log and its measures, which `run` fills in. Times in ms, memory in MB."""

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
            self._log_start()
            answer = self._invoke(environment, payload)
        except WorkerFailed as error:
            self.failed = error
            environment.kill()
            answer = self._failed_answer(error)
        self.memory_mb = environment.peak_memory_mb()
        self.lines += environment.take_output()
        self._log_end()
        return answer if len(answer.body) <= MAX_PAYLOAD_BYTES else _too_large(answer)

    def _initialise(self, environment: Environment) -> None:
        self._log(f"INIT_START Runtime Version: python:{platform.python_version()} (emulated)")
        begin = time.perf_counter()
        try:
            environment.initialise(_INIT_SECONDS)
        except WorkerFailed:
            self._log_start()
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

    def _failed_answer(self, failed: WorkerFailed) -> Answer:
        if failed.body is not None:
            return Answer(failed.body, is_error=True)
        message = f"RequestId: {self.request_id} Error: {self._reason(failed)}"
        body = {"errorType": failed.error_type, "errorMessage": message}
        return Answer(json.dumps(body).encode(), is_error=True)

    def _reason(self, failed: WorkerFailed) -> str:
        if failed.error_type == TIMED_OUT:
            return f"Task timed out after {self.function.timeout:.2f} seconds"
        return str(failed)

    def _log(self, text: str) -> None:
        self.lines.append(LogLine(time.time_ns() // 1_000_000, text + "\n"))

    def _log_start(self) -> None:
        self._log(f"START RequestId: {self.request_id} Version: {self.function.version}")

    def _log_end(self) -> None:
        """Log what comes after the function's own output: a failure's reason, END and REPORT."""
        if self.failed is not None and self.failed.body is None:
            reason = self._reason(self.failed)
            if self.failed.error_type == TIMED_OUT:
                at = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
                self._log(f"{at}Z {self.request_id} {reason}")
            else:
                error_type = self.failed.error_type
                self._log(f"RequestId: {self.request_id} Error: {reason}\n{error_type}")
        self._log(f"END RequestId: {self.request_id}")
        self._log(self._report())

    def _report(self) -> str:
        # Since August 2025 Lambda bills the initialisation too.
        billed = math.ceil(self.duration_ms + (self.init_ms or 0))
        fields = [
            f"REPORT RequestId: {self.request_id}",
            f"Duration: {self.duration_ms:.2f} ms",
            f"Billed Duration: {billed} ms",
            f"Memory Size: {self.function.memory} MB",
            f"Max Memory Used: {self.memory_mb} MB",
        ]
        if self.init_ms is not None:
            fields.append(f"Init Duration: {self.init_ms:.2f} ms")
        if self.failed is not None and self.failed.error_type == TIMED_OUT:
            fields.append("Status: timeout")
        elif self.failed is not None:
            fields += ["Status: error", f"Error Type: {self.failed.error_type}"]
        return "\t".join(fields) + "\t"


def _since(begin: float) -> float:
    return (time.perf_counter() - begin) * 1000


def _too_large(answer: Answer) -> Answer:
    error = {
        "errorMessage": f"Response payload size ({len(answer.body)} bytes) exceeded maximum "
        f"allowed payload size ({MAX_PAYLOAD_BYTES} bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    return Answer(json.dumps(error).encode(), is_error=True)
