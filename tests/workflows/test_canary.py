"""A canary: weights of the alias, breaches, decisions of others, and runs that ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.app import App
from tasktracker_ops.emulator.cloudwatch import metrics
from tasktracker_ops.emulator.cloudwatch.metrics import MetricId
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.canary import BakeProgress, CanaryOptions
from tasktracker_ops.models.release import ReleaseRecord
from tasktracker_ops.settings import Settings
from tasktracker_ops.workflows.canary import Canary, end_interrupted_bake
from tasktracker_ops.workflows.deploy_lock import HeldLock, deploy_lock
from tasktracker_ops.workflows.promotion import abort, promote
from tests.emulator.alarms_and_metrics import put_alarm, set_state
from tests.emulator.aws import REGION, Aws, Function
from tests.errors import raises

from .releasing import aws as aws
from .releasing import describe
from .releasing import session as session

ALARMS = ("CanaryErrorAlarm", "CanaryDurationAlarm")
# Of payload 2.0; anything but /health is a task that does not exist.
HANDLER = """
def lambda_handler(event, context):
    found = event.get("rawPath") == "/health"
    if event.get("action") == "raise":
        raise ValueError(CODE)
    kind = "application/json" if found else "application/problem+json"
    return {"statusCode": 200 if found else 404, "headers": {"content-type": kind}, "body": "{}"}
