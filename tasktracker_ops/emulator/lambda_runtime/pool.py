"""Execution environments: reused warm, bounded, reaped when idle."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .environment import Environment
from .functions import FunctionVersion


class Throttled(Exception):
    """No concurrency is left for the function (Lambda's TooManyRequestsException, 429).

    `concurrency` is what is under way already, `reason` one of Lambda's.
    Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """

    def __init__(self, concurrency: int, reason: str) -> None:
        super().__init__("Rate Exceeded.")
        self.concurrency = concurrency
        self.reason = reason


@dataclass
class Slot:
    """The right to run one invocation, and the warm environment found for it, if any.

    `concurrency` counts the function's invocations under way, this one included,
    `resource_concurrency` those of them that name the same version or alias.
    """

    concurrency: int
    resource_concurrency: int
    environment: Environment | None = None


class Pool:
    """Hands out slots; at most `bound` invocations of a function run at once.

    Beyond a reserved concurrency callers are throttled; beyond `bound` they wait for their turn.
    """

    def __init__(self, *, bound: int, idle_seconds: float) -> None:
        self._bound = bound
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition()
        self._idle: defaultdict[FunctionVersion, list[Environment]] = defaultdict(list)
        self._claimed: Counter[tuple[str, ...]] = Counter()
        self._running: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def slot(
        self,
        function: FunctionVersion,
        *,
        qualifier: str | None,
        reserved: int | None,
        patience: float,
    ) -> Iterator[Slot]:
        """Hold a slot; afterwards keep its environment warm, if there still is one.

        Raises Throttled at once over `reserved`, or after `patience` seconds of waiting.
        """
        name = (function.region, function.name)
        resource = (*name, qualifier or "")
        with self._changed:
            if reserved is not None and self._claimed[name] >= reserved:
                reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
                raise Throttled(self._claimed[name], reason)
            self._claimed.update((name, resource))
            try:
                if not self._changed.wait_for(lambda: self._running[name] < self._bound, patience):
                    raise Throttled(self._running[name], "ConcurrentInvocationLimitExceeded")
            except BaseException:
                self._claimed.subtract((name, resource))
                raise
            self._running[name] += 1
            slot = Slot(self._claimed[name], self._claimed[resource], self._warm(function))
        try:
            yield slot
        finally:
            with self._changed:
                self._claimed.subtract((name, resource))
                self._running[name] -= 1
                if slot.environment is not None:
                    slot.environment.idle_since = time.monotonic()
                    self._idle[function].append(slot.environment)
                self._changed.notify_all()

    def reap(self) -> None:
        """Stop what has been idle for too long."""
        limit = time.monotonic() - self._idle_seconds
        with self._changed:
            old: list[Environment] = []
            for function, group in list(self._idle.items()):
                old += [each for each in group if each.idle_since < limit]
                group[:] = [each for each in group if each.idle_since >= limit]
                if not group:
                    del self._idle[function]  # a key holds the code of its version
        for environment in old:
            environment.stop()

    def _warm(self, function: FunctionVersion) -> Environment | None:
        for other in [each for each in self._idle if _replaces(function, each)]:
            for environment in self._idle.pop(other):
                environment.stop()
        warm = self._idle[function]
        while warm:
            environment = warm.pop()
            if environment.alive:
                return environment
            environment.stop()
        return None


def _replaces(function: FunctionVersion, other: FunctionVersion) -> bool:
    """Tell whether `other` is the same version with an older configuration or code."""
    return function.arn == other.arn and function != other
