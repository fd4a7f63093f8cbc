"""Plans, and what of a plan needs to be allowed: lost data, a public API."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tasktracker_ops.errors import Finding, Problem

from .adoption import AdoptableResource
from .code import CodeChange

# The data that is lost with a resource, by its type.
STATEFUL_TYPES = {
    "aws_dynamodb_table": "every item in it",
    "aws_s3_bucket": "every object in it",
    "aws_sns_topic": "every confirmed subscription",
}
# Placeholders of values that are secret, or not known before the apply.
SENSITIVE = "(sensitive)"
UNKNOWN = "(known after apply)"
# Actions that cannot be undone, in the order in which they are shown.
DESTRUCTIVE = {
    "delete": "would be deleted",
    "replace": "would be deleted and created again",
    "forget": "would be removed from the state, and no deploy finds it again",
}
_TAINTED = "replace_because_tainted"
_REASONS = {
    _TAINTED: "it is tainted, since its creation failed",
    "replace_by_triggers": "a resource that triggers its replacement changes",
    "delete_because_no_resource_config": "the configuration no longer has it",
    "delete_because_no_module": "the configuration no longer has it",
    "delete_because_no_move_target": "the configuration no longer has it",
    "delete_because_wrong_repetition": "its count or for_each has changed",
    "delete_because_count_index": "its count is lower",
    "delete_because_each_key": "its for_each no longer has its key",
}


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """An attribute that changes, as text that may be shown; None where it would be too long."""

    name: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """A resource that a plan changes.

    `action` is create, update, replace, delete, forget, import or move; `forced_by` are the
    attributes that force a replacement, `reason` is Terraform's `action_reason`, `id` is its id in
    AWS before the change. `imported` says that the plan imports it first.
    """

    address: str
    action: str
    type: str = ""
    id: str = ""
    attributes: tuple[AttributeChange, ...] = ()
    forced_by: tuple[str, ...] = ()
    reason: str = ""
    imported: bool = False

    @property
    def data_loss(self) -> str:
        """Return what data is lost with the change; empty where none is."""
        return STATEFUL_TYPES.get(self.type, "") if self.action in DESTRUCTIVE else ""

    @property
    def tainted(self) -> bool:
        """Return whether data would be lost only because it is tainted: a deploy keeps it."""
        return bool(self.data_loss) and self.action == "replace" and self.reason == _TAINTED

    def describe_loss(self, quoted: Callable[[str], str] = repr) -> str:
        """Return what happens to it and why, in a sentence; `quoted` quotes names."""
        name = f"{quoted(self.address)} ({quoted(self.id)})" if self.id else quoted(self.address)
        forced = f"{' and '.join(map(quoted, self.forced_by))} cannot be changed in place"
        reason = forced if self.forced_by else _REASONS.get(self.reason)
        because = f", as {reason}" if reason else ""
        lost = "" if self.action == "forget" else f": {self.data_loss} would be lost"
        return f"{name} {DESTRUCTIVE[self.action]}{because}{lost}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What Terraform would do. The counts are Terraform's own: a replacement adds and destroys.

    `made_public` are the keys of routes that require authentication, and no longer would. `drift`
    is what was changed outside of Terraform, as far as the plan changes it back. `fewer_shards` are
    the function's partitions per status before and after, where it would read fewer. `adopted` are
    the resources that exist and are in no state, with the reason why they are ours. `code` is what
    a deploy would release; None where the plan is of the infrastructure alone.
    """

    add: int
    change: int
    destroy: int
    changes: tuple[ResourceChange, ...]
    made_public: tuple[str, ...] = ()
    drift: tuple[ResourceChange, ...] = ()
    fewer_shards: tuple[int, int] | None = None
    adopted: tuple[AdoptableResource, ...] = ()
    code: CodeChange | None = None

    @property
    def empty(self) -> bool:
        """Return whether there is nothing to do."""
        return self.same_infrastructure and (self.code is None or self.code.empty)

    @property
    def same_infrastructure(self) -> bool:
        """Return whether Terraform would change nothing."""
        return not (self.changes or self.add or self.change or self.destroy)

    @property
    def data_losses(self) -> tuple[ResourceChange, ...]:
        """Return the changes that lose data."""
        return tuple(change for change in self.changes if change.data_loss)


def in_order(changes: Iterable[ResourceChange]) -> tuple[ResourceChange, ...]:
    """Return the changes, those first that lose data or cannot be undone."""
    order = list(DESTRUCTIVE)

    def rank(change: ResourceChange) -> tuple[bool, int, str]:
        place = order.index(change.action) if change.action in order else len(order)
        return not change.data_loss, place, change.address

    return tuple(sorted(changes, key=rank))


@dataclass(frozen=True, slots=True)
class AllowedChanges:
    """What the user allows: addresses to `destroy`, and whether to make the API `public`."""

    destroy: frozenset[str] = frozenset()
    public: bool = False


NOTHING_ALLOWED = AllowedChanges()


def violations(
    plan: Plan, *, allowed: AllowedChanges = NOTHING_ALLOWED, command: str = "tt-ops deploy"
) -> tuple[Problem, ...]:
    """Return what `command` refuses to apply.

    Codes: would-destroy, would-make-public, would-hide-tasks.
    """
    problems = []
    data_losses = [
        change
        for change in plan.data_losses
        if change.address not in allowed.destroy and not change.tainted
    ]
    if data_losses:
        flags = " ".join(f"--allow-destroy {shlex.quote(change.address)}" for change in data_losses)
        problems.append(
            Problem(
                "would-destroy",
                "; ".join(change.describe_loss() for change in data_losses),
                f"if that is intended, allow it: {command} {flags}",
            )
        )
    if plan.made_public and not allowed.public:
        routes = ", ".join(map(repr, plan.made_public))
        problems.append(
            Problem(
                "would-make-public",
                f"the API requires authentication; this plan would make it public: {routes}",
                f"restore api_auth, or if that is intended, allow it: {command} --allow-public",
            )
        )
    if plan.fewer_shards:
        now, then = plan.fewer_shards
        problems.append(
            Problem(
                "would-hide-tasks",
                f"dynamodb_status_shards would go from {now} to {then}: lists would omit the tasks "
                "in the partitions beyond",
                f"restore it: export TF_VAR_dynamodb_status_shards={now}",
            )
        )
    return tuple(problems)


@dataclass(frozen=True, slots=True)
class TerraformEvent:
    """A step of Terraform, as it happens.

    `kind` is notice (from tt-ops), message, warning, started, progress, complete or
    errored; `address` and `action` (create, update, delete …) are set from started on; `elapsed` is
    in seconds since the resource was started. `findings` say where in the files a warning is.
    """

    kind: str
    message: str
    address: str = ""
    action: str = ""
    elapsed: int = 0
    findings: tuple[Finding, ...] = ()
