"""The faults of a state: each is recognised, and healed where that takes no decision."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.deployments import PARAMETER, STATE_PARAMETER
from tasktracker_ops.app import App
from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.settings import load
from tasktracker_ops.workflows.state import (
    heal_state,
    record_state,
    require_plannable,
    state_problems,
)
from tests.states import REGION, StateBucket, state

FOREIGN = "99999999-0000-0000-0000-000000000000"
ONE, TWO = state(1, "alerts"), state(2, "alerts", "more")


@pytest.fixture(scope="module")
def backend(endpoint: str) -> StateBucket:
    """The state backend of all tests, whose clients they share."""
    made = StateBucket(endpoint, "task-tracker-terraform-state")
    made.create()
    return made


@pytest.fixture
def bucket(backend: StateBucket) -> Iterator[StateBucket]:
    """The state backend without a state, and no deployment."""
    yield backend
    backend.empty()
    backend.delete_digest()
    backend.client("ssm").delete_parameters(Names=[PARAMETER, STATE_PARAMETER])


@pytest.fixture(scope="module")
def module_app(backend: StateBucket) -> Iterator[App]:
    """The application on that backend, whose notes are kept in a list."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", backend.endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "example")
        flags = {"state_bucket": backend.name, "lock_table": backend.table, "region": REGION}
        report: Any = SimpleNamespace(notes=[])
        report.note = report.notes.append
        yield App(load(flags, os.environ), report, lambda question: False)


@pytest.fixture
def app(module_app: App, bucket: StateBucket) -> App:
    """The application on the backend."""
    return module_app


@pytest.fixture
def notes(module_app: App) -> list[str]:
    """What was reported."""
    found: list[str] = module_app.report.notes  # type: ignore[attr-defined]
    found.clear()
    return found


@pytest.fixture
def deployed(bucket: StateBucket, app: App) -> StateBucket:
    """The backend after two applies; the last one is recorded."""
    bucket.apply(ONE)
    bucket.apply(TWO)
    describe(bucket)
    record_state(app, "me@host")
    return bucket


def describe(bucket: StateBucket) -> None:
    """Describe a deployment."""
    bucket.client("ssm").put_parameter(Name=PARAMETER, Value="{}", Type="String", Overwrite=True)


def problem(app: App) -> Problem:
    """Return the only problem of the state."""
    (found,) = state_problems(app)
    return found


def agree(_: Any) -> None:
    """Agree to everything."""


Loss = Callable[[StateBucket], object]


def both_gone(bucket: StateBucket) -> None:
    """Delete the object and its digest."""
    bucket.delete()
    bucket.delete_digest()


HEALED: dict[str, tuple[str, Loss]] = {
    "object deleted": ("state-deleted", StateBucket.delete),
    "object deleted twice": ("state-deleted", lambda b: (b.delete(), b.delete())),
    "object and digest deleted": ("state-deleted", both_gone),
    "no JSON": ("state-corrupted", lambda b: b.put(TWO[:100])),
    "empty": ("state-corrupted", lambda b: b.put(b"")),
    "no JSON, digest deleted": ("state-corrupted", lambda b: (b.put(b"?"), b.delete_digest())),
    "digest wrong": ("state-digest-wrong", lambda b: b.put_digest("0" * 32)),
    "digest damaged": ("state-digest-wrong", lambda b: b.put_digest("?")),
    "digest missing": ("state-digest-missing", StateBucket.delete_digest),
    "digest not written": (
        "state-digest-wrong",
        lambda b: b.apply(state(3, "alerts", "more", "third"), digest=False),
    ),
}


@pytest.mark.parametrize(("code", "lose"), HEALED.values(), ids=HEALED)
def test_a_fault_is_healed_without_a_person(
    deployed: StateBucket, app: App, notes: list[str], code: str, lose: Loss
) -> None:
    """The newest state is there again, and Terraform accepts it."""
    assert state_problems(app) == ()
    lose(deployed)
    assert problem(app).code == code
    assert problem(app).hint.endswith(": tt-ops state repair")
    before = deployed.content, deployed.digest
    if code == "state-digest-missing":
        require_plannable(app)
        assert "is missing" in notes.pop()
    else:
        with pytest.raises(TtOpsError) as caught:
            require_plannable(app)
        assert caught.value.code == code
    assert (deployed.content, deployed.digest) == before, "a plan changes nothing"
    done = heal_state(app)
    assert done
    assert len(notes) == len(done)
    assert deployed.consistent
    expected = state(3, "alerts", "more", "third") if code.endswith("wrong") else TWO
    assert deployed.content in (expected, TWO)
    assert state_problems(app) == heal_state(app) == ()


def test_emptied_bucket_is_gone_for_good(deployed: StateBucket, app: App) -> None:
    """Nothing blocks a new state, which is made from what exists."""
    deployed.empty()
    assert problem(app).code == "state-gone"
    assert problem(app).hint.endswith(": tt-ops deploy")
    assert len(heal_state(app)) == 1
    assert deployed.digest is None
    # The deployment is still described, so it is still said, and blocks nothing.
    assert problem(app).code == "state-gone"
    require_plannable(app)
    deployed.apply(state(1, lineage=FOREIGN))
    assert state_problems(app) == ()


def test_first_deploy_has_no_state_to_miss(bucket: StateBucket, app: App) -> None:
    """Without a deployment, a record and a digest."""
    assert state_problems(app) == heal_state(app) == ()
