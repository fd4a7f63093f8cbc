"""What GitHub's runner reads, and what it must never take for a command."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tasktracker_ops.errors import ConfigurationError, Finding, Problem, TtOpsError
from tasktracker_ops.models.log import LogMessage
from tasktracker_ops.models.package import Package
from tasktracker_ops.models.plan import Plan, ResourceChange, TerraformEvent
from tasktracker_ops.models.status import ApiHealth, Lock, Status
from tasktracker_ops.models.task import Task, TaskList
from tasktracker_ops.output.console import Console
from tasktracker_ops.output.github_actions import (
    Groups,
    annotation,
    command,
    escape_workflow_commands,
    in_repository,
)
from tasktracker_ops.settings import Settings, load

CI = {"CI": "true"}
GITHUB = {"CI": "true", "GITHUB_ACTIONS": "true"}
PLAN = Plan(
    add=1,
    change=1,
    destroy=0,
    changes=(
        ResourceChange("aws_lambda_function.tracker", "update"),
        ResourceChange("aws_dynamodb_table.tasks", "create"),
    ),
)
PACKAGE = Package(Path("/p/function.zip"), ("handler.py",), 1234, "ab12", True)
ERROR = TtOpsError("it-failed", "it failed", hint="try again: tt-ops plan")
Captured = pytest.CaptureFixture[str]
# As the runner reads a line: a command at its beginning, or in brackets wherever it stands
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
    """A console in GitHub's CI."""
    return Console(Settings(**{"environ": GITHUB, **settings}))  # type: ignore[arg-type]


def commands(text: str) -> list[str]:
    """The lines that the runner would obey; it ends them where .NET's readers do."""
    return [line for line in re.split("\r\n|\r|\n", text) if _COMMAND.search(line)]


def deploy(told: Console) -> None:
    """What a deploy says on its way."""
    told.doing("looking at the state backend")
    told.done("state backend bucket")
    told.plan(PLAN, "deployment")
    told.doing("applying")
    for kind in ("started", "progress", "complete"):
        told.terraform(TerraformEvent(kind, "words", "aws_x.y", "create", 3))


def test_ci_gets_a_line_for_each_step_that_is_done(capsys: Captured) -> None:
    """On stderr, with nothing that moves, and no workflow commands where GitHub is not."""
    told = Console(Settings(environ=CI))
    deploy(told)
    told.download(1_000_000, None)
    told.progress("exporting", 1, 2)
    told.note("Port 4580 is taken.")
    told.emit(PACKAGE)
    out, err = capsys.readouterr()
    assert err.splitlines() == [
        "✓ state backend bucket",
        "  ~ update  aws_lambda_function.tracker",
        "  + create  aws_dynamodb_table.tasks",
        "Plan for the deployment: 1 to add, 1 to change, 0 to destroy.",
        "applying …",
        "  ✓ created  aws_x.y 3s",
        "Port 4580 is taken.",
    ]
    assert out.startswith("function.zip built\n")


@pytest.mark.parametrize("said", ["false", "0", ""])
def test_what_says_that_it_is_no_ci_is_none(capsys: Captured, said: str) -> None:
    """`CI=false` is how one asks for the usual output: for programs, JSON and nothing else."""
    deploy(Console(Settings(output="json", environ={"CI": said})))
    assert capsys.readouterr().err == ""


def test_quiet_is_quiet_in_ci_too(capsys: Captured) -> None:
    """But for results and errors."""
    told = console(quiet=True)
    deploy(told)
    told.terraform(TerraformEvent("warning", "deprecated"))
    told.emit(PACKAGE)
    assert capsys.readouterr().err == ""
    told.error(ERROR)
    assert capsys.readouterr().err.startswith("::error ")


def test_github_folds_the_long_parts(capsys: Captured) -> None:
    """Each group has a line at least, ends before what is done is told, and is in no other."""
    told = console()
    deploy(told)
    told.done("the API answers")
    assert capsys.readouterr().err.splitlines() == [
        "✓ state backend bucket",
        "::group::Plan for the deployment: 1 to add, 1 to change, 0 to destroy.",
        "  ~ update  aws_lambda_function.tracker",
        "  + create  aws_dynamodb_table.tasks",
        "::endgroup::",
        "::group::applying",
        "  ✓ created  aws_x.y 3s",
        "::endgroup::",
        "✓ the API answers",
    ]


@pytest.mark.parametrize("end", ["emit", "stream", "error", "trace", "end_group"])
def test_a_group_ends_whatever_happens(capsys: Captured, end: str) -> None:
    """Before a result, an error, a traceback, and with the process."""
    told = console()
    deploy(told)
    happens: dict[str, Callable[[], None]] = {
        "emit": lambda: told.emit(PACKAGE),
        "stream": lambda: told.stream([PACKAGE]),
        "error": lambda: told.error(ERROR),
        "trace": lambda: told.trace("Traceback"),
        "end_group": told.end_group,
    }
    happens[end]()
    err = capsys.readouterr().err.splitlines()
    opened = [n for n, line in enumerate(err) if line.startswith("::group::")]
    closed = [n for n, line in enumerate(err) if line == "::endgroup::"]
    assert len(opened) == len(closed) == 2
    assert closed[1] in {len(err) - 1, len(err) - 2}


