"""Read the status of the API, the function, the alarms and their subscriptions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from tasktracker_ops.errors import ConfigurationError, Problem, TtOpsError
from tasktracker_ops.models.alarm import Alarm
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.lock import DeployLockStatus, TerraformLock
from tasktracker_ops.models.release import FAILED, UNPROVEN, UNRELEASED, ServingRelease
from tasktracker_ops.models.status import ApiHealth, FunctionState, Status, Subscription

from .lock import deploy_lock_status
from .notifications import (
    actions_disabled,
    missing_alarms,
    muted,
    nobody_notified,
    pending_subscriptions,
    undelivered_reason,
)
from .releases import serving_releases
from .state import state_problems
from .strays import find_strays

if TYPE_CHECKING:
    from tasktracker_ops.app import App

T = TypeVar("T")
_DEPLOY = "create it again: tt-ops deploy"
_AT_ONCE = 8  # reads of AWS; alone, each waits most of its time


def status(app: App) -> Status:
    """Return the status; what cannot be read is one of its problems.

    Raises TtOpsError where nothing is deployed, or where credentials are missing or expired.
    """
    return StatusReader(app, app.deployments.get()).status()


def watch(app: App, every: float) -> Iterator[Status]:
    """Yield the status every `every` seconds, without an end."""
    deployment = app.deployments.get()
    while True:
        started = time.monotonic()
        yield StatusReader(app, deployment).status()
        time.sleep(max(0.0, started + every - time.monotonic()))


class StatusReader:
    """Reads the status of a deployment once, and collects its problems."""

    def __init__(self, app: App, deployment: Deployment) -> None:
        self._app = app
        self._deployment = deployment
        self._problems: list[Problem] = []
        self._subscriptions: dict[str, tuple[Subscription, ...] | None] = {}
        self._reads: dict[str, Future[Any]] = {}
        self._healthy = True

    def status(self) -> Status:
        """Return the status; AWS is read side by side."""
        api = self._api()  # before the others, which would add to the latency that is shown
        pool = ThreadPoolExecutor(_AT_ONCE)
        try:
            self._start(pool)
            return self._status(api)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _start(self, pool: ThreadPoolExecutor) -> None:
        deployment, app = self._deployment, self._app
        function = app.deployed_function(deployment)
        lock = pool.submit(app.terraform_locks.lock)
        deploy_lock = pool.submit(deploy_lock_status, app)

        def read_strays() -> Iterable[Problem]:
            # What a run is making is in no state until Terraform stores it.
            is_running = lock.result().held and not deploy_lock.result().dead
            return () if is_running else find_strays(app)

        self._reads = {
            "lock": lock,
            "deploy lock": deploy_lock,
            "function": pool.submit(function.state, deployment.function_alias),
            "alarms": pool.submit(app.alarms.get, deployment.alarm_names),
            "subscriptions": pool.submit(app.topics.subscriptions, deployment.topic_arn),
            "state": pool.submit(state_problems, app),
            "drills": pool.submit(app.drill_records.read),
            "strays": pool.submit(read_strays),
        }

    def _status(self, api: ApiHealth) -> Status:
        deployment, app, reads = self._deployment, self._app, self._reads
        function = self._function()
        alarms = self._alarms()
        subscriptions = self._subscriptions_of(deployment.topic_arn)
        lock: TerraformLock = reads["lock"].result()
        deploy_lock: DeployLockStatus = reads["deploy lock"].result()
        releases = self._releases(function, deploy_lock)
        for problem in reads["state"].result():
            self._add(problem)
        if alarms is not None:
            self._check_alarms(alarms)
        topic_is_missing = self._topic_missing(deployment.topic_arn) in self._problems
        if subscriptions is not None and not topic_is_missing:
            for problem in pending_subscriptions(
                app.target, deployment.topic_arn, subscriptions, temporary=deployment.temporary
            ):
                self._add(problem)
        for problem in self._try(reads["strays"].result) or ():
            self._add(problem)
        for alarm in alarms or ():
            if alarm.state == "ALARM":
                self._check_firing(alarm)
        return Status(
            healthy=self._healthy,
            api=api,
            function=function,
            alarms=alarms,
            subscriptions=subscriptions,
            state_lock=lock,
            deploy_lock=deploy_lock,
            releases=releases,
            problems=tuple(self._problems),
            alarm_names=deployment.alarm_names,
            alarms_proven_at=self._alarms_proven_at(),
        )

    def _add(self, problem: Problem, *, unhealthy: bool = False) -> None:
        # One cause may keep several things from being read.
        if problem not in self._problems:
            self._problems.append(problem)
        self._healthy = self._healthy and not unhealthy

    def _try(
        self, read: Callable[[], T], missing: Problem | None = None, default: T | None = None
    ) -> T | None:
        """Return what `read` returns; where it fails, add a problem and return None.

        Where the thing does not exist, the problem is `missing` and the result `default`.
        """
        from tasktracker_ops.adapters.aws.session import AwsNotFound

        try:
            return read()
        except AwsNotFound as error:
            self._add(missing or Problem.of(error), unhealthy=True)
            return default
        except ConfigurationError as error:
            # Access to one service may be denied; without credentials every read fails.
            if error.code not in {"aws-access-denied", "api-not-served"}:
                raise
            self._add(Problem.of(error), unhealthy=True)
        except TtOpsError as error:
            self._add(Problem.of(self._app.target.explain(error)), unhealthy=True)
        return None

    def _subscriptions_of(self, topic: str) -> tuple[Subscription, ...] | None:
        if topic not in self._subscriptions:
            is_own = topic == self._deployment.topic_arn
            other = partial(self._app.topics.subscriptions, topic)
            read = self._reads["subscriptions"].result if is_own else other
            none: tuple[Subscription, ...] = ()
            self._subscriptions[topic] = self._try(read, self._topic_missing(topic), none)
        return self._subscriptions[topic]

    def _topic_missing(self, topic: str) -> Problem:
        return Problem("topic-missing", f"the topic {topic} does not exist", hint=_DEPLOY)

    def _api(self) -> ApiHealth:
        deployment = self._deployment
        response = self._try(lambda: self._app.tasks(deployment).probe("health"))
        expected = deployment.healthy_statuses
        status = latency = None
        if response is not None:
            status = response.status_code
            latency = round(response.elapsed.total_seconds() * 1000, 1)
            if status not in expected:
                body = repr(response.text[:200])
                message = f"GET {response.url} returned {status} instead of 200: {body}"
                self._add(
                    Problem("api-unhealthy", message, hint=unhealthy_hint(status)), unhealthy=True
                )
        return ApiHealth(
            url=deployment.api_url,
            auth=deployment.api_auth,
            public=deployment.api_auth == "NONE",
            healthy=status in expected,
            status=status,
            latency_ms=latency,
        )

    def _function(self) -> FunctionState | None:
        deployment = self._deployment
        function = self._app.deployed_function(deployment)
        what = f"the function {function.name!r} or its alias {deployment.function_alias!r}"
        missing = Problem("function-missing", f"{what} does not exist", hint=_DEPLOY)
        state: FunctionState | None = self._try(self._reads["function"].result, missing)
        if state is not None and state.state == "Failed":
            self._add(
                Problem(
                    "function-failed",
                    f"version {state.version} of the function {state.name!r} cannot run",
                    hint="see why, or deploy it again: tt-ops logs --errors",
                )
            )
        return state

    def _releases(
        self, function: FunctionState | None, lock: DeployLockStatus
    ) -> tuple[ServingRelease, ...]:
        if function is None:
            return ()
        adapter = self._app.deployed_function(self._deployment)
        releases = self._try(lambda: serving_releases(self._app, adapter, function)) or ()
        # A run that deploys is checking it.
        if not lock.held or lock.dead or lock.reason is not None:
            for problem in filter(None, map(unproven, releases)):
                self._add(problem)
        return releases

    def _alarms(self) -> tuple[Alarm, ...] | None:
        alarms: tuple[Alarm, ...] | None = self._try(self._reads["alarms"].result)
        if alarms is None:
            return None
        return self._try(lambda: self._app.alarms.with_mute_rules(alarms)) or alarms

    def _alarms_proven_at(self) -> str | None:
        try:
            record = self._reads["drills"].result()
        except TtOpsError:  # the policies of an older version do not name it
            return None
        return record.at if record else None

    def _check_alarms(self, alarms: tuple[Alarm, ...]) -> None:
        for problem in missing_alarms(self._deployment.alarm_names, alarms):
            self._add(problem, unhealthy=True)
        for alarm in alarms:
            for problem in filter(None, (actions_disabled(alarm), muted(self._app.target, alarm))):
                self._add(problem)

    def _check_firing(self, alarm: Alarm) -> None:
        """Add that the alarm fires and, if so, that nobody was notified."""
        # A slow function logs no error.
        command = "tt-ops logs" if alarm.metric == "Duration" else "tt-ops logs --errors"
        self._add(
            Problem(
                "alarm-firing",
                f"{alarm.name} is in ALARM since {alarm.since}",
                hint=f"see what the function logged: {command}",
            )
        )
        cause = undelivered_reason(self._app, alarm, self._subscriptions_of)
        by_design = self._deployment.temporary and not self._subscriptions_of(
            self._deployment.topic_arn
        )
        if cause is not None and not by_design:
            self._add(nobody_notified(alarm.name, cause), unhealthy=True)


def unproven(release: ServingRelease) -> Problem | None:
    """Return the problem of a release that serves and is not proven, if it is one."""
    name, hint = release.release, "check it again: tt-ops deploy"
    if name == UNRELEASED:
        message = f"no release is live: the alias points to {name}, which nothing has checked"
        return Problem("release-missing", message, hint="release the project: tt-ops deploy")
    if release.outcome == FAILED:
        message = f"release {name} is live, and has failed its checks"
        return Problem("release-failed", message, hint=f"go back (tt-ops rollback), or {hint}")
    if release.outcome == UNPROVEN:
        message = f"release {name} is live, and not all of its checks have passed"
        return Problem("release-unproven", message, hint=hint)
    return None


def unhealthy_hint(status: int) -> str:
    """Return what to do about an API whose health has this status."""
    if status == 404:
        return "create its stage again: tt-ops deploy"
    if status in {401, 403}:
        return "compare api_auth with your credentials: tt-ops outputs"
    return "see what the function logged: tt-ops logs --errors"
