"""The Lambda runtime: runs deployed code with awslambdaric, in warm, bounded environments."""

from __future__ import annotations

import json
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from tasktracker_ops.emulator import log_writer as logs
from tasktracker_ops.emulator.records import Invocation, Observers

from . import functions
from .environment import Answer, Environment
from .execution import Execution
from .functions import FunctionVersion
from .launcher import Launcher
from .pool import Pool, Slot, Throttled

_TAIL_BYTES = 4096
_REAP_EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class Result:
    """What Lambda answers; `error` is the error's type, `log_tail` the last 4 KB of its log."""

    request_id: str
    version: str
    payload: bytes
    error: str | None
    log_tail: bytes


class Runtime:
    """Invokes functions; safe to use from many threads.

    `environments` is the most workers of one function at a time, `idle_seconds` their life unused.
    """

    def __init__(
        self, launcher: Launcher, *, environments: int = 10, idle_seconds: float = 300.0
    ) -> None:
        self.observers: Observers[Invocation] = Observers()
        self._launcher = launcher
        self._idle_seconds = idle_seconds
        self._pool = Pool(bound=environments, idle_seconds=idle_seconds)
        self._closing = threading.Event()
        threading.Thread(target=self._reap, name="reaper", daemon=True).start()

    def invoke(
        self, function: FunctionVersion, payload: bytes, *, qualifier: str | None = None
    ) -> Result:
        """Run the function once and return its answer, an error of the function included.

        Raises Throttled when its concurrency is used up.
        """
        started_at = datetime.now(UTC)
        execution = Execution(function, qualifier)
        record = partial(_record, execution, started_at=started_at)
        reserved = functions.reserved_concurrency(function.region, function.name)
        try:
            with self._pool.slot(
                function, qualifier=qualifier, reserved=reserved, patience=function.timeout
            ) as slot:
                answer = self._execute(execution, slot, payload)
        except Throttled as error:
            self.observers.notify(record(concurrency=error.concurrency, throttled=True))
            raise
        error_type = _error_type(answer)
        counted = record(
            concurrency=slot.concurrency,
            resource_concurrency=slot.resource_concurrency,
            error=error_type,
        )
        self.observers.notify(counted)
        tail = "".join(line.message for line in execution.lines).encode()[-_TAIL_BYTES:]
        return Result(execution.request_id, function.version, answer.body, error_type, tail)

    def close(self) -> None:
        """Stop every worker."""
        self._closing.set()
        self._launcher.close()

    def _execute(self, execution: Execution, slot: Slot, payload: bytes) -> Answer:
        cold = slot.environment is None
        environment = slot.environment or self._new_environment(execution.function)
        slot.environment = None
        try:
            answer = execution.run(environment, payload, cold=cold)
            function = execution.function
            logs.write(function.region, function.log_group, environment.log_stream, execution.lines)
            if execution.failed is None:
                slot.environment = environment
        finally:
            if slot.environment is None:
                environment.stop()
        return answer

    def _new_environment(self, function: FunctionVersion) -> Environment:
        day = time.strftime("%Y/%m/%d", time.gmtime())
        stream = f"{day}/[{function.version}]{uuid.uuid4().hex}"
        return Environment(
            partial(self._launcher.launch, function, stream),
            log_stream=stream,
            memory_limit_mb=function.memory,
        )

    def _reap(self) -> None:
        while not self._closing.wait(min(_REAP_EVERY_SECONDS, self._idle_seconds)):
            self._pool.reap()


def _record(
    execution: Execution,
    *,
    started_at: datetime,
    concurrency: int,
    resource_concurrency: int = 0,
    error: str | None = None,
    throttled: bool = False,
) -> Invocation:
    return Invocation(
        region=execution.function.region,
        function_name=execution.function.name,
        version=execution.function.version,
        qualifier=execution.qualifier,
        request_id=execution.request_id,
        started_at=started_at,
        duration_ms=execution.duration_ms,
        init_ms=execution.init_ms,
        error=error,
        throttled=throttled,
        concurrency=concurrency,
        resource_concurrency=resource_concurrency,
        memory_mb=execution.memory_mb,
    )


def _error_type(answer: Answer) -> str | None:
    if not answer.is_error:
        return None
    try:
        return str(json.loads(answer.body)["errorType"])
    except (ValueError, KeyError, TypeError):
        return "Unhandled"
