"""A Terraform stack: init, plan, apply and state changes."""

from __future__ import annotations

import random
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from tasktracker_ops.adapters.host.processes import user_at_host
from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.frozen import dataclass
from tasktracker_ops.models.drift import Refresh
from tasktracker_ops.models.plan import Plan, TerraformEvent
from tasktracker_ops.models.recovery import KilledRun, UnsavedState

from . import process
from .command import FLAG, Terraform
from .data_directory import DataDirectory, init_fingerprint
from .errors import (
    FailedCommand,
    is_provider_start_failure,
    is_transient_lock_failure,
    needs_init,
)
from .events import Transcript, strip_colours
from .provider_server import ProviderServer, provider_server
from .providers import socket_folder
from .runs import Runs
from .saved_plan import read_plan, read_refresh
from .unsaved_state import StateIdentity, describe, is_newer, state_not_saved
from .variables import variable_text

Variable = str | bool | int | None

_ATTEMPTS = 4
# The commands that use the provider.
_ATTACHED = {"plan", "show", "apply"}


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan, and the call that applies exactly that plan."""

    plan: Plan
    apply: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Run:
    """One finished Terraform command."""

    operation: str
    started: datetime
    code: int
    interrupted: bool
    transcript: Transcript
    stdout: str
    stderr: str


class Stack:
    """One Terraform root module: its directory, data directory, backend settings and variables.

    `data_directory` is Terraform's TF_DATA_DIR and private to one target. `backend` must hold no
    secrets, since it appears on the command line; `variables` may, since they are passed as
    TF_VAR_* (None keeps Terraform's default; a terraform.tfvars in the directory overrides all).
    `environment` is the child's whole environment, from which TF_CLI_ARGS* and TF_WORKSPACE are
    removed, as they change what a command means, and TF_LOG_PATH*, as secrets would be written
    there; the output of TF_LOG goes to the log. `report` is called in the calling thread as events
    arrive. `redact` removes secrets from all output of Terraform before it is used. Hints name the
    command `tt-ops COMMAND`. `exists_since` is when the target began to exist, if it is known: a
    state from before that is not saved into it.

    Methods that run Terraform raise TtOpsError as `errors` makes them, and ConfigurationError
    (terraform-missing, root-module-missing).
    """

    def __init__(
        self,
        *,
        executable: Path,
        directory: Path,
        data_directory: Path,
        backend: Mapping[str, str | bool],
        variables: Mapping[str, Variable],
        environment: Mapping[str, str],
        report: Callable[[TerraformEvent], None],
        redact: Callable[[str], str],
        command: str = "deploy",
        exists_since: datetime | None = None,
    ) -> None:
        self._executable = executable
        self._directory = directory.absolute()
        self._data = DataDirectory(data_directory.absolute())
        self._backend = {name: variable_text(value) for name, value in backend.items()}
        self._environment = _environment(environment, variables, self._data.path)
        self._report = report
        self._redact = redact
        self._command = command
        self._exists_since = exists_since
        self._runs = Runs(self._data.path / "runs", self._data.path)
        self._server: ProviderServer | None = None

    def initialise(self) -> bool:
        """Run `terraform init` if what it depends on has changed; return whether it ran."""
        if not self._directory.is_dir():
            raise ConfigurationError(
                "root-module-missing",
                f"there is no Terraform configuration at {str(self._directory)!r}",
                hint=f"name the project's folder: tt-ops --project-dir PATH {self._command}",
            )
        fingerprint = init_fingerprint(self._executable, self._directory, self._backend)
        if self._data.is_initialised(fingerprint):
            return False
        self._data.create()
        with self._data.init_lock():
            if self._data.is_initialised(fingerprint):
                return False
            self._run("init", reconfigure=FLAG, lockfile="readonly", backend_config=self._backend)
            self._data.mark_initialised(fingerprint)
        return True

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
        self.initialise()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Terraform would keep the mode of an existing file.
        file.unlink(missing_ok=True)
        transcript = self._run(
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
        self._run("apply", str(file.absolute()), lock_timeout=f"{lock_timeout}s")

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
                    hint=f"plan again: tt-ops {self._command}",
                )
            on_plan(plans[-1])

        timeout = f"{lock_timeout}s"
        with self._provider():
            self.push_unsaved_state(lock_timeout=lock_timeout)
            self._run("apply", on_plan=check, auto_approve=FLAG, lock_timeout=timeout)
        return plans[-1]

    @contextmanager
    def _provider(self) -> Iterator[None]:
        """Run the provider once for all commands in the block."""
        is_verified = self.initialise()
        with provider_server(
            self._directory, self._data.path, self._environment, is_verified=is_verified
        ) as self._server:
            try:
                yield
            finally:
                self._server = None

    @contextmanager
    def planned(
        self, *, destroy: bool = False, targets: Sequence[str] = (), lock_timeout: int = 0
    ) -> Iterator[SavedPlan]:
        """Yield a plan that can be applied inside the block; its file is removed afterwards."""
        with self._provider(), self._runs.folder("plan") as folder:
            file = folder / "plan"
            plan = self.plan(file, destroy=destroy, targets=targets, lock_timeout=lock_timeout)
            yield SavedPlan(plan, partial(self.apply, file, lock_timeout=lock_timeout))

    def drift(self, *, lock_timeout: int = 0) -> Refresh:
        """Return what was changed outside of Terraform, by a refresh-only plan.

        Its exit code says nothing: https://github.com/hashicorp/terraform/issues/37406.
        """
        with self._provider(), self._runs.folder("plan") as folder:
            file = folder / "plan"
            self._run("plan", out=str(file), refresh_only=FLAG, lock_timeout=f"{lock_timeout}s")
            return read_refresh(self._show(file), self._redact)

    def refresh(self, *, lock_timeout: int = 0) -> None:
        """Write into the state what is there, and change nothing else."""
        self.initialise()
        self._run("apply", refresh_only=FLAG, auto_approve=FLAG, lock_timeout=f"{lock_timeout}s")

    def _show(self, file: Path) -> Mapping[str, Any]:
        run = self._once("show", str(file.absolute()), json=FLAG)
        if run.code != 0:
            raise self._failed(run).error()
        return run.transcript.document

    def recover(self) -> tuple[KilledRun, ...]:
        """Clean up after runs that were killed, and return them.

        Their processes are ended, after Terraform had time to end in order; their saved plans and
        output are removed. To be called under the deploy lock. Raises TtOpsError
        `terraform-not-ended`.
        """
        runs = self._runs.recover(on_wait=self._on_wait)
        for run in runs:
            self._data.move_unsaved_state(self._directory, since=run.started)
            orphans = f"; ended what it left running: {len(run.ended)}" if run.ended else ""
            since = f"{run.started:%Y-%m-%d %H:%M:%S} UTC"
            self._notice(
                f"Cleaned up after process {run.pid} of {since}, which was killed{orphans}"
            )
        return runs

    def push_unsaved_state(self, *, lock_timeout: int = 0) -> UnsavedState | None:
        """Save the state that an earlier run could not save; None without one.

        One that is stale, invalid or older than the target is set aside. Raises TtOpsError
        `state-of-another-lineage`, and `state-not-saved` with the command that would save it.
        """
        file = self._data.unsaved_state
        try:
            text, written = file.read_text(errors="replace"), file.stat().st_mtime
        except FileNotFoundError:
            return None
        ours = StateIdentity.parse(text)
        if ours is None:
            return self._set_aside("invalid")
        if self._exists_since and written < self._exists_since.timestamp():
            return self._set_aside("gone")
        self.initialise()
        if not is_newer(ours, self._remote_state(), file=file, command=self._command):
            return self._set_aside("stale")
        run = self._once("state push", str(file), lock_timeout=f"{lock_timeout}s")
        if run.code != 0:
            raise state_not_saved(file, self._failed(run).reason(), self._recovery())
        file.unlink()
        return self._notify(UnsavedState("pushed"))

    def _remote_state(self) -> StateIdentity | None:
        """Return the identity of the backend's state; None when it has none."""
        run = self._once("state pull")
        if run.code != 0:
            raise self._failed(run).error()
        return StateIdentity.parse(run.stdout)

    def _set_aside(self, outcome: Literal["stale", "gone", "invalid"]) -> UnsavedState:
        return self._notify(UnsavedState(outcome, self._data.set_unsaved_state_aside()))

    def _notify(self, state: UnsavedState) -> UnsavedState:
        self._notice(describe(state))
        return state

    def forget(self, *addresses: str) -> None:
        """Remove resources from the state, if they are there, without touching them."""
        self.initialise()
        run = self._once("state rm", *addresses)
        if run.code != 0 and "No matching objects found" not in run.stderr:
            raise self._failed(run).error()

    def untaint(self, address: str) -> None:
        """Let the next plan keep a tainted resource instead of replacing it."""
        self.initialise()
        run = self._once("untaint", address)
        if run.code != 0:
            raise self._failed(run).error()

    def _run(
        self,
        operation: str,
        *arguments: str,
        on_plan: Callable[[Transcript], None] | None = None,
        **options: Any,
    ) -> Transcript:
        """Run a command with `-json` and return its transcript; retry what a retry can fix.

        `on_plan` gets the transcript when it has the plan, of which nothing is applied yet.
        """
        for attempt in range(_ATTEMPTS):
            run = self._once(
                operation, *arguments, on_plan=on_plan, json=FLAG, input=False, **options
            )
            if run.code == 0 or (run.code == 2 and operation == "plan"):
                return run.transcript
            if attempt == 0 and operation == "plan" and needs_init(run.transcript):
                self._data.require_init()
                self.initialise()
            elif is_provider_start_failure(run.transcript) or is_transient_lock_failure(
                run.transcript, who=self._redact(user_at_host()), started=run.started
            ):
                time.sleep(random.uniform(0.5, 1.5) * (attempt + 1))  # nosec B311 # jitter
            else:
                break
        raise self._failed(run).error()

    def _once(
        self,
        operation: str,
        *arguments: str,
        on_plan: Callable[[Transcript], None] | None = None,
        **options: Any,
    ) -> _Run:
        started = datetime.now(UTC)
        title = " ".join(("terraform", operation, *arguments))
        with self._data.open_log(title) as log, self._runs.folder("command") as folder:
            # A state holds secrets that `redact` does not know.
            is_logged = operation != "state pull"
            transcript = Transcript(
                self._directory, log.write if is_logged else _discard, self._redact
            )

            def on_line(stream: process.Stream, line: str) -> None:
                if stream == "stderr":
                    log.write(transcript.clean(line))
                    return
                was_planned = bool(transcript.totals)
                if event := transcript.feed(line):
                    self._report(event)
                if on_plan is not None and transcript.totals and not was_planned:
                    on_plan(transcript)

            server = self._server if operation in _ATTACHED else None
            terraform = Terraform(
                executable=self._executable,
                directory=self._directory,
                environment={**self._environment, **(server.variables if server else {})},
                run_folder=folder,
                on_line=on_line,
                on_signal=self._on_signal,
                inherited=(server.descriptor,) if server else (),
            )
            code, stdout, stderr = terraform.cmd(operation, *arguments, no_color=FLAG, **options)
            log.write(f"exit code {code}")
        run = _Run(
            operation,
            started,
            code,
            terraform.interrupted,
            transcript,
            stdout,
            strip_colours(stderr),
        )
        if run.interrupted:
            raise self._failed(run).interruption()
        return run

    def _on_signal(self, number: int) -> None:
        text = (
            "Stopping: Terraform finishes the current step and releases its lock"
            if number == 1
            else "Still waiting for Terraform to stop; killing it would leave its lock behind"
        )
        self._notice(text)

    def _on_wait(self, pid: int) -> None:
        self._notice(f"Waiting for Terraform of a run that was killed to end (process {pid})")

    def _notice(self, text: str) -> None:
        self._report(TerraformEvent("notice", text))

    def _failed(self, run: _Run) -> FailedCommand:
        is_unsaved = self._data.move_unsaved_state(self._directory, since=run.started)
        return FailedCommand(
            operation=run.operation,
            transcript=run.transcript,
            returncode=run.code,
            log=self._data.log,
            command=self._command,
            stderr=self._redact(run.stderr),
            has_unsaved_state=is_unsaved,
        )

    def _recovery(self) -> str:
        """Return the shell command that saves a state which Terraform could not save."""
        state = str(self._data.unsaved_state)
        names = ("TF_DATA_DIR", "AWS_PROFILE", "AWS_ENDPOINT_URL")
        values = {n: self._environment[n] for n in names if n in self._environment}
        # A value with a secret is the user's own setting, which the shell already has.
        settings = [f"{n}={value}" for n, value in values.items() if self._redact(value) == value]
        push = [str(self._executable), f"-chdir={self._directory}", "state", "push", state]
        return f"{shlex.join(['env', *settings, *push])} && {shlex.join(['rm', state])}"


def _environment(
    inherited: Mapping[str, str], variables: Mapping[str, Variable], data_directory: Path
) -> dict[str, str]:
    kept = {
        name: value
        for name, value in inherited.items()
        if not name.startswith(("TF_CLI_ARGS", "TF_LOG_PATH")) and name != "TF_WORKSPACE"
    }
    # Less frequent garbage collection while Terraform reads the AWS provider's schema saves a sixth
    # of every command's CPU time, for 50 MB more memory.
    defaults = {"GOGC": "400", **socket_folder(inherited)}
    fixed = {
        "CHECKPOINT_DISABLE": "1",
        "TF_DATA_DIR": str(data_directory),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
    }
    values = {f"TF_VAR_{k}": variable_text(v) for k, v in variables.items() if v is not None}
    return {**defaults, **kept, **fixed, **values}


def _discard(_text: str) -> None:
    pass
