"""Run the Terraform commands of one stack: their environment, log, retries and results."""

from __future__ import annotations

import random
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import python_terraform

from tasktracker_ops.adapters.host.processes import user_at_host
from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.models.plan import TerraformEvent

from . import process
from .data_directory import DataDirectory, init_fingerprint
from .errors import (
    CommandResult,
    is_provider_start_failure,
    is_transient_lock_failure,
    needs_init,
)
from .events import Transcript
from .provider_server import ProviderServer
from .providers import socket_folder
from .runs import Runs, record_group
from .variables import variable_text

Variable = str | bool | int | None
# Receives the output of a command once it has the plan, of which nothing is applied yet.
OnPlan = Callable[[Transcript], None]

# The value of an option that has none, such as -json.
FLAG = python_terraform.IsFlagged
_ATTEMPTS = 4
# The commands that use the provider.
_ATTACHED = {"plan", "show", "apply"}


class Runner:
    """Runs Terraform in one root module: its directory, data directory, backend and variables.

    `data_directory` is Terraform's TF_DATA_DIR and private to one target. `backend` must hold no
    secrets, since it appears on the command line; `variables` may, since they are passed as
    TF_VAR_* (None keeps Terraform's default; a terraform.tfvars in the directory overrides all).
    `environment` is the child's whole environment, from which TF_CLI_ARGS* and TF_WORKSPACE are
    removed, as they change what a command means, and TF_LOG_PATH*, as secrets would be written
    there; the output of TF_LOG goes to the log. `report` is called in the calling thread as events
    arrive. `redact` removes secrets from all output of Terraform before it is used. Hints name the
    command `tt-ops COMMAND`. `server` is the provider that commands attach to, if one runs.
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
        self.executable = executable
        self.directory = directory.absolute()
        self.data = DataDirectory(data_directory.absolute())
        self.environment = _environment(environment, variables, self.data.path)
        self.redact = redact
        self.command = command
        self.runs = Runs(self.data.path / "runs", self.data.path)
        self.server: ProviderServer | None = None
        self._backend = {name: variable_text(value) for name, value in backend.items()}
        self._report = report

    def notice(self, text: str) -> None:
        """Report a sentence of tt-ops about a command."""
        self._report(TerraformEvent("notice", text))

    def initialise(self) -> bool:
        """Run `terraform init` if what it depends on has changed; return whether it ran."""
        if not self.directory.is_dir():
            raise ConfigurationError(
                "root-module-missing",
                f"there is no Terraform configuration at {str(self.directory)!r}",
                hint=f"name the project's folder: tt-ops --project-dir PATH {self.command}",
            )
        fingerprint = init_fingerprint(self.executable, self.directory, self._backend)
        if self.data.is_initialised(fingerprint):
            return False
        self.data.create()
        with self.data.init_lock():
            if self.data.is_initialised(fingerprint):
                return False
            self.retry("init", reconfigure=FLAG, lockfile="readonly", backend_config=self._backend)
            self.data.mark_initialised(fingerprint)
        return True

    def retry(
        self, operation: str, *arguments: str, on_plan: OnPlan | None = None, **options: Any
    ) -> Transcript:
        """Run a command with `-json` and return its transcript; retry what a retry can fix."""
        options |= {"json": FLAG, "input": False}
        for attempt in range(_ATTEMPTS):
            result = self.run(operation, *arguments, on_plan=on_plan, **options)
            if not result.has_failed:
                return result.transcript
            if attempt == 0 and operation == "plan" and needs_init(result.transcript):
                self.data.require_init()
                self.initialise()
            elif is_provider_start_failure(result.transcript) or is_transient_lock_failure(
                result, who=self.redact(user_at_host())
            ):
                time.sleep(random.uniform(0.5, 1.5) * (attempt + 1))  # nosec B311 # jitter
            else:
                break
        raise result.error()

    def require(self, operation: str, *arguments: str, **options: Any) -> CommandResult:
        """Run a command once, and return its result. Raises TtOpsError where it fails."""
        result = self.run(operation, *arguments, **options)
        if result.has_failed:
            raise result.error()
        return result

    def run(
        self, operation: str, *arguments: str, on_plan: OnPlan | None = None, **options: Any
    ) -> CommandResult:
        """Run a command once, and return its result, also where it fails.

        Raises TtOpsError `interrupted` after a signal.
        """
        started = datetime.now(UTC)
        title = " ".join(("terraform", operation, *arguments))
        with self.data.open_log(title) as log, self.runs.folder("command") as folder:
            # A state holds secrets that `redact` does not know.
            is_logged = operation != "state pull"
            transcript = Transcript(self.directory, log if is_logged else _discard, self.redact)
            lines: dict[process.Stream, list[str]] = {"stdout": [], "stderr": []}

            def on_line(stream: process.Stream, line: str) -> None:
                lines[stream].append(line)
                if stream == "stderr":
                    log(transcript.clean(line))
                    return
                was_planned = bool(transcript.totals)
                if event := transcript.feed(line):
                    self._report(event)
                if on_plan is not None and transcript.totals and not was_planned:
                    on_plan(transcript)

            command = _command_line(self.executable, operation, arguments, options)
            server = self.server if operation in _ATTACHED else None
            outcome = self._start(command, folder, server, on_line)
            log(f"exit code {outcome.returncode}")
        result = CommandResult(
            operation=operation,
            transcript=transcript,
            returncode=outcome.returncode,
            log=self.data.log,
            command=self.command,
            started=started,
            stdout="\n".join(lines["stdout"]),
            stderr=transcript.clean("\n".join(lines["stderr"])),
        )
        if outcome.interrupted or result.has_failed:
            is_unsaved = self.data.move_unsaved_state(self.directory, since=started)
            result = replace(result, has_unsaved_state=is_unsaved)
        if outcome.interrupted:
            raise result.interruption()
        return result

    def _start(
        self,
        command: Sequence[str],
        folder: Path,
        server: ProviderServer | None,
        on_line: Callable[[process.Stream, str], None],
    ) -> process.Outcome:
        try:
            return process.run(
                command,
                directory=self.directory,
                environment={**self.environment, **(server.variables if server else {})},
                output=folder,
                on_start=partial(record_group, folder),
                on_line=on_line,
                on_signal=self._on_signal,
                inherited=(server.descriptor,) if server else (),
            )
        except process.StartError as error:
            raise ConfigurationError(
                "terraform-missing",
                f"Terraform at {command[0]!r} cannot be started: {error}",
                hint=f"run it to see why: {shlex.join([command[0], 'version'])}",
            ) from error

    def _on_signal(self, number: int) -> None:
        self.notice(
            "Stopping: Terraform finishes the current step and releases its lock"
            if number == 1
            else "Still waiting for Terraform to stop; killing it would leave its lock behind"
        )


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


class _CommandLines(python_terraform.Terraform):  # type: ignore[misc]  # it has no type hints
    def read_state_file(self, file_path: str | None = None) -> None:
        """Do nothing: the state is remote, and the base class would look for a file."""


def _command_line(
    executable: Path, operation: str, arguments: Sequence[str], options: Mapping[str, Any]
) -> list[str]:
    """Return the command line as python-terraform builds it: `lock_timeout` is -lock-timeout."""
    lines = _CommandLines(terraform_bin_path=str(executable))
    return list(lines.generate_cmd_string(operation, *arguments, no_color=FLAG, **options))


def _discard(_text: str) -> None:
    pass
