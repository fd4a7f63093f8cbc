"""An error of the real Terraform on GitHub Actions."""

from __future__ import annotations

import subprocess

from tests.e2e.conftest import Clone


def test_terraform_error_is_annotated_in_its_file(live: Clone) -> None:
    """The annotation names the file as GitHub's diff does, and the line; the page has it too."""
    subprocess.run(["git", "init", "--quiet", live.path], check=True)
    summary = live.path / "summary.md"
    summary.touch()
    broken = live.path / "terraform" / "broken.tf"
    broken.write_text('# wrong\nvariable "x" {\n  typ = string\n}\n')
    try:
        result = live.run(
            "plan", CI="true", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary)
        )
    finally:
        broken.unlink()
    assert result.returncode == 1
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("::error")]
    assert line.startswith(
        "::error title=terraform-failed,file=terraform/broken.tf,line=3::"
        "Terraform's plan failed: Unsupported argument"
    )
    assert "### ❌ Failed: terraform-failed\n" in summary.read_text()
