"""A Terraform stack: init, plan, apply, state changes and unlock."""

from __future__ import annotations

import os
import pwd
import random
import shlex
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.models.drift import Refresh
from tasktracker_ops.models.plan import Plan, TerraformEvent

from . import process
from .command import FLAG, Terraform
from .data_directory import DataDirectory, init_fingerprint
from .errors import (
    FailedCommand,
    LockInfo,
    is_provider_start_failure,
    is_transient_lock_failure,
    lock_mismatch,
    needs_init,
    unlock_failed,
    unsaved_state,
)
from .events import Transcript, strip_colours
from .saved_plan import read_plan, read_refresh

Variable = str | bool | int | None

_ATTEMPTS = 4


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
    command `tt-ops COMMAND`.

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
    ) -> None:
        self._executable = executable
        self._directory = directory.absolute()
        self._data = DataDirectory(data_directory.absolute())
        self._backend = {name: _text(value) for name, value in backend.items()}
        self._environment = _environment(environment, variables, self._data.path)
        self._report = report
        self._redact = redact
        self._command = command

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

    def plan(self, file: Path, *, destroy: bool = False, lock_timeout: int = 0) -> Plan:
        """Save a plan to `file` and return it; initialise first if needed.

        The file is private, holds secrets, and is the caller's to remove. `lock_timeout` is in
        seconds.
        """
        if self._data.unsaved_state.exists():
            raise unsaved_state(self._data.unsaved_state, self._recovery())
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
        )
        summary = transcript.plan()
        # Showing the file starts the provider again, which takes seconds.
        if not transcript.has_changes or transcript.has_only("delete" if destroy else "create"):
            return summary
        return read_plan(self._show(file), summary, transcript.clean)

    def apply(self, file: Path, *, lock_timeout: int = 0) -> None:
        """Apply the plan saved in `file`; `lock_timeout` is in seconds."""
        self._run("apply", str(file.absolute()), lock_timeout=f"{lock_timeout}s")

    @contextmanager
    def planned(self, *, destroy: bool = False, lock_timeout: int = 0) -> Iterator[SavedPlan]:
        """Yield a plan that can be applied inside the block; its file is removed afterwards."""
        with tempfile.TemporaryDirectory(prefix="tt-ops-") as folder:
            file = Path(folder) / "plan"
            plan = self.plan(file, destroy=destroy, lock_timeout=lock_timeout)
            yield SavedPlan(plan, partial(self.apply, file, lock_timeout=lock_timeout))

    def drift(self, *, lock_timeout: int = 0) -> Refresh:
        """Return what was changed outside of Terraform, by a refresh-only plan.

        Its exit code says nothing: https://github.com/hashicorp/terraform/issues/37406.
        """
        self.initialise()
        with tempfile.TemporaryDirectory(prefix="tt-ops-") as folder:
            file = Path(folder) / "plan"
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

    def forget(self, address: str) -> None:
        """Remove a resource from the state, if it is there, without touching the resource."""
        self.initialise()
        run = self._once("state rm", address)
        if run.code != 0 and "No matching objects found" not in run.stderr:
            raise self._failed(run).error()

    def untaint(self, address: str) -> None:
        """Let the next plan keep a tainted resource instead of replacing it."""
        self.initialise()
        run = self._once("untaint", address)
        if run.code != 0:
            raise self._failed(run).error()

    def force_unlock(self, lock_id: str) -> None:
        """Remove the lock of a dead run.

        Raises TtOpsError: lock-not-found, or lock-mismatch when another lock is held.
        """
        self.initialise()
        removed = False
        # Removing a lock that is only in S3, or only in DynamoDB, succeeds with an error.
        for _ in range(2):
            run = self._once("force-unlock", lock_id, force=FLAG)
            holder = LockInfo.parse(run.stderr)
            if run.code == 0 or (removed and holder is None):
                return
            if holder and holder.id != lock_id:
                raise lock_mismatch(lock_id, holder)
            removed = holder is not None
        raise unlock_failed(lock_id, run.stderr, log=self._data.log)

    def _run(self, operation: str, *arguments: str, **options: Any) -> Transcript:
        """Run a command with `-json` and return its transcript; retry what a retry can fix."""
        for attempt in range(_ATTEMPTS):
            run = self._once(operation, *arguments, json=FLAG, input=False, **options)
            if run.code == 0 or (run.code == 2 and operation == "plan"):
                return run.transcript
            if attempt == 0 and operation == "plan" and needs_init(run.transcript):
                self._data.require_init()
                self.initialise()
            elif is_provider_start_failure(run.transcript) or is_transient_lock_failure(
                run.transcript, who=self._redact(_who()), started=run.started
            ):
                time.sleep(random.uniform(0.5, 1.5) * (attempt + 1))  # nosec B311 # jitter
            else:
                break
        raise self._failed(run).error()

    def _once(self, operation: str, *arguments: str, **options: Any) -> _Run:
        started = datetime.now(UTC)
        with self._data.open_log(" ".join(("terraform", operation, *arguments))) as log:
            transcript = Transcript(
                self._directory, lambda text: log.write(f"{text}\n"), self._redact
            )

            def on_line(stream: process.Stream, line: str) -> None:
                if stream == "stderr":
                    log.write(f"{transcript.clean(line)}\n")
                    return
                if event := transcript.feed(line):
                    self._report(event)

            terraform = Terraform(
                executable=self._executable,
                directory=self._directory,
                environment=self._environment,
                on_line=on_line,
                on_signal=self._on_signal,
            )
            code, _, stderr = terraform.cmd(operation, *arguments, no_color=FLAG, **options)
            log.write(f"exit code {code}\n")
        run = _Run(
            operation, started, code, terraform.interrupted, transcript, strip_colours(stderr)
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
        self._report(TerraformEvent("notice", text))

    def _failed(self, run: _Run) -> FailedCommand:
        is_unsaved = self._data.move_unsaved_state(self._directory, since=run.started)
        return FailedCommand(
            operation=run.operation,
            transcript=run.transcript,
            returncode=run.code,
            log=self._data.log,
            command=self._command,
            recovery=self._recovery() if is_unsaved else None,
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
    defaults = {"GOGC": "400"}
    fixed = {
        "CHECKPOINT_DISABLE": "1",
        "TF_DATA_DIR": str(data_directory),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
    }
    values = {f"TF_VAR_{k}": _text(v) for k, v in variables.items() if v is not None}
    return {**defaults, **kept, **fixed, **values}


def _text(value: str | bool | int) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _who() -> str:
    """Return user@host, as Terraform writes it into its locks."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = ""
    return f"{user}@{socket.gethostname()}"
