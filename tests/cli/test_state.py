"""`tt-ops state` on a plain emulator."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.states import KEY, StateBucket, state

from .conftest import KEYS, Run


@pytest.fixture
def bucket(backend: StateBucket, describe: Callable[..., None]) -> Iterator[StateBucket]:
    """The backend of a deployment, after two applies."""
    describe()
    backend.apply(state(1, "alerts"))
    backend.apply(state(2, "alerts", "more"))
    yield backend
    backend.empty()
    backend.delete_digest()


@pytest.fixture
def run(run: Run, bucket: StateBucket, project: Path) -> Run:
    """Run `tt-ops state` on the backend, in a project."""
    where = ("state", "--lock-table", bucket.table)
    return partial(run, *where, AWS_ENDPOINT_URL=bucket.endpoint, **KEYS)


def test_a_lost_state_is_listed_repaired_and_printed(run: Run, bucket: StateBucket) -> None:
    """A deleted object is restored; the state is printed as it is."""
    bucket.delete()
    listed = json.loads(run("versions", "--output", "json").stdout)
    assert (listed["key"], [each["serial"] for each in listed["versions"]]) == (KEY, [None, 2, 1])
    assert "delete marker" in run("versions").stdout
    refused = run("repair")
    assert (refused.exit_code, bucket.content) == (2, None)
    assert "--yes" in refused.stderr
    result = run("repair", "--yes")
    assert result.exit_code == 0, result.output
    assert "Repaired. The state infra/terraform.tfstate is valid: serial 2" in result.stdout
    assert "was deleted" in result.stderr
    assert "Nothing to repair." in run("repair").stdout
    pulled = run("pull")
    assert pulled.stdout.encode() == bucket.content == state(2, "alerts", "more")
    assert "secrets" in pulled.stderr


def test_a_restore_shows_the_difference_and_asks(run: Run, bucket: StateBucket) -> None:
    """Without a terminal it needs --yes; the version may be abbreviated."""
    refused = run("restore")
    assert refused.exit_code == 2
    assert "- aws_sns_topic.more is forgotten" in refused.stderr
    assert bucket.content == state(2, "alerts", "more")
    oldest = json.loads(run("versions", "--output", "json").stdout)["versions"][-1]["version"]
    result = run("restore", oldest[:20], "--yes")
    assert result.exit_code == 0, result.output
    assert "Restored the state of serial 1 as serial 3" in result.stdout
    assert bucket.consistent


def test_hints_keep_the_state_of_the_roles(run: Run) -> None:
    """There is none for GitHub; the main one is not touched."""
    assert "has no version of the state infra/github.tfstate" in run("versions", "--github").stdout
    failed: Any = run("pull", "--github")
    assert failed.exit_code == 1
    assert "'infra/github.tfstate'" in failed.stderr
