"""Causes that Terraform's diagnostics name."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.adapters.terraform.errors import CommandResult, is_transient_lock_failure
from tasktracker_ops.adapters.terraform.events import Transcript

STARTED = datetime(2026, 1, 2, 3, 4, 5, 600_000, UTC)


def failed(detail: str, **more: Any) -> CommandResult:
    """Return an apply that failed with one diagnostic."""
    transcript = Transcript(Path(), lambda text: None, lambda text: text)
    diagnostic = {"severity": "error", "summary": "operation error", "detail": detail, **more}
    transcript.feed(json.dumps({"type": "diagnostic", "diagnostic": diagnostic}))
    return CommandResult("apply", transcript, 1, Path("log"), "deploy", STARTED)


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
    error = failed(detail, address="aws_x.y").error()
    assert error.code == "already-exists"
    assert error.message.startswith("'aws_x.y' exists already: ")
    assert error.hint.endswith(": tt-ops deploy")


@pytest.mark.parametrize(
    ("who", "created", "is_transient"),
    [
        ("me@host", "2026-01-02 03:04:05.9", True),
        ("me@host", "2026-01-02 03:04:04.9", False),
        ("ann@desk", "2026-01-02 03:04:05.9", False),
    ],
)
def test_own_lock_that_s3_refused_is_tried_again(
    who: str, created: str, is_transient: bool
) -> None:
    """S3 answered 412 for the lock that this command had created since it started."""
    detail = (
        f"StatusCode: 412\nLock Info:\n  ID:  7d2f\n  Who:  {who}\n  Created: {created} +0000 UTC"
    )
    result = failed(f"Error acquiring the state lock: {detail}")
    assert is_transient_lock_failure(result, who="me@host") is is_transient
