"""What the user sees: results in both forms, progress, notes and errors."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops import models
from tasktracker_ops.errors import SAME_COMMAND, ConfigurationError, Problem, TtOpsError
from tasktracker_ops.output import Console
from tasktracker_ops.output.text import shortened
from tasktracker_ops.plans import Plan, ResourceChange
from tasktracker_ops.settings import Settings

DEPLOYMENT = models.Deployment(
    schema=1,
    region="eu-west-3",
    api_url="https://abc.execute-api.eu-west-3.amazonaws.com",
    api_id="abc",
    api_auth="NONE",
    function_name="task-tracker-function",
    function_alias="live",
    log_group="/aws/lambda/task-tracker-function",
    table_name="TaskTable",
    dashboard_name="task-tracker-dashboard",
    alarm_names=("LambdaErrorAlarm", "LambdaDurationAlarm"),
    topic_arn="arn:aws:sns:eu-west-3:123456789012:task-tracker-alerts",
)
PLAN = Plan(
    add=1,
    change=1,
    destroy=1,
    changes=(
        ResourceChange("aws_lambda_function.tracker", "update"),
        ResourceChange("aws_dynamodb_table.tasks", "replace"),
    ),
)
NOTHING = Plan(add=0, change=0, destroy=0, changes=())
PACKAGE = models.Package(Path("/p/function.zip"), ("api.py", "handler.py"), 1234, "ab12", True)
TASK = models.Task("1", "first", "", "pending", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", 1)
ADDED = models.Added(**asdict(TASK))
IMPORTED = models.Imported(2, 1000, (models.FailedLine(3, "it has no title"),), True)
SERVER = models.LocalServer(
    "http://127.0.0.1:4580",
    4580,
    4711,
    "2026-01-01T00:00:00+00:00",
    Path("/p/server.log"),
    "0.1.0+0a1b2c3d",
    same_version=False,
)
DEPLOYED = models.Deployed(
    plan=PLAN,
    target="AWS in eu-west-3",
    deployment=DEPLOYMENT,
    version="2",
    previous_version="1",
    smoke="passed",
    console_url="https://console.example.com",
    problems=(Problem("x", "somebody has not confirmed", "confirm it: tt-ops local confirm"),),
)
BOOTSTRAPPED = models.Bootstrapped("bucket", "locks", PLAN)

ACCESS = models.GitHubAccess(
    backend=BOOTSTRAPPED,
    repository=models.GitHubRepository("octo-org", "octo-repo", "123456", "456789"),
    branch="main",
    environment="production",
    deployer_role_arn="arn:deployer",
    planner_role_arn="arn:planner",
    plan=PLAN,
)


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self) -> bool:
        """It is a terminal."""
        return True


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """Make standard error a terminal, from the call on: pytest sets it anew for every phase."""

    def put() -> Terminal:
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        return terminal

    return put


def emitted(result: Any, capsys: pytest.CaptureFixture[str], **settings: Any) -> str:
    """What a result looks like on standard output; nothing else may be said."""
    Console(Settings(**settings)).emit(result)
    out, err = capsys.readouterr()
    assert err == ""
    return out


def told(error: TtOpsError, capsys: pytest.CaptureFixture[str], **settings: Any) -> str:
    """What an error looks like on standard error; nothing may be on standard output."""
    Console(Settings(**settings)).error(error)
    out, err = capsys.readouterr()
    assert out == ""
    return err


def hint(command: str, capsys: pytest.CaptureFixture[str], **settings: Any) -> str:
    """The hint of an error that proposes `command`."""
    error = TtOpsError("x", "it failed", hint=f"do this: {command}")
    return told(error, capsys, **settings).splitlines()[1]


@pytest.mark.parametrize(
    ("result", "keys"),
    [
        (PACKAGE, "path files size sha256 changed"),
        (PLAN, "add change destroy changes opened drift fewer_shards"),
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
        (models.Destroyed(PLAN, backend=True), "plan backend"),
        (SERVER, "url port pid started_at log_path version same_version"),
        (models.Stopped(SERVER), "server"),
        (TASK, "task_id title description status created_at updated_at version"),
        (models.Removed("1"), "task_id"),
        (models.Unlocked("7d2f"), "lock_id"),
        (ADDED, "task_id title description status created_at updated_at version"),
        (models.Exported(Path("/p/t.jsonl"), 1234), "file tasks"),
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
        ["address", "action", "type", "id", "attributes", "forced_by", "reason", "adopted"]
    )


def test_a_list_of_tasks_is_a_bare_array(capsys: pytest.CaptureFixture[str]) -> None:
    """As the API gives it, empty or not."""
    listed = json.loads(emitted(models.Tasks((TASK,)), capsys, output="json"))
    assert [task["task_id"] for task in listed] == ["1"]
    assert json.loads(emitted(models.Tasks(()), capsys, output="json")) == []


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        (PACKAGE, ["function.zip built", "  handler.py", "1,234 bytes", "ab12"]),
        (replace(PACKAGE, changed=False), ["function.zip up to date"]),
        (PLAN, ["~ update  aws_lambda_function.tracker", "± replace aws_dynamodb_table.tasks"]),
        (PLAN, ["Plan: 1 to add, 1 to change, 1 to destroy."]),
        (NOTHING, ["No changes: what is deployed is what the project says."]),
        (BOOTSTRAPPED, ["State backend: 1 added", "state bucket  bucket", "lock table    locks"]),
        (replace(BOOTSTRAPPED, plan=NOTHING), ["State backend: as it should be."]),
        (ACCESS, ["State backend: 1 added", "Access of GitHub: 1 added", "octo-org/octo-repo"]),
        (ACCESS, ["  gh variable set AWS_ROLE_ARN --repo octo-org/octo-repo --body arn:deployer"]),
        (DEPLOYED, ["Deployed: 1 added", "API          https://abc", "version      2"]),
        (DEPLOYED, ["The API is public", "  tt-ops status", "smoke check  passed"]),
        (replace(DEPLOYED, smoke="partly passed"), ["was not checked", "TT_OPS_API_TOKEN"]),
        (DEPLOYED, ["! somebody has not confirmed\n  confirm it: tt-ops local confirm"]),
        (replace(DEPLOYED, plan=NOTHING, version=None), ["Nothing to do", "version      none"]),
        (
            replace(DEPLOYED, deployment=replace(DEPLOYMENT, api_auth="AWS_IAM")),
            ["identify themselves (AWS_IAM)"],
        ),
        (DEPLOYMENT, ["alarm_names     LambdaErrorAlarm, LambdaDurationAlarm", "schema  "]),
        (models.Destroyed(PLAN, backend=False), ["Removed 1 resource. The state backend stays."]),
        (models.Destroyed(NOTHING, backend=True), ["Nothing to remove.", "is gone too"]),
        (SERVER, ["an emulation", "http://127.0.0.1:4580/_tt-ops/", "4711", "/p/server.log"]),
        (SERVER, ["0.1.0+0a1b2c3d, another than that of this tt-ops"]),
        (models.Stopped(SERVER), ["Stopped the embedded AWS at http://127.0.0.1:4580"]),
        (models.Stopped(None), ["was not running"]),
        (TASK, ["task_id      1", "title        first", "version      1"]),
        (models.Task("1"), ["task_id  1\n"]),
        (models.Tasks((TASK,)), ["id    status    title", "1     pending   first"]),
        (models.Tasks(()), ["No tasks yet. Add one: tt-ops tasks add"]),
        (models.Removed("1"), ["Removed 1."]),
        (models.Unlocked("7d2f"), ["Released the lock 7d2f."]),
        (ADDED, ["Added 1  first\n"]),
        (models.Exported(Path("/p/t.jsonl"), 1234), ["Exported 1,234 tasks to /p/t.jsonl."]),
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
    task = models.Task(HOSTILE, title=HOSTILE, description=HOSTILE, status=HOSTILE)
    console = Console(Settings(output="json" if kind == "json" else "table"))
    if kind in {"error", "hint"}:
        console.error(TtOpsError("x", HOSTILE, hint=f"try: curl {HOSTILE}"))
    elif kind == "note":
        console.note(HOSTILE)
    else:
        results = {"tasks": models.Tasks((task,)), "removed": models.Removed(HOSTILE)}
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
    assert "日本\\nsecond" in emitted(models.Tasks((task,)), capsys)
    assert "日本" in emitted(task, capsys, output="json")


def test_fields_of_a_strange_type_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """An old item may hold anything."""
    odd = models.Task.from_json({"task_id": 7, "title": {"a": 1}, "status": None})
    assert "{'a': 1}" in emitted(models.Tasks((odd,)), capsys)


def progress(console: Console) -> None:
    """Everything that a deploy says on its way, but for notes."""
    console.doing("looking")
    console.plan(PLAN, "deployment")
    for kind in ("started", "progress", "complete", "errored", "warning", "message"):
        console.terraform(models.TerraformEvent(kind, "words", "aws_x.y", "create", 3))
    console.download(1_000_000, 2_000_000)
    console.download(1_000_000, None)
    console.progress("importing tasks", 1, 2)
    console.progress("reading tasks", 2, None)
    console.done("done")


def test_progress_is_for_those_who_watch(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a log, a deploy says nothing but its result and what one has to know."""
    console = Console(Settings())
    progress(console)
    assert capsys.readouterr().err == ""
    console.note("Port 4580 is taken.")
    console.terraform(models.TerraformEvent("notice", "Stopping"))
    assert capsys.readouterr().err == "Port 4580 is taken.\nStopping\n"