"""
OLD, NEW = f"CODE = 'old'\n{HANDLER}", f"CODE = 'new'\n{HANDLER}"


def nothing(progress: BakeProgress) -> None:
    """Do nothing while the release bakes."""


@dataclass
class Report:
    """What a run reports; `each` is called with the progress of the bake."""

    each: Callable[[BakeProgress], None] = nothing
    lines: list[str] = field(default_factory=list)
    seen: list[BakeProgress] = field(default_factory=list)

    def doing(self, what: str) -> None:
        """Report nothing: it is not kept."""

    def done(self, what: str) -> None:
        """Keep a line."""
        self.lines.append(what)

    note = done

    def baking(self, progress: BakeProgress) -> None:
        """Keep the progress, then do what the test wants at that moment."""
        self.seen.append(progress)
        self.each(progress)


class Deployed:
    """A function whose release 1 is live and whose release 2 may bake."""

    def __init__(self, aws: Aws, session: AwsSession, function: Function, project: Path) -> None:
        self.aws = aws
        self.session = session
        self.function = function
        self.project = project
        self.report = Report()
        self.app = self.another_run(self.report)
        self.deployment = describe(aws, function, alarms=ALARMS)
        function.update(NEW)
        sources = {"handler.py": "0"}
        for release in (1, 2):
            self.app.release_records.write(
                ReleaseRecord(release, "0", sources, None, False, "a@b", None, "", "1")
            )

    def another_run(self, report: Report | None = None) -> App:
        """Return the application of another run of tt-ops."""
        settings = Settings(
            project_dir=self.project,
            function_name=self.function.name,
            state_key=f"{self.function.name}.tfstate",
        )
        app = App(settings, report or Report(), lambda question: False)  # type: ignore[arg-type]  # the part of Reporter that is used
        # Making clients takes time, so all runs share them.
        app.session = self.session
        return app

    def bake(self, lock: HeldLock, *, seconds: float = 0.2, watched: bool = True) -> ReleaseRecord:
        """Let release 2 take half of the requests."""
        routing, record = self.app.functions.routing(), self.record
        assert routing is not None
        canary = Canary(self.app, lock, self.deployment, record, routing, poll_seconds=0.02)
        return canary.bake(CanaryOptions(0.5, seconds, watched))

    def fails(self, seconds: float = 20) -> TtOpsError:
        """Let release 2 bake and fail; return the error."""
        with deploy_lock(self.app, "deploy") as lock, pytest.raises(TtOpsError) as error:
            self.bake(lock, seconds=seconds)
        return error.value

    def publish(self, release: str | None, **values: float) -> None:
        """Record metrics of the alias, or of a release that it led to."""
        name = self.function.name
        dimensions = {"FunctionName": name, "Resource": f"{name}:live"}
        if release is not None:
            dimensions["ExecutedVersion"] = release
        for metric, value in values.items():
            metric_id = MetricId.of("AWS/Lambda", metric, **dimensions)
            metrics.of(REGION).record([(metric_id, value)], at=time.time())

    @property
    def routing(self) -> tuple[str, str | None]:
        """Return the two releases that the alias leads to."""
        routing = self.app.functions.routing()
        assert routing is not None
        return routing.version, routing.canary

    @property
    def record(self) -> ReleaseRecord:
        """Return the record of release 2."""
        record = self.app.release_records.read(2)
        assert record is not None
        return record

    @property
    def events(self) -> list[str]:
        """Return what happened to release 2."""
        return [event.what for event in self.record.events]


@pytest.fixture
def deployed(aws: Aws, session: AwsSession, tmp_path: Path) -> Deployed:
    """Return a function with two releases, and alarms that are OK."""
    function = aws.function(OLD)
    for name, metric in zip(ALARMS, ("Errors", "Duration"), strict=True):
        put_alarm(
            aws,
            name,
            Namespace="AWS/Lambda",
            MetricName=metric,
            Threshold=1000,
            Dimensions=[{"Name": "FunctionName", "Value": function.name}],
        )
        set_state(aws, name, "OK")
    return Deployed(aws, session, function, tmp_path)


def test_a_release_takes_its_share_and_then_all_requests(deployed: Deployed) -> None:
    """Both are seen side by side, by what CloudWatch has of each."""

    def invoke(progress: BakeProgress) -> None:
        assert deployed.routing == ("1", "2")
        assert (deployed.record.outcome, deployed.record.bake.weight) == ("baking", 0.5)  # type: ignore[union-attr]
        while len(set(versions)) < 2:
            versions.append(deployed.function.invoke({}, Qualifier="live")["ExecutedVersion"])

    versions: list[str] = []
    deployed.report.each = invoke
    with deploy_lock(deployed.app, "deploy") as lock:
        record = deployed.bake(lock, seconds=2)
    last = deployed.report.seen[-1]
    assert last.remaining == 0
    assert last.baking.requests == versions.count("2")
    assert last.other.requests == versions.count("1")
    assert deployed.routing == ("2", None)
    assert (record.outcome, record.bake) == ("unproven", None)
    assert deployed.events == ["baking", "promoted"]


def test_an_error_of_the_new_release_ends_the_bake(deployed: Deployed) -> None:
    """The first one, raised by a real invocation; one of the old release does not."""

    def invoke(progress: BakeProgress) -> None:
        with_error = deployed.function.invoke({"action": "raise"}, Qualifier="live")
        versions.append(with_error["ExecutedVersion"])

    versions: list[str] = []
    deployed.report.each = invoke
    error = deployed.fails()
    assert versions.count("2") == 1
    assert (error.code, error.exit_code) == ("canary-failed", 1)
    assert error.message == (
        "release 2 had 1 error in 1 request, so release 1 takes all requests again"
    )
    assert error.hint.endswith("tt-ops logs --errors --release 2")
    assert deployed.routing == ("1", None)
    assert (deployed.record.outcome, deployed.events) == ("failed", ["baking", "failed"])
    assert deployed.record.events[-1].detail == "had 1 error in 1 request"


@pytest.mark.parametrize(
    ("new", "old", "figure"),
    [
        ({"Throttles": 1}, {}, "had 1 request throttled"),
        ({"Duration": 1500}, {"Duration": 12}, "1,500 ms (threshold 1,000 ms, release 1 12 ms)"),
        ({"Duration": 1500}, {}, "had a p95 duration of 1,500 ms (threshold 1,000 ms)"),
    ],
    ids=["throttled", "slower", "slow alone"],
)
def test_a_worse_metric_ends_the_bake(
    deployed: Deployed, new: dict[str, float], old: dict[str, float], figure: str
) -> None:
    """The error has the figure."""

    def publish(progress: BakeProgress) -> None:
        deployed.publish("1", **old)
        deployed.publish("2", **new)

    deployed.report.each = publish
    error = deployed.fails()
    assert error.code == "canary-failed"
    assert figure in error.message
    assert deployed.routing == ("1", None)


def test_what_the_old_release_does_as_well_is_no_breach(deployed: Deployed) -> None:
    """Both are slow, the old one fails, and an alarm was firing before."""
    set_state(deployed.aws, ALARMS[0], "ALARM")

    def publish(progress: BakeProgress) -> None:
        deployed.publish("1", Duration=1500, Errors=1)
        deployed.publish("2", Duration=1400, Errors=0)

    deployed.report.each = publish
    with deploy_lock(deployed.app, "deploy") as lock:
        deployed.bake(lock)
    assert deployed.routing == ("2", None)


def test_an_alarm_that_begins_to_fire_ends_the_bake(deployed: Deployed) -> None:
    """It was firing before, and was OK in between."""
    set_state(deployed.aws, ALARMS[0], "ALARM")
    states = iter(("OK", "ALARM"))

    def fire(progress: BakeProgress) -> None:
        deployed.publish(None, Errors=1001)
        set_state(deployed.aws, ALARMS[0], next(states))

    deployed.report.each = fire
    error = deployed.fails()
    assert "release 2 made CanaryErrorAlarm fire (by hand), so release 1" in error.message
    assert deployed.routing == ("1", None)


def test_an_alarm_that_only_a_check_made_fire_is_no_breach(deployed: Deployed) -> None:
    """The checks invoke a release by its number: no client had that error."""

    def fire(progress: BakeProgress) -> None:
        deployed.publish(None, Errors=1)
        set_state(deployed.aws, ALARMS[0], "ALARM")

    deployed.report.each = fire
    with deploy_lock(deployed.app, "deploy") as lock:
        deployed.bake(lock)
    assert deployed.routing == ("2", None)


def test_an_interrupted_bake_goes_back(deployed: Deployed) -> None:
    """As by Ctrl-C; the release stays unproven, and the interruption is raised on."""

    def interrupt(progress: BakeProgress) -> None:
        raise KeyboardInterrupt

    deployed.report.each = interrupt
    with deploy_lock(deployed.app, "deploy") as lock, pytest.raises(KeyboardInterrupt):
        deployed.bake(lock)
    assert deployed.routing == ("1", None)
    assert (deployed.record.outcome, deployed.events) == ("unproven", ["baking", "interrupted"])
    assert deployed.report.lines[-1] == "Release 1 takes all requests again."


def test_another_run_aborts(deployed: Deployed) -> None:
    """It takes no lock; the run that watches says who it was, and fails."""

    def aborting(progress: BakeProgress) -> None:
        results.append(abort(deployed.another_run()))

    results: list[Any] = []
    deployed.report.each = aborting
    error = deployed.fails()
    (result,) = results
    assert (result.release, result.live, result.decision) == ("2", "1", "aborted")
    assert error.code == "release-aborted"
    assert error.message.startswith(f"{deployed.record.events[-1].by} has aborted release 2")
    assert deployed.routing == ("1", None)
    assert (deployed.record.outcome, deployed.events) == ("failed", ["baking", "aborted"])


def test_another_run_promotes(deployed: Deployed) -> None:
    """It leaves the check of the API to the run that watches, which goes on."""

    def promoting(progress: BakeProgress) -> None:
        results.append(promote(deployed.another_run()))

    results: list[Any] = []
    deployed.report.each = promoting
    with deploy_lock(deployed.app, "deploy") as lock:
        record = deployed.bake(lock, seconds=20)
    (result,) = results
    assert (result.live, result.decision, result.checks) == ("2", "promoted", "pending")
    assert deployed.routing == ("2", None)
    assert (record.outcome, deployed.events) == ("unproven", ["baking", "promoted"])
    assert deployed.report.lines[-1] == f"{record.events[-1].by} has promoted release 2"


def test_an_unwatched_bake_waits_for_a_decision(deployed: Deployed) -> None:
    """No other run ends it; `promote` then checks the API and records the release as proven."""
    with deploy_lock(deployed.app, "deploy") as lock:
        assert deployed.bake(lock, watched=False).outcome == "baking"
        with raises("release-baking"):
            end_interrupted_bake(deployed.app, lock)
        with pytest.raises(TtOpsError, match="deploy"):
            promote(deployed.another_run())
    assert deployed.routing == ("1", "2")
    result = promote(deployed.another_run())
    assert (result.decision, result.outcome, result.checks) == ("promoted", "proven", "passed")
    assert deployed.routing == ("2", None)
    assert deployed.events == ["baking", "promoted", "live", "proven"]
    for decide in (promote, abort):
        with raises("release-not-baking"):
            decide(deployed.another_run())


def test_a_bake_whose_run_is_dead_is_ended(deployed: Deployed) -> None:
    """The next run says so, and the release before takes all requests."""
    with deploy_lock(deployed.app, "deploy") as lock:
        deployed.bake(lock, watched=False)
        record, bake = deployed.record, deployed.record.bake
        assert bake is not None
        watched = replace(record, bake=replace(bake, run="of a run that is dead"))
        deployed.app.release_records.write(watched)
        routing = end_interrupted_bake(deployed.app, lock)
    assert routing is not None
    assert (routing.version, routing.canary) == deployed.routing == ("1", None)
    assert (deployed.record.outcome, deployed.events) == ("unproven", ["baking", "interrupted"])
    assert deployed.report.lines[-1].startswith("The run that watched release 2 has ended")
