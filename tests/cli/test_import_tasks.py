"""`tt-ops tasks import`: each line is imported exactly once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from tasktracker_ops import TaskClient
from tasktracker_ops.app import App
from tasktracker_ops.models.task import ImportResult
from tasktracker_ops.reporting import Silent
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows.import_tasks import import_tasks
from tests.properties import HealthCheck, given, settings

from .conftest import Run

TT_OPS = Path(sys.executable).with_name("tt-ops")
Content = tuple[str | None, str | None, str | None]
RunTasks = Callable[..., tuple[int, str, str]]
ID = "019a0000-0000-7000-8000-00000000000{}"


class Progress(Silent):
    """A reporter that records progress."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int | None]] = []

    def progress(self, what: str, done: int, total: int | None) -> None:
        """Record progress."""
        self.steps.append((done, total))


@pytest.fixture
def client(service: Any) -> TaskClient:
    """Return a client of the service."""
    return TaskClient(service.url)


@pytest.fixture
def report() -> Progress:
    """Return a reporter."""
    return Progress()


@pytest.fixture
def load(service: Any, report: Progress) -> Callable[[Path], ImportResult]:
    """Import a file in this process."""

    def call(file: Path) -> ImportResult:
        app = App(Settings(api_url=service.url), report, lambda question: False)
        with file.open("rb") as lines:
            return import_tasks(app, lines, str(file))[0]

    return call


@pytest.fixture
def run(run: Run, service: Any) -> RunTasks:
    """Run `tt-ops tasks …`; return exit code, stdout and stderr."""

    def call(*arguments: str, stdin: bytes = b"", api: Any = service) -> tuple[int, str, str]:
        result = run("tasks", "--api-url", api.url, *arguments, stdin=stdin)
        return result.exit_code, result.stdout, result.stderr

    return call