def test_a_group_without_a_line_is_none() -> None:
    """Nothing is printed that would unfold to nothing."""
    written: list[str] = []
    groups = Groups(written.append)
    groups.prepare("one")
    groups.prepare("two")
    groups.end()
    assert written == []


def test_a_command_is_escaped() -> None:
    """As the toolkit's `core.error` does, so that the runner decodes what was meant."""
    assert command("error", "50 % of a: b, c\r\nnext", title="a: b, 1 %") == (
        "::error title=a%3A b%2C 1 %25::50 %25 of a: b, c%0D%0Anext"
    )
    assert command("endgroup") == "::endgroup::"
    assert command("error", "x", title=None, line=3, file="a,b.tf") == (
        "::error line=3,file=a%2Cb.tf::x"
    )


def test_an_error_is_annotated(capsys: Captured) -> None:
    """With its code for a title, and its hint on a line of its own."""
    console().error(ERROR)
    assert capsys.readouterr().err == (
        "::error title=it-failed::it failed%0Atry again: tt-ops plan\n"
    )


def test_an_error_is_shown_in_the_diff(capsys: Captured, tmp_path: Path) -> None:
    """At each line that it is about, the path as the repository has it."""
    (tmp_path / ".git").mkdir()
    findings = [
        Finding("no such argument", tmp_path / "terraform" / "api.tf", 12),
        Finding("no such variable", tmp_path / "terraform" / "api.tf"),
    ]
    console().error(TtOpsError("x", "both are wrong", hint="mend: tt-ops plan", findings=findings))
    assert capsys.readouterr().err.splitlines() == [
        "::error title=x,file=terraform/api.tf,line=12::both are wrong%0Amend: tt-ops plan",
        "::error title=x,file=terraform/api.tf::no such variable",
    ]


def test_a_warning_is_shown_in_the_diff_once(capsys: Captured, tmp_path: Path) -> None:
    """However often Terraform says it on the way from validation to apply."""
    (tmp_path / ".git").mkdir()
    findings = (Finding("outdated", tmp_path / "terraform" / "iam.tf", 12),)
    told = console()
    for _ in range(2):
        told.terraform(TerraformEvent("warning", "outdated: a_x", findings=findings))
        told.terraform(TerraformEvent("warning", "outdated: a_y"))
    assert capsys.readouterr().err.splitlines() == [
        "::warning title=Terraform,file=terraform/iam.tf,line=12::outdated: a_x",
        "::warning title=Terraform::outdated: a_y",
    ]


