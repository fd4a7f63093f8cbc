"""A CI deploys with the real Terraform: its log, its annotations and its summary page."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Clone

_CI = {"CI": "true", "GITHUB_ACTIONS": "true"}


@pytest.fixture(scope="module")
def summary(clone: Clone) -> Path:
    """The file of the step's summary, in a clone that is a git repository."""
    subprocess.run(["git", "init", "--quiet", clone.path], check=True)
    file = clone.path / "summary.md"
    file.touch()
    return file


def folded(log: str) -> list[str]:
    """The log as it is shown at first, with its groups folded; none may be in another or open."""
    shown, inside = [], False
    for line in log.splitlines():
        if line.startswith("::group::"):
            assert not inside
            inside = True
            shown.append(line)
        elif line == "::endgroup::":
            assert inside
            inside = False
        elif not inside:
            shown.append(line)
    assert not inside
    return shown


def test_a_deploy_in_ci(clone: Clone, summary: Path) -> None:
    """Compact lines in groups on stderr, one object on stdout, the outcome on the summary page."""
    result = clone.run(
        "deploy", "--yes", "--output", "json", GITHUB_STEP_SUMMARY=str(summary), **_CI
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["smoke"] == "passed"
    assert not set("\x1b\r") & set(result.stdout + result.stderr)
    shown = folded(result.stderr)
    titles = [line for line in shown if line.startswith("::group::")]
    assert titles[0].startswith("::group::Plan for the state backend: ")
    assert titles[2].startswith("::group::Plan for the deployment: ")
    assert titles[1::2] == ["::group::applying"] * 2
    assert "✓ the API answers, and reaches its table" in shown
    assert any(line.startswith("::notice title=api-public::") for line in shown)
    assert any(line.startswith("::warning title=subscription-pending::") for line in shown)
    assert "  ✓ created  aws_dynamodb_table.tasks" in result.stderr
    assert "### ⚠️ Deploy\n\n```text\nDeployed: " in summary.read_text()


def test_what_is_wrong_in_terraform_is_annotated_there(clone: Clone, summary: Path) -> None:
    """Each of its lines, with the path that GitHub's diff shows."""
    broken = clone.path / "terraform" / "broken.tf"
    broken.write_text('# wrong\nvariable "x" {\n  typ = string\n}\n\nlocals {\n  y = var.z\n}\n')
    try:
        result = clone.run("plan", GITHUB_STEP_SUMMARY=str(summary), **_CI)
        broken.write_text('resource "x" {\n')
        unclosed = clone.run("plan", "--output", "json", **_CI)
    finally:
        broken.unlink()
    assert (result.returncode, unclosed.returncode) == (1, 1)
    annotated = "::error title=terraform-failed,file=terraform/broken.tf,line="
    first, *others = [line for line in folded(result.stderr) if line.startswith("::error")]
    assert first.startswith(f"{annotated}3::Terraform's plan failed: Unsupported argument")
    assert others == []
    assert annotated + "1::" in unclosed.stderr
    assert json.loads(unclosed.stdout)["error"]["code"] == "terraform-failed"
    assert "### ❌ Failed: terraform-failed\n" in summary.read_text()


def test_no_title_of_a_task_becomes_a_command(clone: Clone, summary: Path) -> None:
    """Whoever may add a task has no say in what the job does."""
    for title in ("::stop-commands::x", "##[set-env name=PATH]/tmp"):
        clone.succeed("tasks", "add", title)
    for arguments in (["list"], ["list", "--output", "csv"], ["export", "-"]):
        said = clone.run("tasks", *arguments, **_CI)
        assert "##[" not in said.stdout + said.stderr
        assert not any(line.lstrip().startswith("::") for line in said.stdout.splitlines())


def test_an_interrupted_run_leaves_no_group_open(clone: Clone, summary: Path) -> None:
    """A cancelled job's log is folded like any other, and says where things stand."""
    process = clone.start("destroy", "--yes", GITHUB_STEP_SUMMARY=str(summary), **_CI)
    assert process.stderr is not None
    said = ""
    while "::group::applying" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=120)
    assert process.returncode == 130
    assert folded(said + rest)[-1].startswith("::error title=interrupted::interrupted during apply")
    assert "### ❌ Failed: interrupted\n" in summary.read_text()
