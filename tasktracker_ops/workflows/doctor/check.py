"""What checks are made of: a function with a name and what it needs, and its outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem
from tasktracker_ops.models.doctor import FAILED, OK, SKIPPED, WARNING

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.functions import Functions
    from tasktracker_ops.adapters.aws.identity import Caller
    from tasktracker_ops.app import App
    from tasktracker_ops.models.alarm import Alarm
    from tasktracker_ops.models.deployment import Deployment
    from tasktracker_ops.models.state import StateRecord


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found; checks that need one that `blocks` are skipped."""

    state: str
    detail: str
    fix: str | None = None
    blocks: bool = False


def ok(detail: str) -> Outcome:
    """Return that nothing is wrong."""
    return Outcome(OK, detail)


def warning(detail: str, fix: str, *, blocks: bool = False) -> Outcome:
    """Return that something deserves attention, though the service works."""
    return Outcome(WARNING, detail, fix, blocks)


def failed(detail: str, fix: str) -> Outcome:
    """Return that something is broken."""
    return Outcome(FAILED, detail, fix, blocks=True)


def skipped(detail: str) -> Outcome:
    """Return that there is nothing to check, and why."""
    return Outcome(SKIPPED, detail, blocks=True)


def of_problems(problems: Sequence[Problem], detail: str, *, state: str = FAILED) -> Outcome:
    """Return the outcome of what other commands report as problems; `detail` is for none."""
    if not problems:
        return ok(detail)
    message = "; ".join(problem.message for problem in problems)
    return Outcome(state, message, problems[0].hint, blocks=state == FAILED)


class NotApplicable(Exception):
    """There is nothing to check; its text says why."""


@contextmanager
def only_where_supported(operation: str) -> Iterator[None]:
    """Skip the check where the target, such as an emulator, does not have an operation."""
    from tasktracker_ops.adapters.aws.session import UNKNOWN_OPERATION, AwsError

    try:
        yield
    except AwsError as error:
        if error.aws_code not in UNKNOWN_OPERATION:
            raise
        raise NotApplicable(f"this target has no {operation}") from None


class Examination:
    """What several checks read, each once; nothing is started or installed for it."""

    def __init__(self, app: App) -> None:
        self.app = app

    @cached_property
    def caller(self) -> Caller:
        """Return whom the credentials belong to."""
        from tasktracker_ops.adapters.aws.identity import caller

        return caller(self.app.session)

    @cached_property
    def described(self) -> tuple[Deployment, StateRecord | None]:
        """Return the deployment and the record of its state."""
        return self.app.deployments.get_with_state_record()

    @property
    def deployment(self) -> Deployment:
        """Return the deployment."""
        return self.described[0]

    @property
    def function(self) -> Functions:
        """Return the adapter of the deployed function."""
        return self.app.deployed_function(self.deployment)

    @cached_property
    def alarms(self) -> tuple[Alarm, ...]:
        """Return the alarms of the deployment, as far as they exist."""
        return self.app.alarms.get(self.deployment.alarm_names)

    @cached_property
    def github_roles(self) -> dict[str, str]:
        """Return the ARNs of the roles for GitHub by the names of their outputs; empty without."""
        from tasktracker_ops.adapters.aws.state_backend import GITHUB_STATE_KEY

        return self.app.state_backend.outputs(GITHUB_STATE_KEY)


CheckFunction = Callable[[Examination], Outcome]


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """A check: it runs once the checks that it `needs`, by name, do not block it."""

    name: str
    run: CheckFunction
    needs: tuple[str, ...]


class CheckGroup:
    """The checks of a module, in the order in which they are shown."""

    def __init__(self) -> None:
        self.checks: list[CheckSpec] = []

    def check(self, name: str, *needs: str) -> Callable[[CheckFunction], CheckFunction]:
        """Register a function as the check `name`."""

        def register(run: CheckFunction) -> CheckFunction:
            self.checks.append(CheckSpec(name, run, needs))
            return run

        return register
