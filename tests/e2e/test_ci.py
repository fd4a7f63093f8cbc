"""A deploy in CI with the real Terraform: log, annotations and summary page."""

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
    """Return the file of the step's summary, in a clone that is a git repository."""
    subprocess.run(["git", "init", "--quiet", clone.path], check=True)
    file = clone.path / "summary.md"
    file.touch()
    return file


def test_deploy_writes_groups_annotations_and_summary(clone: Clone, summary: Path) -> None:
    """Lines in groups go to stderr, one object to stdout, the outcome to the summary page."""
    result = clone.run(
        "deploy", "--yes", "--output", "json", GITHUB_STEP_SUMMARY=str(summary), **_CI
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["release"]["checks"] == "passed"
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
    """After an interrupt every group is closed, and an annotation says what happened."""
    process = clone.start(
        "destroy", "--confirm", "default", GITHUB_STEP_SUMMARY=str(summary), **_CI
    )
    assert process.stderr is not None
    log = ""
    while "::group::applying" not in log:
        line = process.stderr.readline()
        assert line, log
        log += line
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=120)
    assert process.returncode == 130
    assert folded(log + rest)[-1].startswith("::error title=interrupted::interrupted during apply")
    assert "### ❌ Failed: interrupted\n" in summary.read_text()
