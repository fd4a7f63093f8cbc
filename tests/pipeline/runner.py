"""Run jobs of the workflows on this machine, step by step, as GitHub's runner does.

The actions of `uses:` steps are those of actions.py; `run:` steps are run by GitHub's command for
`shell: bash`. Anything else in a workflow is an error.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from .actions import ACTIONS, ROOT
from .events import REPOSITORY, Event
from .expressions import Context, Open, holds, interpolate

WORKFLOWS = ROOT / ".github" / "workflows"
_SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_TIMEOUT = 500
_JOB_KEYS = {
    "name",
    "if",
    "runs-on",
    "timeout-minutes",
    "environment",
    "permissions",
    "concurrency",
    "strategy",
    "env",
    "steps",
}


@cache
def load(file: str | Path) -> dict[str, Any]:
    """Read a workflow by its name; every scalar stays text, such as `on` and 3.10."""
    with (WORKFLOWS / file).open(encoding="utf-8") as stream:
        content: dict[str, Any] = yaml.load(stream, Loader=yaml.BaseLoader)  # nosec B506 # text only
    return content


@dataclass(frozen=True)
class Step:
    """The result of a step: `success`, `failure (CODE)` or `skipped`, and its output."""

    name: str
    outcome: str
    log: str = ""
    summary: str = ""


@dataclass(frozen=True)
class Result:
    """The result of a job."""

    outcome: str
    steps: tuple[Step, ...] = ()

    @property
    def log(self) -> str:
        """Return the output of all steps."""
        return "".join(f"== {step.name}: {step.outcome}\n{step.log}" for step in self.steps)

    @property
    def summary(self) -> str:
        """Return the job's summary page."""
        return "".join(step.summary for step in self.steps)

    def __getitem__(self, name: str) -> Step:
        """Return the step with a name."""
        return next(step for step in self.steps if step.name == name)


@dataclass
class Runner:
    """A machine for jobs, which writes only into `place`.

    `terraform` is the program that setup-terraform puts on PATH. `environment` are variables of
    every step, `variables` and `secrets` the repository's, `roles` those that jobs may assume, with
    `credentials` of them, and `edit` changes a checkout before a job.
    """

    place: Path
    terraform: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    credentials: tuple[str, str] = ("ASIAROLEOFTHEJOB", "secret-of-the-role")
    edit: Callable[[Path], None] = lambda checkout: None

    def run(self, workflow: Mapping[str, Any], job: str, event: Event, **matrix: str) -> Result:
        """Run one job of a workflow for an event, in a checkout and a home folder of its own."""
        return Job(self, workflow, job, event, matrix).run()

    def starts(self, workflow: Mapping[str, Any], job: str, event: Event) -> bool:
        """Return whether the event starts the job."""
        return Job(self, workflow, job, event, {}).starts

    def python(self, installs: str) -> Path:
        """Return the programs of a virtual environment, one for all jobs that install the same."""
        path = self.place / "python" / hashlib.sha256(installs.encode()).hexdigest()[:12]
        if not path.exists():
            bare = [] if installs else ["--without-pip"]  # pip is most of an environment's seconds
            subprocess.run([sys.executable, "-m", "venv", *bare, path], check=True)
        return path / "bin"


