"""`config`: settings with their origins, and edits of tt-ops.toml that are valid or not made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tasktracker_ops.errors import ConfigurationError, ExitCode
from tasktracker_ops.settings import FILE_NAMES, NAMES, load

from .conftest import Run, error_of

TT_OPS = Path(sys.executable).with_name("tt-ops")
FILE = """\
# Ours.
target = "local"
region = "eu-west-1"  # near

[env.staging]
region = "eu-west-2"
"""


@pytest.fixture
def file(project: Path) -> Path:
    """Return the tt-ops.toml of an empty project, which is the current folder."""
    (project / "tt-ops.toml").write_text(FILE)
    return project / "tt-ops.toml"


def shown(result: Result) -> dict[str, Any]:
    """Return value, origin, source and line of each setting."""
    assert result.exit_code == ExitCode.OK, result.output
    settings = json.loads(result.stdout)["settings"]
    return {each["name"]: tuple(each.values())[1:] for each in settings}


def test_each_setting_has_its_origin(run: Run, file: Path) -> None:
    """An option, a variable, a line of a section or of the shared part, or the default."""
    options = ("--env", "staging", "--output", "json")
    found = shown(run("config", "show", *options, ALERT_EMAIL="you@example.com"))
    assert list(found) == list(NAMES)
    assert found["env"] == ("staging", "option", "--env", None)
    assert found["alert_email"] == ("y…@example.com", "variable", "ALERT_EMAIL", None)
    assert found["region"] == ("eu-west-2", "file", str(file), 6)
    assert found["target"] == ("local", "file", str(file), 2)
    assert found["table_name"] == ("TaskTable-staging", "default", None, None)
    assert shown(run("config", "show", "--output", "json"))["region"][3] == 3
    table = run("config", "show").stdout.splitlines()
    assert [line.split() for line in table if line.startswith(("region", "verbose"))] == [
        ["region", "eu-west-1", "tt-ops.toml:3"],
        ["verbose", "false", "default"],
    ]


def test_the_region_may_be_that_of_aws(run: Run, tmp_path: Path) -> None:
    """Its variables count, then the profile."""
    arguments = ("config", "show", "--output", "json")
    variable = shown(run(*arguments, AWS_REGION="us-east-1"))["region"]
    assert variable == ("us-east-1", "variable", "AWS_REGION", None)
    (tmp_path / "config").write_text("[default]\nregion = us-east-2\n")
    profile = shown(run(*arguments, AWS_CONFIG_FILE=str(tmp_path / "config")))["region"]
    assert profile == ("us-east-2", "profile", None, None)


def test_a_secret_is_not_shown(run: Run, file: Path) -> None:
    """Only that it is set."""
    for form in ("json", "table"):
        result = run("config", "show", "--output", form, TT_OPS_API_TOKEN="short")
        assert "TT_OPS_API_TOKEN" in result.stdout
        assert "short" not in result.output


def test_a_setting_is_set_and_removed(run: Run, file: Path) -> None:
    """Of all environments or one; comments and order stay."""
    for arguments in (
        ("region", "eu-central-1"),
        ("verbose", "on"),
        ("local_port", "4581"),
        ("region", "us-east-1", "--env", "staging"),
        ("alert_email", "you@example.com", "--env", "prod"),
    ):
        result = run("config", "set", *arguments)
        assert result.exit_code == ExitCode.OK, result.output
    assert file.read_text() == (
        '# Ours.\ntarget = "local"\nregion = "eu-central-1"  # near\nverbose = true\n'
        'local_port = 4581\n\n[env.staging]\nregion = "us-east-1"\n\n'
        '[env.prod]\nalert_email = "you@example.com"\n'
    )
    before = file.stat().st_mtime_ns
    assert run("config", "set", "verbose", "true").stdout.startswith("Nothing to do: verbose")
    assert run("config", "unset", "profile").stdout.startswith("Nothing to do: profile")
    assert file.stat().st_mtime_ns == before
    assert run("config", "unset", "region", "--env", "staging").exit_code == ExitCode.OK
    assert shown(run("config", "show", "--env", "staging", "--output", "json"))["region"][3] == 3


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("region", "eu-wset-1"), "region-invalid"),
        (("region", ""), "setting-invalid"),
        (("output", "xml"), "setting-invalid"),
        (("local_port", "many"), "setting-invalid"),
        (("alert_email", "you"), "alert-email-invalid"),
        (("bucket", "x"), "setting-unknown"),
        (("api_token", "x"), "setting-not-in-file"),
        (("region", "eu-west-1", "--env", "Prod"), "setting-invalid"),
    ],
)
def test_what_no_command_could_read_is_not_written(
    run: Run, file: Path, arguments: tuple[str, ...], code: str
) -> None:
    """The error is that of the setting, with one hint."""
    result = run("config", "set", *arguments, "--output", "json")
    assert result.exit_code == ExitCode.CONFIGURATION
    assert (error_of(result)["code"], result.stdout, file.read_text()) == (code, "", FILE)


def test_the_file_is_created(run: Run, file: Path) -> None:
    """In a project only; `path` says where, and whether it is there."""
    file.unlink()
    found = json.loads(run("config", "path", "--output", "json").stdout)
    assert found == {"path": str(file), "exists": False}
    assert run("config", "set", "target", "local").exit_code == ExitCode.OK
    assert file.read_text() == 'target = "local"\n'
    assert run("config", "path").stdout == f"{file}\n"


@pytest.mark.parametrize(
    ("arguments", "variables", "first"),
    [
        (("target", "aws"), {"TT_OPS_TARGET": "local"}, "TT_OPS_TARGET takes precedence"),
        (("region", "eu-west-3"), {"TT_OPS_ENV": "staging"}, ""),
        (("region", "eu-west-3"), {}, ""),
    ],
)
def test_a_value_without_effect_is_reported(
    run: Run, file: Path, arguments: tuple[str, ...], variables: dict[str, str], first: str
) -> None:
    """A variable takes precedence; one of the environment selects its section."""
    lines = run("config", "set", *arguments, **variables).stdout.splitlines()
    assert lines[1:] == ([f"It has no effect here: {first}."] if first else [])


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("config set ", list(FILE_NAMES)),
        ("config unset st", ["state_bucket", "state_key"]),
        ("config set target ", ["aws", "local"]),
    ],
)
def test_settings_are_completed(words: str, offered: list[str]) -> None:
    """Names, and values where there is a choice."""
    line = f"tt-ops {words}"
    result = subprocess.run(
        [TT_OPS],
        env={
            "PATH": os.environ["PATH"],
            "_TT_OPS_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split(" ")) - 1),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert [item.partition(",")[2] for item in result.stdout.split()] == offered


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('region = "eu-west-3"\nstate_bucket = \n', 2),
        ('\n# old\n"bucket" = "x"\n', 3),
        ('region = "mars"\n', 1),
        ("[env.default]\nlocal_port = 70000\n", 2),
        ('region = "eu-west-3"\n\n[env.Staging]\nregion = "eu-west-1"\n', 3),
    ],
)
def test_an_invalid_setting_has_its_line(file: Path, content: str, line: int) -> None:
    """The finding is the line of tt-ops.toml that is unreadable or not valid."""
    file.write_text(content)
    with pytest.raises(ConfigurationError) as raised:
        load({"project_dir": str(file.parent)}, {})
    (finding,) = raised.value.findings
    assert (finding.file, finding.line) == (file, line)
