"""Causes that Terraform's diagnostics name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasktracker_ops.adapters.terraform.errors import FailedCommand
from tasktracker_ops.adapters.terraform.events import Transcript


@pytest.mark.parametrize(
    "detail",
    [
        "ResourceConflictException: Function already exist: tracker",
        "EntityAlreadyExists: Role with name tracker already exists.",
        "ResourceInUseException: Table already exists: TaskTable",
    ],
)
def test_what_exists_already_is_adopted_by_the_next_run(detail: str) -> None:
    """The error names the address, and the command that adopts it."""
    transcript = Transcript(Path(), lambda text: None, lambda text: text)
    diagnostic = {
        "severity": "error",
        "summary": "creating: operation error",
        "detail": detail,
        "address": "aws_x.y",
    }
    line = {"type": "diagnostic", "@message": "Error", "diagnostic": diagnostic}
    transcript.feed(json.dumps(line))
    error = FailedCommand("apply", transcript, 1, Path("log"), "deploy").error()
    assert error.code == "already-exists"
    assert error.message.startswith("'aws_x.y' exists already: ")
    assert error.hint.endswith(": tt-ops deploy")
