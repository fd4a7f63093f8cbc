"""The differences of a recovery as a table, which stays short on a terminal."""

from __future__ import annotations

from tasktracker_ops.models.task_recovery import RecoverResult, Selection, TaskDifference
from tasktracker_ops.output.task_recovery import differences, question


def _result(count: int) -> RecoverResult:
    def task(kind: int, number: int, *fields: str) -> TaskDifference:
        return TaskDifference(f"{kind}-{number:04}", f"title \x1b{number}", "pending", fields)

    return RecoverResult(
        table="TaskTable",
        at="2026-01-31T16:20:00.000Z",
        tasks_then=count,
        tasks_now=2,
        missing=tuple(task(1, number) for number in range(count)),
        changed=(task(2, 0, "title", "status"),),
        new=(task(3, 0),),
    )


def test_a_terminal_shows_a_few_of_each_kind() -> None:
    """And how many more there are; what was changed is named, control characters are escaped."""
    text = differences(_result(30), 80)
    lines = text.splitlines()
    assert lines[:2] == [
        "TaskTable: 30 tasks at 2026-01-31T16:20:00.000Z, 2 now.",
        "30 missing, 1 changed, 1 new.",
    ]
    assert sum(line.startswith("missing") for line in lines) == 20
    assert "title, status" in text
    assert r"title \x1b0" in text
    assert lines[-1] == "… and 10 more: --output json lists all"


def test_a_pipe_gets_all_of_them() -> None:
    """With whole ids."""
    text = differences(_result(30), None)
    assert "1-0029" in text
    assert "more" not in text


def test_the_question_counts() -> None:
    """What is chosen is counted, or named."""
    asked = question(_result(3), Selection(missing=True, changed=True, references=["7f3a"]))
    assert asked == (
        "Bring back 3 missing and 1 changed and '7f3a' of 3 tasks as of 2026-01-31T16:20:00.000Z?"
    )
