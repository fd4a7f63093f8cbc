"""Every command in an empty folder, with an empty environment: one error and one hint."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tasktracker_ops.cli.main import cli
from tasktracker_ops.errors import ExitCode


def examples(group: click.Group, path: tuple[str, ...] = ()) -> list[list[str]]:
    """Return the first example of every command's help, without `tt-ops`."""
    found = []
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, click.Group):
            found += examples(command, (*path, name))
        else:
            lines = map(str.strip, (command.help or "").splitlines())
            example = next(line for line in lines if line.startswith("tt-ops "))
            found.append(shlex.split(example.partition(" > ")[0])[1:])
            assert {*path, name} <= set(found[-1])
    return found


@pytest.mark.parametrize(("target", "output"), [("aws", "table"), ("local", "json")])
@pytest.mark.parametrize("typed", [e for e in examples(cli) if e[0] != "init"], ids=" ".join)
def test_a_command_ends_in_one_error_and_one_hint(
    typed: list[str], target: str, output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It exits 4 without a traceback; a hint about the project repeats the command."""
    monkeypatch.chdir(tmp_path)
    Path("tasks.jsonl").touch()  # `tasks import` reads it first
    for name in set(os.environ) - {"PATH"}:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    arguments = [*typed, "--target", target, "--output", output]
    result = CliRunner().invoke(cli, arguments)
    assert (result.stdout, result.exit_code) == ("", ExitCode.CONFIGURATION), result.output
    assert isinstance(result.exception, SystemExit)
    if output == "json":
        error = json.loads(result.stderr)["error"]
        message, hint = error["message"], error["hint"]
    else:
        first, second = result.stderr.splitlines()
        assert (first[:7], second[:7]) == ("Error: ", "Hint:  ")
        message, hint = first[7:], second[7:]
    if "credentials" not in message:
        assert message.startswith("no Task Tracker project in ")
        again = shlex.split(hint.rpartition(": ")[2])
        assert again[:3] == ["tt-ops", "--project-dir", "PATH"]
        # Addresses are redacted.
        assert [w for w in arguments if "@" not in w] == [
            w for w in again[3:] if not re.search("@|^[$]TT_OPS_ALERT_EMAIL$", w)
        ]
