"""`tt-ops tasks`, on the real service."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tasktracker_ops import TaskClient

TT_OPS = Path(sys.executable).with_name("tt-ops")


class Result(NamedTuple):
    """How a command ended, and what it said."""

    exit_code: int
    stdout: str
    stderr: str


Run = Callable[..., Result]


@pytest.fixture
def client(service: Any) -> TaskClient:
    """A client of the service."""
    return TaskClient(service.url)


@pytest.fixture
def run(service: Any, tmp_path: Path) -> Run:
    """Run `tt-ops tasks …` with the service, in a process of its own."""

    def call(*arguments: str, stdin: bytes = b"", **environment: str) -> Result:
        result = subprocess.run(
            [TT_OPS, "tasks", "--api-url", service.url, *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment},
            input=stdin,
            capture_output=True,
            timeout=60,
        )
        return Result(result.returncode, result.stdout.decode(), result.stderr.decode())

    return call


def read(terminal: int) -> str:
    """What was shown on a terminal that its last user has left."""
    try:
        said = os.read(terminal, 65536).decode()
    except OSError:  # nothing
        said = ""
    os.close(terminal)
    return " ".join(said.split())


def titles(client: TaskClient) -> list[str | None]:
    """All titles, newest first."""
    return [task.title for task in client.list()]


def test_a_list_is_one_page_and_says_that_there_is_more(run: Run, client: TaskClient) -> None:
    """50 unless told otherwise; what is more is told on stderr, and where it ends nothing is."""
    for number in range(51):
        client.add(f"task {number}")
    result = run("list")
    assert result.stdout.count("task ") == 50
    assert "the newest 50, and there are more: --all" in result.stderr
    for arguments, count in ((["--all"], 51), (["--limit", "51"], 51), (["--limit", "3"], 3)):
        listed = run("list", *arguments, "--output", "json")
        assert len(json.loads(listed.stdout)) == count
        assert listed.stderr == ""
    assert run("list", "--all").stderr == ""
    assert run("list", "--all", "--limit", "3").exit_code == 2
    assert run("list", "--limit", "0").exit_code == 2


def test_a_list_of_a_status(run: Run, client: TaskClient) -> None:
    """None is an empty array."""
    client.add("first", status="done")
    assert json.loads(run("list", "--status", "done", "--output", "json").stdout)[0]["title"]
    assert json.loads(run("list", "--status", "pending", "--output", "json").stdout) == []


def test_a_list_as_csv(run: Run, client: TaskClient) -> None:
    """Quoted where needed, and nothing that a spreadsheet would run."""
    client.add('a "b", c', description="two\nlines")
    client.add("=HYPERLINK(1)", description="+1")
    rows = list(csv.DictReader(io.StringIO(run("list", "--output", "csv").stdout)))
    assert [row["title"] for row in rows] == ["'=HYPERLINK(1)", 'a "b", c']
    assert [row["description"] for row in rows] == ["'+1", "two\nlines"]
    assert [row["version"] for row in rows] == ["1", "1"]


@pytest.mark.parametrize("arguments", [["show", "1"], ["add", "x"], ["rm", "1"], ["export", "-"]])
def test_other_results_are_no_csv(run: Run, service: Any, arguments: list[str]) -> None:
    """Refused before anything is done; where it was asked for is told."""
    for result, source in (
        (run(*arguments, "--output", "csv"), "--output"),
        (run(*arguments, TT_OPS_OUTPUT="csv"), "TT_OPS_OUTPUT"),
    ):
        assert result.exit_code == 2
        assert f"'tt-ops tasks {arguments[0]}' has no form as 'csv' (from {source})" in (
            result.stderr
        )
    assert service.asked == []


def test_one_title_gives_the_task(run: Run) -> None:
    """In full."""
    added = json.loads(run("add", "first", "--status", "done", "--output", "json").stdout)
    assert (added["title"], added["status"], added["version"]) == ("first", "done", 1)
    assert "task_id" in run("add", "second").stdout


def test_several_titles_give_a_line_each(run: Run, client: TaskClient) -> None:
    """In their order; JSON is an object on each line."""
    result = run("add", "first", "second", "--description", "both")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["Added", "Added"]
    assert titles(client) == ["second", "first"]
    assert {task.description for task in client.list()} == {"both"}
    lines = run("add", "a", "b", "--output", "json").stdout.splitlines()
    assert [json.loads(line)["title"] for line in lines] == ["a", "b"]


def test_titles_come_from_standard_input(run: Run, client: TaskClient) -> None:
    """A line each, empty ones left out."""
    result = run("add", "before", "-", stdin="first\n\n  sécond \r\nthird".encode())
    assert result.exit_code == 0
    assert titles(client) == ["third", "sécond", "first", "before"]


def test_a_title_that_is_refused_is_named(run: Run, client: TaskClient) -> None:
    """By its beginning; those before it were added, those behind it have to be given again."""
    result = run("add", "-", stdin=f"first\n{'x' * 9_000}\nthird\n".encode())
    assert result.exit_code == 1
    assert f"title 2, '{'x' * 59}…', was not added: " in result.stderr
    assert result.stderr.endswith(" add -\n")
    assert "give it and the rest again: tt-ops tasks " in result.stderr
    assert run("add", "second", " ").stderr.endswith(" add TITLE\n")
    assert run("add", " ", "-").stderr.endswith(" add --help\n")
    assert titles(client) == ["second", "first"]


def test_a_title_that_is_too_large_says_so(run: Run) -> None:
    """The service takes 64 KiB; what it takes as a title is in the help."""
    result = run("add", "-", stdin=b"x" * 1_000_000)
    assert (result.exit_code, len(result.stderr) < 500) == (1, True)
    assert "413 The body may have 65536 bytes" in result.stderr
    assert result.stderr.endswith(" add --help\n")


def test_a_line_that_is_no_text_is_named(run: Run, client: TaskClient) -> None:
    """Those before it were added."""
    result = run("add", "-", stdin=b"first\n\n\xff\xfe\nthird\n")
    assert result.exit_code == 1
    assert "line 3 of standard input is not UTF-8" in result.stderr
    assert titles(client) == ["first"]


def test_a_byte_order_mark_is_no_part_of_a_title(run: Run, client: TaskClient) -> None:
    """Where a text begins with it."""
    assert run("add", "-", stdin="\ufefffirst\n".encode()).exit_code == 0
    assert titles(client) == ["first"]


def test_titles_survive_a_bad_line(run: Run, service: Any, client: TaskClient) -> None:
    """Each has a key: what is sent twice is made once."""
    service.fail("POST", "answer lost", times=2)
    assert run("add", "first", "second").exit_code == 0
    assert titles(client) == ["second", "first"]


def test_several_tasks_are_removed(run: Run, client: TaskClient) -> None:
    """Until one is not there."""
    ids = [client.add(f"task {number}").task_id for number in range(3)]
    result = run("rm", ids[0], "nothing", ids[1])
    assert (result.exit_code, titles(client)) == (1, ["task 2", "task 1"])
    assert "nothing" in result.stderr
    result = run("rm", ids[1], ids[2], "--output", "json")
    assert [json.loads(line)["task_id"] for line in result.stdout.splitlines()] == ids[1:]
    assert titles(client) == []


def test_an_edit_names_what_somebody_else_changed(
    run: Run, service: Any, client: TaskClient
) -> None:
    """Between the reading and the writing; nothing of theirs is lost."""
    task = client.add("first")

    def interfere(request: str) -> None:
        if request.startswith("PATCH"):
            service.before = lambda request: None
            client.edit(task.task_id, title="theirs")

    service.before = interfere
    result = run("edit", task.task_id, "--status", "done")
    assert result.exit_code == 1
    assert "version 1 → 2, title 'first' → 'theirs'; nothing of yours" in result.stderr
    assert result.stderr.rstrip().endswith(f"tasks --api-url {service.url} show {task.task_id}")
    assert client.show(task.task_id).status == "pending"
    assert run("done", task.task_id).exit_code == 0
    found = client.show(task.task_id)
    assert (found.title, found.status, found.version) == ("theirs", "done", 3)


@pytest.fixture
def edit(service: Any, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Run `tt-ops tasks edit` on a terminal; each of `scripts` is Python that is the editor once.

    It gets the text as `text`, and writes what is in it in the end.
    """

    def call(task_id: str, *scripts: str) -> tuple[int, str]:
        rounds = tmp_path / "rounds"
        rounds.mkdir()
        for number, script in enumerate(scripts):
            (rounds / f"{number}.py").write_text(script)
        editor = tmp_path / "editor.py"
        editor.write_text(
            "import os, pathlib, stat, sys\n"
            f"rounds = pathlib.Path({str(rounds)!r})\n"
            "number = len(list(rounds.glob('*.seen')))\n"
            "file = pathlib.Path(sys.argv[1])\n"
            "text = file.read_text()\n"
            "(rounds / f'{number}.seen').write_text(text)\n"
            "mode = stat.S_IMODE(file.stat().st_mode)\n"
            "(rounds / 'file').write_text(f'{file} {mode:o}')\n"
            "exec((rounds / f'{number}.py').read_text())\n"
            "file.write_text(text)\n"
        )
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [TT_OPS, "tasks", "--api-url", service.url, "edit", task_id],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "EDITOR": f"{sys.executable} {editor}"},
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
        )
        os.close(slave)
        process.communicate(timeout=60)
        said = read(master)
        path, mode = (rounds / "file").read_text().split()
        assert mode == "600"
        assert not Path(path).parent.exists()
        return process.returncode, said

    return call


