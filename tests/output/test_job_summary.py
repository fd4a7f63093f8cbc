"""The summary page of a GitHub job."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.task import Task
from tasktracker_ops.output.console import Console
from tasktracker_ops.settings import Settings

from .test_package import PACKAGE

Captured = pytest.CaptureFixture[str]


def test_results_and_errors_are_appended(tmp_path: Path, capsys: Captured) -> None:
    """What the step has written is kept; results that are only read are left out."""
    file = tmp_path / "summary"
    file.write_text("# Mine\n")
    console = Console(Settings(environ={"GITHUB_STEP_SUMMARY": str(file)}))
    console.emit(PACKAGE)
    console.emit(Task("1", title="hidden"))
    console.error(TtOpsError("x", "```\n<img> failed", hint="try again: tt-ops plan"))
    text = file.read_text()
    assert text.startswith("# Mine\n### ✅ Build\n\n```text\nfunction.zip built, ")
    assert "hidden" not in text
    assert text.endswith(
        "### ❌ Failed: x\n\n````text\n```\n<img> failed\n\ntry again: tt-ops plan\n````\n\n"
    )


@pytest.mark.parametrize("before", [0, 1024 * 1024 - 400, 1024 * 1024 - 10])
def test_a_summary_is_cut_to_the_limit(tmp_path: Path, capsys: Captured, before: int) -> None:
    """1 MiB in all; where there is no room at all, that is console."""
    file = tmp_path / "summary"
    file.write_bytes(b"x" * before)
    long = TtOpsError("x", ("line " * 20 + "\n") * 15_000, hint="try again: tt-ops plan")
    Console(Settings(environ={"GITHUB_STEP_SUMMARY": str(file)})).error(long)
    content = file.read_bytes()
    assert before <= len(content) <= 1024 * 1024
    full = len(content) == before
    assert full != content.endswith(
        "… cut here: the summary of a step is limited to 1 MiB.\n".encode()
    )
    assert full == ("was not written to" in capsys.readouterr().err)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "full"])
def test_a_summary_that_cannot_be_written_is_a_note(
    tmp_path: Path, capsys: Captured, kind: str
) -> None:
    """The result is printed, and the command does not fail."""
    file = Path("/dev/full") if kind == "full" else tmp_path / "summary"
    if kind == "folder":
        file.mkdir()
    if kind == "pipe":
        os.mkfifo(file)
    Console(Settings(environ={"GITHUB_STEP_SUMMARY": str(file)})).emit(PACKAGE)
    out, err = capsys.readouterr()
    assert out.startswith("function.zip built")
    assert err.startswith(f"The summary of this step was not written to {str(file)!r}: ")
