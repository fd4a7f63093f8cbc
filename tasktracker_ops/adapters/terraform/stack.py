"""A Terraform stack: plan, apply and state changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.drift import Refresh
from tasktracker_ops.models.plan import Plan

from .events import Transcript
from .provider_server import provider_server
from .runner import FLAG, Runner
from .saved_plan import read_plan, read_refresh
from .unsaved_state import push_unsaved_state


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan, and the call that applies exactly that plan."""

    plan: Plan
    apply: Callable[[], None]


class Stack:
    """One Terraform root module and its state, on which `runner` runs the commands.

    `exists_since` is when the target began to exist, if it is known: a state from before that is
    not saved into it. Methods that run Terraform raise TtOpsError as `CommandResult.error` does,
    and ConfigurationError (terraform-missing, root-module-missing).
    """

    def __init__(self, runner: Runner, *, exists_since: datetime | None = None) -> None:
        self.runner = runner
        self._exists_since = exists_since

    def plan(
        self,
        file: Path,
        *,
        destroy: bool = False,
        targets: Sequence[str] = (),
        lock_timeout: int = 0,
    ) -> Plan:
        """Save a plan to `file` and return it; initialise first if needed.

        A state that an earlier run could not save is pushed before. The file is private, holds
        secrets, and is the caller's to remove. `targets` restrict it to these addresses and what
        they depend on. `lock_timeout` is in seconds.
        """
        self.push_unsaved_state(lock_timeout=lock_timeout)
        self.runner.initialise()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Terraform would keep the mode of an existing file.
        file.unlink(missing_ok=True)
        transcript = self.runner.retry(
            "plan",
            out=str(file.absolute()),
            detailed_exitcode=FLAG,
            lock_timeout=f"{lock_timeout}s",
            destroy=FLAG if destroy else None,
            target=list(targets) or None,
        )
        summary = transcript.plan()
        # Showing the file starts the provider again, which takes seconds.
        if not transcript.has_changes or transcript.has_only("delete" if destroy else "create"):
            return summary
        return read_plan(self._show(file), summary, transcript.clean)

    def apply(self, file: Path, *, lock_timeout: int = 0) -> None:
        """Apply the plan saved in `file`; `lock_timeout` is in seconds."""
        self.runner.retry("apply", str(file.absolute()), lock_timeout=f"{lock_timeout}s")

    def create(self, on_plan: Callable[[Plan], None], *, lock_timeout: int = 0) -> Plan:
        """Plan and apply in one run, where the state is empty; return the plan.

        `on_plan` gets it first, and raises to stop Terraform. Raises TtOpsError `plan-stale` where
        it would do more than create: another run has filled the state.
        """
        plans: list[Plan] = []

        def check(transcript: Transcript) -> None:
            plans.append(transcript.plan())
            if not transcript.has_only("create"):
                raise TtOpsError(
                    "plan-stale",
                    "another run has filled the state, which was empty",
                    hint=f"plan again: tt-ops {self.runner.command}",
                )
            on_plan(plans[-1])

        timeout = f"{lock_timeout}s"
        with self._provider():
            self.push_unsaved_state(lock_timeout=lock_timeout)
            self.runner.retry("apply", on_plan=check, auto_approve=FLAG, lock_timeout=timeout)
        return plans[-1]

    @contextmanager
    def _provider(self) -> Iterator[None]:
        """Run the provider once for all commands in the block."""
        runner = self.runner
        is_verified = runner.initialise()
        with provider_server(
            runner.directory, runner.data.path, runner.environment, is_verified=is_verified
        ) as runner.server:
            try:
                yield
            finally:
                runner.server = None

    @contextmanager
    def planned(
        self, *, destroy: bool = False, targets: Sequence[str] = (), lock_timeout: int = 0
    ) -> Iterator[SavedPlan]:
        """Yield a plan that can be applied inside the block; its file is removed afterwards."""
        with self._provider(), self.runner.runs.folder("plan") as folder:
            file = folder / "plan"
            plan = self.plan(file, destroy=destroy, targets=targets, lock_timeout=lock_timeout)
            yield SavedPlan(plan, partial(self.apply, file, lock_timeout=lock_timeout))

    def drift(self, *, lock_timeout: int = 0) -> Refresh:
        """Return what was changed outside of Terraform, by a refresh-only plan.

        Its exit code says nothing: https://github.com/hashicorp/terraform/issues/37406.
        """
        with self._provider(), self.runner.runs.folder("plan") as folder:
            file = folder / "plan"
            self.runner.retry(
                "plan", out=str(file), refresh_only=FLAG, lock_timeout=f"{lock_timeout}s"
            )
            return read_refresh(self._show(file), self.runner.redact)

    def refresh(self, *, lock_timeout: int = 0) -> None:
        """Write into the state what is there, and change nothing else."""
        self.runner.initialise()
        self.runner.retry(
            "apply", refresh_only=FLAG, auto_approve=FLAG, lock_timeout=f"{lock_timeout}s"
        )

    def _show(self, file: Path) -> Mapping[str, Any]:
        return self.runner.require("show", str(file.absolute()), json=FLAG).transcript.document

    def recover(self) -> None:
        """Clean up after runs that were killed, and report them.

        Their processes are ended, after Terraform had time to end in order; their saved plans and
        output are removed. To be called under the deploy lock. Raises TtOpsError
        `terraform-not-ended`.
        """
        runner = self.runner

        def on_wait(pid: int) -> None:
            runner.notice(f"Waiting for Terraform of a run that was killed to end (process {pid})")

        for run in runner.runs.recover(on_wait=on_wait):
            runner.data.move_unsaved_state(runner.directory, since=run.started)
            orphans = f"; ended what it left running: {len(run.ended)}" if run.ended else ""
            since = f"{run.started:%Y-%m-%d %H:%M:%S} UTC"
            runner.notice(
                f"Cleaned up after process {run.pid} of {since}, which was killed{orphans}"
            )

    def push_unsaved_state(self, *, lock_timeout: int = 0) -> None:
        """Save the state that an earlier run could not save, if there is one."""
        push_unsaved_state(self.runner, self._exists_since, lock_timeout=lock_timeout)

    def forget(self, *addresses: str) -> None:
        """Remove resources from the state, if they are there, without touching them."""
        self.runner.initialise()
        result = self.runner.run("state rm", *addresses)
        if result.has_failed and "No matching objects found" not in result.stderr:
            raise result.error()

    def untaint(self, address: str) -> None:
        """Let the next plan keep a tainted resource instead of replacing it."""
        self.runner.initialise()
        self.runner.require("untaint", address)
