"""One Terraform command: python-terraform builds its command line, `process` runs it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import python_terraform

from tasktracker_ops.errors import ConfigurationError

from . import process
from .runs import record_group

# The value of an option that has none, such as -json.
FLAG = python_terraform.IsFlagged


class Terraform(python_terraform.Terraform):  # type: ignore[misc]  # it has no type hints
    """Build command lines as python-terraform does, and pass on each line of output at once.

    `run_folder` is an empty folder for the output and the record of the process group; Terraform
    has the descriptors `inherited`.
    """

    def __init__(
        self,
        *,
        executable: Path,
        directory: Path,
        environment: Mapping[str, str],
        run_folder: Path,
        on_line: Callable[[process.Stream, str], None],
        on_signal: Callable[[int], None],
        inherited: Sequence[int] = (),
    ) -> None:
        super().__init__(working_dir=str(directory), terraform_bin_path=str(executable))
        # An empty mapping would still make a temporary file for every command.
        self.variables = None
        self.directory = directory
        self.environment = environment
        self.run_folder = run_folder
        self.on_line = on_line
        self.on_signal = on_signal
        self.inherited = inherited
        self.interrupted = False

    def __getattr__(self, name: str) -> Any:
        # The base class would run any misspelt name as a Terraform command.
        raise AttributeError(name)

    def read_state_file(self, file_path: str | None = None) -> None:
        """Do nothing: the state is remote, and the base class would look for a file."""

    def cmd(self, cmd: str, *args: str, **kwargs: Any) -> tuple[int, str, str]:
        """Run one command to its end; return its exit code, standard output and standard error.

        Afterwards, `interrupted` says whether a signal stopped it. Raises ConfigurationError
        (terraform-missing) when the executable cannot be started.
        """
        lines: dict[str, list[str]] = {"stdout": [], "stderr": []}

        def collect(stream: process.Stream, line: str) -> None:
            lines[stream].append(line)
            self.on_line(stream, line)

        command = self.generate_cmd_string(cmd, *args, **kwargs)
        try:
            outcome = process.run(
                command,
                directory=self.directory,
                environment=self.environment,
                output=self.run_folder,
                on_start=partial(record_group, self.run_folder),
                on_line=collect,
                on_signal=self.on_signal,
                inherited=self.inherited,
            )
        except process.StartError as error:
            raise ConfigurationError(
                "terraform-missing",
                f"Terraform at {command[0]!r} cannot be started: {error}",
                hint=f"run it to see why: {shlex.join([command[0], 'version'])}",
            ) from error
        self.interrupted = outcome.interrupted
        return outcome.returncode, "\n".join(lines["stdout"]), "\n".join(lines["stderr"])