def seen(tmp_path: Path, number: int) -> str:
    """What the editor was given the n-th time."""
    return (tmp_path / "rounds" / f"{number}.seen").read_text()


def test_the_editor_changes_a_task(
    edit: Callable[..., tuple[int, str]], client: TaskClient, tmp_path: Path
) -> None:
    """Only what was changed is sent; a description is kept as it is, with # and empty lines."""
    description = "# not a remark\n\n  end\n"
    task = client.add("first", description=description)
    code, _ = edit(task.task_id, "text = text.replace('title: first', 'title: second: x ')")
    found = client.show(task.task_id)
    assert (code, found.title, found.description) == (0, "second: x", description)
    assert seen(tmp_path, 0).startswith(f"# Task {task.task_id}, version 1. Save and close")
    assert seen(tmp_path, 0).endswith(f"\ntitle: first\nstatus: pending\n\n{description}\n")


@pytest.mark.parametrize("script", ["pass", "text = ''", "text = '# only remarks'"])
def test_the_editor_may_leave_all_as_it_is(
    edit: Callable[..., tuple[int, str]], service: Any, client: TaskClient, script: str
) -> None:
    """Nothing is sent, and that is said."""
    task = client.add("first", description="x")
    code, said = edit(task.task_id, script)
    assert (code, "Nothing was changed." in said) == (0, True)
    assert not [asked for asked in service.asked if asked.startswith("PATCH")]


