"""A deployment for workflows that only read it: a real HTTP server, and fakes of AWS.

Fixtures: `observed`, a healthy deployment to change; `alarm`, its alarm on errors; `transition` and
`action`, which make events of its history; `pending`, a subscription; `signed`, to count requests;
`backend`, an application with an empty state backend in moto's account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws

from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.task_api.client import TaskClient
from tasktracker_ops.environments import Environment
from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.alarm import Alarm, AlarmEvent
from tasktracker_ops.models.aws_environment import AwsEnvironment
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.drill import DrillRecord
from tasktracker_ops.models.lock import LockQueue, StoredLock, TerraformLock
from tasktracker_ops.models.release import ReleaseRecord, Routing
from tasktracker_ops.models.status import FunctionState, Subscription
from tasktracker_ops.output.redaction import Redaction
from tasktracker_ops.settings import Settings
from tests.alarm import TOPIC, alarm_on_errors

from . import locking

_ALARM = alarm_on_errors()
_DENIED = ConfigurationError(
    "aws-access-denied", "not allowed", hint="see who you are: aws sts get-caller-identity"
)


class Observed:
    """An application whose AWS returns the values of these attributes.

    A value that is a TtOpsError is raised. `histories` are returned in turn, the last one
    repeatedly.
    """

    def __init__(self, api_url: str, authorised: list[bool]) -> None:
        self.api_auth = "NONE"
        self.found_alarms: Any = [
            _ALARM,
            replace(_ALARM, name="LambdaDurationAlarm", metric="Duration"),
        ]
        self.histories: list[Any] = [()]
        self.found_subscriptions: Any = (confirmed("operator@example.com"),)
        self.function: Any = FunctionState(
            "tracker", "live", "7", "python3.12", "Active", "2026-01-01T00:00:00.000Z"
        )
        self.routing = Routing("7", None, 0.0, "")
        self.release: Any = ReleaseRecord(
            7, "", {}, "3f2c1a9", False, "ada@desk", None, "", "1.0.0", outcome="proven"
        )
        self.release_records = SimpleNamespace(read=lambda release: _value(self.release))
        self.explained: TtOpsError | None = None
        self.lock = TerraformLock(held=False)
        self.api_url = api_url
        self.notes: list[str] = []
        self.settings = Settings()
        self.environment = Environment()
        self.awaited: list[Sequence[str]] = []
        self.report = SimpleNamespace(
            doing=lambda what: None, doing_each=self.awaited.append, note=self.notes.append
        )
        self.redact = Redaction(self.settings)
        self.drill_record: Any = None
        self.drill_records = SimpleNamespace(
            read=lambda: _value(self.drill_record), write=self._write_drill_record
        )
        # As for those who may not read the state.
        self.deployments = SimpleNamespace(
            get=self._deployment, state_record=lambda: _value(_DENIED)
        )
        self.mutes: Any = {}
        self.alarms = SimpleNamespace(
            get=self._alarms, history=self._history, with_mute_rules=self._with_mute_rules
        )
        self.topics = SimpleNamespace(subscriptions=lambda topic: _value(self.found_subscriptions))
        self.deploy_lock: StoredLock | None = None
        self.deploy_locks = SimpleNamespace(queue=lambda: LockQueue("", self.deploy_lock, ()))
        self.terraform_locks = SimpleNamespace(lock=lambda: self.lock, held=lambda: ())
        self.apis = SimpleNamespace(ours=lambda: ())
        self.resource_tags = SimpleNamespace(find_ours=lambda: ())
        self.state_files = SimpleNamespace(read=lambda key: None)
        self.target = SimpleNamespace(
            aws_command=lambda *words: f"aws {' '.join(words)}",
            confirmation_hint=lambda topic: "confirm: aws confirm",
            explain=lambda error: self.explained or error,
        )
        self._authorised = authorised

    def _write_drill_record(self, record: DrillRecord) -> None:
        _value(self.drill_record)
        self.drill_record = record

    def _deployment(self) -> Deployment:
        return Deployment(
            schema=1,
            region="eu-west-3",
            api_url=self.api_url,
            api_id="abc",
            api_auth=self.api_auth,
            function_name="tracker",
            function_alias="live",
            log_group="/aws/lambda/tracker",
            table_name="TaskTable",
            dashboard_name="dashboard",
            alarm_names=("LambdaErrorAlarm", "LambdaDurationAlarm"),
            topic_arn=TOPIC,
        )

    def _alarms(self, names: Iterable[str]) -> tuple[Alarm, ...]:
        return tuple(alarm for alarm in _value(self.found_alarms) if alarm.name in names)

    def _with_mute_rules(self, alarms: Iterable[Alarm]) -> tuple[Alarm, ...]:
        rules = _value(self.mutes)
        return tuple(replace(alarm, muted_by=rules.get(alarm.name, ())) for alarm in alarms)

    def _history(
        self, name: str, *, since: datetime | None = None, limit: int | None = None
    ) -> tuple[AlarmEvent, ...]:
        last = len(self.histories) == 1
        events = _value(self.histories[0] if last else self.histories.pop(0))
        return tuple(event for event in events if event.alarm == name)[:limit]

    def _state(self, qualifier: str) -> FunctionState:
        """Return the version; those of several are by qualifier."""
        found = _value(self.function)
        return found[qualifier] if isinstance(found, dict) else found

    def deployed_function(self, deployment: Deployment) -> Any:
        """Return the function."""
        return SimpleNamespace(name="tracker", state=self._state, routing=lambda: self.routing)

    def tasks(self, deployment: Deployment) -> TaskClient:
        """Return the client of the API."""
        return TaskClient(self.api_url)

    def drills(self, deployment: Deployment) -> TaskClient:
        """Return the client of the drills, which records that it signs."""

        def sign(request: Any) -> Any:
            self._authorised.append(True)
            return request

        return TaskClient(self.api_url, authorise=sign)


def _value(value: Any) -> Any:
    if isinstance(value, TtOpsError):
        raise value
    return value


def confirmed(endpoint: str) -> Subscription:
    """Return a confirmed subscription."""
    return Subscription("email", endpoint, True, f"{TOPIC}:1")


@pytest.fixture(scope="session")
def account() -> AwsSession:
    """A session with moto's account; creating clients takes time, so all tests share it."""
    return AwsSession(
        AwsEnvironment(region="eu-west-3", access_key_id="a", secret_access_key="b", sealed=True)
    )


