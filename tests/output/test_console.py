"""Progress, notes, errors, and the commands in hints."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tasktracker_ops.cli.context import Context
from tasktracker_ops.cli.main import cli
from tasktracker_ops.errors import SAME_COMMAND, ConfigurationError, TtOpsError
from tasktracker_ops.models.plan import TerraformEvent
from tasktracker_ops.models.task import RemoveResult
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings

from .conftest import Terminal
from .examples import PLAN

Capture = pytest.CaptureFixture[str]


def print_error(error: TtOpsError, capsys: Capture, **settings: Any) -> str:
    """Print an error and return standard error; nothing may be on standard output."""
    Console(Settings(**settings)).error(error)
    out, err = capsys.readouterr()
    assert out == ""
    return err


def print_hint(command: str, capsys: Capture, **settings: Any) -> str:
    """Return the hint of an error that proposes `command`."""
    error = TtOpsError("x", "it failed", hint=f"do this: {command}")
    return print_error(error, capsys, **settings).splitlines()[1]


def progress(console: Console) -> None:
    """Report what a deploy reports, except notes."""
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


def test_a_log_gets_a_line_for_each_step(capsys: Capture) -> None:
    """Without a terminal, lines are printed as they happen, without colours."""
    progress(Console(Settings()))
    assert capsys.readouterr().err.splitlines() == STEPS


def test_reading_is_not_a_step(capsys: Capture) -> None:
    """A command that only reads prints its result and nothing else."""
    console = Console(Settings())
    console.doing("reading the dashboard")
    console.progress("reading tasks", 1, None)
    console.emit(RemoveResult("1"))
    assert capsys.readouterr().err == ""


def test_verbose_adds_terraforms_messages(capsys: Capture) -> None:
    """Warnings are included."""
    progress(Console(Settings(verbose=True)))
    expected = [*STEPS[:-1], "  words", "  words", STEPS[-1]]
    assert capsys.readouterr().err.splitlines() == expected


def test_json_has_no_progress(capsys: Capture) -> None:
    """Only errors are on standard error, unless --verbose asks for progress."""
    console = Console(Settings(output="json"))
    progress(console)
    console.note("Port 4580 is taken.")
    assert capsys.readouterr().err == ""
    progress(Console(Settings(output="json", verbose=True)))
    assert set(STEPS) < set(capsys.readouterr().err.splitlines())


def test_quiet_prints_results_and_errors_only(
    capsys: Capture, stderr_terminal: Callable[[], Terminal]
) -> None:
    """--quiet also applies on a terminal and with --verbose."""
    terminal = stderr_terminal()
    console = Console(Settings(quiet=True, verbose=True))
    progress(console)
    console.note("Port 4580 is taken.")
    assert terminal.getvalue() == ""
    console.emit(RemoveResult("1"))
    assert capsys.readouterr().out == "Removed 1.\n"
    console.error(TtOpsError("x", "it failed", hint="try again: tt-ops plan"))
    assert "it failed" in terminal.getvalue()


def test_a_log_shows_a_resource_that_takes_long(capsys: Capture) -> None:
    """Every 30 seconds, though its events come every ten."""
    console = Console(Settings())
    for elapsed in range(10, 80, 10):
        console.terraform(TerraformEvent("progress", "", "aws_x.y", "create", elapsed))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"  … waiting  aws_x.y {seconds}s" for seconds in (30, 60)]


def test_a_terminal_has_a_live_line(stderr_terminal: Callable[[], Terminal]) -> None:
    """Each line overwrites the one before, is cut to the width, and is removed at the end."""
    terminal = stderr_terminal()
    console = Console(Settings())
    console.doing("looking " + "x" * 500)
    console.terraform(TerraformEvent("message", "Installing a provider"))
    console.terraform(TerraformEvent("started", "", "aws_x.y", "create"))
    console.emit(RemoveResult("1"))
    first, second, third, end = terminal.getvalue().split("\r\x1b[2K")[:4]
    assert "looking xxx" in first
    assert "…" in first
    assert len(first) < 200
    assert "Installing a provider" in second
    assert "0/0 waiting for aws_x.y" in third
    assert "0/0 waiting for aws_x.y" in end
    assert terminal.getvalue().endswith("\x1b[?25h\r\x1b[1A\x1b[2K")


def test_a_known_total_has_a_bar(stderr_terminal: Callable[[], Terminal]) -> None:
    """Progress with a total shows a bar."""
    terminal = stderr_terminal()
    console = Console(Settings())
    console.progress("importing tasks", 10, 20)
    assert "importing tasks: 10 of 20" in terminal.getvalue()
    assert terminal.getvalue().count("━") > 10


def test_the_live_line_escapes_control_characters(stderr_terminal: Callable[[], Terminal]) -> None:
    """Markup of rich is text, too."""
    terminal = stderr_terminal()
    Console(Settings()).doing("looking at \x1b[31m[bold]x")
    assert "looking at \\x1b[31m[bold]x …" in terminal.getvalue()


def test_a_replaced_resource_counts_once(stderr_terminal: Callable[[], Terminal]) -> None:
    """Terraform completes it twice."""
    terminal = stderr_terminal()
    console = Console(Settings())
    console.plan(PLAN, "deployment")
    for action in ("delete", "create"):
        console.terraform(TerraformEvent("complete", "", "aws_x.y", action))
    console.terraform(TerraformEvent("started", "", "aws_x.z", "update"))
    assert "1/2 waiting for aws_x.z 0s" in terminal.getvalue()


def test_colours_can_be_turned_off(stderr_terminal: Callable[[], Terminal]) -> None:
    """A terminal has colours unless --no-color or NO_COLOR is set."""
    terminal = stderr_terminal()
    error = TtOpsError("x", "it failed", hint="try again: tt-ops plan")
    Console(Settings()).error(error)
    assert "\x1b[31m" in terminal.getvalue()
    terminal.truncate(0)
    Console(Settings(no_color=True)).error(error)
    assert "\x1b" not in terminal.getvalue()


def test_a_dumb_terminal_gets_plain_lines(stderr_terminal: Callable[[], Terminal]) -> None:
    """It still shows the plan before the confirmation."""
    terminal = stderr_terminal()
    console = Console(Settings(no_color=True, environ={"TERM": "dumb"}))
    progress(console)
    assert "\r" not in terminal.getvalue()
    assert "Plan for the deployment" in terminal.getvalue()


def test_an_error_is_two_lines(capsys: Capture) -> None:
    """The first says what happened, the second what to type."""
    error = ConfigurationError("x", "it failed", hint="try again: tt-ops plan")
    assert print_error(error, capsys) == "Error: it failed\nHint:  try again: tt-ops plan\n"


def test_an_error_is_an_object_with_json(capsys: Capture) -> None:
    """It has the code, the message and the hint."""
    error = TtOpsError("x", "it failed", hint="try again: tt-ops plan")
    assert json.loads(print_error(error, capsys, output="json", target="local")) == {
        "error": {
            "code": "x",
            "message": "it failed",
            "hint": "try again: tt-ops --target local plan",
        }
    }


@pytest.mark.parametrize(
    ("command", "settings", "expected"),
    [
        ("tt-ops plan", {}, "tt-ops plan"),
        ("tt-ops plan", {"target": "local"}, "tt-ops --target local plan"),
        ("tt-ops plan", {"profile": "my prod"}, "tt-ops --profile 'my prod' plan"),
        ("tt-ops plan", {"region": "us-east-1"}, "tt-ops --region us-east-1 plan"),
        ("tt-ops plan", {"env": "staging"}, "tt-ops --env staging plan"),
        ("tt-ops --env default plan", {"env": "staging"}, "tt-ops --env default plan"),
        ("tt-ops local down", {"env": "staging"}, "tt-ops local down"),
        ("tt-ops local confirm", {"env": "staging"}, "tt-ops --env staging local confirm"),
        ("tt-ops environments destroy pr-7", {"env": "x"}, "tt-ops environments destroy pr-7"),
        ("tt-ops --target aws plan", {"target": "local"}, "tt-ops --target aws plan"),
        ("tt-ops local down", {"target": "local"}, "tt-ops local down"),
        ("aws configure list", {"target": "local"}, "aws configure list"),
        ("less /x/tt-ops clone/log", {"target": "local"}, "less /x/tt-ops clone/log"),
    ],
)
def test_a_hint_keeps_the_target(
    capsys: Capture, command: str, settings: dict[str, str], expected: str
) -> None:
    """Pasted, it leads to the same account, region and environment."""
    assert print_hint(command, capsys, **settings) == f"Hint:  do this: {expected}"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("tt-ops deploy", "tt-ops --project-dir '/a b' deploy --state-bucket mine"),
        ("tt-ops local down", "tt-ops --project-dir '/a b' local down"),
        ("tt-ops tasks list", "tt-ops --project-dir '/a b' tasks --api-url http://x list"),
        ("tt-ops plan --state-bucket X", "tt-ops --project-dir '/a b' plan --state-bucket X"),
        ("tt-ops deploy --yes", "tt-ops --project-dir '/a b' deploy --state-bucket mine --yes"),
    ],
)
def test_a_hint_keeps_the_destination_options(command: str, expected: str, capsys: Capture) -> None:
    """Project, state and API stay the same, unless the proposed command sets them."""
    flags = {"project_dir": "/a b", "state_bucket": "mine", "api_url": "http://x"}
    error = TtOpsError("x", "it failed", hint=f"do this: {command}")
    context = Context()
    context.root = cli
    Console(Settings(), flags, (), context.destinations).error(error)
    assert capsys.readouterr().err.splitlines()[-1] == f"Hint:  do this: {expected}"


def test_unlock_is_proposed_with_yes_without_a_terminal(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a pipe or CI it would be refused without it."""
    assert print_hint("tt-ops unlock 7d2f", capsys) == "Hint:  do this: tt-ops unlock 7d2f --yes"
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    Console(Settings()).error(TtOpsError("x", "it failed", hint="do this: tt-ops unlock 7d2f"))
    assert terminal.getvalue().endswith("do this: tt-ops unlock 7d2f\n")


