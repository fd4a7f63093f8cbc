"""What the shell completes beside commands and options."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete, get_completion_class

from tasktracker_ops.app import App
from tasktracker_ops.cli.completion import offering
from tasktracker_ops.cli.context import Context
from tasktracker_ops.cli.main import cli


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go to a folder with a configuration, with two profiles and no credentials."""
    (tmp_path / "tt-ops.toml").write_text("[env.staging]\n[env.production]\n")
    (tmp_path / "config").write_text("[default]\n[profile work]\nregion = eu-west-3\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def offered(*words: str) -> dict[str, str | None]:
    """Return the values offered for the last word, with their descriptions."""
    completion = ShellComplete(cli, {"obj": Context()}, "tt-ops", "_TT_OPS_COMPLETE")
    items = completion.get_completions([*words[:-1]], words[-1])
    return {item.value: item.help for item in items}


def test_regions_have_their_names() -> None:
    """Those of the installed botocore."""
    assert offered("--region", "eu-west-3") == {"eu-west-3": "Europe (Paris)"}


def test_profiles_are_those_of_the_configuration() -> None:
    """AWS is not asked."""
    assert list(offered("status", "--profile", "")) == ["default", "work"]


def test_environments_of_the_file_come_without_credentials() -> None:
    """Those of the account would follow."""
    assert offered("--env", "") == {"staging": "in tt-ops.toml", "production": "in tt-ops.toml"}
    assert list(offered("promote-to", "s")) == ["staging"]


@pytest.mark.parametrize(
    "words",
    [
        ("rollback", ""),
        ("logs", "--release", ""),
        ("alarms", "mute", ""),
        ("--env", "NO", "tasks", "rm", ""),
    ],
)
def test_an_error_offers_nothing(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a word about it."""
    assert offered(*words) == {}
    assert capsys.readouterr() == ("", "")


def test_what_takes_longer_than_a_second_is_not_waited_for() -> None:
    """What was read until then is offered."""

    def read(app: App, typed: str) -> Iterable[tuple[str, str]]:
        yield "first", ""
        time.sleep(5)

    started = time.monotonic()
    context = click.Context(cli, obj=Context())
    (item,) = offering(read, needs_aws=False)(context, click.Argument(["x"]), "")
    assert (item.value, time.monotonic() - started < 2) == ("first", True)


def test_fish_shows_descriptions_whole() -> None:
    """Also what follows a comma in them."""
    found = get_completion_class("fish")
    assert found is not None
    assert 'string split --max 1 "," $completion' in found.source_template
