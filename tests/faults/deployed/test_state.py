"""Losses of Terraform's state under a deployment that serves."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from math import inf

import pytest

from tests.faults.account import Account
from tests.faults.proxy import ERROR
from tests.states import state

FOREIGN = "11111111-2222-3333-4444-555555555555"


def _fail_to_write_the_digest(account: Account) -> None:
    account.change()
    account.proxy.inject("PutItem *-md5", ERROR, times=inf)
    account.run("deploy", "--yes")
    account.proxy.clear()


def _delete_object_and_digest(account: Account) -> None:
    account.state.delete()
    account.state.delete_digest()


def _lose_everything(account: Account) -> None:
    account.state.empty()
    account.state.delete_digest()


# Each of these answers `status` with a problem, but for the digest that a deploy has repaired.
LOSSES: dict[str, Callable[[Account], object]] = {
    "object": lambda account: account.state.delete(),
    "corrupted": lambda account: account.state.put((account.state.content or b"")[:1000]),
    "digest": lambda account: account.state.put_digest("0" * 32),
    "digest write": _fail_to_write_the_digest,
    "object and digest": _delete_object_and_digest,
    "bucket": lambda account: account.state.empty(),
    "everything": _lose_everything,
    "foreign state": lambda account: account.state.put(state(99, lineage=FOREIGN)),
}


@pytest.mark.row("A loss of the state: {lost}")
@pytest.mark.parametrize("lost", LOSSES)
def test_state_is_lost(deployed: Account, lost: str) -> None:
    """Status names it; a deploy heals it, or names the command that does; no task is lost."""
    kept, before = deployed.tasks(), deployed.existing()
    LOSSES[lost](deployed)
    if lost != "digest write":
        status = deployed.run("status", "--output", "json")
        codes = [problem["code"] for problem in json.loads(status.stdout)["problems"]]
        assert any("state" in code or "digest" in code for code in codes), status.stdout
    blocked = deployed.run("deploy", "--yes")
    if blocked.returncode != 0:
        deployed.figures["commands"] = 1
        deployed.succeed(*named_command(blocked.stderr))
        blocked = deployed.succeed("deploy", "--yes")
    deployed.require_deployed(kept)
    assert deployed.existing() == before
    deployed.require_empty_plan()


def named_command(stderr: str) -> list[str]:
    """Return the arguments of the `tt-ops` command at the end of an error's hint."""
    found = re.search(r"Hint:.*tt-ops (.+)", stderr)
    assert found, f"no command is named: {stderr}"
    command = shlex.split(found[1])
    return command if "--yes" in command else [*command, "--yes"]


@pytest.mark.row("`destroy` after the state and all its versions were lost")
def test_destroy_after_a_loss(deployed: Account) -> None:
    """It finds what exists by name and tag, and removes it."""
    _lose_everything(deployed)
    deployed.succeed("destroy", "--confirm", "default")
    deployed.require_nothing()
    assert deployed.locks() == []
