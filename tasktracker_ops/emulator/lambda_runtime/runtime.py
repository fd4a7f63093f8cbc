"""The Lambda runtime: runs deployed code with awslambdaric, in warm, bounded environments."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from tasktracker_ops.emulator.logs import writer as log_writer

from .environment import Answer, Environment
from .execution import Execution
from .functions import FunctionVersion
from .launcher import Launcher
from .pool import Pool, Slot, Throttled

_REAP_EVERY_SECONDS = 5.0


@dataclass(frozen=True)
class Invocation:
    """One invocation of a function, as its metrics need it.

    `error` is the type of the error it ended with. A throttled one never ran: its duration is
    zero. `concurrency` counts the invocations of the function under way, this one included.
    """

    region: str
    function_name: str
    version: str
    qualifier: str | None
    started_at: datetime
    duration_ms: float
    error: str | None
    throttled: bool
    concurrency: int


@dataclass(frozen=True)
class Result:
    """Lambda's answer; `error` is the error's type."""

    request_id: str
    version: str
    payload: bytes
    error: str | None


class Runtime:
    """Invokes functions; safe to use from many threads.

    Each invocation is passed to `publish` when it has ended. `environments` is the most workers
    of one function at a time; those idle for `idle_seconds` are stopped.
    """

    def __init__(
        self,
        launcher: Launcher,
        publish: Callable[[Invocation], None],
        *,
        environments: int = 10,
        idle_seconds: float = 300.0,
    ) -> None:
        self._launcher = launcher
        self._publish = publish
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
        invocation = partial(
            Invocation,
            region=function.region,
            function_name=function.name,
            version=function.version,
            qualifier=qualifier,
            started_at=datetime.now(UTC),
        )
        execution = Execution(function, qualifier)
        try:
            with self._pool.slot(function) as slot:
                answer = self._execute(execution, slot, payload)
        except Throttled as error:
            self._publish(
                invocation(
                    duration_ms=0.0, error=None, throttled=True, concurrency=error.concurrency
                )
            )
            raise
        error_type = _error_type(answer)
        self._publish(
            invocation(
                duration_ms=execution.duration_ms,
                error=error_type,
                throttled=False,
                concurrency=slot.concurrency,
            )
        )
        return Result(execution.request_id, function.version, answer.body, error_type)

    def prepare(self) -> None:
        """Expect the first invocation of new code, which then starts sooner.

        Lambda prepares environments ahead of invocations, too.
        Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
        """
        self._launcher.prepare()

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
            log_writer.write(
                function.region, function.log_group, environment.log_stream, execution.lines
            )
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


def _error_type(answer: Answer) -> str | None:
    if not answer.is_error:
        return None
    try:
        return str(json.loads(answer.body)["errorType"])
    except (ValueError, KeyError, TypeError):
        return "Unhandled"