@pytest.mark.parametrize(
    ("wrong", "remark"),
    [
        ("text.replace('status: pending', 'status: later')", "must be one of pending"),
        ("text.replace('title: first', 'titel: first')", "'titel: first' is neither title"),
        ("text.replace('title: first\\n', '')", "there is no line title: "),
        ("text.replace('status: pending', 'title: x')", "or there are two of it"),
    ],
)
def test_the_editor_opens_again_with_what_is_wrong(
    edit: Callable[..., tuple[int, str]],
    client: TaskClient,
    tmp_path: Path,
    wrong: str,
    remark: str,
) -> None:
    """And with what was typed; closed as it is, it gives up with that error."""
    task = client.add("first")
    right = "text = 'title: second\\nstatus: done\\n\\n'"
    code, _ = edit(task.task_id, f"text = {wrong}", right)
    assert (code, client.show(task.task_id).title) == (0, "second")
    assert remark in seen(tmp_path, 1).split("\n\n")[0]


def test_the_editor_gives_up(edit: Callable[..., tuple[int, str]], client: TaskClient) -> None:
    """Closed without a change after an error, that error is the end."""
    task = client.add("first")
    code, said = edit(task.task_id, "text = 'nonsense\\n\\n'", "pass")
    assert (code, "the task's text cannot be read: 'nonsense'" in said) == (1, True)


