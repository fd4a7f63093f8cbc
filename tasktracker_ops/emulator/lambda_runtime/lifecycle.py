"""States of functions and versions, and their revisions.

A function is Pending when it was created, and its update InProgress, for a moment; both end by
themselves. Source: https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Self

from moto.awslambda.models import LambdaFunction

from .errors import ResourceConflict

_SETTLE_SECONDS = 0.1
_ATTRIBUTE = "tt_ops_lifecycle"
_BUSY = "The operation cannot be performed at this time."
# Lambda gives the same reason for an update.
_REASON = ("The function is being created.", "Creating")


@dataclass
class Lifecycle:
    """State and revision of one function or version; the end of a change is a revision too.

    The change under way, if any, ends at `settles_at` (of `time.monotonic`). Until then `before`
    is what an update replaces; without it the function is being created.
    """

    settles_at: float = 0.0
    before: LambdaFunction | None = None
    _revision: str = field(default_factory=lambda: str(uuid.uuid4()))
    _settled_revision: str | None = None

    @classmethod
    def of(cls, function: LambdaFunction) -> Self:
        """Return the lifecycle of a function or version, which is Active by default."""
        attributes: dict[str, Any] = vars(function)
        found: Self = attributes.get(_ATTRIBUTE) or attributes.setdefault(_ATTRIBUTE, cls())
        return found

    @classmethod
    def begin(cls, function: LambdaFunction, before: LambdaFunction | None = None) -> None:
        """Have a function be created, or updated from a copy of what it was `before`."""
        if before is not None:
            vars(before).pop(_ATTRIBUTE, None)  # or each update would hold all code before it
        vars(function)[_ATTRIBUTE] = cls(
            settles_at=time.monotonic() + _SETTLE_SECONDS,
            before=before,
            _settled_revision=str(uuid.uuid4()),
        )

    def published(self) -> Lifecycle:
        """Return the lifecycle of a version that is published now; renew this revision.

        A version of a settled function is Active at once, another one as soon as the function is;
        its revision does not change then.
        """
        if self.is_settled:
            self._revision, self._settled_revision = str(uuid.uuid4()), None
            return Lifecycle()
        return Lifecycle(settles_at=self.settles_at)

    def settled(self) -> Lifecycle:
        """Return the lifecycle as it is when the change has ended."""
        return Lifecycle(_revision=self._settled_revision or self._revision)

    @property
    def is_settled(self) -> bool:
        """Return whether nothing is under way."""
        return time.monotonic() >= self.settles_at

    @property
    def is_pending(self) -> bool:
        """Return whether the function is being created."""
        return not self.is_settled and self.before is None

    @property
    def revision(self) -> str:
        """Return the RevisionId."""
        return (self.is_settled and self._settled_revision) or self._revision

    def members(self) -> dict[str, str]:
        """Return the members of a configuration that tell state and revision."""
        text, code = _REASON
        if self.is_pending:
            state = {"State": "Pending", "StateReason": text, "StateReasonCode": code}
        elif self.is_settled:
            state = {"State": "Active", "LastUpdateStatus": "Successful"}
        else:
            state = {
                "State": "Active",
                "LastUpdateStatus": "InProgress",
                "LastUpdateStatusReason": text,
                "LastUpdateStatusReasonCode": code,
            }
        return {**state, "RevisionId": self.revision}


def require_settled(function: LambdaFunction) -> None:
    """Refuse a change of a function that is being created or updated."""
    require_active(function)
    if not Lifecycle.of(function).is_settled:
        raise ResourceConflict(
            f"{_BUSY} An update is in progress for resource: {function.function_arn}"
        )


def require_active(function: LambdaFunction) -> None:
    """Refuse to use a function or version that is being created."""
    if Lifecycle.of(function).is_pending:
        raise ResourceConflict(f"{_BUSY} The function is currently in the following state: Pending")


def serving(function: LambdaFunction) -> LambdaFunction:
    """Return what invocations run: code and configuration of before, until an update has ended."""
    lifecycle = Lifecycle.of(function)
    return function if lifecycle.is_settled else lifecycle.before or function
