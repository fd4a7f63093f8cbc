"""`tt-ops tasks` with the real service."""

from __future__ import annotations

import csv
import functools
import io
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops import TaskClient

from .conftest import Run

TT_OPS = Path(sys.executable).with_name("tt-ops")


@pytest.fixture
def client(service: Any) -> TaskClient:
    """Return a client of the service."""
    return TaskClient(service.url)


@pytest.fixture
def run(run: Run, service: Any) -> Run:
    """Run `tt-ops tasks …` with the service."""
    return functools.partial(run, "tasks", "--api-url", service.url)


def titles(client: TaskClient) -> list[str | None]:
    """Return all titles, newest first."""
    return [task.title for task in client.list()]


def test_a_list_has_50_tasks_and_notes_that_there_are_more(run: Run, client: TaskClient) -> None:
    """The note is on stderr; a complete list and JSON have none."""
    for number in range(51):
        client.add(f"task {number}")
    result = run("list")
    assert result.stdout.count("task ") == 50
    assert "the newest 50; --all" in result.stderr
    for arguments, count in ((["--all"], 51), (["--limit", "51"], 51), (["--limit", "3"], 3)):
        listed = run("list", *arguments, "--output", "json")
        assert len(json.loads(listed.stdout)) == count
        assert listed.stderr == ""
    assert run("list", "--all").stderr == ""
    assert run("list", "--limit", "0").exit_code == 2


def test_a_list_is_filtered_by_status(run: Run, client: TaskClient) -> None:
    """No tasks are an empty array."""
    client.add("first", status="done")
    assert json.loads(run("list", "--status", "done", "--output", "json").stdout)[0]["title"]
    assert json.loads(run("list", "--status", "pending", "--output", "json").stdout) == []


def test_a_list_as_csv(run: Run, client: TaskClient) -> None:
    """Cells are quoted where needed, and none is a formula for a spreadsheet."""
    client.add('a "b", c', description="two\nlines")
    client.add("=HYPERLINK(1)", description="+1")
    client.add("a\rb", description="\n=1")
    client.add("\x1b[31mred", description="and nothing is left out")
    text = run("list", "--output", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["title"] for row in rows[1:]] == ["a\rb", "'=HYPERLINK(1)", 'a "b", c']
    assert [row["description"] for row in rows[1:]] == ["'\n=1", "'+1", "two\nlines"]
    assert rows[0]["title"] == "\x1b[31mred"
    assert {row["version"] for row in rows} == {"1"}


@pytest.mark.parametrize("arguments", [["show", "1"], ["add", "x"], ["rm", "1"], ["export", "-"]])
def test_only_a_list_has_csv(run: Run, service: Any, arguments: list[str]) -> None:
    """Other commands refuse it before any request, and name its origin."""
    for result, source in (
        (run(*arguments, "--output", "csv"), "--output"),
        (run(*arguments, TT_OPS_OUTPUT="csv"), "TT_OPS_OUTPUT"),
    ):
        assert result.exit_code == 2
        assert f"'tt-ops tasks {arguments[0]}' has no output format 'csv' (from {source})" in (
            result.stderr
        )
    assert service.asked == []


def test_adding_one_title_prints_the_task(run: Run) -> None:
    """All its fields are printed."""
    added = json.loads(run("add", "first", "--status", "done", "--output", "json").stdout)
    assert (added["title"], added["status"], added["version"]) == ("first", "done", 1)
    assert "task_id" in run("add", "second").stdout


def test_adding_several_titles_prints_a_line_each(run: Run, client: TaskClient) -> None:
    """Their order is kept; JSON is one object per line."""
    result = run("add", "first", "second", "--description", "both")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["Added", "Added"]
    assert titles(client) == ["second", "first"]
    assert {task.description for task in client.list()} == {"both"}
    lines = run("add", "a", "b", "--output", "json").stdout.splitlines()
    assert [json.loads(line)["title"] for line in lines] == ["a", "b"]


def test_titles_are_read_from_standard_input(run: Run, client: TaskClient) -> None:
    """Each line is a title; empty ones are skipped, and so is an editor's byte order mark."""
    result = run("add", "before", "-", stdin="\ufefffirst\n\n  sécond \r\nthird".encode())
    assert result.exit_code == 0
    assert titles(client) == ["third", "sécond", "first", "before"]


def test_a_refused_title_is_named(run: Run, client: TaskClient) -> None:
    """Titles before it were added; the hint is to add the rest again."""
    result = run("add", "-", stdin=f"first\n{'x' * 9_000}\nthird\n".encode())
    assert result.exit_code == 1
    assert f"title 2, '{'x' * 59}…', was not added: " in result.stderr
    assert result.stderr.endswith(" add -\n")
    assert "add it and the rest: tt-ops tasks " in result.stderr
    assert run("add", "second", " ").stderr.endswith(" add TITLE\n")
    assert run("add", " ", "-").stderr.endswith(" add --help\n")
    assert titles(client) == ["second", "first"]


def test_a_line_that_is_not_utf_8_is_named(run: Run, client: TaskClient) -> None:
    """The lines before it were added."""
    result = run("add", "-", stdin=b"first\n\n\xff\xfe\nthird\n")
    assert result.exit_code == 1
    assert "line 3 of standard input is not UTF-8" in result.stderr
    assert titles(client) == ["first"]


