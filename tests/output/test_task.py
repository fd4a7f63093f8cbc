"""Tasks and results of the commands on them, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tasktracker_ops.models.task import (
    AddResult,
    ExportResult,
    FailedLine,
    ImportResult,
    RemoveResult,
    Task,
    TaskList,
)
from tasktracker_ops.output.columns import text_width
from tasktracker_ops.output.results import text

from .examples import TASK

ADD = AddResult(**asdict(TASK))
IMPORT = ImportResult(2, 1000, (FailedLine(3, "it has no title"),), True)


def test_json_of_a_list_is_an_array(show: Callable[..., str]) -> None:
    """It is what the API returns, empty or not."""
    (task,) = json.loads(show(TaskList((TASK,)), output="json"))
    assert task["task_id"] == "1"
    assert json.loads(show(TaskList(()), output="json")) == []


@pytest.mark.parametrize(
    ("result", "parts"),
    [
        (TASK, ["task_id      1", "title        first", "version      1"]),
        (Task("1"), ["task_id  1\n"]),
        (TaskList((TASK,)), ["id    status    title", "1     pending   first"]),
        (TaskList(()), ["No tasks yet. Add one: tt-ops tasks add"]),
        (RemoveResult("1"), ["Removed 1."]),
        (ADD, ["Added 1  first\n"]),
        (ExportResult(Path("/p/t.jsonl"), 1234), ["Exported 1,234 tasks to /p/t.jsonl."]),
        (IMPORT, ["Imported: 2 created, 1,000 already there, 1 failed."]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_results_are_readable_text(show: Callable[..., str], result: Any, parts: list[str]) -> None:
    """The text has these parts, aligned."""
    shown = show(result)
    for part in parts:
        assert part in shown


def test_unicode_and_newlines_are_kept(show: Callable[..., str]) -> None:
    """A description keeps its lines; a title in a list is on one line."""
    task = replace(TASK, title="Ünïcode ✓ 日本\nsecond", description="one\ntwo")
    shown = show(task)
    assert "Ünïcode ✓ 日本\n" in shown
    assert "one\n             two" in shown
    assert "日本\\nsecond" in show(TaskList((task,)))
    assert "日本" in show(task, output="json")


def test_fields_of_an_unexpected_type_are_printed(show: Callable[..., str]) -> None:
    """An old item may have any value."""
    task = Task.from_json({"task_id": 7, "title": {"a": 1}, "status": None})
    assert "{'a': 1}" in show(TaskList((task,)))


@pytest.mark.parametrize(
    ("columns", "headers"),
    [
        (120, ["#", "id", "status", "changed", "title"]),
        (50, ["#", "id", "status", "title"]),
        (30, ["#", "title"]),
    ],
)
def test_a_list_fits_the_terminal(columns: int, headers: list[str]) -> None:
    """The lightest columns are dropped first, and titles are cut, also those of wide letters."""
    screen: Any = SimpleNamespace(columns=columns)
    tasks = tuple(replace(TASK, task_id=f"0000000{n}", title="題" * 80) for n in range(3))
    lines = text(TaskList(tasks), screen).splitlines()
    assert lines[0].split() == headers
    assert max(map(text_width, lines)) <= columns
    assert all(line.endswith("…") for line in lines[2:])
