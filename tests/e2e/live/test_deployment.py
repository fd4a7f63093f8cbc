"""Commands on a deployment that is up to date."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conftest import Clone


def test_second_deploy_has_nothing_to_do(live: Clone) -> None:
    """The plan of the real Terraform after a deploy is empty."""
    assert "Nothing to do" in live.succeed("deploy", "--yes")


def test_tasks_are_driven_from_the_command_line(live: Clone, api: str) -> None:
    """Every subcommand of `tasks` reaches the deployed API, also by its address alone."""
    task = live.read("tasks", "add", "from the terminal", "--description", "d")
    task_id = task["task_id"]
    assert live.read("tasks", "show", task_id) == task
    assert live.read("tasks", "edit", task_id, "--title", "renamed")["title"] == "renamed"
    assert live.read("tasks", "done", task_id)["status"] == "done"
    listed = live.read("tasks", "--api-url", api, "list", "--project-dir", str(live.path))
    assert task_id in [t["task_id"] for t in listed]
    live.succeed("tasks", "rm", task_id)
    missing = live.run("tasks", "show", task_id)
    assert missing.returncode == 1
    assert "tasks list" in missing.stderr


def test_nothing_is_left_in_the_home_folder(live: Clone, home: Path) -> None:
    """tt-ops writes into the project, and into its own folders for caches and state."""
    ours = (home / ".cache" / "tt-ops", home / ".local" / "state" / "tt-ops")
    files = [path for path in home.rglob("*") if path.is_file()]
    assert [path for path in files if not any(map(path.is_relative_to, ours))] == []
