"""The handler is imported as Lambda would import it, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tasktracker_ops.adapters.package.import_check import ImportFailure, try_import

GOOD = "import os, boto3, tasks, package\nNAME = os.environ['NAME']\ndef lambda_handler(): pass\n"


Try = Callable[..., ImportFailure | None]


@pytest.fixture
def try_handler(tmp_path: Path) -> Try:
    """Return what checks a handler with this source."""

    def check(handler: str, packages: Path | None = None) -> ImportFailure | None:
        sources = {"handler.py": handler.encode(), "tasks.py": b"", "deep/x.txt": b""}
        return try_import(
            "handler.lambda_handler",
            sources,
            packages,
            folder=tmp_path / "check",
            variables=["NAME"],
            environment={},
        )

    return check


def test_a_handler_finds_what_lambda_has(tmp_path: Path, try_handler: Try) -> None:
    """Its own modules and packages, boto3 and its variables."""
    (tmp_path / "package.py").touch()
    assert try_handler(GOOD, tmp_path) is None


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
def test_a_handler_that_fails_says_where(
    handler: str, expected: tuple[object, ...], try_handler: Try
) -> None:
    """File and line are those of the sources."""
    failure = try_handler(handler)
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
def test_a_failure_for_lack_of_aws_is_told_apart(handler: str, try_handler: Try) -> None:
    """What the handler reads while it is imported may exist in Lambda."""
    failure = try_handler(handler)
    assert failure is not None
    assert failure.elsewhere


def test_the_next_check_removes_what_a_killed_one_left(tmp_path: Path, try_handler: Try) -> None:
    """A killed process cannot remove its copies of the sources."""
    started = tmp_path / "started"
    sources = {"handler.py": f"open({str(started)!r}, 'w')\nimport time; time.sleep(60)".encode()}
    folder = tmp_path / "check"
    arguments = f"'handler.x', {sources}, None, folder=Path({str(folder)!r}), variables=[]"
    script = (
        "from pathlib import Path; from tasktracker_ops.adapters.package.import_check import *\n"
        f"try_import({arguments}, environment={{}})"
    )
    with subprocess.Popen([sys.executable, "-c", script], start_new_session=True) as process:
        while not started.exists():
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    assert [*folder.iterdir()]
    assert try_handler("def lambda_handler(): pass") is None
    assert not [*folder.iterdir()]
