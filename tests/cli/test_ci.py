"""In CI: how errors are printed, and what happens when a reader closes a pipe."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tasktracker_ops.errors import ExitCode
from tasktracker_ops.settings import PROJECT_MARKERS

TT_OPS = Path(sys.executable).with_name("tt-ops")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Create an empty project in a folder of a repository."""
    (tmp_path / ".git").mkdir()
    for folder in PROJECT_MARKERS:
        (tmp_path / "ops" / folder).mkdir(parents=True)
    return tmp_path / "ops"


@pytest.fixture
def run(project: Path) -> Run:
    """Run a line of bash there, in which tt-ops is `$0`, as a step of GitHub Actions."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(project),
        "AWS_EC2_METADATA_DISABLED": "true",
        "CI": "true",
        "GITHUB_ACTIONS": "true",
    }

    def call(line: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line, str(TT_OPS)],
            cwd=project,
            env={**environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return call


def test_unreadable_settings_are_annotated(run: Run, project: Path) -> None:
    """The annotation is at the invalid line."""
    (project / "tt-ops.toml").write_text('region = "eu-west-3"\nstate_bucket = \n')
    result = run('"$0" plan')
    assert result.returncode == ExitCode.CONFIGURATION
    assert result.stderr.startswith(
        "::error title=configuration-unreadable,file=ops/tt-ops.toml,line=2::"
    )


def test_unreadable_settings_are_an_error_in_json(run: Run, project: Path) -> None:
    """An option and a variable ask for JSON alike."""
    (project / "tt-ops.toml").write_text("?")
    for line in ('"$0" plan --output json', 'TT_OPS_OUTPUT=json "$0" plan'):
        result = run(line)
        assert json.loads(result.stdout)["error"]["code"] == "configuration-unreadable"


def test_an_error_is_on_the_summary_page(run: Run, project: Path) -> None:
    """This includes usage errors."""
    summary = project / "summary"
    summary.touch()
    assert run('"$0" deplyo', GITHUB_STEP_SUMMARY=str(summary)).returncode == ExitCode.USAGE
    assert summary.read_text().startswith("### ❌ Failed: usage\n")


def test_a_missing_summary_file_is_a_note(run: Run, project: Path) -> None:
    """The command succeeds."""
    (project / "lambda_function/handler.py").write_text("def lambda_handler(): pass\n")
    result = run('"$0" build', GITHUB_STEP_SUMMARY=str(project / "missing"))
    assert result.returncode == ExitCode.OK
    assert "The summary of this step was not written to" in result.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("--help", ExitCode.READER_GONE),
        ("deploy --help", ExitCode.READER_GONE),
        ("build", ExitCode.READER_GONE),
        ("build --output json", ExitCode.READER_GONE),
        ("plan --output json", ExitCode.CONFIGURATION),
    ],
)
def test_a_closed_pipe_ends_the_command_quietly(
    run: Run, project: Path, command: str, code: int
) -> None:
    """It exits 141, as a shell reports SIGPIPE; an error keeps its own exit code."""
    (project / "lambda_function/handler.py").write_text("def lambda_handler(): pass\n")
    result = run(f'{{ sleep 1; "$0" {command}; echo "$?" >code; }} | true')
    assert (project / "code").read_text() == f"{int(code)}\n"
    assert result.stderr == "" or code == ExitCode.CONFIGURATION


def test_both_streams_may_be_a_closed_pipe(run: Run, project: Path) -> None:
    """`tee` closes it on Ctrl-C; there is no traceback, and the exit code is kept."""
    result = run('{ sleep 1; "$0" plan 2>&1; echo "$?" >code; } | true')
    assert (project / "code").read_text() == f"{int(ExitCode.CONFIGURATION)}\n"
    assert result.stderr == ""
