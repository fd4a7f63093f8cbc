"""A command imports what it uses, and no more: start-up is most of what a short command costs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"boto3", "botocore", "requests", "tabulate", "moto", "python_terraform", "werkzeug"}
HEAVY |= {"rich", "tomlkit"}
# Our modules that take longer to import than all commands.
OURS = {
    f"tasktracker_ops.{name}"
    for name in ("models.deployment", "models.status", "models.task", "output.console")
}
_PROBE = """
import json, sys
from tasktracker_ops.cli.main import cli
for command in json.loads(sys.argv[1]):
    sys.argv = ["tt-ops", *command.split()]
    try:
        cli()
    except SystemExit:
        pass
    print()
    print("modules", json.dumps(list(sys.modules)))
"""
NOWHERE = "tasks --api-url http://127.0.0.1:9"


def imported(commands: list[str], folder: Path) -> dict[str, set[str]]:
    """Return the modules that are loaded after each command, in one process in a project."""
    for name in ("terraform", "bootstrap", "lambda_function"):
        (folder / name).mkdir()
    (folder / "lambda_function" / "handler.py").touch()
    result = subprocess.run(
        [sys.executable, "-c", _PROBE, json.dumps(commands)],
        cwd=folder,
        env={"PATH": "", "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = [line for line in result.stdout.splitlines() if line.startswith("modules [")]
    modules = [set(json.loads(line.removeprefix("modules "))) for line in found]
    return dict(zip(commands, modules, strict=True))


@pytest.mark.parametrize(
    ("commands", "allowed"),
    [
        (
            [
                "--help",
                "deploy --help",
                "tasks --help",
                "trigger-slow --help",
                "logs --help",
                "metrics --help",
                "dashboard --help",
                "no-such-command",
                "build --check --output json",
                "local status",
                "config path",
                "--target local outputs",
            ],
            set(),
        ),
        (["build --check"], {"tabulate"}),
        (
            [f"{NOWHERE} list", f"{NOWHERE} export -", f"{NOWHERE} import /dev/null"],
            {"requests"},
        ),
        (
            [
                "outputs",
                "status",
                "alarms --history",
                "trigger-error --wait",
                "logs --follow",
                "metrics",
                "dashboard --console",
                "dashboard --png x.png",
                "deploy --yes",
            ],
            {"botocore"},
        ),
        (["dashboard --html x.html"], {"botocore"}),
    ],
    ids=lambda value: " ".join(sorted(value)) or "nothing" if isinstance(value, set) else "",
)
def test_a_command_imports_what_it_uses(
    commands: list[str], allowed: set[str], tmp_path: Path
) -> None:
    """It is checked in a process of its own, for commands that may import the same."""
    for command, modules in imported(commands, tmp_path).items():
        assert "tasktracker_ops.cli.main" in modules
        assert HEAVY & modules <= allowed, command


@pytest.mark.parametrize(
    ("commands", "left_out"),
    [
        (["--help", "local --help"], OURS),
        (
            ["build --check"],
            {"tasktracker_ops.models.status", "tasktracker_ops.models.dashboard"},
        ),
        (["status"], {"tasktracker_ops.models.dashboard"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_models_are_imported_on_demand(
    commands: list[str], left_out: set[str], tmp_path: Path
) -> None:
    """Help imports none of them, a command only its own."""
    for command, modules in imported(commands, tmp_path).items():
        assert not left_out & modules, command