def start(service: Any, *arguments: str, **more: Any) -> subprocess.Popen[bytes]:
    """Start `tt-ops tasks …` in a process of its own."""
    return subprocess.Popen(
        [TT_OPS, "tasks", "--api-url", service.url, *arguments],
        env={"PATH": os.environ["PATH"], "HOME": "/nowhere"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,
    )


def write(file: Path, tasks: Sequence[Any]) -> Path:
    """Write JSON lines."""
    file.write_text("".join(json.dumps(task) + "\n" for task in tasks))
    return file


def contents(client: TaskClient) -> list[Content]:
    """Return title, description and status of all tasks, newest first."""
    return [(task.title, task.description, task.status) for task in client.list()]


def counts(imported: ImportResult) -> tuple[int, int, int]:
    """Return how many were created, already there, and failed."""
    return imported.created, imported.already_there, len(imported.failed)


def remove_all(client: TaskClient) -> None:
    """Remove all tasks."""
    for task in list(client.list()):
        client.remove(task.task_id)


def test_export_and_import_keep_tasks(run: RunTasks, client: TaskClient, tmp_path: Path) -> None:
    """Title, description and status are kept."""
    client.add("first", description="a\n\u202eb\x00", status="done")
    client.add("sécond", status="in_progress")
    client.add("third 😀")
    before = contents(client)
    file = str(tmp_path / "tasks.jsonl")
    assert run("export", file)[0] == 0
    remove_all(client)
    code, out, err = run("import", file)
    assert (code, out, err) == (0, "Imported: 3 created, 0 already there, 0 failed.\n", "")
    assert Counter(contents(client)) == Counter(before)
    assert run("import", file)[1].startswith("Imported: 0 created, 3 already there")


def test_an_import_changes_no_existing_task(
    run: RunTasks,
    client: TaskClient,
    tmp_path: Path,
    load: Callable[[Path], ImportResult],
) -> None:
    """Missing tasks are created again under their ids; changes since the export are kept."""
    tasks = [client.add(f"task {number}") for number in range(3)]
    file = tmp_path / "tasks.jsonl"
    run("export", str(file))
    client.edit(tasks[0].task_id, title="changed")
    client.remove(tasks[1].task_id)
    assert counts(load(file)) == (1, 2, 0)
    assert Counter(task.title for task in client.list()) == Counter(["changed", "task 1", "task 2"])
    assert counts(load(file)) == (0, 3, 0)
    assert client.show(tasks[1].task_id).title == "task 1"


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
lines = st.fixed_dictionaries(
    {"title": texts.map(lambda text: f"x{text}")},
    optional={
        "description": texts,
        "status": st.sampled_from(["pending", "in_progress", "done"]),
        "task_id": st.sampled_from([ID.format(number) for number in range(3)]),
    },
)


@settings(
    max_examples=6,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(lines, max_size=6), st.lists(st.sampled_from(["dropped", "answer lost", "429"])))
def test_an_import_twice_is_an_import_once(
    service: Any,
    client: TaskClient,
    load: Callable[[Path], ImportResult],
    tasks: list[dict[str, str]],
    faults: list[str],
) -> None:
    """This holds for any lines and faults; equal lines create equal tasks."""
    service.heal()  # of another example that had fewer requests than faults
    remove_all(client)
    with tempfile.TemporaryDirectory() as folder:
        file = write(Path(folder) / "tasks.jsonl", tasks)
        for kind in faults[:3]:
            service.fail("PUT", kind)
        first = load(file)
        made = contents(client)
        ids = [task["task_id"] for task in tasks if "task_id" in task]
        repeated = len(ids) - len(set(ids))
        # A task whose answer was lost is there when its request is repeated.
        assert first.created + first.already_there == len(made) == len(tasks) - repeated
        assert counts(load(file)) == (0, len(made), repeated)
        assert contents(client) == made


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_import_can_be_repeated(
    run: RunTasks, service: Any, client: TaskClient, tmp_path: Path, number: signal.Signals
) -> None:
    """Afterwards each task exists once."""
    tasks = [{"title": f"task {place % 20}"} for place in range(40)]
    file = str(write(tmp_path / "tasks.jsonl", tasks))
    process = start(service, "import", file)
    while len(service.asked) < 13 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    some = len(contents(client))
    assert 0 < some < 40
    assert process.returncode == (-9 if number == signal.SIGKILL else 130)
    if number != signal.SIGKILL:
        error, hint = err.decode().splitlines()
        assert error.startswith("Error: interrupted after ")
        again = f"tt-ops tasks --api-url {service.url} import {file}"
        assert hint == f"Hint:  the same command continues where it stopped: {again}"
    code, _, _ = run("import", file)
    assert code == 0
    assert Counter(task.title for task in client.list()) == Counter(t["title"] for t in tasks)


def test_a_removed_task_is_created_again(
    client: TaskClient, tmp_path: Path, load: Callable[[Path], ImportResult]
) -> None:
    """The next import creates it with the same id."""
    file = write(tmp_path / "tasks.jsonl", [{"title": "first"}, {"title": "first"}])
    ids = []
    for _ in range(2):
        assert counts(load(file)) == (2, 0, 0)
        assert counts(load(file)) == (0, 2, 0)
        ids.append({task.task_id for task in client.list()})
        remove_all(client)
    assert ids[0] == ids[1]


def test_lines_without_an_id_are_listed_last(
    client: TaskClient, tmp_path: Path, load: Callable[[Path], ImportResult]
) -> None:
    """Their derived ids sort last, so new tasks stay on top of the list."""
    client.add("before")
    load(write(tmp_path / "tasks.jsonl", [{"title": "imported"}]))
    client.add("after")
    assert [title for title, _, _ in contents(client)] == ["after", "before", "imported"]


def test_only_a_corrected_line_is_imported_again(
    tmp_path: Path, load: Callable[[Path], ImportResult]
) -> None:
    """Lines are identified by their content; others may change, move or go."""
    tasks = [{"title": "first"}, {"title": ""}, {"title": "third"}]
    assert counts(load(write(tmp_path / "tasks.jsonl", tasks))) == (2, 0, 1)
    tasks = [{"title": "second"}, {"title": "third"}, {"title": "first"}]
    assert counts(load(write(tmp_path / "tasks.jsonl", tasks))) == (1, 2, 0)


def test_invalid_lines_are_reported_and_skipped(
    run: RunTasks, client: TaskClient, tmp_path: Path
) -> None:
    """The rest is imported; the exit code is 1."""
    good = json.dumps({"title": "good"}).encode()
    wrong = [
        b"\xef\xbb\xbf" + good,
        b"",
        b"{",
        b"[1]",
        b'{"title": 1}',
        b'{"titel": "x"}',
        b'{"description": "x"}',
        b'{"title": "\xff"}',
        b'{"title": " "}',
        b'{"title": "x", "status": "later"}',
        b'{"title": "x", "task_id": 1}',
        f'{{"title": "a", "task_id": "{ID.format(1)}"}}'.encode(),
        f'{{"title": "b", "task_id": "{ID.format(1)}"}}'.encode(),
        b"[" * 100_000,
        json.dumps({"title": "large", "description": "x" * 70_000}).encode(),
        b'{"title": "last", "description": null}',
        b'{"title": "x", "task_id": "019A0000-0000-7000-8000-000000000000"}',
        b'{"title": "x", "task_id": ".."}',
    ]
    file = tmp_path / "tasks.jsonl"
    file.write_bytes(b"\n".join(wrong))
    code, out, err = run("import", str(file), "--output", "json")
    imported = json.loads(out)
    assert code == 1
    assert (imported["created"], imported["already_there"], imported["complete"]) == (3, 0, True)
    reasons = {failed["line"]: failed["reason"] for failed in imported["failed"]}
    assert list(reasons) == [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 17, 18]
    for line, reason in {
        3: "it is not JSON in UTF-8",
        4: "it is not a JSON object",
        5: "#/title must be a string",
        6: "#/titel is not a field that can be written",
        7: "#/title is required",
        8: "it is not JSON in UTF-8",
        9: "must have 1 to 200 characters",
        10: "must be one of pending",
        11: "its task_id '1' is not a UUID",
        13: "its task_id repeats that of line 12",
        14: "it is not JSON in UTF-8",
        15: "413 The body may have at most 65536 bytes",
        17: "must be a UUID of version 4 or 7",
        18: "its task_id '..' is not a UUID",
    }.items():
        assert reason in reasons[line]
    error = json.loads(err)["error"]
    assert (error["code"], error["message"][:15]) == ("lines-failed", "14 of 17 lines ")
    assert {title for title, _, _ in contents(client)} == {"good", "a", "last"}
    _, _, err = run("import", str(file))
    reported = [line.split(": ")[0] for line in err.splitlines() if line.startswith("line ")]
    assert reported == [f"line {number}" for number in reasons]


def test_a_failing_api_ends_the_import(
    run: RunTasks, service: Any, client: TaskClient, tmp_path: Path
) -> None:
    """The error is that of the API, the hint repeats the command."""
    file = str(write(tmp_path / "tasks.jsonl", [{"title": f"{n}"} for n in range(40)]))
    service.before = lambda request: (
        service.fail("PUT", "500", times=9) if len(service.asked) == 9 else None
    )
    code, out, err = run("import", file, "--output", "json")
    imported, error = json.loads(out), json.loads(err)["error"]
    assert (code, imported["complete"], error["code"]) == (1, False, "api-error")
    assert error["hint"].endswith(f"tt-ops tasks --api-url {service.url} import {file}")
    assert imported["created"] == len(contents(client)) < 20
    service.before = lambda request: None
    while service.fault("PUT")[0]:
        pass
    assert run("import", file)[0] == 0
    assert len(contents(client)) == 40


def test_an_api_that_cannot_create_under_an_id_ends_the_import(
    run: RunTasks, server: Any, tmp_path: Path
) -> None:
    """An older API responds with 404; the hint is to deploy this version."""
    file = write(tmp_path / "tasks.jsonl", [{"title": f"{n}"} for n in range(40)])
    problem = '{"type": "urn:task-tracker:problem:task-not-found", "detail": "There is none."}'
    server.will_answer(404, problem)
    code, _, err = run("import", str(file), api=server)
    assert (code, len(err.splitlines())) == (1, 2)
    assert "the deployed API is older than this tt-ops: tt-ops" in err


def test_an_unauthorized_import_hints_at_the_token(
    run: RunTasks, service: Any, tmp_path: Path
) -> None:
    """Repeating the command would fail again."""
    file = str(write(tmp_path / "tasks.jsonl", [{"title": "first"}]))
    service.fail("PUT", "401", WWW_Authenticate="Bearer")
    code, _, err = run("import", file)
    assert (code, "401 no; the import stopped there" in err) == (1, True)
    assert err.rstrip().endswith("the API requires a token: export TT_OPS_API_TOKEN=TOKEN")


def test_an_import_obeys_throttling(
    service: Any, tmp_path: Path, load: Callable[[Path], ImportResult]
) -> None:
    """At a limit of 20 a second no line is lost, and few requests are refused."""
    tokens, last, refused = 5.0, time.monotonic(), 0

    def throttle(request: str) -> None:
        nonlocal tokens, last, refused
        if not request.startswith("PUT"):
            return
        now = time.monotonic()
        tokens, last = min(5.0, tokens + 20 * (now - last)), now
        if tokens < 1:
            service.fail("PUT", "429")
            refused += 1
        else:
            tokens -= 1

    service.before = throttle
    file = write(tmp_path / "tasks.jsonl", [{"title": f"{number}"} for number in range(60)])
    assert counts(load(file)) == (60, 0, 0)
    assert refused < 30


def test_standard_input_is_imported_once(
    run: RunTasks, service: Any, client: TaskClient, tmp_path: Path
) -> None:
    """A pipe with a name works alike; no file is written."""
    stdin = b'{"title": "first"}\n{"title": "first"}\n{"title": "second"}\n'
    assert run("import", "-", stdin=stdin)[0] == 0
    with start(service, "import", "/dev/stdin", stdin=subprocess.PIPE, cwd=tmp_path) as process:
        out, _ = process.communicate(stdin, timeout=60)
    assert (process.returncode, out) == (0, b"Imported: 0 created, 3 already there, 0 failed.\n")
    assert Counter(t for t, _, _ in contents(client)) == Counter(["first", "first", "second"])
    assert list(tmp_path.iterdir()) == []


def test_progress_is_counted_in_lines(
    tmp_path: Path, load: Callable[[Path], ImportResult], report: Progress
) -> None:
    """Empty lines do not count."""
    file = write(tmp_path / "tasks.jsonl", [{"title": f"{number}"} for number in range(20)])
    load(file)
    assert [done for done, _ in report.steps] == list(range(1, 21))
    assert {total for _, total in report.steps} == {20}
