"""What is said beside results: progress, notes, errors and what to type next."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tasktracker_ops.cli.main import cli
from tasktracker_ops.cli.options import Context
from tasktracker_ops.errors import SAME_COMMAND, ConfigurationError, TtOpsError
from tasktracker_ops.models.plan import TerraformEvent
from tasktracker_ops.models.task import RemoveResult
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings

from .examples import DEPLOYED, PLAN, emitted, told


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


def hint(command: str, capsys: pytest.CaptureFixture[str], **settings: Any) -> str:
    """The hint of an error that proposes `command`."""
    error = TtOpsError("x", "it failed", hint=f"do this: {command}")
    return told(error, capsys, **settings).splitlines()[1]


def progress(console: Console) -> None:
    """Report what a deploy reports on its way, but for notes."""
    console.doing("looking")
    console.plan(PLAN, "deployment")
    for kind in ("started", "progress", "complete", "errored", "warning", "message"):
        console.terraform(TerraformEvent(kind, "words", "aws_x.y", "create", 3))
    console.download(1_000_000, 2_000_000)
    console.download(1_000_000, None)
    console.progress("importing tasks", 1, 2)
    console.progress("reading tasks", 2, None)
    console.done("done")


STEPS = [
    "  ~ update  aws_lambda_function.tracker",
    "  ± replace aws_dynamodb_table.tasks",
    "Plan for the deployment: 1 to add, 1 to change, 1 to destroy.",
    "looking …",
    "  ✓ created  aws_x.y 3s",
    "  ✗ failed   aws_x.y",
    "✓ done",
]


def test_a_log_gets_a_line_for_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal, as they happen; nothing in it moves or has a colour."""
    progress(Console(Settings()))
    assert capsys.readouterr().err.splitlines() == STEPS


def test_what_is_only_read_is_no_step(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that asks AWS and ends prints its result and nothing else."""
    console = Console(Settings())
    console.doing("reading the dashboard")
    console.progress("reading tasks", 1, None)
    console.emit(RemoveResult("1"))
    assert capsys.readouterr().err == ""


def test_verbose_adds_what_terraform_says(capsys: pytest.CaptureFixture[str]) -> None:
    """Its messages and its warnings."""
    progress(Console(Settings(verbose=True)))
    said = [*STEPS[:-1], "  words", "  words", STEPS[-1]]
    assert capsys.readouterr().err.splitlines() == said


def test_json_has_standard_error_for_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """A program reads an error there and nothing else, unless --verbose asks for more."""
    console = Console(Settings(output="json"))
    progress(console)
    console.note("Port 4580 is taken.")
    assert capsys.readouterr().err == ""
    progress(Console(Settings(output="json", verbose=True)))
    assert set(STEPS) < set(capsys.readouterr().err.splitlines())


def test_quiet_says_results_and_errors_only(
    capsys: pytest.CaptureFixture[str], watch: Callable[[], Terminal]
) -> None:
    """On a terminal too, and whatever --verbose says."""
    watched = watch()
    console = Console(Settings(quiet=True, verbose=True))
    progress(console)
    console.note("Port 4580 is taken.")
    assert watched.getvalue() == ""
    console.emit(RemoveResult("1"))
    assert capsys.readouterr().out == "Removed 1.\n"
    console.error(TtOpsError("x", "it failed", hint="try again: tt-ops plan"))
    assert "it failed" in watched.getvalue()


def test_a_terminal_shows_what_moves(watch: Callable[[], Terminal]) -> None:
    """A line that the next one replaces, cut to the terminal's width; it leaves nothing behind."""
    watched = watch()
    console = Console(Settings())
    console.doing("looking " + "x" * 500)
    console.terraform(TerraformEvent("message", "Installing a provider"))
    console.terraform(TerraformEvent("started", "", "aws_x.y", "create"))
    console.emit(RemoveResult("1"))
    first, second, third, end = watched.getvalue().split("\r\x1b[2K")[:4]
    assert "looking xxx" in first
    assert "…" in first
    assert len(first) < 200
    assert "Installing a provider" in second
    assert "0/0 aws_x.y" in third
    assert "0/0 aws_x.y" in end
    assert watched.getvalue().endswith("\x1b[?25h\r\x1b[1A\x1b[2K")


def test_a_known_total_is_a_bar(watch: Callable[[], Terminal]) -> None:
    """Of a download, of an import, of the resources that Terraform changes."""
    watched = watch()
    console = Console(Settings())
    console.progress("importing tasks", 10, 20)
    assert "importing tasks: 10 of 20" in watched.getvalue()
    assert watched.getvalue().count("━") > 10


def test_what_moves_cannot_command_the_terminal(watch: Callable[[], Terminal]) -> None:
    """Control characters are shown; what looks like markup is text."""
    watched = watch()
    Console(Settings()).doing("looking at \x1b[31m[bold]x")
    assert "looking at \\x1b[31m[bold]x …" in watched.getvalue()


def test_a_replaced_resource_counts_once(watch: Callable[[], Terminal]) -> None:
    """Although Terraform completes it twice."""
    watched = watch()
    console = Console(Settings())
    console.plan(PLAN, "deployment")
    for action in ("delete", "create"):
        console.terraform(TerraformEvent("complete", "", "aws_x.y", action))
    console.terraform(TerraformEvent("started", "", "aws_x.z", "update"))
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
    context = Context()
    context.root = cli
    Console(Settings(), typed, (), context.destinations).error(error)
    assert capsys.readouterr().err.splitlines()[-1] == f"Hint:  do this: {shown}"


def test_unlock_is_proposed_with_yes_where_nobody_can_be_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a pipe or CI it would end with the advice to add that."""
    assert hint("tt-ops unlock 7d2f", capsys) == "Hint:  do this: tt-ops unlock 7d2f --yes"
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    Console(Settings()).error(TtOpsError("x", "it failed", hint="do this: tt-ops unlock 7d2f"))
    assert terminal.getvalue().endswith("do this: tt-ops unlock 7d2f\n")


@pytest.mark.parametrize(
    ("typed", "arguments", "shown"),
    [
        ({"region": "x"}, ["--region", "x", "plan"], "tt-ops --region REGION plan"),
        ({"region": "x"}, ["plan", "--region=x", "-v"], "tt-ops --region REGION plan -v"),
        ({}, ["tasks", "add", "--", "-x"], "tt-ops --region REGION tasks add -- -x"),
        ({}, [], "tt-ops --region REGION"),
    ],
)
def test_a_hint_replaces_a_setting_in_what_was_run(
    typed: dict[str, str], arguments: list[str], shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The value that was wrong is not repeated."""
    error = TtOpsError("x", "it failed", hint="name one: tt-ops --region REGION …")
    Console(Settings(), typed, arguments).error(error)
    assert capsys.readouterr().err.splitlines()[-1] == f"Hint:  name one: {shown}"


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