def test_verbose_keeps_what_was_done_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    """Line by line, without anything that takes a line back."""
    progress(Console(Settings(verbose=True)))
    assert capsys.readouterr().err.splitlines() == [
        "  ~ update  aws_lambda_function.tracker",
        "  ± replace aws_dynamodb_table.tasks",
        "Plan for the deployment: 1 to add, 1 to change, 1 to destroy.",
        "  ✓ created  aws_x.y 3s",
        "  ✗ failed   aws_x.y",
        "  words",
        "✓ done",
    ]


def test_quiet_says_results_and_errors_only(
    capsys: pytest.CaptureFixture[str], watch: Callable[[], Terminal]
) -> None:
    """On a terminal too, and whatever --verbose says."""
    watched = watch()
    console = Console(Settings(quiet=True, verbose=True))
    progress(console)
    console.note("Port 4580 is taken.")
    assert watched.getvalue() == ""
    console.emit(models.Removed("1"))
    assert capsys.readouterr().out == "Removed 1.\n"
    console.error(TtOpsError("x", "it failed", hint="try again: tt-ops plan"))
    assert "it failed" in watched.getvalue()


def test_a_terminal_shows_what_moves(watch: Callable[[], Terminal]) -> None:
    """A line that the next one takes the place of, cut to the terminal's width."""
    watched = watch()
    console = Console(Settings())
    console.doing("looking " + "x" * 500)
    console.terraform(models.TerraformEvent("message", "Installing a provider"))
    console.terraform(models.TerraformEvent("started", "", "aws_x.y", "create"))
    console.emit(models.Removed("1"))
    first, second, third, last = watched.getvalue().split("\r\x1b[K")
    assert first.startswith("\x1b[2mlooking xxx")
    assert len(first) < 200
    assert "Installing a provider" in second
    assert "0/0 aws_x.y" in third
    assert last == ""


