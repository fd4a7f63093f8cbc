"""The options of a canary."""

from __future__ import annotations

from typing import Any

import click
import pytest

from tasktracker_ops.cli.canary import canary_options
from tasktracker_ops.models.canary import CanaryOptions


@click.command()
@canary_options
def options(canary: CanaryOptions | None) -> CanaryOptions | None:
    """Return them."""
    return canary


def parse(*arguments: str) -> Any:
    """Return the canary that these options make."""
    return options.main(arguments, standalone_mode=False)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", None),
        ("--canary 10%", CanaryOptions(0.1, 300, watched=True)),
        ("--canary 0.25 --bake 30s", CanaryOptions(0.25, 30, watched=True)),
        ("--canary 7.5% --no-wait", CanaryOptions(0.075, 300, watched=False)),
        ("--canary 99% --bake 1d", CanaryOptions(0.99, 86400, watched=True)),
    ],
)
def test_a_share_and_a_duration_make_a_canary(
    arguments: str, expected: CanaryOptions | None
) -> None:
    """A share is a percentage or a number below one; a bake lasts five minutes by default."""
    assert parse(*arguments.split()) == expected


@pytest.mark.parametrize("share", ["10", "1", "100%", "0%", "0.5%", "-1%", "x", "10 %"])
def test_an_ambiguous_or_impossible_share_is_refused(share: str) -> None:
    """A whole number may be meant as percent, or not."""
    with pytest.raises(click.BadParameter, match="is not a share from 1% to 99%"):
        parse(f"--canary={share}")


@pytest.mark.parametrize("arguments", ["--bake 5m", "--no-wait"])
def test_what_belongs_to_a_canary_needs_one(arguments: str) -> None:
    """Otherwise the release would take all requests at once."""
    with pytest.raises(click.UsageError, match="need --canary"):
        parse(*arguments.split())
