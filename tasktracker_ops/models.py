"""The values that travel between the layers: frozen, and with no behaviour beyond themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class AwsEnvironment:
    """Where AWS is and who is asking: all that boto3 and Terraform need to be told.

    `variables` is the whole environment for a child process; `endpoint_url` is None for AWS itself.
    `sealed` says that nothing of the user's AWS files and variables may be consulted.
    """

    region: str
    endpoint_url: str | None = None
    profile: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    sealed: bool = False
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Package:
    """The function's zip: its place, the files inside, its size in bytes and its digest (hex)."""

    path: Path
    files: tuple[str, ...]
    size: int
    sha256: str
    changed: bool


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource that a plan touches; `action` is create, update, replace, delete or import."""

    address: str
    action: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What Terraform would do. The counts are Terraform's own: a replacement adds and destroys."""

    add: int
    change: int
    destroy: int
    changes: tuple[ResourceChange, ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.changes or self.add or self.change or self.destroy)


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
