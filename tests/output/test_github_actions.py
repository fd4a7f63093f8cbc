"""Workflow commands: groups, annotations, and what GitHub's runner must not execute."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import pytest

from tasktracker_ops.errors import Finding, Problem, TtOpsError
from tasktracker_ops.models.log import LogMessage
from tasktracker_ops.models.plan import TerraformEvent
from tasktracker_ops.models.task import Task, TaskList
from tasktracker_ops.output.console import Console
from tasktracker_ops.output.github_actions import (
    Groups,
    annotation,
    command,
    escape_workflow_commands,
    in_repository,
)
from tasktracker_ops.settings import Settings

from .conftest import Terminal
from .examples import PLAN
from .test_package import PACKAGE
from .test_status import STATUS

CI = {"CI": "true"}
GITHUB = {"CI": "true", "GITHUB_ACTIONS": "true"}
ERROR = TtOpsError("it-failed", "it failed", hint="try again: tt-ops plan")
Captured = pytest.CaptureFixture[str]
# A command for the runner: at the beginning of a line, or in brackets anywhere
# (TryParseV2 and TryParse in src/Runner.Common/ActionCommand.cs of actions/runner).
_COMMAND = re.compile(r"^\s*::[\w-]+[^:]*::|##\[")
HOSTILE = [
    "::set-env name=PATH::/tmp",
    "  ::add-mask::e",
    "\u00a0\u2003::add-path::/tmp",
    "one\n::stop-commands::x",
    "one\r::stop-commands::x",
    "one\n\n \t::debug::x",
    "one ##[set-env name=PATH]/tmp",
    "###[group]x ##[endgroup]",
    "\x1b[31m::set-env name=PATH::/tmp",
    "#\x1b[0m#[set-env name=PATH]/tmp",
]


def console(**settings: object) -> Console:
    """Return a console in GitHub Actions."""
    return Console(Settings(**{"environ": GITHUB, **settings}))  # type: ignore[arg-type]


def commands(text: str) -> list[str]:
    """Return the lines that the runner would execute; .NET also ends lines at CR."""
    return [line for line in re.split("\r\n|\r|\n", text) if _COMMAND.search(line)]


def deploy(console: Console) -> None:
    """Report what a deploy reports."""
    console.doing("looking at the state backend")
    console.done("state backend bucket")
    console.plan(PLAN, "deployment")
    console.doing("applying")
    for kind in ("started", "progress", "complete"):
        console.terraform(TerraformEvent(kind, "words", "aws_x.y", "create", 3))


def test_ci_gets_a_line_for_each_step(capsys: Captured) -> None:
    """Without GitHub, stderr has plain lines and no workflow commands."""
    reporter = Console(Settings(environ=CI))
    deploy(reporter)
    reporter.download(1_000_000, None)
    reporter.progress("exporting", 1, 2)
    reporter.note("Port 4580 is taken.")
    reporter.emit(PACKAGE)
    out, err = capsys.readouterr()
    assert err.splitlines() == [
        "✓ state backend bucket",
        "  ~ update  aws_lambda_function.tracker",
        "  ± replace aws_dynamodb_table.tasks",
        "Plan for the deployment: 1 to add, 1 to change, 1 to destroy.",
        "applying …",
        "  ✓ created  aws_x.y 3s",
        "Port 4580 is taken.",
    ]
    assert out.startswith("function.zip built, ")


@pytest.mark.parametrize("value", ["false", "0", ""])
def test_a_false_ci_variable_means_no_ci(capsys: Captured, value: str) -> None:
    """With `CI=false`, JSON has no progress."""
    deploy(Console(Settings(output="json", environ={"CI": value})))
    assert capsys.readouterr().err == ""


def test_quiet_is_quiet_in_ci_too(capsys: Captured) -> None:
    """Only results and errors are printed."""
    reporter = console(quiet=True)
    deploy(reporter)
    reporter.terraform(TerraformEvent("warning", "deprecated"))
    reporter.emit(PACKAGE)
    assert capsys.readouterr().err == ""
    reporter.error(ERROR)
    assert capsys.readouterr().err.startswith("::error ")


def test_groups_are_not_empty_and_not_nested(capsys: Captured) -> None:
    """A group ends before the line of a completed step."""
    reporter = console()
    deploy(reporter)
    reporter.done("the API answers")
    assert capsys.readouterr().err.splitlines() == [
        "✓ state backend bucket",
        "::group::Plan for the deployment: 1 to add, 1 to change, 1 to destroy.",
        "  ~ update  aws_lambda_function.tracker",
        "  ± replace aws_dynamodb_table.tasks",
        "::endgroup::",
        "::group::applying",
        "  ✓ created  aws_x.y 3s",
        "::endgroup::",
        "✓ the API answers",
    ]


@pytest.mark.parametrize("end", ["emit", "stream", "error", "trace", "end_group"])
def test_a_group_always_ends(capsys: Captured, end: str) -> None:
    """It ends before a result, an error, a traceback, and with the process."""
    reporter = console()
    deploy(reporter)
    happens: dict[str, Callable[[], None]] = {
        "emit": lambda: reporter.emit(PACKAGE),
        "stream": lambda: reporter.stream([PACKAGE]),
        "error": lambda: reporter.error(ERROR),
        "trace": lambda: reporter.trace("Traceback"),
        "end_group": reporter.end_group,
    }
    happens[end]()
    err = capsys.readouterr().err.splitlines()
    opened = [n for n, line in enumerate(err) if line.startswith("::group::")]
    closed = [n for n, line in enumerate(err) if line == "::endgroup::"]
    assert len(opened) == len(closed) == 2
    assert closed[1] in {len(err) - 1, len(err) - 2}


def test_a_group_without_lines_is_not_printed() -> None:
    """It would be empty."""
    written: list[str] = []
    groups = Groups(written.append)
    groups.prepare("one")
    groups.prepare("two")
    groups.end()
    assert written == []


def test_a_command_is_escaped() -> None:
    """The escapes are those of the toolkit's `core.error`."""
    assert command("error", "50 % of a: b, c\r\nnext", title="a: b, 1 %") == (
        "::error title=a%3A b%2C 1 %25::50 %25 of a: b, c%0D%0Anext"
    )
    assert command("endgroup") == "::endgroup::"
    assert command("error", "x", title=None, line=3, file="a,b.tf") == (
        "::error line=3,file=a%2Cb.tf::x"
    )


