"""The command line itself: help, errors, exit codes, streams."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tasktracker_ops.cli.main import cli
from tasktracker_ops.errors import ExitCode

from .conftest import KEYS, Run, error_of

TT_OPS = Path(sys.executable).with_name("tt-ops")


@pytest.fixture
def run(run: Run, project: Path) -> Run:
    """Run a command in an empty project."""
    return run


def commands(group: click.Group, path: str = "tt-ops") -> list[tuple[str, click.Command]]:
    """Return every command with its full name."""
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
    """Its lines have at most 80 columns, and no summary of a subcommand is cut."""
    result = CliRunner().invoke(cli, [*path.split()[1:], "--help"])
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 80
    assert not any(line.endswith("...") for line in result.output.splitlines()[1:])
    assert "Example:" in result.output
    assert f"    {path.split(' ')[0]}" in result.output


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("bootstrap --branch main", "--branch needs --github"),
        ("bootstrap --github-environment staging", "--github-environment needs --github"),
        ("bootstrap --github-ids 1/2", "--github-ids needs --github"),
        ("deploy --code --allow-public", "--allow-public cannot be used with --code"),
        ("deploy --code --allow-destroy x", "--allow-destroy cannot be used with --code"),
        ("deploy --code --watch --canary 10%", "give --canary or --watch, not both"),
        ("deploy --watch", "--watch needs --code"),
        ("rollback x", "'x' is not a valid whole number"),
        ("init --diff", "--diff needs --upgrade"),
        ("logs --api --all", "give --api or --all, not both"),
        ("tasks list --all --limit 3", "give --all or --limit, not both"),
        ("tasks recover", "give the time to recover to (--to TIME), or --cleanup"),
        ("tasks recover --to 1h --dry-run --missing", "--dry-run or what to bring back, not both"),
    ],
)
def test_a_usage_error_says_what_is_wrong(run: Run, typed: str, message: str) -> None:
    """AWS is not called before."""
    result = run(*typed.split())
    assert result.exit_code == ExitCode.USAGE
    assert message in result.stderr


def test_the_root_help_groups_the_commands() -> None:
    """Each family has a heading."""
    output = CliRunner().invoke(cli, ["--help"]).output
    assert output.index("Set up:") < output.index("Deploy:") < output.index("Use:")
    assert max(map(len, output.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "exit_code"),
    [
        (["deploy", "--alert-email", "a@example.com"], {}, "aws-credentials-missing", 4),
        (["outputs"], {"AWS_PROFILE": "nonsense"}, "aws-profile-missing", 4),
        (["outputs"], {"AWS_ACCESS_KEY_ID": "only"}, "aws-credentials-missing", 4),
        (["plan"], {"TT_OPS_TARGET": "mars"}, "setting-invalid", 4),
        (["--env", "Staging", "plan"], {}, "setting-invalid", 4),
        (["deploy", "--region", "eu-wset-3"], {}, "region-invalid", 4),
        (["--target", "local", "deploy", "--region", "eu-wset-3"], {}, "region-invalid", 4),
        (["deploy", "--alert-email", "you@example"], {}, "alert-email-invalid", 4),
        (["--target", "local", "deploy"], {"ALERT_EMAIL": "you"}, "alert-email-invalid", 4),
        (["plan"], {"AWS_REGION": "eu-wset-3", "ALERT_EMAIL": "a@b.example"}, "region-invalid", 4),
        (["plan"], {**KEYS}, "alert-email-missing", 4),
        (["unlock", "x", "--yes"], {}, "aws-credentials-missing", 4),
        (["tasks", "edit", "1"], {}, "nothing-to-change", 2),
        (["tasks", "--api-url", "ftp://x", "list"], {}, "api-url-invalid", 4),
        (["tasks", "--api-url", "http://127.0.0.1:9", "list"], {}, "api-unreachable", 1),
        (["local", "status"], {}, "local-not-running", 1),
        (["--target", "local", "outputs"], {}, "local-not-running", 1),
        (["build"], {}, "sources-missing", 1),
        (["plan", "--lock-timeout", "-1"], {}, "usage", 2),
        (["outputs"], {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "aws-unreachable", 1),
    ],
)
def test_each_failure_has_its_code(
    run: Run, arguments: list[str], environment: dict[str, str], code: str, exit_code: int
) -> None:
    """Scripts distinguish failures by code and exit status."""
    result = run("--output", "json", *arguments, **environment)
    error = error_of(result)
    assert (error["code"], result.exit_code) == (code, exit_code), error
    assert result.stdout == ""
    assert error["hint"]


GROUPS = [
    [],
    *(
        path.split()[1:]
        for path, each in commands(cli)
        if isinstance(each, click.Group) and not each.invoke_without_command
    ),
]


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_a_group_alone_prints_its_help(run: Run, path: list[str]) -> None:
    """It is on stdout and exits 0, as with --help."""
    result = run(*path)
    assert (result.exit_code, result.stderr) == (ExitCode.OK, "")
    assert result.stdout == run(*path, "--help").stdout


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_options_without_a_command_are_a_usage_error(run: Run, path: list[str]) -> None:
    """The hint is the help of the group."""
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
            "did you mean 'status' or 'state' or 'outputs'?",
        ),
        ("tasks lsit", "no such command 'lsit'", "did you mean 'list'?"),
        ("local inbx", "no such command 'inbx'", "did you mean 'inbox'?"),
        ("--taget local plan", "no such option '--taget'", "did you mean '--target'?"),
        ("deploy --alow-public", "no such option '--alow-public'", "did you mean '--allow-public'"),
        ("tasks list --staus done", "no such option '--staus'", "did you mean '--status'"),
        ("xyzzy", "no such command 'xyzzy'", "read its help: tt-ops --help"),
    ],
)
def test_a_misspelt_word_gets_a_suggestion(run: Run, typed: str, message: str, hint: str) -> None:
    """This holds for commands and options at every level; the hint is the right help."""
    result = run(*typed.split())
    assert result.exit_code == ExitCode.USAGE
    first, second = result.stderr.splitlines()
    assert first == f"Error: {message}"
    assert second.startswith(f"Hint:  {hint}")
    assert run(*second.rpartition(": tt-ops ")[2].split()).exit_code == ExitCode.OK


def test_a_hint_replaces_an_invalid_setting(run: Run) -> None:
    """The invalid value is not repeated, whichever way it was given."""
    for typed in (["--region", "eu-wset-3"], ["--region=eu-wset-3"]):
        hint = run("plan", *typed, "--lock-timeout", "5").stderr.splitlines()[1]
        assert hint.endswith(": tt-ops --region eu-west-3 plan --lock-timeout 5")
    hint = run("--project-dir", "/", "plan").stderr.splitlines()[1]
    assert hint.endswith(": tt-ops --project-dir PATH plan")


def test_a_deleted_working_folder_is_an_error(tmp_path: Path) -> None:
    """The clone was removed or replaced while a shell was in it."""
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


def test_an_interrupt_is_exit_130(tmp_path: Path) -> None:
    """Ctrl-C and SIGTERM end a command with one error."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # A server that never responds keeps the command waiting.
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


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_may_be_closed(tmp_path: Path, closed: str) -> None:
    """Some schedulers do so; the command runs without them."""
    command = f"{TT_OPS} outputs --nonsense {closed}; exit $?"
    result = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == ExitCode.USAGE
    assert ("no such option" in result.stderr.lower()) == ("2>&-" not in closed)


