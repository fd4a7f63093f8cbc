"""Releases, rollbacks and pruning with the real function, on the emulator in this process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.workflows.release import ReleaseOptions
from tasktracker_ops.workflows.releases import prune, release_history, releases
from tasktracker_ops.workflows.rollback import rollback
from tests.emulator.aws import Aws
from tests.errors import raises

from .releasing import API_FAILS, DELETE_FAILS, PATCH_FAILS, Service, make_service
from .releasing import aws as aws
from .releasing import session as session


@pytest.fixture
def service(aws: Aws, session: AwsSession, tmp_path: Path) -> Service:
    """Return a function of which nothing was released."""
    return make_service(aws, session, tmp_path)


def test_a_good_release_is_proven(service: Service) -> None:
    """It serves once it was checked, leaves no task, and is not made again."""
    package = service.package()
    result = service.release(package)
    assert (result.outcome, result.checks, result.changed) == ("proven", "passed", True)
    assert service.live == result.release
    assert service.events(result.release or "") == ["published", "live", "proven"]
    assert service.tasks() == []
    assert service.release(package).checks == "not needed"
    (only,) = releases(service.app).releases
    assert (only.live, only.outcome, only.commit) == (True, "proven", "3f2c1a9d")


def test_a_version_that_fails_its_checks_never_serves(service: Service) -> None:
    """Released again, it is the same version and fails again; the one that serves cleans up."""
    good = service.release(service.package()).release
    bad = service.package(DELETE_FAILS)
    for attempt in (1, 2):
        with raises("version-broken", match="version 2 does not work: PATCH"):
            service.release(bad)
        assert service.events("2").count("failed") == attempt
        assert (service.live, service.record("2").outcome) == (good, "failed")
    assert service.tasks() == []
    assert service.events("2")[:3] == ["published", "failed", "checked again"]


def test_what_a_first_release_left_is_deleted_by_the_next(service: Service) -> None:
    """Its task is known by the idempotency key in its record."""
    with pytest.raises(TtOpsError, match="PATCH"):
        service.release(service.package(DELETE_FAILS))
    assert (len(service.tasks()), service.live) == (1, "$LATEST")
    assert service.release(service.package()).outcome == "proven"
    assert (service.tasks(), service.record("1").check_key) == ([], None)


def test_where_the_api_fails_the_release_before_serves_again(service: Service) -> None:
    """Both records say so; how long each served is in the history."""
    good = service.release(service.package()).release or ""
    with raises("smoke-check-failed", match="release 2 does not work, so release 1 serves"):
        service.release(service.package(API_FAILS))
    assert service.live == good
    assert service.events("2") == ["published", "live", "failed", "rolled back"]
    assert service.events(good)[-1] == "live"
    history = release_history(service.app, limit=4)
    assert [(event.release, event.what) for event in history.events] == [
        (1, "live"),
        (2, "rolled back"),
        (2, "failed"),
        (2, "live"),
    ]
    assert history.more == 4
    assert [event.served is None for event in history.events] == [False, True, True, False]


def test_a_release_whose_run_died_before_its_last_check_is_left_if_it_fails(
    service: Service,
) -> None:
    """It had never worked; one that has fails for what is around it, and stays."""
    good = service.release(service.package()).release
    bad = service.package(API_FAILS)
    service.release(bad, checks="none")  # as if killed after the shift
    with pytest.raises(TtOpsError, match="so release 1 serves again"):
        service.release(bad)
    assert service.live == good
    service.app.functions.shift("2", instead_of=service.releases().routing())
    record = service.record("2")
    service.releases().write(record, "proven", outcome="unproven")
    with pytest.raises(TtOpsError, match="release 2 is live, but the API does not work"):
        service.release(bad)
    assert service.live == "2"


def test_an_unproven_release_is_checked_again(service: Service) -> None:
    """As after a change of the infrastructure, or a run that checked nothing."""
    package = service.package()
    assert service.release(package, checks="none").outcome == "unproven"
    assert service.release(package).outcome == "proven"
    service.releases().mark_unproven()
    assert service.record("1").outcome == "unproven"
    result = service.release(package, checks="read-only")
    assert (result.release, result.outcome, result.changed) == ("1", "proven", False)


def test_an_alias_that_somebody_else_changed_is_left_alone(service: Service) -> None:
    """The release stays published and unproven."""
    service.release(service.package())
    service.release(service.package())
    releases = service.releases(require_held=lambda: service.point_to("1"))
    with raises("alias-changed"):
        releases.release(service.package(), service.deployment, ReleaseOptions())
    assert (service.live, service.record("3").outcome) == ("1", "unproven")


def test_without_an_alias_nothing_is_released(service: Service) -> None:
    """Somebody has deleted it; a deploy by Terraform creates it again."""
    name = service.deployment.function_name
    service.aws.client("lambda").delete_alias(FunctionName=name, Name="live")
    with raises("alias-missing"):
        service.release(service.package())


def test_a_package_that_another_run_has_replaced_is_not_uploaded(service: Service) -> None:
    """What is released is what was built and checked."""
    package = service.package()
    package.path.write_bytes(b"of another run")
    with raises("package-changed"):
        service.release(package)
    assert service.live == "$LATEST"


def test_a_release_before_that_cannot_serve_again_is_named(
    service: Service, session: AwsSession
) -> None:
    """Somebody moves the alias between the check that failed and the way back."""
    service.release(service.package())
    moves: list[str] = []

    def meanwhile(**_: Any) -> None:
        moves.append(service.live)
        if len(moves) == 2:
            service.point_to("2")

    events = session.client("lambda").meta.events
    events.register("before-call.lambda.UpdateAlias", meanwhile)
    try:
        with raises("rollback-failed", match="release 2 does not work .* could not serve again"):
            service.release(service.package(API_FAILS))
    finally:
        events.unregister("before-call.lambda.UpdateAlias", meanwhile)
    assert (moves, service.live) == (["1", "2"], "2")


def test_rollback_goes_to_the_newest_proven_release_before(service: Service) -> None:
    """It passes over what failed, names the files that differ, and needs no clone."""
    service.release(service.package())
    with pytest.raises(TtOpsError):
        service.release(service.package(PATCH_FAILS))
    service.release(service.package())
    service.app.settings = replace(service.app.settings, project_dir=None)
    asked: list[Any] = []
    result = rollback(service.app, approve=asked.append)
    assert (service.live, result.release.release, result.release.previous) == ("1", "1", "3")
    assert asked == [result.rollback]
    assert [(each.path, each.change) for each in result.rollback.changes or ()] == [
        ("handler.py", "changed")
    ]
    assert service.events("3")[-1] == "rolled back"
    with raises("rollback-impossible"):
        rollback(service.app, approve=pytest.fail)


def test_rollback_checks_what_is_not_proven(service: Service) -> None:
    """One that fails does not serve, and where the API fails the live one serves again."""
    service.release(service.package(PATCH_FAILS), checks="none")
    service.release(service.package(API_FAILS), checks="none")
    service.release(service.package())
    with pytest.raises(TtOpsError, match="version 1 does not work: PATCH"):
        rollback(service.app, 1, approve=lambda planned: None)
    assert service.live == "3"
    with pytest.raises(TtOpsError, match="release 2 does not work, so release 3 serves again"):
        rollback(service.app, 2, ReleaseOptions(timeout=0), approve=lambda planned: None)
    assert service.live == "3"
    assert service.tasks() == []


def test_rollback_refuses_what_it_cannot_do(service: Service) -> None:
    """Each has its code; during a bake there is `abort`."""
    for _ in range(3):
        service.release(service.package(), checks="none", keep=2)

    def code(release: int) -> str:
        with pytest.raises(TtOpsError) as caught:
            rollback(service.app, release, approve=pytest.fail)
        return caught.value.code

    assert (code(1), code(3), code(4)) == ("release-pruned", "release-live", "release-unknown")
    service.point_to("3", **{"2": 0.1})
    assert code(2) == "release-baking"


def test_pruning_keeps_what_may_be_needed(service: Service) -> None:
    """The live release, the proven one before it, one that bakes, and what an alias names."""
    service.release(service.package())
    for _ in range(5):
        service.release(service.package(), checks="none")
    service.point_to("3", **{"4": 0.1})
    client, name = service.aws.client("lambda"), service.deployment.function_name
    client.create_alias(FunctionName=name, Name="blue", FunctionVersion="5")
    planned = prune(service.app, keep=1, dry_run=True, approve=pytest.fail)
    assert planned.pruned == (2, 5)
    asked: list[Any] = []
    done = prune(service.app, keep=1, dry_run=False, approve=asked.append)
    assert (asked, done.pruned, done.kept) == ([(2, 5)], (2,), (6, 5, 4, 3, 1))
    service.release(service.package(), checks="none", keep=2)
    assert [each.release for each in releases(service.app).releases] == [7, 6, 5, 1]


@pytest.mark.extended
@pytest.mark.timeout(1800)
def test_500_releases_are_remembered_and_few_are_kept(service: Service) -> None:
    """Neither the versions nor the calls of a release grow with their number."""
    for _ in range(500):
        service.release(service.package(), checks="none")
    assert len(releases(service.app).releases) <= 11
    history = release_history(service.app, limit=10_000)
    assert {event.release for event in history.events} == set(range(1, 501))
    assert sum(event.what == "live" for event in history.events) == 500
