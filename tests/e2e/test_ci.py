"""A CI deploys with the real Terraform: its log, its annotations and its summary page."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .job_log import folded

if TYPE_CHECKING:
    from .conftest import Clone

pytestmark = pytest.mark.extended  # tests/pipeline looks at the log of a deploy as well
_CI = {"CI": "true", "GITHUB_ACTIONS": "true"}


@pytest.fixture(scope="module")
def summary(clone: Clone) -> Path:
    """The file of the step's summary, in a clone that is a git repository."""
    subprocess.run(["git", "init", "--quiet", clone.path], check=True)
    file = clone.path / "summary.md"
    file.touch()
    return file


def test_deploy_writes_groups_annotations_and_summary(clone: Clone, summary: Path) -> None:
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


def test_interrupted_run_closes_its_groups(clone: Clone, summary: Path) -> None:
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