class Job:
    """One run of a job, in a checkout and a home folder of its own."""

    def __init__(
        self,
        runner: Runner,
        workflow: Mapping[str, Any],
        job: str,
        event: Event,
        matrix: Mapping[str, str],
    ) -> None:
        self.runner = runner
        self.definition = workflow["jobs"][job]
        self.event = event
        assert set(self.definition) <= _JOB_KEYS, job
        assert workflow["defaults"] == {"run": {"shell": "bash"}}
        self.place = runner.place / f"{job}-{len(list(runner.place.iterdir()))}"
        self.workspace = self.place / "work"
        self.tools = self.place / "tools"
        self.home = self.place / "home"
        self.temp = self.place / "temp"
        self.failed = False
        # Runs of forks and of Dependabot get neither secrets nor a token that may write.
        request = event.payload.get("pull_request")
        self.trusted = request is None or (
            request["head"]["repo"]["full_name"] == REPOSITORY
            and request["user"]["login"] != "dependabot[bot]"
        )
        self.contexts = {
            "github": Context(
                repository=REPOSITORY,
                ref=event.ref,
                event_name=event.name,
                event=Open(event.payload),
                token="ghs_token_of_the_job",
                server_url="https://github.com",
                run_id="42",
            ),
            "runner": Context(os="Linux", arch="X64", temp=str(self.temp)),
            "inputs": Open(event.payload.get("inputs", {})),
            "vars": Open(runner.variables),
            "secrets": Open(runner.secrets if self.trusted else {}),
            "matrix": Context(matrix),
            "steps": Context(),
        }
        self.functions = {
            "success": lambda: not self.failed,
            "failure": lambda: self.failed,
            "cancelled": lambda: False,
            "contains": lambda items, item: item in items,
            "hashFiles": self._hash_files,
        }
        self.path: list[Path | str] = [self.tools, _SYSTEM_PATH]
        self.exported: dict[str, str] = {}

    @property
    def starts(self) -> bool:
        """Return whether the event starts the job."""
        return self._holds(self.definition.get("if", "true"))

    def run(self) -> Result:
        """Run its steps, one after the other."""
        if not self.starts:
            return Result("skipped")
        for folder in (self.workspace, self.tools, self.home, self.temp):
            folder.mkdir(parents=True)
        install_gh(self.tools / "gh")
        steps = tuple(self._step(step) for step in self.definition["steps"])
        return Result("failure" if self.failed else "success", steps)

    def _step(self, step: Mapping[str, Any]) -> Step:
        assert set(step) <= {"name", "id", "if", "uses", "with", "env", "run"}, step
        done = self._outcome_of(step)
        if "id" in step:
            self.contexts["steps"][step["id"]] = Context(outcome=done.outcome.partition(" ")[0])
        return done

    def _outcome_of(self, step: Mapping[str, Any]) -> Step:
        name = step.get("name", step.get("uses", "").partition("@")[0])
        if not self._holds(step.get("if", "true")):
            return Step(name, "skipped")
        if "run" in step:
            return self._run(name, step)
        action = step["uses"].partition("@")[0]
        inputs = {key: self._text(value) for key, value in step.get("with", {}).items()}
        ACTIONS[action](self, inputs)
        return Step(name, "success")

    def _run(self, name: str, step: Mapping[str, Any]) -> Step:
        assert "${{" not in step["run"], name
        files = {
            variable: self.temp / f"{variable}-{len(list(self.temp.iterdir()))}"
            for variable in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")
        }
        for file in files.values():
            file.touch()
        script = self.temp / f"step-{len(list(self.temp.iterdir()))}.sh"
        script.write_text(step["run"])
        environment = self._environment(step) | {key: str(file) for key, file in files.items()}
        result = subprocess.run(
            [*_SHELL, script],
            cwd=self.workspace,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT,
        )
        failed = result.returncode != 0
        self.failed |= failed
        for line in files["GITHUB_ENV"].read_text().splitlines():
            variable, sign, value = line.partition("=")
            assert sign == "=", line
            assert variable.isidentifier(), line
            self.exported[variable] = value
        outcome = f"failure ({result.returncode})" if failed else "success"
        return Step(name, outcome, result.stdout, files["GITHUB_STEP_SUMMARY"].read_text())

    def _environment(self, step: Mapping[str, Any]) -> dict[str, str]:
        own = {**self.definition.get("env", {}), **step.get("env", {})}
        # How to reach the package index and the network depends on this machine.
        kept = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE")
        return {
            **{name: value for name, value in os.environ.items() if name.startswith(kept)},
            "PATH": os.pathsep.join(map(str, self.path)),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": self.event.name,
            "GITHUB_REF": self.event.ref,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.temp),
            **self.runner.environment,
            **self.exported,
            **{name: self._text(value) for name, value in own.items()},
        }

    def _holds(self, condition: str) -> bool:
        return holds(condition, self.contexts, self.functions)

    def _text(self, template: str) -> str:
        return interpolate(template, self.contexts, self.functions)

    def _hash_files(self, *patterns: str) -> str:
        files = [file for pattern in patterns for file in sorted(self.workspace.glob(pattern))]
        assert files, f"hashFiles finds nothing: {patterns}"
        return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def install_gh(program: Path) -> None:
    """Write the `gh` for rehearsals, which runs with this Python."""
    source = shlex.quote(str(Path(__file__).with_name("github.py")))
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {source} "$@"\n')
    program.chmod(0o755)
