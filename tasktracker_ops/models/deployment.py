"""The deployment, and what the commands that make, change or remove it return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from tasktracker_ops.errors import Problem

from .plan import Plan


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

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Deployment:
        """Read the parameter's object; unknown keys are left for newer readers.

        Raises KeyError for a missing key.
        """
        values = {f.name: data[f.name] for f in fields(cls)}
        return cls(**{**values, "alarm_names": tuple(values["alarm_names"])})


@dataclass(frozen=True, slots=True)
class BootstrapResult:
    """The state backend after a bootstrap, and what that changed."""

    bucket: str
    lock_table: str
    plan: Plan


@dataclass(frozen=True, slots=True)
class DeployResult:
    """The outcome of a deploy: what changed, which version serves, and where to look.

    `problems` are what still keeps the alarms from being heard.
    """

    plan: Plan
    target: str
    deployment: Deployment
    version: str | None
    previous_version: str | None
    smoke: str
    console_url: str
    problems: tuple[Problem, ...] = ()

    @property
    def public(self) -> bool:
        """Whether anyone may call the API."""
        return self.deployment.api_auth == "NONE"


@dataclass(frozen=True, slots=True)
class DestroyResult:
    """What a destroy removed."""

    plan: Plan
    backend: bool


@dataclass(frozen=True, slots=True)
class UnlockResult:
    """A state lock that was released."""

    lock_id: str
