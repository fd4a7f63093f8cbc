"""The command line itself: help, errors, exit codes, streams."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from tasktracker_ops.cli.main import cli
from tasktracker_ops.errors import ExitCode
from tasktracker_ops.settings import PROJECT_MARKERS

TT_OPS = Path(sys.executable).with_name("tt-ops")
_KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in an empty project, with nothing of the user's environment."""
    for folder in PROJECT_MARKERS:
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path)
    cleared = {name: None for name in os.environ if name.startswith(("AWS_", "TT_OPS_", "TF_VAR_"))}
    quiet = {"AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}

    def call(*arguments: str, **environment: str) -> Result:
        return CliRunner().invoke(cli, arguments, env={**cleared, **quiet, **environment})

    return call


def commands(group: click.Group, path: str = "tt-ops") -> list[tuple[str, click.Command]]:
    """Every command with its full name."""
    found: list[tuple[str, click.Command]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append((f"{path} {name}", command))
        if isinstance(command, click.Group):
            found += commands(command, f"{path} {name}")
    return found


@pytest.mark.parametrize(("path", "command"), commands(cli), ids=lambda value: str(value))
def test_every_help_has_an_example_and_fits(path: str, command: click.Command) -> None:
    """Help stays within 80 columns and shows how the command is typed."""
    result = CliRunner().invoke(cli, [*path.split()[1:], "--help"])
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 80
    assert "Example:" in result.output
    assert f"    {path.split(' ')[0]}" in result.output


@pytest.mark.parametrize(
    ("option", "value"),
    [("--branch", "main"), ("--github-environment", "staging"), ("--github-ids", "1/2")],
)
def test_options_about_github_alone_are_turned_down(run: Run, option: str, value: str) -> None:
    """Whoever names a branch means workflows, and must name their repository."""
    result = run("bootstrap", option, value)
    assert result.exit_code == ExitCode.USAGE
    assert f"{option} is about --github" in result.stderr


def test_the_root_help_groups_the_commands() -> None:
    """Families are headed, in the order in which one meets them."""
    output = CliRunner().invoke(cli, ["--help"]).output
    assert output.index("Set up:") < output.index("Deploy:") < output.index("Use:")
    assert max(map(len, output.splitlines())) <= 80


def test_no_credentials_is_one_sentence(run: Run) -> None:
    """Exit 4, nothing on stdout, no traceback."""
    result = run("deploy", "--target", "aws", "--yes", ALERT_EMAIL="you@example.com")
    assert result.exit_code == ExitCode.CONFIGURATION
    assert result.stdout == ""
    assert result.stderr.startswith("Error: no AWS credentials")
    assert result.stderr.splitlines()[1].startswith("Hint:")
    assert len(result.stderr.splitlines()) == 2


def test_errors_are_json_on_request(run: Run) -> None:
    """With --output json, an error is an object with code, message and hint, on stderr."""
    for arguments in (["outputs", "--output", "json"], ["--output", "json", "outputs"]):
        error = json.loads(run(*arguments).stderr)["error"]
        assert error["code"] == "aws-credentials-missing"
        assert set(error) == {"code", "message", "hint"}
    assert json.loads(run("--output", "json", "nonsense").stderr)["error"]["code"] == "usage"


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "exit_code"),
    [
        (["deploy", "--alert-email", "a@example.com"], {}, "aws-credentials-missing", 4),
        (["outputs"], {"AWS_PROFILE": "nonsense"}, "aws-profile-missing", 4),
        (["outputs"], {"AWS_ACCESS_KEY_ID": "only"}, "aws-credentials-missing", 4),
        (["plan"], {"TT_OPS_TARGET": "mars"}, "setting-invalid", 4),
        (["--env", "staging", "plan"], {}, "setting-invalid", 4),
        (["deploy", "--region", "eu-wset-3"], {}, "region-invalid", 4),
        (["--target", "local", "deploy", "--region", "eu-wset-3"], {}, "region-invalid", 4),
        (["deploy", "--alert-email", "you@example"], {}, "alert-email-invalid", 4),
        (["--target", "local", "deploy"], {"ALERT_EMAIL": "you"}, "alert-email-invalid", 4),
        (["plan"], {"AWS_REGION": "eu-wset-3", "ALERT_EMAIL": "a@b.example"}, "region-invalid", 4),
        (["plan"], {**_KEYS}, "alert-email-missing", 4),
        (["unlock", "x"], {}, "confirmation-needed", 2),
        (["unlock", "x", "--yes"], {}, "aws-credentials-missing", 4),
        (["tasks", "edit", "1"], {}, "nothing-to-change", 2),
        (["tasks", "--api-url", "ftp://x", "list"], {}, "api-url-invalid", 4),
        (["tasks", "--api-url", "http://127.0.0.1:9", "list"], {}, "api-unreachable", 1),
        (["local", "status"], {}, "local-not-running", 1),
        (["--target", "local", "outputs"], {}, "local-not-running", 1),
        (["build"], {}, "sources-missing", 1),
        (["plan", "--lock-timeout", "-1"], {}, "usage", 2),
        (["outputs"], {**_KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "aws-unreachable", 1),
    ],
)
def test_each_failure_has_its_code(
    run: Run, arguments: list[str], environment: dict[str, str], code: str, exit_code: int
) -> None:
    """Scripts tell failures apart by code and exit status; the hint has a command in it."""
    result = run("--output", "json", *arguments, **environment)
    error = json.loads(result.stderr)["error"]
    assert (error["code"], result.exit_code) == (code, exit_code), error
    assert result.stdout == ""
    assert error["hint"]


GROUPS = [[], *(path.split()[1:] for path, each in commands(cli) if isinstance(each, click.Group))]


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_a_group_alone_prints_its_help(run: Run, path: list[str]) -> None:
    """On stdout, and exits 0, as with --help."""
    result = run(*path)
    assert (result.exit_code, result.stderr) == (ExitCode.OK, "")
    assert result.stdout == run(*path, "--help").stdout


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_options_without_a_command_are_an_error_of_two_lines(run: Run, path: list[str]) -> None:
    """Nothing of what was typed was done."""
    result = run(*path, "--target", "local")
    assert result.exit_code == ExitCode.USAGE
    error, hint = result.stderr.splitlines()
    assert error == "Error: missing command"
    assert hint.endswith(" ".join([*path, "--help"]))


@pytest.mark.parametrize(
    ("typed", "message", "hint"),
    [
        (
            "depoly",
            "no such command 'depoly'",
            "did you mean 'deploy' or 'destroy'?",
        ),
        (
            "--target local stauts",
            "no such command 'stauts'",
            "did you mean 'status' or 'outputs'?",
        ),
        ("tasks lsit", "no such command 'lsit'", "did you mean 'list'?"),
        ("local inbx", "no such command 'inbx'", "did you mean 'inbox'?"),
        ("--taget local plan", "no such option '--taget'", "did you mean '--target'?"),
        ("deploy --alow-public", "no such option '--alow-public'", "did you mean '--allow-public'"),
        ("tasks list --staus done", "no such option '--staus'", "did you mean '--status'"),
        ("xyzzy", "no such command 'xyzzy'", "see how it is used: tt-ops --help"),
    ],
)
def test_a_misspelt_word_gets_a_suggestion(run: Run, typed: str, message: str, hint: str) -> None:
    """At every level, for commands and options; the hint leads to the help of what was meant."""
    result = run(*typed.split())
    assert result.exit_code == ExitCode.USAGE
    first, second = result.stderr.splitlines()
    assert first == f"Error: {message}"
    assert second.startswith(f"Hint:  {hint}")
    assert run(*second.rpartition(": tt-ops ")[2].split()).exit_code == ExitCode.OK


def test_a_hint_gives_a_setting_once(run: Run) -> None:
    """The value that was wrong is not typed again, however it was typed."""
    for typed in (["--region", "eu-wset-3"], ["--region=eu-wset-3"]):
        hint = run("plan", *typed, "--lock-timeout", "5").stderr.splitlines()[1]
        assert hint.endswith(": tt-ops --region eu-west-3 plan --lock-timeout 5")
    hint = run("--project-dir", "/", "plan").stderr.splitlines()[1]
    assert hint.endswith(": tt-ops --project-dir PATH plan")


def test_a_hint_keeps_the_target(run: Run) -> None:
    """What the sandbox's errors propose does not reach for an account."""
    assert "tt-ops --target local deploy" in run("--target", "local", "outputs").stderr


def test_the_way_to_agree_beforehand_is_the_whole_command(run: Run) -> None:
    """What the hint says works as it stands: its arguments are those that were typed."""
    hint = run("unlock", "some id", "--lock-table", "other").stderr.splitlines()[-1]
    assert hint.endswith(": tt-ops unlock 'some id' --lock-table other --yes")


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    """The clone was removed, or created again, while it was the current folder of a shell."""
    gone = tmp_path / "gone"
    gone.mkdir()
    result = subprocess.run(
        ["bash", "-c", f"rmdir {gone} && {TT_OPS} plan"],
        cwd=gone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == ExitCode.CONFIGURATION
    assert result.stderr.startswith("Error: the current folder no longer exists\nHint:")


def test_colour_is_for_terminals(run: Run) -> None:
    """Captured output carries no escape codes."""
    assert "\x1b" not in run("outputs").stderr


def test_an_interrupt_is_exit_130(tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM end a command with one sentence."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # A server that never answers keeps the command waiting.
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            process = subprocess.Popen(
                [TT_OPS, "tasks", "--api-url", url, "list"],
                cwd=tmp_path,
                stderr=subprocess.PIPE,
                text=True,
            )
            connection, _ = silent.accept()
            process.send_signal(number)
            _, err = process.communicate(timeout=10)
            connection.close()
        assert process.returncode == ExitCode.INTERRUPTED
        assert err.strip().startswith("Error: interrupted")
        assert "Traceback" not in err


def test_a_reader_that_leaves_is_told_nothing() -> None:
    """`tt-ops … | head -1` ends quietly."""
    result = subprocess.run(
        ["bash", "-c", f"{TT_OPS} --help | true"], capture_output=True, text=True, check=True
    )
    assert result.stderr == ""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_may_be_closed_beforehand(tmp_path: Path, closed: str) -> None:
    """As some schedulers do: the command goes on without it, and nobody can be asked."""
    for folder in PROJECT_MARKERS:
        (tmp_path / folder).mkdir()
    command = f"{TT_OPS} --target local unlock 1 {closed}; exit $?"
    result = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == ExitCode.USAGE
    assert ("nobody to ask" in result.stderr) == ("2>&-" not in closed)


def test_a_refusal_of_the_system_is_no_defect(run: Run, tmp_path: Path) -> None:
    """A file where a folder has to be: the error names it, and what to look at."""
    (tmp_path / ".tt-ops").touch()
    result = run("local", "up")
    assert result.exit_code == ExitCode.FAILED
    assert result.stderr.startswith(f"Error: '{tmp_path}/.tt-ops/local' cannot be used: ")
    assert f"namei -l {tmp_path}" in result.stderr


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """Writing the result fails with one sentence."""
    result = subprocess.run(
        ["bash", "-c", f"{TT_OPS} --help > /dev/full"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == ExitCode.FAILED
    assert result.stderr.startswith("Error: standard output cannot be used: No space left")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_there(shell: str) -> None:
    """The shell's own completion source is printed, and names are completed by it."""

    def ask(**environment: str) -> str:
        return subprocess.run(
            [TT_OPS],
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    assert "tt-ops" in ask(_TT_OPS_COMPLETE=f"{shell}_source")
    offered = ask(_TT_OPS_COMPLETE="bash_complete", COMP_WORDS="tt-ops dep", COMP_CWORD="1")
    assert "deploy" in offered
    offered = ask(_TT_OPS_COMPLETE="bash_complete", COMP_WORDS="tt-ops deploy --ou", COMP_CWORD="2")
    assert "--output" in offered
