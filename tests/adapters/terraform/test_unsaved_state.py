"""A state that Terraform could not save: pushed if it is newer, else set aside or refused."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.errors import raises

ONE = 'resource "terraform_data" "one" {}\n'


def applied(bench: Any) -> dict[str, Any]:
    """Apply one resource, and return the state with it."""
    bench.write(ONE)
    stack = bench.stack()
    bench.apply(stack)
    state: dict[str, Any] = json.loads((bench.folder / "terraform.tfstate").read_text())
    return state


def leave(bench: Any, state: dict[str, Any] | str) -> Path:
    """Leave a state as a run that could not save it."""
    file: Path = bench.data / "errored.tfstate"
    file.write_text(state if isinstance(state, str) else json.dumps(state))
    return file


def set_aside(bench: Any) -> list[Path]:
    """Return the states that were set aside."""
    return sorted(bench.data.glob("errored-*.tfstate"))


def test_newer_state_is_pushed(bench: Any) -> None:
    """The resources in it are known again, and the file is gone."""
    state = applied(bench)
    (bench.folder / "terraform.tfstate").write_text(
        json.dumps({**state, "serial": 1, "resources": []})
    )
    file = leave(bench, {**state, "serial": 5})
    assert bench.stack().plan(bench.plan_file).empty
    assert not file.exists()
    assert "Saved the state" in next(e.message for e in bench.events if e.kind == "notice")
    assert "terraform_data.one" not in bench.log.partition("terraform state pull")[2]


def test_state_is_pushed_to_an_empty_backend(bench: Any) -> None:
    """As after a first deploy that could not save its state."""
    state = applied(bench)
    (bench.folder / "terraform.tfstate").unlink()
    leave(bench, state)
    bench.stack().push_unsaved_state()
    assert set_aside(bench) == []
    assert bench.stack().plan(bench.plan_file).empty


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("stale", "is not newer than the saved one"),
        ("gone", "is older than the target"),
        ("invalid", "is incomplete"),
    ],
)
def test_state_that_does_not_apply_is_set_aside(bench: Any, case: str, reason: str) -> None:
    """An older one, one of a target that is gone, and one that is cut off; each is kept."""
    state = applied(bench)
    content = json.dumps({**state, "serial": 0 if case == "stale" else 9})
    leave(bench, content[:99] if case == "invalid" else content)
    since = datetime.now(UTC) + timedelta(seconds=1) if case == "gone" else None
    bench.stack(exists_since=since).push_unsaved_state()
    (kept,) = set_aside(bench)
    assert bench.events[-1].message.endswith(f"{reason}: it is kept in {kept}")
    assert len(kept.read_text()) == len(content[:99] if case == "invalid" else content)
    bench.stack().push_unsaved_state()
    assert set_aside(bench) == [kept]
    assert bench.stack().plan(bench.plan_file).empty


def test_state_of_another_lineage_is_refused(bench: Any) -> None:
    """The error names both; its command moves the file away."""
    state = applied(bench)
    leave(bench, {**state, "lineage": "c0ffee", "serial": 9})
    with raises("state-of-another-lineage") as caught:
        bench.stack().plan(bench.plan_file)
    assert "c0ffee" in caught.value.message
    assert state["lineage"] in caught.value.message
    subprocess.run(caught.value.hint.rpartition(": ")[2], shell=True, check=True)
    assert bench.stack().plan(bench.plan_file).empty


def test_state_that_cannot_be_pushed_is_an_error_with_a_command(bench: Any) -> None:
    """The command saves it once the cause is removed."""
    state = applied(bench)
    bench.write(bench.waiting + ONE)
    file = leave(bench, {**state, "serial": 9})
    lock = bench.folder / ".terraform.tfstate.lock.info"
    lock.mkdir()
    with raises("state-not-saved") as caught:
        bench.stack().push_unsaved_state()
    assert "lock" in caught.value.message
    lock.rmdir()
    command = caught.value.hint.partition("else: ")[2]
    subprocess.run(command, shell=True, check=True, env=bench.environment)
    assert not file.exists()
    assert json.loads((bench.folder / "terraform.tfstate").read_text())["serial"] == 9