@pytest.fixture
def backend(tmp_path: Path, account: AwsSession) -> Iterator[locking.App]:
    """An application with an empty state backend."""
    with mock_aws():
        yield locking.App(tmp_path, account)


@pytest.fixture
def pending() -> Subscription:
    """A subscription that is pending confirmation."""
    return Subscription("email", "operator@example.com", False, None)


@pytest.fixture
def alarm() -> Alarm:
    """The alarm on errors."""
    return _ALARM


@pytest.fixture
def signed() -> list[bool]:
    """One entry for each signed request."""
    return []


@pytest.fixture
def observed(server: Any, signed: list[bool]) -> Observed:
    """A healthy deployment, whose API responds as the test sets it."""
    return Observed(server.url, signed)


@pytest.fixture
def transition() -> Callable[..., AlarmEvent]:
    """Make a transition of the alarm on errors."""

    def make(at: str, old: str, new: str) -> AlarmEvent:
        return AlarmEvent(
            _ALARM.name, at, "StateUpdate", f"Alarm updated from {old} to {new}", old, new, "why"
        )

    return make


@pytest.fixture
def action() -> Callable[..., AlarmEvent]:
    """Make an action of the alarm on errors."""

    def make(at: str, succeeded: bool = True) -> AlarmEvent:
        words = "Successfully executed action" if succeeded else "Failed to execute action"
        return AlarmEvent(
            _ALARM.name, at, "Action", f"{words} {TOPIC}", action=TOPIC, succeeded=succeeded
        )

    return make
