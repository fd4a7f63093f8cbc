"""The faults of a state: each is recognised, and healed where that takes no decision."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tasktracker_ops.app import App
from tasktracker_ops.environments import Environment
from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.models.state import State, StateRestore
from tasktracker_ops.settings import load
from tasktracker_ops.workflows.state import (
    forget_state,
    heal_state,
    pull_state,
    record_state,
    repair_state,
    require_plannable,
    restore_state,
    state_problems,
    state_versions,
)
from tests.errors import raises
from tests.states import KEY, LINEAGE, REGION, StateBucket, state

DEFAULT = Environment()
FOREIGN = "99999999-0000-0000-0000-000000000000"
APPLIED = {"terraform/api.tf": "1f2e3d4c5b6a"}
ONE, TWO = state(1, "alerts"), state(2, "alerts", "more")
OTHER = state(9, "other", lineage=FOREIGN)


@pytest.fixture(scope="module")
def backend(endpoint: str) -> StateBucket:
    """The state backend of all tests, whose clients they share."""
    made = StateBucket(endpoint)
    made.create()
    return made


@pytest.fixture
def bucket(backend: StateBucket) -> Iterator[StateBucket]:
    """Yield the state backend without a state, and no deployment."""
    yield backend
    backend.empty()
    backend.delete_digest()
    backend.client("ssm").delete_parameters(
        Names=[DEFAULT.deployment_parameter, DEFAULT.state_parameter]
    )


@pytest.fixture(scope="module")
def module_app(backend: StateBucket) -> Iterator[App]:
    """Yield the application on that backend, whose notes are kept in a list."""
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
    """Return the application on the backend."""
    return module_app


@pytest.fixture
def notes(module_app: App) -> list[str]:
    """What was reported."""
    found: list[str] = module_app.report.notes  # type: ignore[attr-defined]
    found.clear()
    return found


@pytest.fixture
def deployed(bucket: StateBucket, app: App) -> StateBucket:
    """Return the backend after two applies; the last one is recorded."""
    bucket.apply(ONE)
    bucket.apply(TWO)
    describe(bucket)
    record_state(app, "me@host", APPLIED)
    return bucket


def describe(bucket: StateBucket) -> None:
    """Describe a deployment."""
    bucket.client("ssm").put_parameter(
        Name=DEFAULT.deployment_parameter, Value="{}", Type="String", Overwrite=True
    )


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
    "object and digest deleted": ("state-deleted", both_gone),
    "foreign, then deleted": ("state-deleted", lambda b: (b.apply(OTHER), b.delete())),
    "no JSON": ("state-corrupted", lambda b: b.put(TWO[:100])),
    "no JSON, digest deleted": ("state-corrupted", lambda b: (b.put(b"?"), b.delete_digest())),
    "digest wrong": ("state-digest-wrong", lambda b: b.put_digest("0" * 32)),
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
        with raises(code):
            require_plannable(app)
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


DECIDED: dict[str, tuple[str, Loss]] = {
    "foreign": ("state-foreign", lambda b: b.apply(state(9, "theirs", lineage=FOREIGN))),
    "older": ("state-outdated", lambda b: b.apply(ONE)),
    "older, digest kept": ("state-outdated", lambda b: b.put(ONE)),
    "newer format": ("state-format-unknown", lambda b: b.put(b'{"version": 5, "serial": 3}')),
}


@pytest.mark.parametrize(("code", "lose"), DECIDED.values(), ids=DECIDED)
def test_what_takes_a_decision_is_left_to_a_person(
    deployed: StateBucket, app: App, code: str, lose: Loss
) -> None:
    """Nothing is changed, and the hint is the command, which works."""
    lose(deployed)
    before = deployed.content
    assert problem(app).code == code
    for refuse in (heal_state, require_plannable):
        with raises(code):
            refuse(app)
    assert deployed.content == before
    command = problem(app).hint.rpartition(": ")[2]
    if code == "state-format-unknown":
        assert command == "tt-ops state versions"
        return
    version = command.removeprefix("tt-ops state restore ")
    result = restore_state(app, KEY, version, approve=agree)
    assert (result.from_serial, result.lineage) == (2, LINEAGE)
    assert state_problems(app) == ()
    assert deployed.consistent


def test_without_a_record_the_digest_tells_the_lineage(
    deployed: StateBucket, app: App, notes: list[str]
) -> None:
    """As for a deployment from before there were records."""
    app.deployments.delete_state_record()
    deployed.put(state(9, lineage=FOREIGN))
    assert problem(app).code == "state-foreign"
    deployed.put(TWO)
    assert state_problems(app) == ()
    deployed.put(ONE)
    assert problem(app).code == "state-outdated"


def test_foreign_state_can_be_taken(deployed: StateBucket, app: App) -> None:
    """Where no version has the lineage of the deployment, `state repair` asks."""
    deployed.empty()
    theirs = state(1, "theirs", lineage=FOREIGN)
    deployed.apply(theirs)
    assert problem(app).code == "state-foreign"
    assert repair_state(app, KEY, approve=agree).lineage == FOREIGN
    assert state_problems(app) == ()
    assert deployed.content == theirs


def test_damaged_object_without_a_valid_version_is_set_aside(
    deployed: StateBucket, app: App
) -> None:
    """Only `state repair` deletes it; the next deploy imports what exists."""
    deployed.empty()
    deployed.put(b"{")
    with pytest.raises(TtOpsError) as caught:
        heal_state(app)
    assert caught.value.hint.endswith(": tt-ops state repair")
    result = repair_state(app, KEY, approve=agree)
    assert (result.serial, len(result.repairs)) == (None, 2)
    assert deployed.content is deployed.digest is None


def test_missing_backend_is_named(bucket: StateBucket, app: App) -> None:
    """A bucket that was deleted is no sound state."""
    describe(bucket)
    flags = {"state_bucket": "deleted-bucket", "lock_table": bucket.table, "region": REGION}
    elsewhere = App(load(flags, os.environ), app.report, lambda question: False)
    assert problem(elsewhere).code == "state-backend-missing"


def test_state_in_another_bucket_is_named(deployed: StateBucket, app: App) -> None:
    """Settings that were lost make no second state."""
    _, record = app.deployments.state_record()
    assert record
    app.deployments.write_state_record(replace(record, bucket="elsewhere"))
    assert state_problems(app) == (), "it was moved here: lineage and serial agree"
    deployed.empty()
    assert problem(app).code == "state-elsewhere"
    assert "TT_OPS_STATE_BUCKET=elsewhere" in problem(app).hint


def test_locked_state_is_not_judged(deployed: StateBucket, app: App) -> None:
    """Terraform writes the object first and the digest after it."""
    lock = json.dumps({"ID": "7d2f", "Who": "me@host"}).encode()
    deployed.client("s3").put_object(Bucket=deployed.name, Key=f"{KEY}.tflock", Body=lock)
    deployed.put(state(3))
    assert state_problems(app) == heal_state(app) == ()
    for change in (restore_state, repair_state):
        with raises("state-locked"):
            change(app, KEY, approve=agree)


def test_record_is_written_once_per_serial(deployed: StateBucket, app: App) -> None:
    """A deploy that changes nothing does not claim the state of another one."""
    record_state(app, "you@host", APPLIED)
    deployed.apply(state(3))
    record_state(app, "you@host", APPLIED)
    records = app.deployments.state_records()
    assert [(each.serial, each.who) for each in records] == [(2, "me@host"), (3, "you@host")]
    other = {"terraform/api.tf": "0"}
    record_state(app, "they@host", other)
    newest = app.deployments.state_records()[-1]
    assert (newest.serial, newest.who, newest.configuration) == (3, "you@host", other)
    forget_state(app)
    forget_state(app)
    assert app.deployments.state_records() == ()


def test_digest_is_verified_after_an_apply(
    deployed: StateBucket, app: App, notes: list[str]
) -> None:
    """Terraform itself exits 0, and would refuse the next plan."""
    deployed.put(state(3))
    record_state(app, "me@host", APPLIED)
    assert deployed.consistent
    assert "could not store the digest" in notes.pop()
    deployed.put(state(4))
    forget_state(app)
    assert deployed.consistent


def test_apply_that_left_no_state_is_an_error(bucket: StateBucket, app: App) -> None:
    """It is not recorded."""
    with raises("state-gone"):
        record_state(app, "me@host", APPLIED)


def test_restore_takes_the_last_valid_version(deployed: StateBucket, app: App) -> None:
    """It shows the difference first, and writes it under a serial above all others."""
    deployed.put(b"damaged")
    deployed.apply(state(7, "alerts", "third"))
    shown: list[StateRestore] = []
    result = restore_state(app, KEY, approve=shown.append)
    assert shown == [result]
    assert (result.from_serial, result.serial) == (2, 8)
    assert result.difference.added == ("aws_sns_topic.more",)
    assert result.difference.removed == ("aws_sns_topic.third",)
    assert app.state_files.read(KEY) == replace(State.parse(TWO), serial=8)
    assert deployed.consistent
    assert state_problems(app) == ()


def test_restore_that_is_refused_changes_nothing(deployed: StateBucket, app: App) -> None:
    """Neither does one whose version is unknown, or no state."""

    def refuse(_: StateRestore) -> None:
        raise TtOpsError("not-confirmed", "no", hint="try again: tt-ops state restore")

    deployed.delete()
    marker = state_versions(app, KEY, limit=1).versions[0]
    damaged = deployed.put(b"{")
    content = deployed.content
    for version, code in (
        (None, "not-confirmed"),
        ("nothing", "state-version-unknown"),
        ("", "state-version-unknown"),
        (marker.version, "state-version-invalid"),
        (damaged, "state-version-invalid"),
    ):
        with raises(code):
            restore_state(app, KEY, version, approve=refuse)
    assert deployed.content == content


def test_restore_never_overwrites_what_came_meanwhile(deployed: StateBucket, app: App) -> None:
    """The object is replaced only if it is still the one that was shown."""
    with raises("state-changed"):
        restore_state(app, KEY, approve=lambda _: deployed.apply(state(3)) and None)
    assert deployed.content == state(3)


def test_versions_say_what_is_in_them(deployed: StateBucket, app: App) -> None:
    """Who is known only where the record of an apply names the same state."""
    deployed.put(b"{")
    deployed.delete()
    result = state_versions(app, KEY, limit=3)
    assert [each.serial for each in result.versions] == [None, None, 2]
    assert [each.who for each in result.versions] == [None, None, "me@host"]
    assert [each.problem and each.problem[:11] for each in result.versions] == [
        "delete mark",
        "it is not J",
        None,
    ]
    assert [each.current for each in result.versions] == [True, False, False]
    assert (result.versions[2].resources, result.more) == (2, 1)


def test_state_is_pulled_as_it_is(deployed: StateBucket, app: App, notes: list[str]) -> None:
    """The current one, or a version; the note says that it holds secrets."""
    assert pull_state(app, KEY).content == TWO.decode()
    assert "secrets" in notes.pop()
    oldest = state_versions(app, KEY, limit=9).versions[-1]
    assert pull_state(app, KEY, oldest.version).content == ONE.decode()
    deployed.delete()
    with raises("state-missing"):
        pull_state(app, KEY)