def test_an_error_is_annotated(capsys: Captured) -> None:
    """The title is its code; the hint is on its own line."""
    console().error(ERROR)
    assert capsys.readouterr().err == (
        "::error title=it-failed::it failed%0Atry again: tt-ops plan\n"
    )


def test_an_error_is_annotated_at_its_findings(capsys: Captured, tmp_path: Path) -> None:
    """Paths are relative to the repository."""
    (tmp_path / ".git").mkdir()
    findings = [
        Finding("no such argument", tmp_path / "terraform" / "api.tf", 12),
        Finding("no such variable", tmp_path / "terraform" / "api.tf"),
    ]
    console().error(
        TtOpsError("x", "both are wrong", hint="fix them: tt-ops plan", findings=findings)
    )
    assert capsys.readouterr().err.splitlines() == [
        "::error title=x,file=terraform/api.tf,line=12::both are wrong%0Afix them: tt-ops plan",
        "::error title=x,file=terraform/api.tf::no such variable",
    ]


def test_a_warning_is_annotated_once(capsys: Captured, tmp_path: Path) -> None:
    """Terraform repeats it from validation to apply."""
    (tmp_path / ".git").mkdir()
    findings = (Finding("outdated", tmp_path / "terraform" / "iam.tf", 12),)
    reporter = console()
    for _ in range(2):
        reporter.terraform(TerraformEvent("warning", "outdated: a_x", findings=findings))
        reporter.terraform(TerraformEvent("warning", "outdated: a_y"))
    assert capsys.readouterr().err.splitlines() == [
        "::warning title=Terraform,file=terraform/iam.tf,line=12::outdated: a_x",
        "::warning title=Terraform::outdated: a_y",
    ]


