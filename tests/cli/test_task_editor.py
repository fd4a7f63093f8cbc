"""`tt-ops tasks edit` with an editor, on a terminal."""

from __future__ import annotations

import contextlib
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
Edit = Callable[[str, str], tuple[int, str]]
MORE = pytest.mark.soak  # of the same kind; each starts tt-ops


@pytest.fixture
def client(service: Any) -> TaskClient:
    """Return a client of the service."""
    return TaskClient(service.url)


def run(service: Any, tmp_path: Path, task_id: str, editor: str) -> tuple[int, str]:
    """Run `tt-ops tasks edit` on a terminal; return its exit code and what it shows."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [TT_OPS, "tasks", "--api-url", service.url, "edit", task_id],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "EDITOR": editor, "TMPDIR": str(tmp_path)},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    ) as process:
        os.close(slave)
        shown = b""
        with contextlib.suppress(OSError):  # the terminal's other end is closed
            while part := os.read(master, 65536):
                shown += part
        os.close(master)
        code = process.wait(timeout=60)
    return code, " ".join(shown.decode().split())


@pytest.fixture
def edit(service: Any, tmp_path: Path) -> Edit:
    """Run `tt-ops tasks edit`; the editor is the Python code `script`.

    It reads the text as `text`, which is written back at the end.
    """

    def call(task_id: str, script: str) -> tuple[int, str]:
        editor = tmp_path / "editor.py"
        editor.write_text(
            "import os, pathlib, sys\n"
            "file = pathlib.Path(sys.argv[1])\n"
            "text = file.read_text()\n"
            f"pathlib.Path({str(tmp_path / 'seen')!r}).write_text(text)\n"
            f"{script}\n"
            "file.write_text(text)\n"
        )
        return run(service, tmp_path, task_id, f"{sys.executable} {editor}")

    return call


def kept(tmp_path: Path) -> list[bytes]:
    """Return the texts that were kept, in folders that nobody else can open."""
    folders = list(tmp_path.glob("tt-ops-task-*"))
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} <= {0o700}
    return [(folder / "task.txt").read_bytes() for folder in folders]


def test_the_editor_changes_a_task(edit: Edit, client: TaskClient, tmp_path: Path) -> None:
    """Only changed fields are sent; a description keeps `#` and empty lines."""
    description = "# not a remark\n\n  end\n"
    task = client.add("first", description=description)
    code, _ = edit(task.task_id, "text = text.replace('title: first', 'title: second: x ')")
    found = client.show(task.task_id)
    assert (code, found.title, found.description) == (0, "second: x", description)
    seen = (tmp_path / "seen").read_text()
    assert seen.startswith(f"# Task {task.task_id}, version 1. Save and close")
    assert seen.endswith(f"\ntitle: first\nstatus: pending\n\n{description}\n")
    assert kept(tmp_path) == []


@pytest.mark.parametrize(
    "script", ["pass", "text = '# only remarks'", pytest.param("text = ''", marks=MORE)]
)
def test_an_unchanged_text_sends_nothing(
    edit: Edit, service: Any, client: TaskClient, script: str
) -> None:
    """A note says that nothing was changed."""
    task = client.add("first", description="x")
    code, shown = edit(task.task_id, script)
    assert (code, "Nothing was changed." in shown) == (0, True)
    assert not [asked for asked in service.asked if asked.startswith("PATCH")]


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("title: first\nstatus: later\n\n", "must be one of pending"),
        ("titel: first\nstatus: done\n\n", "'titel: first' does not begin with title: or status:"),
        pytest.param("status: done\n\n", "it has no line title: ", marks=MORE),
        pytest.param(
            "title: x\nstatus: done\ntitle: x\n\n", "it has two lines title: ", marks=MORE
        ),
        pytest.param("nonsense\n\n", "the task's text cannot be read: 'nonsense'", marks=MORE),
    ],
)
def test_an_invalid_text_is_kept(
    edit: Edit, client: TaskClient, tmp_path: Path, typed: str, error: str
) -> None:
    """The error says what is wrong and where the text is."""
    task = client.add("first")
    code, shown = edit(task.task_id, f"text = {typed!r}")
    (file,) = tmp_path.glob("tt-ops-task-*/task.txt")
    assert (code, error in shown) == (1, True)
    assert f"Your text was not sent, and is kept in '{file}'." in shown
    assert kept(tmp_path) == [typed.encode()]
    assert client.show(task.task_id) == task


def test_a_text_not_in_utf_8_is_not_sent(edit: Edit, client: TaskClient, tmp_path: Path) -> None:
    """It is kept byte for byte."""
    task = client.add("first")
    script = "file.write_bytes(b'title: \\xff\\n'); os._exit(0)"
    code, shown = edit(task.task_id, script)
    assert (code, "b'\\xff\\n' is not UTF-8" in shown) == (1, True)
    assert kept(tmp_path) == [b"title: \xff\n"]
    assert client.show(task.task_id) == task


def test_a_text_for_a_removed_task_is_kept(
    edit: Edit, service: Any, client: TaskClient, tmp_path: Path
) -> None:
    """Any text that cannot be sent is kept."""
    task = client.add("first")
    script = (
        "from tasktracker_ops import TaskClient\n"
        f"TaskClient({service.url!r}).remove({task.task_id!r})\n"
        "text = text.replace('first', 'ours')\n"
    )
    code, shown = edit(task.task_id, script)
    assert (code, "There is no task" in shown) == (1, True)
    assert b"title: ours\n" in kept(tmp_path)[0]


def test_a_failing_editor_keeps_the_text(edit: Edit, client: TaskClient, tmp_path: Path) -> None:
    """The task is not changed."""
    task = client.add("first")
    code, shown = edit(task.task_id, "file.write_text('title: lost'); os._exit(3)")
    assert (code, "the editor failed, and nothing was changed" in shown) == (1, True)
    assert "is kept in" in shown
    assert (kept(tmp_path), client.show(task.task_id)) == ([b"title: lost"], task)


def test_a_file_deleted_by_the_editor_changes_nothing(edit: Edit, client: TaskClient) -> None:
    """It counts as empty."""
    task = client.add("first")
    code, shown = edit(task.task_id, "file.unlink(); os._exit(0)")
    assert (code, "Nothing was changed." in shown) == (0, True)


def test_an_interrupt_keeps_the_text(edit: Edit, client: TaskClient, tmp_path: Path) -> None:
    """Ctrl-C ends the edit if the editor does not handle it."""
    task = client.add("first")
    interrupt = "import signal; os.kill(os.getppid(), signal.SIGINT)"
    code, _ = edit(task.task_id, f"file.write_text('title: typed')\n{interrupt}\nos._exit(0)")
    assert (code, kept(tmp_path)) == (130, [b"title: typed"])
    assert client.show(task.task_id) == task


def test_line_ends_of_windows_change_nothing(edit: Edit, client: TaskClient) -> None:
    """A byte order mark and CRLF are not part of the text."""
    task = client.add("first", description="one\ntwo")
    script = "text = '\\ufeff' + text.replace('first', 'second').replace('\\n', '\\r\\n')"
    code, _ = edit(task.task_id, script)
    found = client.show(task.task_id)
    assert (code, found.title, found.description) == (0, "second", "one\ntwo")


def test_a_change_in_the_meantime_is_not_overwritten(
    edit: Edit, service: Any, client: TaskClient, tmp_path: Path
) -> None:
    """The error names the change; the user's text is kept."""
    task = client.add("first")
    theirs = (
        "from tasktracker_ops import TaskClient\n"
        f"TaskClient({service.url!r}).edit({task.task_id!r}, status='done', description='more')\n"
    )
    code, shown = edit(task.task_id, f"{theirs}text = text.replace('first', 'ours')")
    found = client.show(task.task_id)
    assert (code, found.title, found.status, found.description) == (1, "first", "done", "more")
    assert "version 1 → 2, description '' → 'more', status 'pending' → 'done'" in shown
    assert b"title: ours\n" in kept(tmp_path)[0]


@pytest.mark.parametrize(
    "editor", ["/nowhere/vi", "'", pytest.param(" ", marks=MORE), pytest.param("false", marks=MORE)]
)
def test_an_invalid_editor_changes_nothing(
    service: Any, client: TaskClient, tmp_path: Path, editor: str
) -> None:
    """The hint is a command that sets another editor."""
    task = client.add("first")
    code, shown = run(service, tmp_path, task.task_id, editor)
    assert (code, "the editor failed, and nothing was changed: " in shown) == (1, True)
    assert "export EDITOR=nano" in shown
    assert (client.show(task.task_id), kept(tmp_path)) == (task, [])
