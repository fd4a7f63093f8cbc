"""The handler is imported as Lambda would import it, in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasktracker_ops.adapters.package.import_check import ImportFailure, try_import

GOOD = "import os, boto3, tasks, package\nNAME = os.environ['NAME']\ndef lambda_handler(): pass\n"


def _try(handler: str, packages: Path | None = None) -> ImportFailure | None:
    sources = {"handler.py": handler.encode(), "tasks.py": b"", "deep/x.txt": b""}
    return try_import(
        "handler.lambda_handler", sources, packages, variables=["NAME"], environment={}
    )


def test_a_handler_finds_what_lambda_has(tmp_path: Path) -> None:
    """Its own modules and packages, boto3 and its variables."""
    (tmp_path / "package.py").touch()
    assert _try(GOOD, tmp_path) is None


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        # Installed here for tt-ops, and not in Lambda.
        ("\nimport click", ("ModuleNotFoundError: No module named 'click'", "handler.py", 2)),
        ("raise SystemExit(0)", ("SystemExit: 0", "handler.py", 1)),
        ("import os; os._exit(3)", ("the process ended with 3", None, None)),
        ("", ("AttributeError: module 'handler' has no attribute 'lambda_handler'", None, None)),
    ],
)
def test_a_handler_that_fails_says_where(handler: str, expected: tuple[object, ...]) -> None:
    """File and line are those of the sources."""
    failure = _try(handler)
    assert failure is not None
    assert (failure.message, failure.file, failure.line) == expected
    assert not failure.elsewhere


@pytest.mark.parametrize(
    "handler",
    [
        "open('/nowhere/at/all')",
        "import os; os.environ['UNKNOWN']",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')",
        "import botocore.exceptions as e; raise e.NoCredentialsError",
    ],
)
def test_a_failure_for_lack_of_aws_is_told_apart(handler: str) -> None:
    """What the handler reads while it is imported may exist in Lambda."""
    failure = _try(handler)
    assert failure is not None
    assert failure.elsewhere