def test_a_replaced_resource_counts_once(watch: Callable[[], Terminal]) -> None:
    """Although Terraform completes it twice."""
    watched = watch()
    console = Console(Settings())
    console.plan(PLAN, "deployment")
    for action in ("delete", "create"):
        console.terraform(models.TerraformEvent("complete", "", "aws_x.y", action))
    console.terraform(models.TerraformEvent("started", "", "aws_x.z", "update"))
    assert "1/2 aws_x.z" in watched.getvalue()


def test_colour_is_for_terminals_that_want_it(watch: Callable[[], Terminal]) -> None:
    """--no-color and NO_COLOR are one setting."""
    watched = watch()
    error = TtOpsError("x", "it failed", hint="try again: tt-ops plan")
    Console(Settings()).error(error)
    assert "\x1b[31m" in watched.getvalue()
    watched.truncate(0)
    Console(Settings(no_color=True)).error(error)
    assert "\x1b" not in watched.getvalue()


def test_a_dumb_terminal_gets_lines_only(watch: Callable[[], Terminal]) -> None:
    """One that cannot take a line back still shows what is about to be agreed to."""
    watched = watch()
    console = Console(Settings(no_color=True, environ={"TERM": "dumb"}))
    progress(console)
    assert "\r" not in watched.getvalue()
    assert "Plan for the deployment" in watched.getvalue()