def test_no_title_adds_nothing(run: Run, client: TaskClient) -> None:
    """A note says so."""
    result = run("add", "-", stdin=b"\n  \n")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "There was no title: nothing was added.\n"


@pytest.fixture
def adding(service: Any, tmp_path: Path) -> Any:
    """`tt-ops tasks add -`, which waits for titles."""
    return subprocess.Popen(
        [TT_OPS, "tasks", "--api-url", service.url, "add", "-"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_an_interrupt_says_how_many_were_added(adding: Any) -> None:
    """This also holds while it waits for the next title."""
    for title in (b"one\n", b"two\n"):
        adding.stdin.write(title)
        adding.stdin.flush()
        adding.stdout.readline()
    adding.send_signal(signal.SIGINT)
    _, err = adding.communicate(timeout=60)
    assert adding.returncode == 130
    assert b"interrupted after 2 titles" in err


def test_adding_ends_when_the_reader_closes_the_pipe(adding: Any, client: TaskClient) -> None:
    """`head -1` does so; the last task that was added is named."""
    adding.stdin.write(b"one\n")
    adding.stdin.flush()
    adding.stdout.readline()
    adding.stdout.close()
    adding.stdin.write(b"two\nthree\n")
    adding.stdin.close()
    err = adding.stderr.read()
    assert adding.wait(timeout=60) == 141
    assert titles(client) == ["two", "one"]
    assert err == b"'two' was added, and nothing after it.\n"


def test_several_tasks_are_removed(run: Run, client: TaskClient) -> None:
    """Removal stops at the first that does not exist."""
    ids = [client.add(f"task {number}").task_id for number in range(3)]
    result = run("rm", ids[0], "nothing", ids[1])
    assert (result.exit_code, titles(client)) == (1, ["task 2", "task 1"])
    assert "nothing" in result.stderr
    result = run("rm", ids[1], ids[2], "--output", "json")
    assert [json.loads(line)["task_id"] for line in result.stdout.splitlines()] == ids[1:]
    assert titles(client) == []


def test_an_edit_names_what_was_changed_in_the_meantime(
    run: Run, service: Any, client: TaskClient
) -> None:
    """Nothing of the other change is overwritten."""
    task = client.add("first")

    def interfere(request: str) -> None:
        if request.startswith("PATCH"):
            service.before = lambda request: None
            client.edit(task.task_id, title="theirs")

    service.before = interfere
    result = run("edit", task.task_id, "--status", "done")
    assert result.exit_code == 1
    assert "version 1 → 2, title 'first' → 'theirs'; your change was not" in result.stderr
    assert result.stderr.rstrip().endswith(f"tasks --api-url {service.url} show {task.task_id}")
    assert client.show(task.task_id).status == "pending"
    assert run("done", task.task_id).exit_code == 0
    found = client.show(task.task_id)
    assert (found.title, found.status, found.version) == ("theirs", "done", 3)


def test_an_edit_is_not_repeated_after_a_conflict(
    run: Run, service: Any, client: TaskClient
) -> None:
    """This also holds if nobody has changed the task."""
    task = client.add("first")
    service.fail("PATCH", "412", times=9)
    result = run("edit", task.task_id, "--title", "ours")
    assert (result.exit_code, "your change was not written" in result.stderr) == (1, True)
    assert len([asked for asked in service.asked if asked.startswith("PATCH")]) == 1


def test_an_export_has_all_tasks_oldest_first(run: Run, client: TaskClient, tmp_path: Path) -> None:
    """A new file is private, an existing one keeps its mode, a link remains a link."""
    made = [client.add(title) for title in ("first", "sécond", "th\u202eird")]
    assert "Exported 3 tasks" in run("export", "tasks.jsonl").stdout
    file = tmp_path / "tasks.jsonl"
    assert [json.loads(line)["task_id"] for line in file.read_text().splitlines()] == [
        task.task_id for task in made
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "sécond" in file.read_text()
    assert "\u202e" not in file.read_text()
    file.chmod(0o644)
    (tmp_path / "link").symlink_to(file)
    result = run("export", "link", "--output", "json")
    assert json.loads(result.stdout) == {"file": str(file), "tasks": 3}
    assert (tmp_path / "link").is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert run("export", "-").stdout == file.read_text()
    assert run("export", "/dev/null").exit_code == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_failed_export_keeps_the_existing_file(
    run: Run, service: Any, client: TaskClient, tmp_path: Path
) -> None:
    """No temporary file is left."""
    client.add("first")
    file = tmp_path / "tasks.jsonl"
    file.write_text("before")
    service.fail("GET", "500")
    assert run("export", "tasks.jsonl").exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["tasks.jsonl"]
    assert file.read_text() == "before"


def test_an_export_to_a_missing_folder_names_the_file(run: Run, tmp_path: Path) -> None:
    """It names the given file, not the temporary one."""
    result = run("export", "/nope/x")
    assert (result.exit_code, "'/nope/x' cannot be used: " in result.stderr) == (1, True)
    assert "/nope/." not in result.stderr
