"""How commands name a task: by its id, a part of it, or its number in the last list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from tasktracker_ops.errors import ExitCode, TtOpsError, counted, quoted
from tasktracker_ops.models.task import endings

if TYPE_CHECKING:
    from tasktracker_ops.adapters.task_api.client import TaskClient
    from tasktracker_ops.app import App

_WHOLE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# A shell takes what follows a # as a comment, unless it is quoted.
_NUMBER = re.compile(r"(#?)([1-9][0-9]*)", re.ASCII)
_LONGEST_BARE_NUMBER = 3  # more digits are a part of an id
_SHORTEST_PART = 4
_MOST_CANDIDATES = 10


class TaskFinder:
    """Finds the ids that references mean, in the last list first, then among all tasks."""

    def __init__(self, app: App, client: TaskClient) -> None:
        self._client = client
        self._report = app.report
        self._last_list = app.task_memory.last_list(client.api_url)

    def find(self, reference: str) -> str:
        """Return the id of the task; a reference that fits none is returned as it is.

        Raises TtOpsError `task-number-unknown` and `task-ambiguous`.
        """
        if _WHOLE.fullmatch(reference):
            return reference
        found = self._numbered(reference) or match(reference, self._last_list)
        return found or match(reference, self._all) or reference

    def find_among(self, titles: Mapping[str, str], reference: str) -> str:
        """Return the id as `find` does, but of the tasks with these titles by id."""
        return self._numbered(reference) or match(reference, titles) or reference

    def _numbered(self, reference: str) -> str | None:
        number = _NUMBER.fullmatch(reference)
        if number is None or (not number[1] and len(number[2]) > _LONGEST_BARE_NUMBER):
            return None
        if int(number[2]) <= len(self._last_list):
            return list(self._last_list)[int(number[2]) - 1]
        if not number[1]:
            return None
        last = f"the last list had {counted(len(self._last_list), 'task')}"
        raise TtOpsError(
            "task-number-unknown",
            f"there is no task {reference!r}: "
            + (last if self._last_list else "no list with numbers was shown yet"),
            hint="list the tasks, with their numbers: tt-ops tasks list",
            exit_code=ExitCode.USAGE,
        )

    @cached_property
    def _all(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for task in self._client.list():
            found[task.task_id] = str(task.title or "")
            self._report.progress("looking for the task", len(found), None)
        return found


def match(reference: str, titles: Mapping[str, str]) -> str | None:
    """Return the one id that is, begins or ends with a reference; None if there is none.

    Raises TtOpsError `task-ambiguous`, which lists the candidates.
    """
    if reference in titles:
        return reference
    if len(reference) < _SHORTEST_PART:
        return None
    # The ids of a time begin alike.
    found = [each for each in titles if each.endswith(reference)]
    found = found or [each for each in titles if each.startswith(reference)]
    if len(found) <= 1:
        return found[0] if found else None
    shown = found[:_MOST_CANDIDATES]
    rows = [f"{task_id}  {quoted(titles[task_id])}" for task_id in shown]
    if len(found) > len(shown):
        rows.append(f"and {len(found) - len(shown):,} more")
    raise TtOpsError(
        "task-ambiguous",
        "\n  ".join([f"{reference!r} is part of the ids of {len(found):,} tasks:", *rows]),
        hint=f"type more of the id: tt-ops tasks show {endings(found)[0]}",
        exit_code=ExitCode.USAGE,
    )
