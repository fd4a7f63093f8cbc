"""The values that travel between the layers: frozen, and with no behaviour beyond themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .errors import Finding, Problem
from .plans import Plan


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
class TerraformEvent:
    """A step of Terraform's, as it happens.

    `kind` is notice (from us, for the user), message, warning, started, progress, complete or
    errored; `address` and `action` (create, update, delete …) are set from started on; `elapsed` is
    in seconds since the resource was started. `findings` say where in the files a warning is.
    """

    kind: str
    message: str
    address: str = ""
    action: str = ""
    elapsed: int = 0
    findings: tuple[Finding, ...] = ()


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
class Task:
    """A task as the API serves it; fields that an old item lacks are None.

    All that shows, edits, exports or imports tasks reads these declarations: clients may write the
    fields that are `writable`, and `tasks list` shows those that are `listed`.
    """

    task_id: str = field(metadata={"listed": True})
    title: str | None = field(default=None, metadata={"writable": True, "listed": True})
    description: str | None = field(default=None, metadata={"writable": True})
    status: str | None = field(default=None, metadata={"writable": True, "listed": True})
    created_at: str | None = None
    updated_at: str | None = None
    version: int | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Task:
        """Read one object of the API; unknown keys are left out. Raises KeyError without an id."""
        known = {f.name: data.get(f.name) for f in fields(cls)}
        return cls(**{**known, "task_id": data["task_id"]})


WRITABLE = tuple(each.name for each in fields(Task) if "writable" in each.metadata)


@dataclass(frozen=True, slots=True)
class Tasks:
    """Tasks as the API lists them, newest first; JSON is the bare array."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """The state backend after a bootstrap, and what that changed."""

    bucket: str
    lock_table: str
    plan: Plan


@dataclass(frozen=True, slots=True)
class GitHubRepository:
    """A repository on GitHub; names change hands, ids never do."""

    owner: str
    name: str
    owner_id: str
    id: str

    @property
    def full_name(self) -> str:
        """OWNER/REPO."""
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True)
class GitHubAccess:
    """Who of a repository's workflows gets into the account, and what a bootstrap changed there.

    `deployer_role_arn` is for jobs with `environment` on `branch`, `planner_role_arn` for pull
    requests.
    """

    backend: Bootstrapped
    repository: GitHubRepository
    branch: str
    environment: str
    deployer_role_arn: str
    planner_role_arn: str
    plan: Plan


@dataclass(frozen=True, slots=True)
class Deployed:
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
class Destroyed:
    """What a destroy removed."""

    plan: Plan
    backend: bool


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A state lock that was released."""

    lock_id: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A task that is gone."""

    task_id: str


@dataclass(frozen=True, slots=True)
class Added(Task):
    """A task that was just added, one of several."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The tasks that were written to a file, one JSON object on each line, the oldest first."""

    file: Path
    tasks: int


@dataclass(frozen=True, slots=True)
class FailedLine:
    """A line, counted from 1, that could not be imported."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of the lines of a file; `complete` is False when something ended it early."""

    created: int
    already_there: int
    failed: tuple[FailedLine, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class LocalServer:
    """The running embedded AWS; `started_at` is RFC 3339, UTC.

    `version` is that of its code, None where it does not tell; `same_version` says whether that
    is the code of this `tt-ops` too.
    """

    url: str
    port: int
    pid: int
    started_at: str
    log_path: Path
    version: str | None
    same_version: bool

    @property
    def console_url(self) -> str:
        """Its page for people."""
        return f"{self.url}/_tt-ops/"


@dataclass(frozen=True, slots=True)
class Stopped:
    """The embedded AWS that was stopped; None when there was none."""

    server: LocalServer | None