def test_an_unusable_file_is_named(run: Run, tmp_path: Path) -> None:
    """A file in place of a folder is an error with a hint, not a bug."""
    (tmp_path / ".tt-ops").touch()
    result = run("local", "up")
    assert result.exit_code == ExitCode.FAILED
    assert result.stderr.startswith(f"Error: '{tmp_path}/.tt-ops/local' cannot be used: ")
    assert f"namei -l {tmp_path}" in result.stderr


def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    """Printing the result fails with one error."""
    result = subprocess.run(
        ["bash", "-c", f"{TT_OPS} --help > /dev/full"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == ExitCode.FAILED
    assert result.stderr.startswith("Error: standard output cannot be used: No space left")


def complete(**environment: str) -> str:
    """Return what `tt-ops` prints for a shell that completes."""
    return subprocess.run(
        [TT_OPS],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    ).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_completion_script(shell: str) -> None:
    """It is what the shell sources."""
    assert "tt-ops" in complete(_TT_OPS_COMPLETE=f"{shell}_source")


@pytest.mark.parametrize(
    ("typed", "name"), [("tt-ops dep", "deploy"), ("tt-ops deploy --ou", "--output")]
)
def test_names_are_completed(typed: str, name: str) -> None:
    """Those of commands and of options, the global ones included."""
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    assert name in complete(_TT_OPS_COMPLETE="bash_complete", **words)