def test_an_error_is_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """What happened, and what to type."""
    error = ConfigurationError("x", "it failed", hint="try again: tt-ops plan")
    assert told(error, capsys) == "Error: it failed\nHint:  try again: tt-ops plan\n"


def test_an_error_is_an_object_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    """With the code, so that nobody has to read the sentence."""
    error = TtOpsError("x", "it failed", hint="try again: tt-ops plan")
    assert json.loads(told(error, capsys, output="json", target="local")) == {
        "error": {
            "code": "x",
            "message": "it failed",
            "hint": "try again: tt-ops --target local plan",
        }
    }


@pytest.mark.parametrize(
    ("command", "settings", "shown"),
    [
        ("tt-ops plan", {}, "tt-ops plan"),
        ("tt-ops plan", {"target": "local"}, "tt-ops --target local plan"),
        ("tt-ops plan", {"profile": "my prod"}, "tt-ops --profile 'my prod' plan"),
        ("tt-ops plan", {"region": "us-east-1"}, "tt-ops --region us-east-1 plan"),
        ("tt-ops --target aws plan", {"target": "local"}, "tt-ops --target aws plan"),
        ("tt-ops local down", {"target": "local"}, "tt-ops local down"),
        ("aws configure list", {"target": "local"}, "aws configure list"),
        ("less /x/tt-ops clone/log", {"target": "local"}, "less /x/tt-ops clone/log"),
    ],
)
def test_a_hint_goes_where_the_run_went(
    capsys: pytest.CaptureFixture[str], command: str, settings: dict[str, str], shown: str
) -> None:
    """Typed as it stands, it leads from the sandbox to no account, and from none to another."""
    assert hint(command, capsys, **settings) == f"Hint:  do this: {shown}"


def test_what_comes_next_goes_there_too(capsys: pytest.CaptureFixture[str]) -> None:
    """The three commands after a deploy."""
    text = emitted(DEPLOYED, capsys, target="local")
    assert text.count("  tt-ops --target local ") == 3


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("tt-ops deploy", "tt-ops --project-dir '/a b' deploy --state-bucket mine"),
        ("tt-ops local down", "tt-ops --project-dir '/a b' local down"),
        ("tt-ops tasks list", "tt-ops --project-dir '/a b' tasks --api-url http://x list"),
        ("tt-ops plan --state-bucket X", "tt-ops --project-dir '/a b' plan --state-bucket X"),
        ("tt-ops deploy --yes", "tt-ops --project-dir '/a b' deploy --state-bucket mine --yes"),
    ],
)
def test_a_hint_keeps_what_was_typed(
    command: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same project, state and API, whatever the proposed command is; no state of its own."""
    typed = {"project_dir": "/a b", "state_bucket": "mine", "api_url": "http://x"}
    error = TtOpsError("x", "it failed", hint=f"do this: {command}")
    Console(Settings(), typed).error(error)
    assert capsys.readouterr().err.splitlines()[-1] == f"Hint:  do this: {shown}"


def test_a_hint_repeats_what_was_run(capsys: pytest.CaptureFixture[str]) -> None:
    """Word for word, quoted for a shell."""
    error = TtOpsError("x", "it failed", hint=f"try again: {SAME_COMMAND}")
    Console(Settings(), {}, ["metrics", "--widget", "a: b"]).error(error)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "Hint:  try again: tt-ops metrics --widget 'a: b'"


def test_a_hint_adds_to_what_was_run(capsys: pytest.CaptureFixture[str]) -> None:
    """The option that was missing stands behind the others."""
    error = TtOpsError("x", "refused", hint=f"allow it: {SAME_COMMAND} --allow-public")
    Console(Settings(), {}, ["deploy", "--yes"]).error(error)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "Hint:  allow it: tt-ops deploy --yes --allow-public"


def test_a_long_title_is_shortened_on_a_terminal_only() -> None:
    """Columns stay columns where somebody looks; a program gets the whole title."""
    assert shortened("x" * 200, 28) == "x" * 27 + "…"
    assert shortened("x" * 200, 3) == "x" * 19 + "…"
    assert shortened("x" * 200, None) == "x" * 200
    assert shortened(None, 28) is None