def test_no_text_is_refused_twice(
    edit: Callable[..., tuple[int, str]], service: Any, client: TaskClient
) -> None:
    """An editor that is a script does the same each time, also to the remarks; that ends it."""
    task = client.add("first")
    script = "text = text.replace('pending', 'bogus')"
    code, said = edit(task.task_id, script, script, script)
    assert (code, "must be one of pending" in said, "Hint: " in said) == (1, True, True)
    assert len([asked for asked in service.asked if asked.startswith("PATCH")]) == 1


def test_the_editor_shows_what_others_changed(
    edit: Callable[..., tuple[int, str]], service: Any, client: TaskClient, tmp_path: Path
) -> None:
    """The user's own changes stand on top of theirs, and are sent when that is closed."""
    task = client.add("first")
    theirs = (
        "from tasktracker_ops import TaskClient\n"
        f"TaskClient({service.url!r}).edit({task.task_id!r}, status='done', description='more')\n"
    )
    code, _ = edit(task.task_id, f"{theirs}text = text.replace('first', 'ours')", "pass")
    found = client.show(task.task_id)
    assert (code, found.title, found.status, found.description) == (0, "ours", "done", "more")
    remarks, _, rest = seen(tmp_path, 1).partition("title: ")
    assert "Somebody else has changed it: version 1 → 2, status 'pending' → 'done'" in remarks
    assert rest == "ours\nstatus: done\n\nmore\n"


@pytest.mark.parametrize(
    ("editor", "code", "error"),
    [
        ("/nowhere/vi", 4, "no editor"),
        ("'", 4, "no editor"),
        (" ", 4, "no editor"),
        ("false", 1, "ended with 1"),
    ],
)
def test_an_editor_that_does_not_work_is_told(
    service: Any, client: TaskClient, tmp_path: Path, editor: str, code: int, error: str
) -> None:
    """Nothing is changed."""
    task = client.add("first")
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [TT_OPS, "tasks", "--api-url", service.url, "edit", task.task_id],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "EDITOR": editor},
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=slave,
    )
    os.close(slave)
    process.communicate(timeout=60)
    said = read(master)
    assert process.returncode == code
    assert error in said
    assert client.show(task.task_id) == task


def test_an_export_is_whole_and_the_oldest_first(
    run: Run, client: TaskClient, tmp_path: Path
) -> None:
    """JSON lines; a new file is its owner's alone, an old one keeps its mode, a link stays."""
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


def test_an_export_that_fails_leaves_the_file_as_it_was(
    run: Run, service: Any, client: TaskClient, tmp_path: Path
) -> None:
    """And nothing beside it."""
    client.add("first")
    file = tmp_path / "tasks.jsonl"
    file.write_text("before")
    service.fail("GET", "500")
    assert run("export", "tasks.jsonl").exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["tasks.jsonl"]
    assert file.read_text() == "before"


def test_an_export_that_has_no_place_names_the_file(run: Run, tmp_path: Path) -> None:
    """As it was given, and not one of our own beside it."""
    result = run("export", "/nope/x")
    assert (result.exit_code, "'/nope/x' cannot be used: " in result.stderr) == (1, True)
    assert "/nope/." not in result.stderr
