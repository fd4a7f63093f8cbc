"""The status of a running deployment."""

from __future__ import annotations

from tasktracker_ops.errors import Problem
from tasktracker_ops.frozen import dataclass

from .alarm import Alarm
from .lock import DeployLockStatus, TerraformLock
from .release import ServingRelease


@dataclass(frozen=True, slots=True)
class ApiHealth:
    """The API and the response of its health route; `status` is None without a response."""

    url: str
    auth: str
    public: bool
    healthy: bool
    status: int | None
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class FunctionState:
    """The function behind the alias; `state` is Lambda's own: Active, Pending, Inactive, Failed.

    `description` is that of the version.
    """

    name: str
    alias: str
    version: str
    runtime: str
    state: str
    changed_at: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription to the alarms' topic; `arn` is None while confirmation is pending."""

    protocol: str
    endpoint: str
    confirmed: bool
    arn: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """The status of the service and its problems.

    `healthy` is False when the API or the function does not work, when an alarm fired and nobody
    was notified, when an alarm does not exist, or when any of this could not be read. `function`,
    `alarms` and `subscriptions` are None when they could not be read, `function` also when it does
    not exist (`function-missing`); `releases` are the live one and one that bakes, empty where the
    function could not be read; `alarm_names` are those of the deployment. `alarms_proven_at` is
    when `tt-ops drill --all` was last complete, None if never or if that may not be read.
    """

    healthy: bool
    api: ApiHealth
    function: FunctionState | None
    alarms: tuple[Alarm, ...] | None
    subscriptions: tuple[Subscription, ...] | None
    state_lock: TerraformLock
    deploy_lock: DeployLockStatus
    releases: tuple[ServingRelease, ...]
    problems: tuple[Problem, ...]
    alarm_names: tuple[str, ...]
    alarms_proven_at: str | None = None
