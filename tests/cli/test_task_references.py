"""Tasks by number, by part of an id, and back after they were removed."""

from __future__ import annotations

import functools
import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete

from tasktracker_ops.app import App
from tasktracker_ops.cli.context import Context
from tasktracker_ops.cli.main import cli
from tasktracker_ops.models.task import Task, endings
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows.remove_tasks import remove
from tasktracker_ops.workflows.tasks import list_newest

from .conftest import Run

IDS = [f"019a0000-0000-7000-8000-00000000{end}" for end in ("aaaa", "bbbb", "1bbb")]


@pytest.fixture
def app(service: Any, tmp_path: Path) -> App:
    """Return the application for the service, with three tasks."""
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    settings = Settings(api_url=service.url, environ=environ)
    made = App(settings, Console(settings), lambda question: False)
    for task_id in IDS:
        made.tasks().create_under_id(task_id, {"title": f"task {task_id[-4:]}"})
    return made


@pytest.fixture
def run(run: Run, service: Any, tmp_path: Path) -> Run:
    """Run `tt-ops tasks …` with the service."""
    state = str(tmp_path / "state")
    return functools.partial(run, "tasks", "--api-url", service.url, XDG_STATE_HOME=state)


def left(app: App) -> list[str]:
    """Return the endings of the tasks that exist, newest first."""
    return [task.task_id[-4:] for task in app.tasks().list()]


def test_a_task_has_a_number_an_ending_and_a_beginning(app: App, run: Run) -> None:
    """A number is that of the last list; what several tasks have in common is refused."""
    assert "no list with numbers was shown yet" in run("show", "#1").stderr
    shown = list_newest(app, status=None, limit=None, numbered=True).tasks
    for reference in ("2", "#2", shown[1].task_id[-4:], shown[1].task_id):
        found = json.loads(run("show", reference, "--output", "json").stdout)
        assert found["task_id"] == shown[1].task_id
    result = run("done", "1", "aaaa")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["Done", "Done"]
    result = run("edit", "019a", "--status", "done")
    assert (result.exit_code, result.stderr.count("'task ")) == (2, 3)
    assert "'019a' is part of the ids of 3 tasks:\n  019a" in result.stderr
    result = run("rm", "#4")
    assert (result.exit_code, "the last list had 3 tasks" in result.stderr) == (2, True)
    assert len(left(app)) == 3


def test_a_task_that_was_not_listed_is_found(app: App, run: Run) -> None:
    """Among all tasks; a short number is none without a list."""
    assert json.loads(run("show", "aaaa", "--output", "json").stdout)["task_id"] == IDS[0]
    assert "There is no task 3" in run("rm", "3").stderr
    assert "There is no task bbbbb" in run("rm", "bbbbb").stderr
    assert len(left(app)) == 3


def test_a_removed_task_comes_back(app: App, run: Run, tmp_path: Path) -> None:
    """All of them without an id; what is kept can be read by its user only."""
    app.tasks().edit(IDS[0], description="kept", status="done")
    assert run("restore").stderr.startswith("Error: this machine removed no task in the last day")
    assert run("rm", *IDS).exit_code == 0
    for path in (tmp_path / "state").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert run("restore", "aaaa").stdout == f"Restored {IDS[0]}  task aaaa\n"
    task = app.tasks().show(IDS[0])
    assert (task.title, task.description, task.status) == ("task aaaa", "kept", "done")
    assert "did not remove 'aaaa'" in run("restore", "aaaa").stderr
    app.tasks().create_under_id(IDS[1], {"title": "theirs"})
    restored = run("restore", "-o", "json").stdout.splitlines()
    assert [json.loads(line)["restored"] for line in restored] == [False, True]
    assert app.tasks().show(IDS[1]).title == "theirs"


def test_a_task_of_days_ago_is_forgotten(app: App, run: Run, tmp_path: Path) -> None:
    """A day after its removal it is neither restored nor, from the next removal on, kept."""
    run("rm", IDS[0])
    (file,) = (tmp_path / "state").rglob("*aaaa.json")
    os.utime(file, (0, 0))
    assert run("restore").exit_code == 1
    run("rm", IDS[1])
    assert not file.exists()


def test_a_refused_removal_removes_nothing(app: App) -> None:
    """It asks about all tasks, and so after it has found them."""

    def refuse(tasks: Sequence[Task]) -> None:
        assert [task.task_id for task in tasks] == IDS[:2]
        raise InterruptedError

    with pytest.raises(InterruptedError):
        list(remove(app, ["aaaa", IDS[1]], approve=refuse))
    assert len(left(app)) == 3


def test_the_shell_completes_tasks_of_the_last_list(
    app: App, service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By their endings, with their titles, or as a whole id that was begun."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("TT_OPS_API_URL", service.url)
    monkeypatch.chdir(tmp_path)
    list_newest(app, status=None, limit=None, numbered=True)

    def offered(typed: str) -> list[tuple[str, str | None]]:
        completion = ShellComplete(cli, {"obj": Context()}, "tt-ops", "_TT_OPS_COMPLETE")
        items = completion.get_completions(["tasks", "rm"], typed)
        return [(item.value, item.help) for item in items]

    assert offered("a") == [("aaaa", "task aaaa")]
    assert {len(value) for value, _ in offered("")} == {4}
    assert {value for value, _ in offered("019a")} == set(IDS)


def test_an_ending_is_as_short_as_it_can_be() -> None:
    """At least four characters, and no ending of another id."""
    assert endings(["x1aaaa", "x2aaaa", "bbbb", "b"]) == ["1aaaa", "2aaaa", "bbbb", "b"]
