"""An account with a state backend and nothing else, for workflows that lock."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from moto.s3.models import s3_backends

from tasktracker_ops.adapters.aws.deploy_lock import DeployLocks, lock_key
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.aws.state_backend import StateBackend
from tasktracker_ops.adapters.aws.terraform_locks import TerraformLocks
from tasktracker_ops.models.lock import DeployLock, ProcessIdentity
from tasktracker_ops.settings import Settings
from tests.endpoint import make_bucket, make_lock_table

# No other Terraform on this machine has its state in a bucket of this name.
BUCKET = "state-of-these-tests"
TABLE, STATE_KEY = "terraform-locks", "infra/terraform.tfstate"
ELSEWHERE = ProcessIdentity("another machine", 4711, 1.0)


@dataclass
class App:
    """The application as the workflows use it; `notes` are what it reported."""

    project: Path
    session: AwsSession
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = Settings(project_dir=self.project, state_bucket=BUCKET)
        self.report = SimpleNamespace(
            note=self.notes.append, doing=lambda what: None, done=lambda what: None
        )
        self.deploy_locks = DeployLocks(self.session, bucket=BUCKET, state_key=STATE_KEY)
        self.terraform_locks = self.locks_of(STATE_KEY)
        self.state_backend = StateBackend(self.session, bucket=BUCKET, lock_table=TABLE)
        make_bucket(self.session.client("s3"), BUCKET)
        make_lock_table(self.session.client("dynamodb"), TABLE)

    def locks_of(self, state_key: str) -> TerraformLocks:
        """Return the adapter of Terraform's own locks of a state."""
        return TerraformLocks(self.session, bucket=BUCKET, table=TABLE, state_key=state_key)

    def lock(self, *, age: float = 0, **changes: Any) -> DeployLock:
        """Store the lock of another run, whose last heartbeat was `age` seconds ago."""
        now = datetime.now(UTC) - timedelta(seconds=age)
        lock = DeployLock(
            id="9e1c",
            who="ann@desk",
            host="desk",
            command="deploy",
            since=now.isoformat(),
            clock=now.isoformat(),
            process=ELSEWHERE,
        )
        lock = replace(lock, **changes)
        assert self.deploy_locks.take(lock)
        self.make_older(lock_key(STATE_KEY), age)
        return lock

    def wait(self, arrived: str, *, age: float = 0, process: ProcessIdentity = ELSEWHERE) -> str:
        """Store the ticket of another run; return its key."""
        key = self.deploy_locks.ticket_key(arrived, "0")
        lock = DeployLock("0", "bob@desk", "desk", "deploy", arrived, arrived, process)
        self.deploy_locks.wait(key, lock)
        self.make_older(key, age)
        return key

    def make_older(self, key: str, seconds: float) -> None:
        """Let an object have been written earlier, by the clock of the emulated S3."""
        stored = s3_backends["123456789012"]["aws"].buckets[BUCKET].keys[key]
        stored.last_modified -= timedelta(seconds=seconds)

    def terraform_lock(self, who: str, created: str, lock_id: str = "7d2f") -> None:
        """Create both locks of Terraform."""
        info = {"ID": lock_id, "Who": who, "Created": created, "Operation": "OperationTypeApply"}
        text = json.dumps(info)
        key = f"{BUCKET}/{STATE_KEY}"
        self.session.client("s3").put_object(Bucket=BUCKET, Key=f"{STATE_KEY}.tflock", Body=text)
        self.session.client("dynamodb").put_item(
            TableName=TABLE, Item={"LockID": {"S": key}, "Info": {"S": text}}
        )

    @property
    def holder(self) -> DeployLock | None:
        """Return the deploy lock that is stored."""
        holder = self.deploy_locks.queue().holder
        return holder.lock if holder is not None else None