def test_a_path_begins_at_the_root_of_the_repository(tmp_path: Path) -> None:
    """Which is found by git's folder or file, else is where the runner checked out."""
    file = tmp_path / "repository" / "project" / "tt-ops.toml"
    file.parent.mkdir(parents=True)
    assert in_repository(file) == str(file)
    assert in_repository(file, str(tmp_path)) == "repository/project/tt-ops.toml"
    (tmp_path / "repository" / ".git").touch()  # as in a worktree
    assert in_repository(file, str(tmp_path)) == "project/tt-ops.toml"
    assert "file=project/tt-ops.toml::" in annotation("error", "x", finding=Finding("x", file))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('region = "eu-west-3"\nstate_bucket = \n', 2),
        ('\n# old\n"bucket" = "x"\n', 3),
        ('region = "mars"\n', 1),
        ("[env.default]\nlocal_port = 70000\n", 2),
        ('region = "eu-west-3"\n\n[env.staging]\nregion = "eu-west-1"\n', 3),
    ],
)
def test_what_is_wrong_in_the_settings_is_found(tmp_path: Path, content: str, line: int) -> None:
    """The line of tt-ops.toml that cannot be read, or that says what does not fit."""
    for folder in ("terraform", "bootstrap", "lambda_function"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tt-ops.toml").write_text(content)
    with pytest.raises(ConfigurationError) as raised:
        load({"project_dir": str(tmp_path)}, {})
    (finding,) = raised.value.findings
    assert (finding.file, finding.line) == (tmp_path / "tt-ops.toml", line)


def test_problems_of_a_result_are_annotated(capsys: Captured) -> None:
    """As warnings beside a result, as errors where the service is not well."""
    problem = Problem("alarm-gone", "an alarm: gone", "make it: tt-ops deploy")
    api = ApiHealth("http://x", "NONE", True, False, None, None)
    for healthy, kind in ((True, "warning"), (False, "error")):
        status = Status(healthy, api, None, None, None, Lock(None), (problem,), ())
        console().emit(status)
        told = f"::{kind} title=alarm-gone::an alarm: gone%0Amake it: tt-ops deploy\n"
        assert told in capsys.readouterr().err


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_command(capsys: Captured, text: str) -> None:
    """Whoever wrote it, and wherever it is shown: in results of every form, errors and notes."""
    assert commands(click_free(text)) != []
    task = Task(text, title=text, description=text, status=text)
    for form in ("table", "json", "csv"):
        console(output=form).emit(TaskList((task,)))
    for form in ("table", "json"):
        console(output=form).emit(task)
        console(output=form).stream([task, LogMessage(text)])
        told = console(output=form)
        told.note(text)
        told.doing(text)
        told.done(text)
        told.trace(text)
        told.terraform(TerraformEvent("complete", text, "aws_x.y", "create"))
        told.error(TtOpsError("x", text, hint=f"try: curl {text}"))
    out, err = capsys.readouterr()
    assert commands(out) == []
    ours = ("::group::", "::endgroup::", "::error title=x::", "::notice")
    assert [line for line in commands(err) if not line.startswith(ours)] == []
    assert not any("##[" in line for line in commands(err))
    assert "\x1b" not in out + err


def click_free(text: str) -> str:
    """The text as it leaves a console that strips colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_what_is_no_command_stays_as_it_is() -> None:
    """Colons inside of lines, addresses, headings."""
    for text in ("a ::b:: c", "http://[::1]:80", "## [x]", ":", "x::y", "- :: -"):
        assert escape_workflow_commands(text) == text
    assert escape_workflow_commands("::x::\n ##[y]") == "\\x3a:x::\n #\\x23[y]"


def test_json_means_the_same(capsys: Captured) -> None:
    """What the runner would obey is escaped as JSON escapes it."""
    title = "##[set-env name=PATH]/tmp\n::stop-commands::x"
    console(output="json").emit(Task("1", title=title))
    assert json.loads(capsys.readouterr().out)["title"] == title


def test_json_ends_with_one_object(capsys: Captured) -> None:
    """On stdout the result, else the error, which is the last line of stderr as well."""
    told = console(output="json")
    deploy(told)
    told.error(ERROR)
    out, err = capsys.readouterr()
    assert json.loads(out) == json.loads(err.splitlines()[-1])
    assert json.loads(out)["error"]["code"] == "it-failed"
    told = console(output="json")
    told.emit(PACKAGE)
    told.error(ERROR)
    out, err = capsys.readouterr()
    assert json.loads(out)["size"] == 1234
    assert json.loads(err.splitlines()[-1])["error"]["code"] == "it-failed"


def test_the_summary_grows(tmp_path: Path, capsys: Captured) -> None:
    """By results and errors, below what the step has written; not by what somebody looks up."""
    file = tmp_path / "summary"
    file.write_text("# Mine\n")
    told = console(environ={"GITHUB_STEP_SUMMARY": str(file)})
    told.emit(PACKAGE)
    told.emit(Task("1", title="hidden"))
    told.error(TtOpsError("x", "```\n<img> failed", hint="try again: tt-ops plan"))
    text = file.read_text()
    assert text.startswith("# Mine\n### ✅ Build\n\n```text\nfunction.zip built\n")
    assert "hidden" not in text
    assert text.endswith(
        "### ❌ Failed: x\n\n````text\n```\n<img> failed\n\ntry again: tt-ops plan\n````\n\n"
    )


@pytest.mark.parametrize("before", [0, 1024 * 1024 - 400, 1024 * 1024 - 10])
def test_a_summary_is_cut_to_what_a_step_may_add(
    tmp_path: Path, capsys: Captured, before: int
) -> None:
    """1 MiB in all; where there is no room at all, that is told."""
    file = tmp_path / "summary"
    file.write_bytes(b"x" * before)
    long = TtOpsError("x", "line\n" * 300_000, hint="try again: tt-ops plan")
    Console(Settings(environ={"GITHUB_STEP_SUMMARY": str(file)})).error(long)
    content = file.read_bytes()
    assert before <= len(content) <= 1024 * 1024
    full = len(content) == before
    assert full != content.endswith("… cut here: a step's summary holds 1 MiB.\n".encode())
    assert full == ("takes no summary" in capsys.readouterr().err)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "full"])
def test_a_summary_that_cannot_be_written_is_no_failure(
    tmp_path: Path, capsys: Captured, kind: str
) -> None:
    """It is told, and the result is printed as ever."""
    import os

    file = Path("/dev/full") if kind == "full" else tmp_path / "summary"
    if kind == "folder":
        file.mkdir()
    if kind == "pipe":
        os.mkfifo(file)
    Console(Settings(environ={"GITHUB_STEP_SUMMARY": str(file)})).emit(PACKAGE)
    out, err = capsys.readouterr()
    assert out.startswith("function.zip built")
    assert err.startswith(f"{str(file)!r} takes no summary of this step: ")


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self) -> bool:
        """It is a terminal."""
        return True


def test_a_terminal_without_colours_gets_no_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing moves there: it gets the lines of a log."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    told = Console(Settings(no_color=True))
    told.doing("looking")
    told.done("found")
    told.doing("applying")
    assert terminal.getvalue() == "✓ found\napplying …\n"


class Gone(io.StringIO):
    """A stream whose reader has left."""

    def write(self, text: str) -> int:
        """Nobody is there."""
        raise BrokenPipeError


def test_what_is_said_on_the_way_never_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deploy goes on when nobody reads its progress any more."""
    monkeypatch.setattr(sys, "stderr", Gone())
    deploy(console())
