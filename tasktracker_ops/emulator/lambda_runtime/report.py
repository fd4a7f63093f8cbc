"""The lines that Lambda itself writes to a function's log, and its own errors.

Source: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import json
import math
import platform
import time
from typing import TYPE_CHECKING

from tasktracker_ops.emulator.logs.writer import LogLine

from .environment import TIMED_OUT, Answer, WorkerFailed
from .functions import FunctionVersion

if TYPE_CHECKING:
    from .execution import Execution


def init_start() -> LogLine:
    """Return the first line of a cold start."""
    return _line(f"INIT_START Runtime Version: python:{platform.python_version()} (emulated)")


def start(request_id: str, function: FunctionVersion) -> LogLine:
    """Return the line before the function's own output."""
    return _line(f"START RequestId: {request_id} Version: {function.version}")


def end(execution: Execution) -> list[LogLine]:
    """Return the lines after the function's own output: a failure's reason, END and REPORT."""
    request_id, failed = execution.request_id, execution.failed
    lines = [_line(f"END RequestId: {request_id}"), _line(_measures(execution))]
    if failed is not None and failed.body is None:
        lines.insert(0, _line(_reason(request_id, failed, execution.function)))
    return lines


def failed_answer(request_id: str, failed: WorkerFailed, function: FunctionVersion) -> Answer:
    """Return the answer to the caller when the worker gave none."""
    if failed.body is not None:
        return Answer(failed.body, is_error=True)
    reason = _timed_out(function) if failed.error_type == TIMED_OUT else str(failed)
    body = {
        "errorType": failed.error_type,
        "errorMessage": f"RequestId: {request_id} Error: {reason}",
    }
    return Answer(json.dumps(body).encode(), is_error=True)


def _measures(execution: Execution) -> str:
    # Since August 2025 Lambda bills the initialisation too.
    billed = math.ceil(execution.duration_ms + (execution.init_ms or 0))
    fields = [
        f"REPORT RequestId: {execution.request_id}",
        f"Duration: {execution.duration_ms:.2f} ms",
        f"Billed Duration: {billed} ms",
        f"Memory Size: {execution.function.memory} MB",
        f"Max Memory Used: {execution.memory_mb} MB",
    ]
    if execution.init_ms is not None:
        fields.append(f"Init Duration: {execution.init_ms:.2f} ms")
    if execution.failed is not None:
        timed_out = execution.failed.error_type == TIMED_OUT
        fields.append("Status: timeout" if timed_out else "Status: error")
        if not timed_out:
            fields.append(f"Error Type: {execution.failed.error_type}")
    return "\t".join(fields) + "\t"


def _reason(request_id: str, failed: WorkerFailed, function: FunctionVersion) -> str:
    if failed.error_type == TIMED_OUT:
        now = time.time()
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03}Z"
        return f"{at} {request_id} {_timed_out(function)}"
    return f"RequestId: {request_id} Error: {failed}\n{failed.error_type}"


def _timed_out(function: FunctionVersion) -> str:
    return f"Task timed out after {function.timeout:.2f} seconds"


def _line(text: str) -> LogLine:
    return LogLine(time.time_ns() // 1_000_000, text + "\n")
