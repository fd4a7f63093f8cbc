"""Results in both forms: for people, and for programs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.deployment import DestroyResult, UnlockResult
from tasktracker_ops.models.emulator import StopResult
from tasktracker_ops.models.task import ExportResult, RemoveResult, Task, TaskList
from tasktracker_ops.output.console import Console
from tasktracker_ops.output.text import shortened
from tasktracker_ops.settings import Settings

from .examples import (
    ACCESS,
    ADDED,
    BOOTSTRAPPED,
    DEPLOYED,
    DEPLOYMENT,
    IMPORTED,
    NOTHING,
    PACKAGE,
    PLAN,
    SERVER,
    TASK,
    emitted,
)


@pytest.mark.parametrize(
    ("result", "keys"),
    [
        (PACKAGE, "path files size sha256 changed"),
        (PLAN, "add change destroy changes made_public drift fewer_shards"),
        (BOOTSTRAPPED, "bucket lock_table plan"),
        (
            ACCESS,
            "backend repository branch environment deployer_role_arn planner_role_arn plan",
        ),
        (
            DEPLOYED,
            "plan target deployment version previous_version smoke console_url problems",
        ),
        (
            DEPLOYMENT,
            "schema region api_url api_id api_auth function_name function_alias log_group "
            "table_name dashboard_name alarm_names topic_arn",
        ),
        (DestroyResult(PLAN, backend=True), "plan backend"),
        (SERVER, "url port pid started_at log_path version same_version"),
        (StopResult(SERVER), "server"),
        (TASK, "task_id title description status created_at updated_at version"),
        (RemoveResult("1"), "task_id"),
        (UnlockResult("7d2f"), "lock_id"),
        (ADDED, "task_id title description status created_at updated_at version"),
        (ExportResult(Path("/p/t.jsonl"), 1234), "file tasks"),
        (IMPORTED, "created already_there failed complete"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_keys_of_every_result_are_kept(
    capsys: pytest.CaptureFixture[str], result: Any, keys: str
) -> None:
    """Scripts read them: a key may be added, and none may go or change its name."""
    assert list(json.loads(emitted(result, capsys, output="json"))) == keys.split()


def test_changes_are_objects(capsys: pytest.CaptureFixture[str]) -> None:
    """With an address, an action, and what is known of the reasons."""
    changes = json.loads(emitted(PLAN, capsys, output="json"))["changes"]
    assert (changes[0]["address"], changes[0]["action"]) == (
        "aws_lambda_function.tracker",
        "update",
    )
    assert set(changes[0]) == set(
        ["address", "action", "type", "id", "attributes", "forced_by", "reason", "imported"]
    )


def test_a_list_of_tasks_is_a_bare_array(capsys: pytest.CaptureFixture[str]) -> None:
    """As the API gives it, empty or not."""
    listed = json.loads(emitted(TaskList((TASK,)), capsys, output="json"))
    assert [task["task_id"] for task in listed] == ["1"]
    assert json.loads(emitted(TaskList(()), capsys, output="json")) == []


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        (PACKAGE, ["function.zip built", "  handler.py", "1,234 bytes", "ab12"]),
        (replace(PACKAGE, changed=False), ["function.zip up to date"]),
        (PLAN, ["~ update  aws_lambda_function.tracker", "± replace aws_dynamodb_table.tasks"]),
        (PLAN, ["Plan: 1 to add, 1 to change, 1 to destroy."]),
        (NOTHING, ["No changes: the deployment matches the project."]),
        (BOOTSTRAPPED, ["State backend: 1 added", "state bucket  bucket", "lock table    locks"]),
        (replace(BOOTSTRAPPED, plan=NOTHING), ["State backend: up to date."]),
        (ACCESS, ["State backend: 1 added", "Access of GitHub: 1 added", "octo-org/octo-repo"]),
        (ACCESS, ["  gh variable set AWS_ROLE_ARN --repo octo-org/octo-repo --body arn:deployer"]),
        (DEPLOYED, ["Deployed: 1 added", "API          https://abc", "version      2"]),
        (DEPLOYED, ["The API is public", "  tt-ops status", "smoke check  passed"]),
        (
            replace(DEPLOYED, smoke="partly passed"),
            ["table was not checked", "TT_OPS_API_TOKEN"],
        ),
        (DEPLOYED, ["! somebody has not confirmed\n  confirm it: tt-ops local confirm"]),
        (replace(DEPLOYED, plan=NOTHING, version=None), ["Nothing to do", "version      none"]),
        (
            replace(DEPLOYED, deployment=replace(DEPLOYMENT, api_auth="AWS_IAM")),
            ["The API requires authentication (AWS_IAM)."],
        ),
        (DEPLOYMENT, ["alarm_names     LambdaErrorAlarm, LambdaDurationAlarm", "schema  "]),
        (
            DestroyResult(PLAN, backend=False),
            ["Removed 1 resource. The state backend stays."],
        ),
        (DestroyResult(NOTHING, backend=True), ["Nothing to remove.", "is gone too"]),
        (SERVER, ["an AWS emulator", "http://127.0.0.1:4580/_tt-ops/", "4711", "/p/server.log"]),
        (SERVER, ["0.1.0+0a1b2c3d, not the version of this tt-ops"]),
        (StopResult(SERVER), ["Stopped the emulator at http://127.0.0.1:4580"]),
        (StopResult(None), ["was not running"]),
        (TASK, ["task_id      1", "title        first", "version      1"]),
        (Task("1"), ["task_id  1\n"]),
        (TaskList((TASK,)), ["id    status    title", "1     pending   first"]),
        (TaskList(()), ["No tasks yet. Add one: tt-ops tasks add"]),
        (RemoveResult("1"), ["Removed 1."]),
        (UnlockResult("7d2f"), ["Released the lock 7d2f."]),
        (ADDED, ["Added 1  first\n"]),
        (ExportResult(Path("/p/t.jsonl"), 1234), ["Exported 1,234 tasks to /p/t.jsonl."]),
        (IMPORTED, ["Imported: 2 created, 1,000 already there, 1 failed."]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_result_has_a_form_for_people(
    capsys: pytest.CaptureFixture[str], result: Any, shown: list[str]
) -> None:
    """Aligned, without colour codes where nobody watches."""
    text = emitted(result, capsys)
    for part in shown:
        assert part in text
    assert "\x1b" not in text


HOSTILE = "\x1b[2J\x1b]0;title\x07\rover\x9b31m\u202ereversed\ud800\x7f"


@pytest.mark.parametrize("kind", ["task", "tasks", "json", "error", "hint", "note", "removed"])
def test_nothing_that_came_from_outside_commands_the_terminal(
    capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """Escape sequences, controls and changes of direction are shown, and not acted upon."""
    task = Task(HOSTILE, title=HOSTILE, description=HOSTILE, status=HOSTILE)
    console = Console(Settings(output="json" if kind == "json" else "table"))
    if kind in {"error", "hint"}:
        console.error(TtOpsError("x", HOSTILE, hint=f"try: curl {HOSTILE}"))
    elif kind == "note":
        console.note(HOSTILE)
    else:
        results = {"tasks": TaskList((task,)), "removed": RemoveResult(HOSTILE)}
        console.emit(results.get(kind, task))
    text = "".join(capsys.readouterr())
    assert not set(text) & set("\x1b\x07\r\x9b\u202e\ud800\x7f")
    assert "over" in text
    if kind == "json":
        assert json.loads(text)["title"] == HOSTILE
    else:
        assert "\\x1b[2J" in text


def test_text_stays_as_it_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Any script, and the lines of a description; a title in a list is one line."""
    task = replace(TASK, title="Ünïcode ✓ 日本\nsecond", description="one\ntwo")
    shown = emitted(task, capsys)
    assert "Ünïcode ✓ 日本\n" in shown
    assert "one\n             two" in shown
    assert "日本\\nsecond" in emitted(TaskList((task,)), capsys)
    assert "日本" in emitted(task, capsys, output="json")


def test_fields_of_a_strange_type_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """An old item may hold anything."""
    odd = Task.from_json({"task_id": 7, "title": {"a": 1}, "status": None})
    assert "{'a': 1}" in emitted(TaskList((odd,)), capsys)


def test_a_long_title_is_shortened_on_a_terminal_only() -> None:
    """Columns stay columns where somebody looks; a program gets the whole title."""
    assert shortened("x" * 200, 28) == "x" * 27 + "…"
    assert shortened("x" * 200, 3) == "x" * 19 + "…"
    assert shortened("x" * 200, None) == "x" * 200
    assert shortened(None, 28) is None
