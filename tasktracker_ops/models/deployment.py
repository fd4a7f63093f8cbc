"""The deployment, and the results of the commands that create, change or remove it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from tasktracker_ops.errors import Problem
from tasktracker_ops.frozen import dataclass

if TYPE_CHECKING:
    from .plan import Plan
    from .release import ReleaseResult


@dataclass(frozen=True, slots=True)
class Deployment:
    """The deployment's own description, as Terraform wrote it to SSM (schema 1)."""

    schema: int
    region: str
    api_url: str
    api_id: str
    api_auth: str
    function_name: str
    function_alias: str
    log_group: str
    table_name: str
    dashboard_name: str
    alarm_names: tuple[str, ...]
    topic_arn: str
    temporary: bool = False

    @property
    def healthy_statuses(self) -> tuple[int, ...]:
        """Return what a healthy API answers to a caller without a token on its health route."""
        return (200, 401) if self.api_auth == "JWT" else (200,)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Deployment:
        """Return the deployment that the parameter's object describes; unknown keys are ignored.

        Raises KeyError for a missing key.
        """
        values = {f.name: data[f.name] for f in fields(cls) if f.name != "temporary"}
        # Only the description of a temporary environment has the key.
        temporary = data.get("temporary") is True
        return cls(**{**values, "alarm_names": tuple(values["alarm_names"])}, temporary=temporary)


@dataclass(frozen=True, slots=True)
class FirstDeploy:
    """What the first deploy to a target creates, where neither it nor a state backend exists."""

    target: str
    bucket: str
    lock_table: str
    function_name: str
    table_name: str
    downloads_terraform: bool


@dataclass(frozen=True, slots=True)
class BootstrapResult:
    """The state backend, and what the bootstrap changed."""

    state_bucket: str
    lock_table: str
    plan: Plan


@dataclass(frozen=True, slots=True)
class DeployResult:
    """What a deploy changed, which release is live, and where to look.

    `plan` is None where only the code was to be deployed. `problems` name subscriptions that
    receive no alarms yet.
    """

    plan: Plan | None
    target: str
    deployment: Deployment
    release: ReleaseResult
    console_url: str
    problems: tuple[Problem, ...] = ()

    @property
    def empty(self) -> bool:
        """Return whether there was nothing to do."""
        return (self.plan is None or self.plan.empty) and self.release.checks == "not needed"

    @property
    def public(self) -> bool:
        """Return whether anyone with the URL can call the API."""
        return self.deployment.api_auth == "NONE"


@dataclass(frozen=True, slots=True)
class DestroyResult:
    """What a destroy removed; `backend` says whether the state backend too."""

    plan: Plan
    backend: bool
