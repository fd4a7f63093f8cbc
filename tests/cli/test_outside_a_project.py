"""Every command outside of a project, in an empty environment: the right thing, or one error."""

from __future__ import annotations

import http.server
import json
import os
import re
import shlex
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tasktracker_ops.cli.command import Command
from tasktracker_ops.cli.main import cli
from tasktracker_ops.errors import ExitCode
from tasktracker_ops.local.registry import EmulatorRegistry
from tasktracker_ops.local.state import ServerState


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[list[str], bool]]:
    """Yield the first example of every command's help, and whether it needs a project."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            assert isinstance(command, Command)
            lines = map(str.strip, (command.help or "").splitlines())
            example = next(line for line in lines if line.startswith("tt-ops "))
            words = shlex.split(example.partition(" > ")[0])[1:]
            assert {*path, name} <= set(words)
            yield words, command.needs_project


# They work there: `doctor` and `support` say what is missing, the others as their own tests show.
ANYWHERE = (
    ["init"],
    ["--env", "staging", "permissions"],
    ["doctor"],
    ["support"],
    ["config", "show"],
    ["config", "path"],
)
COMMANDS = [
    (typed, needs)
    for typed, needs in commands(cli)
    if not any(typed[: len(words)] == words for words in ANYWHERE)
]
each_command = pytest.mark.parametrize(
    ("typed", "needs_project"),
    [pytest.param(*each, id=" ".join(each[0])) for each in COMMANDS],
)


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to an empty folder, with an empty environment; return the home folder."""
    folder, home = tmp_path / "folder", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    monkeypatch.chdir(folder)
    Path("tasks.jsonl").touch()  # `tasks import` reads it first
    for name in set(os.environ) - {"PATH"}:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return home


def error_of(arguments: list[str]) -> dict[str, str]:
    """Run a command that fails for its configuration; return its error."""
    result = CliRunner().invoke(cli, [*arguments, "--output", "json"])
    assert (result.stdout, result.exit_code) == ("", ExitCode.CONFIGURATION), result.output
    assert isinstance(result.exception, SystemExit)
    error: dict[str, str] = json.loads(result.stderr)["error"]
    assert set(error) == {"code", "message", "hint"}
    return error


@pytest.mark.parametrize("target", ["aws", "local"])
@each_command
def test_a_command_ends_in_one_error_and_one_hint(
    typed: list[str], needs_project: bool, target: str
) -> None:
    """A project is missing, or credentials are; a hint about the project repeats the command."""
    arguments = [*typed, "--target", target]
    error = error_of(arguments)
    on_the_emulator = target == "local" or typed[0] == "local" or "local" in typed
    expected = "project-missing" if needs_project or on_the_emulator else "aws-credentials-missing"
    assert error["code"] == expected
    if error["code"] == "project-missing":
        again = shlex.split(error["hint"].rpartition(": ")[2])
        assert again[:3] == ["tt-ops", "--project-dir", "PATH"]
        # Addresses are redacted.
        assert [w for w in [*arguments, "--output", "json"] if "@" not in w] == [
            w for w in again[3:] if not re.search("@|^[$]TT_OPS_ALERT_EMAIL$", w)
        ]


def test_text_has_one_error_and_one_hint() -> None:
    """The same on two lines of stderr."""
    result = CliRunner().invoke(cli, ["status"])
    assert (result.stdout, result.exit_code) == ("", ExitCode.CONFIGURATION)
    first, second = result.stderr.splitlines()
    assert (first[:7], second[:7]) == ("Error: ", "Hint:  ")


def test_init_works_outside_of_a_project() -> None:
    """It is what makes one; without a terminal it asks nothing."""
    result = CliRunner().invoke(cli, ["init", "my-tracker", "--output", "json"])
    assert result.exit_code == ExitCode.OK, result.output
    assert json.loads(result.stdout)["next_steps"] == ["cd my-tracker", "tt-ops deploy"]
    result = CliRunner().invoke(cli, ["init", "--output", "json"])
    assert result.exit_code == ExitCode.USAGE
    error = json.loads(result.stderr)["error"]
    assert (error["code"], error["hint"].rpartition(": ")[2]) == (
        "confirmation-needed",
        "tt-ops init --output json --yes",
    )
    assert error_of(["init", "--upgrade"])["code"] == "project-missing"


