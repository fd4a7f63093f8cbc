"""Whether the service is well: the API, the function, the alarms and who is told by them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from tasktracker_ops.errors import ConfigurationError, Problem, TtOpsError
from tasktracker_ops.models.alarm import Alarm
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.status import ApiHealth, FunctionState, Status, Subscription

from .recipients import (
    actions_disabled,
    missing_alarms,
    pending_subscriptions,
    undelivered,
    undelivered_reason,
)

if TYPE_CHECKING:
    from tasktracker_ops.app import App

T = TypeVar("T")
_DEPLOY = "put it back: tt-ops deploy"


def status(app: App) -> Status:
    """Look at everything once. What cannot be seen is a problem, and hides nothing else.

    Raises TtOpsError where nothing is deployed, or nobody may look.
    """
    return StatusReader(app, app.deployments.get()).status()


def watch(app: App, every: float) -> Iterator[Status]:
    """Look again and again, `every` so many seconds, without an end."""
    deployment = app.deployments.get()
    while True:
        started = time.monotonic()
        yield StatusReader(app, deployment).status()
        time.sleep(max(0.0, started + every - time.monotonic()))


class StatusReader:
    """One look at a deployment, and what it found wrong."""

    def __init__(self, app: App, deployment: Deployment) -> None:
        self._app = app
        self._deployment = deployment
        self._problems: list[Problem] = []
        self._subscriptions: dict[str, tuple[Subscription, ...] | None] = {}
        self._well = True

    def status(self) -> Status:
        """Return the status as it is now."""
        deployment, app = self._deployment, self._app
        api = self._api()
        function = self._function()
        alarms = self._seen(lambda: app.alarms.get(deployment.alarm_names))
        subscriptions = self._subscribed(deployment.topic_arn)
        lock = app.state_backend.lock(app.settings.state_key)
        if alarms is not None:
            self._judge_alarms(alarms)
        if (
            subscriptions is not None
            and self._topic_gone(deployment.topic_arn) not in self._problems
        ):
            for problem in pending_subscriptions(app.target, deployment.topic_arn, subscriptions):
                self._add(problem)
        for alarm in alarms or ():
            if alarm.state == "ALARM":
                self._judge_firing(alarm)
        return Status(
            healthy=self._well,
            api=api,
            function=function,
            alarms=alarms,
            subscriptions=subscriptions,
            lock=lock,
            problems=tuple(self._problems),
            alarm_names=deployment.alarm_names,
        )

    def _add(self, problem: Problem, *, grave: bool = False) -> None:
        # What keeps us from seeing one thing may keep us from all.
        if problem not in self._problems:
            self._problems.append(problem)
        self._well = self._well and not grave

    def _seen(
        self, look: Callable[[], T], gone: Problem | None = None, nothing: T | None = None
    ) -> T | None:
        """What a look gives, or None with a problem: who cannot look must not call it well.

        `gone` is the problem that there is nothing to look at, and `nothing` what is seen then.
        """
        from tasktracker_ops.adapters.aws.session import AwsNotFound

        try:
            return look()
        except AwsNotFound as error:
            self._add(gone or Problem.of(error), grave=True)
            return nothing
        except ConfigurationError as error:
            # One service may be closed to us; without credentials all of them are.
            if error.code not in {"aws-access-denied", "api-not-served"}:
                raise
            self._add(Problem.of(error), grave=True)
        except TtOpsError as error:
            self._add(Problem.of(self._app.target.explain(error)), grave=True)
        return None

    def _subscribed(self, topic: str) -> tuple[Subscription, ...] | None:
        if topic not in self._subscriptions:
            look = partial(self._app.topics.subscriptions, topic)
            nobody: tuple[Subscription, ...] = ()
            self._subscriptions[topic] = self._seen(look, self._topic_gone(topic), nobody)
        return self._subscriptions[topic]

    def _topic_gone(self, topic: str) -> Problem:
        return Problem("topic-missing", f"the topic {topic} is gone", hint=_DEPLOY)

    def _api(self) -> ApiHealth:
        deployment = self._deployment
        answer = self._seen(lambda: self._app.tasks(deployment).probe("health"))
        status = None if answer is None else answer.status_code
        # To a caller without a token, that is how an API with JWT shows itself well.
        expected = (200, 401) if deployment.api_auth == "JWT" else (200,)
        if answer is not None and status not in expected:
            message = f"GET {answer.url} gave {status} instead of 200: {answer.text[:200]!r}"
            self._add(Problem("api-unhealthy", message, hint=_hint(answer.status_code)), grave=True)
        return ApiHealth(
            url=deployment.api_url,
            auth=deployment.api_auth,
            public=deployment.api_auth == "NONE",
            healthy=status in expected,
            status=status,
            latency_ms=None if answer is None else round(answer.elapsed.total_seconds() * 1000, 1),
        )

    def _function(self) -> FunctionState | None:
        deployment = self._deployment
        function = self._app.deployed_function(deployment)
        what = f"the function {function.name!r} or its alias {deployment.function_alias!r}"
        gone = Problem("function-missing", f"{what} is gone", hint=_DEPLOY)
        found = self._seen(lambda: function.state(deployment.function_alias), gone)
        if found is not None and found.state == "Failed":
            self._add(
                Problem(
                    "function-failed",
                    f"version {found.version} of the function {found.name!r} cannot run",
                    hint="see why, or deploy it again: tt-ops logs --errors",
                )
            )
        return found

    def _judge_alarms(self, alarms: tuple[Alarm, ...]) -> None:
        for problem in missing_alarms(self._deployment.alarm_names, alarms):
            self._add(problem, grave=True)
        for problem in filter(None, map(actions_disabled, alarms)):
            self._add(problem)

    def _judge_firing(self, alarm: Alarm) -> None:
        """Report the alarm and, which is worse, that nobody was told of it."""
        # What is only slow logs no error.
        command = "tt-ops logs" if alarm.metric == "Duration" else "tt-ops logs --errors"
        self._add(
            Problem(
                "alarm-firing",
                f"{alarm.name} is in ALARM since {alarm.since}",
                hint=f"see what the function logged: {command}",
            )
        )
        cause = undelivered_reason(self._app, alarm, self._subscribed)
        if cause is not None:
            self._add(undelivered(alarm.name, cause), grave=True)


def _hint(status: int) -> str:
    if status in {401, 403}:
        return "see which callers it takes (api_auth), and whose keys these are: tt-ops outputs"
    return "see what the function logged: tt-ops logs --errors"
