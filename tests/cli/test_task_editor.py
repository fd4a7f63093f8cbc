"""`tt-ops tasks edit` with an editor, on a terminal."""

from __future__ import annotations

import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops import TaskClient

TT_OPS = Path(sys.executable).with_name("tt-ops")
Edit = Callable[..., tuple[int, str]]


@pytest.fixture
def client(service: Any) -> TaskClient:
    """A client of the service."""
    return TaskClient(service.url)


def read(terminal: int) -> str:
    """What was shown on a terminal that its last user has left."""
    try:
        said = os.read(terminal, 65536).decode()
    except OSError:  # nothing
        said = ""
    os.close(terminal)
    return " ".join(said.split())


@pytest.fixture
def edit(service: Any, tmp_path: Path) -> Edit:
    """Run `tt-ops tasks edit` on a terminal; each of `scripts` is Python that is the editor once.

    It gets the text as `text`, and writes what is in it in the end. What the user types goes to
    the terminal beforehand; Ctrl-D if nothing.
    """

    def call(task_id: str, *scripts: str, types: str = "\x04") -> tuple[int, str]:
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
        os.write(master, types.encode())
        process = subprocess.Popen(
            [TT_OPS, "tasks", "--api-url", service.url, "edit", task_id],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "EDITOR": f"{sys.executable} {editor}",
                "TMPDIR": str(tmp_path),
            },
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


def kept(tmp_path: Path) -> list[bytes]:
    """The texts that were kept, which nobody else can read."""
    files = list(tmp_path.glob("tt-ops-task-*.txt"))
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} <= {0o600}
    return [file.read_bytes() for file in files]


def seen(tmp_path: Path, number: int) -> str:
    """What the editor was given the n-th time."""
    return (tmp_path / "rounds" / f"{number}.seen").read_text()


def test_the_editor_changes_a_task(edit: Edit, client: TaskClient, tmp_path: Path) -> None:
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
    edit: Edit, service: Any, client: TaskClient, script: str
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
    edit: Edit,
    client: TaskClient,
    tmp_path: Path,
    wrong: str,
    remark: str,
) -> None:
    """And with what was typed, if the user wants to."""
    task = client.add("first")
    right = "text = 'title: second\\nstatus: done\\n\\n'"
    code, _ = edit(task.task_id, f"text = {wrong}", right, types="y\n")
    assert (code, client.show(task.task_id).title) == (0, "second")
    assert remark in seen(tmp_path, 1).split("\n\n")[0]
    assert kept(tmp_path) == []


@pytest.mark.parametrize("types", ["n\n", "\n", "\x04"])
def test_a_text_that_is_given_up_is_kept(
    edit: Edit, client: TaskClient, tmp_path: Path, types: str
) -> None:
    """And its error is the end, so that an editor that is a script does not go on for ever."""
    task = client.add("first")
    code, said = edit(task.task_id, "text = 'nonsense\\n\\n'", types=types)
    assert (code, "Edit it again?" in said) == (130 if types == "\x04" else 1, True)
    assert "the task's text cannot be read: 'nonsense'" in said
    assert kept(tmp_path) == [b"nonsense\n\n"]


def test_what_is_not_utf_8_is_not_sent(edit: Edit, client: TaskClient, tmp_path: Path) -> None:
    """It is kept byte for byte."""
    task = client.add("first")
    script = "file.write_bytes(b'title: \\xff\\n'); os._exit(0)"
    code, said = edit(task.task_id, script, types="n\n")
    assert (code, "b'\\xff\\n' is not UTF-8" in said) == (1, True)
    assert kept(tmp_path) == [b"title: \xff\n"]
    assert client.show(task.task_id) == task


def test_a_text_outlives_the_task(
    edit: Edit, service: Any, client: TaskClient, tmp_path: Path
) -> None:
    """What cannot be sent for another reason is kept as well."""
    task = client.add("first")
    script = (
        "from tasktracker_ops import TaskClient\n"
        f"TaskClient({service.url!r}).remove({task.task_id!r})\n"
        "text = text.replace('first', 'ours')\n"
    )
    code, said = edit(task.task_id, script)
    assert (code, "There is no task" in said) == (1, True)
    assert b"title: ours\n" in kept(tmp_path)[0]


def test_an_editor_that_fails_after_all_keeps_the_text(
    edit: Edit, client: TaskClient, tmp_path: Path
) -> None:
    """Nothing is changed."""
    task = client.add("first")
    code, said = edit(task.task_id, "file.write_text('title: lost'); os._exit(3)")
    assert (code, "ended with 3: nothing was changed, and the text is kept in" in said) == (1, True)
    assert (kept(tmp_path), client.show(task.task_id)) == ([b"title: lost"], task)


def test_a_file_that_the_editor_took_away_changes_nothing(edit: Edit, client: TaskClient) -> None:
    """As if it were empty."""
    task = client.add("first")
    code, said = edit(task.task_id, "file.unlink(); os._exit(0)")
    assert (code, "Nothing was changed." in said) == (0, True)


def test_an_interrupt_is_the_editors(edit: Edit, client: TaskClient) -> None:
    """Ctrl-C in an editor is a key like any other."""
    task = client.add("first")
    interrupt = "import signal; signal.signal(signal.SIGINT, lambda *_: None)\n"
    interrupt += "os.kill(os.getppid(), signal.SIGINT)\n"
    code, _ = edit(task.task_id, interrupt + "text = text.replace('first', 'second')")
    assert (code, client.show(task.task_id).title) == (0, "second")


def test_an_editor_of_windows_changes_only_what_was_changed(edit: Edit, client: TaskClient) -> None:
    """A byte order mark and its line ends are no part of the text."""
    task = client.add("first", description="one\ntwo")
    script = "text = '\\ufeff' + text.replace('first', 'second').replace('\\n', '\\r\\n')"
    code, _ = edit(task.task_id, script)
    found = client.show(task.task_id)
    assert (code, found.title, found.description) == (0, "second", "one\ntwo")


def test_the_editor_shows_what_others_changed(
    edit: Edit, service: Any, client: TaskClient, tmp_path: Path
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


def test_a_refusal_that_would_repeat_itself_ends_the_edit(
    edit: Edit, service: Any, client: TaskClient, tmp_path: Path
) -> None:
    """Where nobody has changed the task, the editor does not open again; the text is kept."""
    task = client.add("first")
    service.fail("PATCH", "412", times=2)
    code, said = edit(task.task_id, "text = text.replace('first', 'ours')")
    assert (code, "412" in said) == (1, True)
    assert not (tmp_path / "rounds" / "1.seen").exists()
    assert b"title: ours\n" in kept(tmp_path)[0]
    assert client.show(task.task_id) == task


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
