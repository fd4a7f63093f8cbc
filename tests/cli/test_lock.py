"""`tt-ops lock` and `tt-ops unlock` on a plain emulator."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.states import StateBucket

from .conftest import KEYS, Run, error_of


@pytest.fixture
def run(run: Run, backend: StateBucket, project: Path) -> Iterator[Run]:
    """Run `tt-ops` in a project, with a lock by hand."""
    run = partial(run, AWS_ENDPOINT_URL=backend.endpoint, TT_OPS_LOCK_TABLE=backend.table, **KEYS)
    locked = run("lock", "-m", "freeze until Monday")
    assert locked.exit_code == 0, locked.output
    yield run
    backend.empty()


def test_a_lock_is_shown_and_released(run: Run) -> None:
    """Without a terminal only with --yes; the hint can be pasted, as it repeats the arguments."""
    refused = run("--output", "json", "unlock", "--state-bucket", "task-tracker-terraform-state")
    error = error_of(refused)
    assert (error["code"], refused.exit_code) == ("confirmation-needed", 2)
    hint = run("unlock", "--state-bucket", "task-tracker-terraform-state").stderr.splitlines()[-1]
    assert hint.endswith(": tt-ops unlock --state-bucket task-tracker-terraform-state --yes")
    result = run("unlock", "--yes")
    assert result.exit_code == 0, result.output
    assert "freeze until Monday" in result.output
    assert "Nothing" in run("unlock", "--yes").output


def test_a_deploy_names_the_lock(run: Run) -> None:
    """It says who locked it, why, and how to release it."""
    error = run("adopt", "--remove", "abc123").stderr
    assert "'freeze until Monday'" in error
    assert "tt-ops unlock " in error


@pytest.mark.usefixtures("run")
def test_a_closed_input_cannot_confirm(backend: StateBucket, tmp_path: Path) -> None:
    """Some schedulers close it."""
    command = f"{Path(sys.executable).with_name('tt-ops')} unlock <&-; exit $?"
    where = {"AWS_ENDPOINT_URL": backend.endpoint, "TT_OPS_LOCK_TABLE": backend.table}
    result = subprocess.run(
        ["bash", "-c", command],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **where, **KEYS},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2, result.stderr
    assert "no terminal to ask on" in result.stderr
