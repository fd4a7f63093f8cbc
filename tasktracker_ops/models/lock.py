"""The deploy lock, and the lock of Terraform below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class TerraformLock:
    """The lock of the Terraform state; `held` is None when it cannot be read.

    The other fields are as its holder wrote them, and None where it is free or unknown.
    """

    held: bool | None
    id: str | None = None
    who: str | None = None
    operation: str | None = None
    since: str | None = None

    @property
    def sentence(self) -> str:
        """Return who holds it, since when and for what."""
        since = f" since {self.since[:19].replace('T', ' ')} UTC" if self.since else ""
        operation = "" if self.operation in (None, "", "invalid") else f" for its {self.operation}"
        return f"the Terraform state is locked by {self.who or 'an unknown run'}{since}{operation}"


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process on a machine, so that neither a reused pid nor another container is mistaken.

    `machine` is the boot of a machine with its namespace of pids, `started` the seconds from that
    boot to the start of the process.
    """

    machine: str
    pid: int
    started: float


@dataclass(frozen=True, slots=True)
class DeadRun:
    """A run that ended and left its locks: `who` is user@host, `clock` the time of its start there.

    It took no lock after `ended` (None is unknown), also by the clock of that host.
    """

    who: str
    clock: str
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class DeployLock:
    """The lock that a command holds from its plan to its last check.

    `since` is AWS's time, `clock` the holder's own at that moment (both RFC 3339). `process` is
    None for a lock by hand, which has a `reason`. `beat` counts the heartbeats, so that each one
    changes the object's ETag. `dead_runs` are those that it took over from and whose locks of
    Terraform may still be held; a run that ends before it has removed them is `abandoned`, so that
    the next one knows of them.
    """

    id: str
    who: str
    host: str
    command: str
    since: str
    clock: str
    process: ProcessIdentity | None = None
    commit: str | None = None
    run_url: str | None = None
    reason: str | None = None
    beat: int = 0
    dead_runs: tuple[DeadRun, ...] = ()
    abandoned: bool = False

    @property
    def by_hand(self) -> bool:
        """Return whether a person holds it, and no process."""
        return self.reason is not None

    @property
    def run(self) -> DeadRun:
        """Return the run that holds the lock, as it is remembered once it is dead."""
        return DeadRun(self.who, self.clock)

    @property
    def since_when(self) -> str:
        """Return since when it is held, as messages have it."""
        return f"{self.since[:19].replace('T', ' ')} UTC" if self.since else "an unknown time"

    @property
    def sentence(self) -> str:
        """Return who holds it, since when, for what, and from where."""
        if self.by_hand:
            return f"{self.who} locked deploys since {self.since_when}: {self.reason!r}"
        where = [
            f"process {self.process.pid} on {self.host!r}" if self.process else "",
            f"commit {self.commit[:7]}" if self.commit else "",
            self.run_url or "",
        ]
        details = f" ({', '.join(filter(None, where))})" if any(where) else ""
        return f"{self.who} runs {self.command!r} since {self.since_when}{details}"

    def to_json(self) -> dict[str, Any]:
        """Return the object that is stored."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DeployLock:
        """Return the lock that an object describes. Raises ValueError, KeyError or TypeError."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        if values.get("process") is not None:
            values["process"] = ProcessIdentity(**values["process"])
        values["dead_runs"] = tuple(DeadRun(**run) for run in values.get("dead_runs", ()))
        return cls(**values)


@dataclass(frozen=True, slots=True)
class StoredLock:
    """A deploy lock as it is stored; `age` is the time since its last heartbeat, in seconds.

    The age is by AWS's clock alone.
    """

    lock: DeployLock
    etag: str
    age: float


@dataclass(frozen=True, slots=True)
class Ticket:
    """The place of a run that waits for the deploy lock; `age` as in StoredLock."""

    key: str
    age: float


@dataclass(frozen=True, slots=True)
class LockQueue:
    """The deploy lock, if there is one, and who waits for it, in the order of arrival.

    `now` is AWS's time (RFC 3339).
    """

    now: str
    holder: StoredLock | None
    tickets: tuple[Ticket, ...]


@dataclass(frozen=True, slots=True)
class DeployLockStatus:
    """The deploy lock as `status` shows it; `held` is None when it cannot be read.

    `dead` says that the next deploy takes over, `heartbeat_age` is in seconds and None for a lock
    by hand. The other fields are those of DeployLock.
    """

    held: bool | None
    id: str | None = None
    who: str | None = None
    command: str | None = None
    since: str | None = None
    commit: str | None = None
    run_url: str | None = None
    reason: str | None = None
    dead: bool = False
    heartbeat_age: float | None = None


@dataclass(frozen=True, slots=True)
class LockResult:
    """A lock by hand that was taken."""

    id: str
    who: str
    since: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnlockResult:
    """The ids of the locks that were released; `holder` describes who has locked since, if any.

    Without a holder, the deploy lock and both locks of Terraform were read, and are free.
    """

    released: tuple[str, ...]
    holder: str | None = None
