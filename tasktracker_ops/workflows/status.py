"""Whether the service is well: the API, the function, the alarms and who is told by them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from tasktracker_ops.errors import ConfigurationError, Problem, TtOpsError
from tasktracker_ops.models import Deployment
from tasktracker_ops.observations import Alarm, ApiHealth, FunctionState, Status, Subscription

from .recipients import muted, nobody_told, unheard

if TYPE_CHECKING:
    from tasktracker_ops.app import App

T = TypeVar("T")
_DEPLOY = "put it back: tt-ops deploy"


def status(app: App) -> Status:
    """Look at everything once. What cannot be seen is a problem, and hides nothing else.

    Raises TtOpsError where nothing is deployed, or nobody may look.
    """
    return _Look(app, app.deployments.get()).status()


def watch(app: App, every: float) -> Iterator[Status]:
    """Look again and again, `every` so many seconds, without an end."""
    deployment = app.deployments.get()
    while True:
        started = time.monotonic()
        yield _Look(app, deployment).status()
        time.sleep(max(0.0, started + every - time.monotonic()))


class _Look:
    """One look at a deployment, and what it found wrong."""

    def __init__(self, app: App, deployment: Deployment) -> None:
        self._app = app
        self._deployment = deployment
        self._problems: list[Problem] = []
        self._well = True

    def status(self) -> Status:
        deployment, app = self._deployment, self._app
        api = self._api()
        function = self._function()
        alarms = self._seen(lambda: app.alarms.get(deployment.alarm_names))
        topic = deployment.topic_arn
        gone = Problem("topic-missing", f"the topic {topic} is gone", hint=_DEPLOY)
        subscriptions = self._seen(lambda: app.topics.subscriptions(topic), gone)
        lock = app.state_backend.lock(app.settings.state_key)
        if alarms is not None:
            self._judge_alarms(alarms)
        for problem in self._unheard(subscriptions) if subscriptions is not None else ():
            self._add(problem)
        for alarm in alarms or ():
            if alarm.state == "ALARM":
                self._judge_firing(alarm, subscriptions)
        return Status(
            well=self._well,
            api=api,
            function=function,
            alarms=alarms or (),
            subscriptions=subscriptions or (),
            lock=lock,
            problems=tuple(self._problems),
        )

    def _add(self, problem: Problem, *, grave: bool = False) -> None:
        self._problems.append(problem)
        self._well = self._well and not grave

    def _seen(self, look: Callable[[], T], gone: Problem | None = None) -> T | None:
        """What a look gives, or None with a problem: who cannot look must not call it well.

        `gone` is the problem that there is nothing to look at.
        """
        from tasktracker_ops.adapters.session import AwsNotFound

        try:
            return look()
        except AwsNotFound as error:
            self._add(gone or Problem.of(error), grave=True)
        except ConfigurationError as error:
            # One service may be closed to us; without credentials all of them are.
            if error.code != "aws-access-denied":
                raise
            self._add(Problem.of(error), grave=True)
        except TtOpsError as error:
            self._add(Problem.of(error), grave=True)
        return None

    def _api(self) -> ApiHealth:
        deployment = self._deployment
        answer = self._seen(lambda: self._app.tasks(deployment).probe("health"))
        status = None if answer is None else answer.status_code
        # To a caller without a token, that is how an API with JWT shows itself well.
        expected = (200, 401) if deployment.api_auth == "JWT" else (200,)
        if answer is not None and status not in expected:
            message = f"GET {answer.url} gave {status} instead of 200: {answer.text[:200]!r}"
            self._add(Problem("api-unwell", message, hint=_hint(answer.status_code)), grave=True)
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
                    hint="deploy it anew: tt-ops deploy",
                )
            )
        return found

    def _judge_alarms(self, alarms: tuple[Alarm, ...]) -> None:
        there = {alarm.name for alarm in alarms}
        for name in self._deployment.alarm_names:
            if name not in there:
                message = f"the alarm {name!r} is gone"
                self._add(Problem("alarm-missing", message, hint=_DEPLOY))
        for problem in filter(None, map(muted, alarms)):
            self._add(problem)

    def _judge_firing(self, alarm: Alarm, subscriptions: tuple[Subscription, ...] | None) -> None:
        """A failure that nobody hears of is worse than one that somebody looks after."""
        cause = muted(alarm)
        if cause is None and subscriptions is not None:
            confirmed = any(each.confirmed for each in subscriptions)
            cause = None if confirmed else self._unheard(subscriptions)[0]
        if cause is not None:
            self._add(nobody_told(alarm.name, cause), grave=True)
            return
        self._add(
            Problem(
                "alarm-firing",
                f"{alarm.name} is in ALARM since {alarm.since}",
                hint="see what happened: tt-ops logs --since 10m",
            )
        )

    def _unheard(self, subscriptions: tuple[Subscription, ...]) -> tuple[Problem, ...]:
        return unheard(self._app.target, self._deployment.topic_arn, subscriptions)


def _hint(status: int) -> str:
    if status in {401, 403}:
        return "see which callers it takes (api_auth), and whose keys these are: tt-ops outputs"
    return "see what the function says: tt-ops logs --errors"
