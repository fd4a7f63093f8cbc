"""What Terraform would do, what of it would lose something for good, and what it would open."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tasktracker_ops.errors import Finding, Problem

# What is lost with a resource of these types, whatever its address: by name, `count` or `moved`.
STATEFUL_TYPES = {
    "aws_dynamodb_table": "every item in it",
    "aws_s3_bucket": "every object in it",
    "aws_sns_topic": "every confirmed subscription",
}
# What stands for a value that nobody may see, and for one that only AWS will know.
SENSITIVE = "(sensitive)"
UNKNOWN = "(known after apply)"
# What cannot be taken back, in the order in which it is shown.
DESTRUCTIVE = {
    "delete": "would be deleted",
    "replace": "would be deleted and made anew",
    "forget": "would be left to itself, no deploy finding it again",
}
_TAINTED = "replace_because_tainted"
_REASONS = {
    _TAINTED: "its last change failed halfway",
    "replace_by_triggers": "something that it is made anew with changes",
    "delete_because_no_resource_config": "the configuration no longer has it",
    "delete_because_no_module": "the configuration no longer has it",
    "delete_because_no_move_target": "the configuration no longer has it",
    "delete_because_wrong_repetition": "the configuration counts it otherwise",
    "delete_because_count_index": "the configuration counts fewer",
    "delete_because_each_key": "the configuration no longer has its key",
}


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """An attribute that changes: texts that may be shown; None where they would be too long."""

    name: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource that a plan touches.

    `action` is create, update, replace, delete, forget, import or move; `forced_by` are the
    attributes that force a replacement, `reason` is Terraform's `action_reason`, `id` what AWS
    knows it by before the change. `adopted` says that the state does not have it yet.
    """

    address: str
    action: str
    type: str = ""
    id: str = ""
    attributes: tuple[AttributeChange, ...] = ()
    forced_by: tuple[str, ...] = ()
    reason: str = ""
    adopted: bool = False

    @property
    def loses(self) -> str:
        """What is lost for good with the change; empty where nothing is."""
        return STATEFUL_TYPES.get(self.type, "") if self.action in DESTRUCTIVE else ""

    @property
    def tainted(self) -> bool:
        """Whether it would be lost only since it was not made to its end: a deploy keeps it."""
        return bool(self.loses) and self.action == "replace" and self.reason == _TAINTED

    def loss(self, quoted: Callable[[str], str] = repr) -> str:
        """What becomes of it and why, in a sentence; `quoted` writes names."""
        name = f"{quoted(self.address)} ({quoted(self.id)})" if self.id else quoted(self.address)
        forced = f"{' and '.join(map(quoted, self.forced_by))} cannot be changed in place"
        reason = forced if self.forced_by else _REASONS.get(self.reason)
        because = f", as {reason}" if reason else ""
        lost = "" if self.action == "forget" else f": {self.loses} would be lost"
        return f"{name} {DESTRUCTIVE[self.action]}{because}{lost}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What Terraform would do. The counts are Terraform's own: a replacement adds and destroys.

    `opened` are the keys of routes that ask who calls, and no longer would. `drift` is what was
    changed past Terraform, as far as the plan changes it back. `fewer_shards` are the function's
    partitions of each status now and then, where it would look into fewer.
    """

    add: int
    change: int
    destroy: int
    changes: tuple[ResourceChange, ...]
    opened: tuple[str, ...] = ()
    drift: tuple[ResourceChange, ...] = ()
    fewer_shards: tuple[int, int] | None = None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.changes or self.add or self.change or self.destroy)

    @property
    def losses(self) -> tuple[ResourceChange, ...]:
        """The changes with which something is lost for good."""
        return tuple(change for change in self.changes if change.loses)


def in_order(changes: Iterable[ResourceChange]) -> tuple[ResourceChange, ...]:
    """The changes, those first that cannot be taken back."""

    order = list(DESTRUCTIVE)

    def rank(change: ResourceChange) -> tuple[bool, int, str]:
        place = order.index(change.action) if change.action in order else len(order)
        return not change.loses, place, change.address

    return tuple(sorted(changes, key=rank))


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a plan may do: addresses that it may `destroy`, and whether it may make all `public`."""

    destroy: frozenset[str] = frozenset()
    public: bool = False


NOTHING_ALLOWED = Allowed()


def violations(
    plan: Plan, *, allowed: Allowed = NOTHING_ALLOWED, command: str = "tt-ops deploy"
) -> tuple[Problem, ...]:
    """What `command` refuses to apply. Codes: would-destroy, would-open, would-hide."""
    found = []
    losses = [
        change
        for change in plan.losses
        if change.address not in allowed.destroy and not change.tainted
    ]
    if losses:
        flags = " ".join(f"--allow-destroy {shlex.quote(change.address)}" for change in losses)
        found.append(
            Problem(
                "would-destroy",
                "; ".join(change.loss() for change in losses),
                f"if that is meant, allow it: {command} {flags}",
            )
        )
    if plan.opened and not allowed.public:
        routes = ", ".join(map(repr, plan.opened))
        found.append(
            Problem(
                "would-open",
                f"the API asks who calls, and would be open to everybody: {routes}",
                f"set api_auth as it was, or if that is meant, allow it: {command} --allow-public",
            )
        )
    if plan.fewer_shards:
        now, then = plan.fewer_shards
        found.append(
            Problem(
                "would-hide",
                f"dynamodb_status_shards would go from {now} to {then}: tasks in the partitions "
                "beyond would be listed no more",
                f"set it as it was: export TF_VAR_dynamodb_status_shards={now}",
            )
        )
    return tuple(found)


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