@pytest.mark.parametrize("target", ["aws", "local"])
def test_the_configuration_is_shown_outside_of_a_project(target: str) -> None:
    """It is that of the current folder."""
    path = Path("tt-ops.toml").absolute()
    path.write_text(f"target = '{target}'")
    assert CliRunner().invoke(cli, ["config", "path"]).stdout == f"{path}\n"
    result = CliRunner().invoke(cli, ["config", "show"])
    assert (result.exit_code, "tt-ops.toml:1" in result.stdout) == (ExitCode.OK, True)


@pytest.mark.parametrize(
    "role", ["reader", "operator", "recoverer", "planner", "monitor", "deployer", "boundary"]
)
def test_permissions_need_nothing(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings' names are filled in, and without credentials a placeholder."""
    monkeypatch.setenv("TT_OPS_STATE_BUCKET", "my-state")
    arguments = ["--env", "staging", "permissions", role]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == ExitCode.OK, result.output
    policy = json.loads(result.stdout)
    assert list(policy) == ["Version", "Statement"]
    assert ":ACCOUNT_ID:table/TaskTable-staging" in result.stdout or role in {"reader", "operator"}
    assert "arn:aws:s3:::my-state" in result.stdout or role == "boundary"
    assert result.stderr.startswith("ACCOUNT_ID stands for the number of your account: no AWS")
    assert CliRunner().invoke(cli, [*arguments, "--output", "json"]).stdout == result.stdout


def test_permissions_of_several_environments_take_no_name() -> None:
    """That is all of them, or the previews."""
    for arguments in (["reader", "--all-environments"], ["previewer"]):
        result = CliRunner().invoke(cli, ["permissions", *arguments, "--env", "staging"])
        assert result.exit_code == ExitCode.USAGE
        assert "cannot be used with --env" in result.stderr
        assert CliRunner().invoke(cli, ["permissions", *arguments]).exit_code == ExitCode.OK


@pytest.fixture
def emulators(tmp_path: Path, empty: Path) -> Iterator[list[Path]]:
    """Return two projects whose emulators answer that they are healthy, and nothing else."""

    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/_tt-ops/health" else 404)
            self.end_headers()
            health = {"id": "id", "pid": os.getpid(), "exists_since": "2026-11-29T12:00:00+00:00"}
            self.wfile.write(json.dumps(health).encode())

        def log_message(self, *words: object) -> None:
            """Print nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        registry = EmulatorRegistry(empty / ".cache" / "tt-ops" / "emulators")
        projects = [tmp_path / "one", tmp_path / "two"]
        for project in projects:
            directory = project / ".tt-ops" / "local"
            directory.mkdir(parents=True)
            state = ServerState(os.getpid(), server.server_port, "id", datetime.now(UTC), "1")
            state.write(directory)
            registry.add(directory)
        yield projects
        server.shutdown()


def test_the_local_target_is_the_emulator_that_runs(emulators: list[Path]) -> None:
    """Of several, none is guessed; one that has ended does not count."""
    error = error_of(["status", "--target", "local"])
    assert error["code"] == "project-ambiguous"
    assert all(repr(str(project)) in error["message"] for project in emulators)
    assert f"tt-ops --project-dir {emulators[0]} status" in error["hint"]
    (emulators[0] / ".tt-ops" / "local" / "server.json").unlink()
    result = CliRunner().invoke(cli, ["local", "status", "--output", "json"])
    assert result.exit_code == ExitCode.OK, result.output
    assert json.loads(result.stdout)["pid"] == os.getpid()


@pytest.mark.parametrize(("target", "failed"), [("aws", "credentials"), ("local", "target")])
def test_doctor_names_what_is_missing(target: str, failed: str) -> None:
    """One check fails, with its fix; those of the project are skipped."""
    result = CliRunner().invoke(cli, ["doctor", "--target", target, "--output", "json"])
    assert result.exit_code == ExitCode.FAILED
    checks = {check["name"]: check for check in json.loads(result.stdout)["checks"]}
    assert [name for name, check in checks.items() if check["state"] == "failed"] == [failed]
    assert "tt-ops" in checks[failed]["fix"] or "aws sso login" in checks[failed]["fix"]
    assert {checks[name]["state"] for name in ("project", "package", "workflows")} == {"skipped"}