@pytest.mark.parametrize(
    ("flags", "arguments", "expected"),
    [
        ({"region": "x"}, ["--region", "x", "plan"], "tt-ops --region REGION plan"),
        ({"region": "x"}, ["plan", "--region=x", "-v"], "tt-ops --region REGION plan -v"),
        ({}, ["tasks", "add", "--", "-x"], "tt-ops --region REGION tasks add -- -x"),
        ({}, [], "tt-ops --region REGION"),
    ],
)
def test_a_hint_replaces_a_setting(
    flags: dict[str, str], arguments: list[str], expected: str, capsys: Capture
) -> None:
    """The invalid value is not repeated."""
    error = TtOpsError("x", "it failed", hint="name one: tt-ops --region REGION …")
    Console(Settings(), flags, arguments).error(error)
    assert capsys.readouterr().err.splitlines()[-1] == f"Hint:  name one: {expected}"


def test_a_hint_repeats_the_command_line(capsys: Capture) -> None:
    """Its words are quoted for a shell."""
    error = TtOpsError("x", "it failed", hint=f"try again: {SAME_COMMAND}")
    Console(Settings(), {}, ["metrics", "--widget", "a: b"]).error(error)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "Hint:  try again: tt-ops metrics --widget 'a: b'"


def test_a_hint_extends_the_command_line(capsys: Capture) -> None:
    """The missing option is appended."""
    error = TtOpsError("x", "refused", hint=f"allow it: {SAME_COMMAND} --allow-public")
    Console(Settings(), {}, ["deploy", "--yes"]).error(error)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "Hint:  allow it: tt-ops deploy --yes --allow-public"
