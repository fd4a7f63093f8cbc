"""Count accesses to the emulator's stores, and pause them.

moto's stores belong to the process, and so does this.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Operations whose names begin so change nothing.
_READS = ("BatchGet", "Describe", "Filter", "Get", "Head", "List", "Query", "Scan")
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")
_OPERATION = re.compile(r"/service/\w+/operation/(\w+)")
# The function that an invocation runs sends requests itself, for which a pause cannot wait.
_INVOCATION = re.compile(r"/2015-03-31/functions/[^/]+/invocations/?")

_condition = threading.Condition()
_under_way = 0
_is_paused = False
_made = 0


@contextmanager
def access(*, is_change: bool = True) -> Iterator[None]:
    """Access the stores; wait while they are paused. Accesses must not be nested."""
    global _under_way, _made
    with _condition:
        while _is_paused:
            _condition.wait()
        _under_way += 1
    try:
        yield
    finally:
        with _condition:
            _under_way -= 1
            _made += is_change
            _condition.notify_all()


def record() -> None:
    """Record a change, within an access that need not be one."""
    global _made
    with _condition:
        _made += 1
        _condition.notify_all()


def wait_for_more(than: int, seconds: float) -> bool:
    """Return whether more changes than that were made, as soon as there is one."""
    with _condition:
        return _condition.wait_for(lambda: _made > than, seconds)


def count() -> int:
    """Return the number of changes made since the process began."""
    return _made


@contextmanager
def paused(seconds: float) -> Iterator[int]:
    """Let every access end, and no other begin; yield the number of changes made.

    Raises TimeoutError when those under way take longer.
    """
    global _is_paused
    try:
        pause(seconds)
        yield _made
    finally:
        with _condition:
            _is_paused = False
            _condition.notify_all()


def pause(seconds: float) -> None:
    """Let every access end, and no other begin. Raises TimeoutError as `paused` does."""
    global _is_paused
    with _condition:
        _is_paused = True
        if not _condition.wait_for(lambda: not _under_way, seconds):
            raise TimeoutError("a request is still under way")


def is_invocation(environ: dict[str, Any]) -> bool:
    """Return whether a request to the control plane runs a function."""
    return _INVOCATION.fullmatch(environ["PATH_INFO"]) is not None


def is_change(environ: dict[str, Any]) -> bool:
    """Return whether a request to the control plane may change something."""
    if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
        return False
    return not _operation(environ).startswith(_READS)


def _operation(environ: dict[str, Any]) -> str:
    """Return the operation that a request names: in a header, its path or its body."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if match := _OPERATION.fullmatch(environ["PATH_INFO"]):
        return match[1]
    body = environ["wsgi.input"]
    start = body.read(1024)
    body.seek(0)
    action = _ACTION.search(start)
    return action[1].decode() if action else ""
