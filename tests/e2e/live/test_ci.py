"""Output of a job on GitHub Actions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import requests

from tests.e2e.conftest import Clone
from tests.e2e.job_log import folded

_CI = {"CI": "true", "GITHUB_ACTIONS": "true"}


@pytest.fixture(scope="module")
def summary(live: Clone) -> Path:
    """Return the file of the step's summary, in a clone that is a git repository."""
    subprocess.run(["git", "init", "--quiet", live.path], check=True)
    file = live.path / "summary.md"
    file.touch()
    return file


def test_terraform_error_is_annotated_in_its_file(live: Clone, summary: Path) -> None:
    """The annotation names the file as GitHub's diff does, and the line."""
    broken = live.path / "terraform" / "broken.tf"
    broken.write_text('# wrong\nvariable "x" {\n  typ = string\n}\n\nlocals {\n  y = var.z\n}\n')
    try:
        result = live.run("plan", GITHUB_STEP_SUMMARY=str(summary), **_CI)
        broken.write_text('resource "x" {\n')
        unclosed = live.run("plan", "--output", "json", **_CI)
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


def test_task_title_never_becomes_a_workflow_command(live: Clone, api: str) -> None:
    """GitHub runs commands that it finds in a job's log; a title is printed without being one."""
    for title in ("::stop-commands::x", "##[set-env name=PATH]/tmp"):
        assert requests.post(f"{api}/tasks", json={"title": title}, timeout=30).status_code == 201
    for arguments in (["list"], ["list", "--output", "csv"]):
        result = live.run("tasks", *arguments, **_CI)
        assert "##[" not in result.stdout + result.stderr
        assert not any(line.lstrip().startswith("::") for line in result.stdout.splitlines())
