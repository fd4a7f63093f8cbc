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

    `concurrency` counts the invocations under way.
    """

    def __init__(self, concurrency: int) -> None:
        super().__init__("Rate Exceeded.")
        self.concurrency = concurrency


@dataclass
class Slot:
    """The right to run one invocation, and the warm environment found for it, if any.

    `concurrency` counts the function's invocations under way, this one included.
    """

    concurrency: int
    environment: Environment | None = None


class Pool:
    """Hands out slots; at most `bound` invocations of a function run at once, others wait."""

    def __init__(self, *, bound: int, idle_seconds: float) -> None:
        self._bound = bound
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        # One for each function, so that a slot that becomes free wakes one invocation, not all.
        self._freed = defaultdict[tuple[str, str], threading.Condition](
            lambda: threading.Condition(self._lock)
        )
        self._idle: defaultdict[FunctionVersion, list[Environment]] = defaultdict(list)
        self._running: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def slot(self, function: FunctionVersion) -> Iterator[Slot]:
        """Hold a slot; afterwards keep its environment warm, if there still is one.

        Raises Throttled after waiting for as long as the function may run.
        """
        name = (function.region, function.name)
        with self._lock:
            is_free = self._freed[name].wait_for(
                lambda: self._running[name] < self._bound, function.timeout
            )
            if not is_free:
                raise Throttled(self._running[name])
            self._running[name] += 1
            slot = Slot(self._running[name], self._warm(function))
        try:
            yield slot
        finally:
            with self._lock:
                self._running[name] -= 1
                if slot.environment is not None:
                    slot.environment.idle_since = time.monotonic()
                    self._idle[function].append(slot.environment)
                self._freed[name].notify()

    def reap(self) -> None:
        """Stop environments that have been idle for too long."""
        limit = time.monotonic() - self._idle_seconds
        with self._lock:
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
            if environment.is_alive:
                return environment
            environment.stop()
        return None


def _replaces(function: FunctionVersion, other: FunctionVersion) -> bool:
    """Return whether `other` is the same version with an older configuration or code."""
    return function.arn == other.arn and function != other
