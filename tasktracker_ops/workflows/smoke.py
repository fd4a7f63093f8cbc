"""The check after a deploy: the API answers, runs the function, and the function its table."""

from __future__ import annotations

import shlex
import time
import uuid
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError

if TYPE_CHECKING:
    from tasktracker_ops.adapters.task_client import TaskClient

_PAUSE_SECONDS = 1.0
# Path, status and content type: a 404 of API Gateway itself is no problem+json.
_EXPECTED = (
    ("health", 200, "application/json"),
    (f"tasks/{uuid.UUID(int=0)}", 404, "application/problem+json"),
)


def smoke_check(api: TaskClient, *, patience: float) -> None:
    """Read only: the health route, and a task that cannot exist, which asks the table.

    `patience` is in seconds. Raises TtOpsError with the last wrong answer.
    """
    deadline = time.monotonic() + patience
    for expected in _EXPECTED:
        while (wrong := _wrong_answer(api, *expected)) is not None:
            if time.monotonic() >= deadline:
                raise wrong
            time.sleep(_PAUSE_SECONDS)


def _wrong_answer(api: TaskClient, path: str, status: int, kind: str) -> TtOpsError | None:
    try:
        answer = api.probe(path)
    except TtOpsError as error:
        return error
    if answer.status_code == status and answer.headers.get("Content-Type", "").startswith(kind):
        return None
    return TtOpsError(
        "api-unwell",
        f"GET {answer.url} gave {answer.status_code} instead of {status}: {answer.text[:200]!r}",
        hint=f"try it by hand: curl -i {shlex.quote(answer.url)}",
    )