def test_a_path_is_relative_to_its_repository(tmp_path: Path) -> None:
    """The repository is the folder with `.git`, or else the runner's checkout."""
    file = tmp_path / "repository" / "project" / "tt-ops.toml"
    file.parent.mkdir(parents=True)
    assert in_repository(file) == str(file)
    assert in_repository(file, str(tmp_path)) == "repository/project/tt-ops.toml"
    (tmp_path / "repository" / ".git").touch()  # as in a worktree
    assert in_repository(file, str(tmp_path)) == "project/tt-ops.toml"
    assert "file=project/tt-ops.toml::" in annotation("error", "x", finding=Finding("x", file))


def test_problems_of_a_result_are_annotated(capsys: Captured) -> None:
    """They are warnings if the service is healthy, else errors."""
    problem = Problem("alarm-missing", "an alarm: missing", "create it: tt-ops deploy")
    for healthy, kind in ((True, "warning"), (False, "error")):
        console().emit(replace(STATUS, healthy=healthy, problems=(problem,)))
        expected = f"::{kind} title=alarm-missing::an alarm: missing%0Acreate it: tt-ops deploy\n"
        assert expected in capsys.readouterr().err


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_command(capsys: Captured, text: str) -> None:
    """This holds for results in every format, errors and notes."""
    assert commands(click.unstyle(text)) != []
    task = Task(text, title=text, description=text, status=text)
    for form in ("table", "json", "csv"):
        console(output=form).emit(TaskList((task,)))
    for form in ("table", "json"):
        console(output=form).emit(task)
        console(output=form).stream([task, LogMessage(text)])
        reporter = console(output=form)
        reporter.note(text)
        reporter.doing(text)
        reporter.done(text)
        reporter.trace(text)
        reporter.terraform(TerraformEvent("complete", text, "aws_x.y", "create"))
        reporter.error(TtOpsError("x", text, hint=f"try: curl {text}"))
    out, err = capsys.readouterr()
    assert commands(out) == []
    ours = ("::group::", "::endgroup::", "::error title=x::", "::notice")
    assert [line for line in commands(err) if not line.startswith(ours)] == []
    assert not any("##[" in line for line in commands(err))
    assert "\x1b" not in out + err


def test_other_text_is_not_escaped() -> None:
    """Colons inside of lines, addresses and headings are kept."""
    for text in ("a ::b:: c", "http://[::1]:80", "## [x]", ":", "x::y", "- :: -"):
        assert escape_workflow_commands(text) == text
    assert escape_workflow_commands("::x::\n ##[y]") == "\\x3a:x::\n #\\x23[y]"


def test_escaped_json_has_the_same_value(capsys: Captured) -> None:
    """Commands are escaped as JSON strings are."""
    title = "##[set-env name=PATH]/tmp\n::stop-commands::x"
    console(output="json").emit(Task("1", title=title))
    assert json.loads(capsys.readouterr().out)["title"] == title


def test_json_ends_with_one_object(capsys: Captured) -> None:
    """Stdout has the result, or the error, which is also the last line of stderr."""
    reporter = console(output="json")
    deploy(reporter)
    reporter.error(ERROR)
    out, err = capsys.readouterr()
    assert json.loads(out) == json.loads(err.splitlines()[-1])
    assert json.loads(out)["error"]["code"] == "it-failed"
    reporter = console(output="json")
    reporter.emit(PACKAGE)
    reporter.error(ERROR)
    out, err = capsys.readouterr()
    assert json.loads(out)["size"] == 1234
    assert json.loads(err.splitlines()[-1])["error"]["code"] == "it-failed"


def test_a_terminal_without_colours_gets_no_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the lines of a log."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    reporter = Console(Settings(no_color=True))
    reporter.doing("reading")
    reporter.done("read")
    reporter.doing("applying")
    assert terminal.getvalue() == "✓ read\napplying …\n"


class ClosedStream(io.StringIO):
    """A stream whose reader has closed it."""

    def write(self, text: str) -> int:
        """Raise BrokenPipeError."""
        raise BrokenPipeError


def test_progress_never_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deploy continues when nobody reads its progress any more."""
    monkeypatch.setattr(sys, "stderr", ClosedStream())
    deploy(console())
