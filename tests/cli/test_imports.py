"""A command imports what it uses, and no more: start-up is most of what a short command costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"boto3", "botocore", "requests", "tabulate", "moto", "python_terraform", "werkzeug"}
HEAVY |= {"plotly", "rich"}
# Our modules that take longer to import than all commands.
OURS = {
    f"tasktracker_ops.{name}"
    for name in ("models.deployment", "models.status", "models.task", "output.console")
}
_PROBE = """
import json, sys
from tasktracker_ops.cli.main import main
sys.argv = ["tt-ops", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit:
    pass
print()
print(json.dumps(list(sys.modules)))
"""


def imported(arguments: list[str], folder: Path) -> set[str]:
    """Return the modules that are loaded at the end of a command in a project's `folder`."""
    for name in ("terraform", "bootstrap", "lambda_function"):
        (folder / name).mkdir()
    (folder / "lambda_function" / "handler.py").touch()
    result = subprocess.run(
        [sys.executable, "-c", _PROBE, json.dumps(arguments)],
        cwd=folder,
        env={"PATH": "", "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(result.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["deploy", "--help"], set()),
        (["tasks", "--help"], set()),
        (["no-such-command"], set()),
        (["build", "--check"], {"tabulate"}),
        (["build", "--check", "--output", "json"], set()),
        (["local", "status"], set()),
        (["--target", "local", "outputs"], set()),
        (["tasks", "--api-url", "http://127.0.0.1:9", "list"], {"requests"}),
        (["tasks", "--api-url", "http://127.0.0.1:9", "export", "-"], {"requests"}),
        (["tasks", "--api-url", "http://127.0.0.1:9", "import", "/dev/null"], {"requests"}),
        (["outputs"], {"boto3", "botocore"}),
        (["status"], {"boto3", "botocore"}),
        (["alarms", "--history"], {"boto3", "botocore"}),
        (["trigger-error", "--wait"], {"boto3", "botocore"}),
        (["trigger-slow", "--help"], set()),
        (["logs", "--help"], set()),
        (["logs", "--follow"], {"boto3", "botocore"}),
        (["metrics", "--help"], set()),
        (["metrics"], {"boto3", "botocore"}),
        (["dashboard", "--help"], set()),
        (["dashboard", "--console"], {"boto3", "botocore"}),
        (["dashboard", "--png", "x.png"], {"boto3", "botocore"}),
        (["dashboard", "--html", "x.html"], {"boto3", "botocore", "plotly"}),
        (["deploy", "--yes"], {"boto3", "botocore"}),
    ],
    ids=lambda value: " ".join(sorted(value)) if isinstance(value, set) else " ".join(value),
)
def test_a_command_imports_what_it_uses(
    arguments: list[str], allowed: set[str], tmp_path: Path
) -> None:
    """It is checked in a process of its own."""
    assert HEAVY & imported(arguments, tmp_path) <= allowed


@pytest.mark.parametrize(
    ("arguments", "left_out"),
    [
        (["--help"], OURS),
        (["local", "--help"], OURS),
        (
            ["build", "--check"],
            {"tasktracker_ops.models.status", "tasktracker_ops.models.dashboard"},
        ),
        (["status"], {"tasktracker_ops.models.dashboard"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_models_are_imported_on_demand(
    arguments: list[str], left_out: set[str], tmp_path: Path
) -> None:
    """Help imports none of them, a command only its own."""
    found = imported(arguments, tmp_path)
    assert "tasktracker_ops.cli.main" in found
    assert not left_out & found
