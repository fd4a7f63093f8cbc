"""A machine with a copy of the project, which starts and kills `tt-ops`."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psutil

from tests.e2e.conftest import TT_OPS, copy_sources, inherited
from tests.endpoint import account

from .proxy import Fault, Proxy

ORPHAN_SECONDS = 10.0
_TIMEOUT = 240.0
_MARK = "TT_OPS_TESTS_MACHINE"  # in the environment of each process that a machine starts

Victim = Literal["all", "tt-ops", "terraform"]
Run = subprocess.CompletedProcess[str]


@dataclass
class Machine:
    """A machine that deploys to the account behind `proxy`, with its files below `path`."""

    path: Path
    proxy: Proxy
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    running: list[subprocess.Popen[str]] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    _changes: int = 0

    @property
    def project(self) -> Path:
        """Return the copy of the project."""
        return self.path / "project"

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that `tt-ops` is run with."""
        return {
            **inherited(),
            _MARK: self.id,
            "HOME": str(self.path / "home"),
            "TMPDIR": str(self.path / "tmp"),
            **account(self.proxy.url),
            "AWS_MAX_ATTEMPTS": "3",  # of the state backend
            "TT_OPS_ALERT_EMAIL": "operator@example.com",
            "TF_VAR_aws_max_retries": "3",
        }

    def prepare(self) -> None:
        """Copy the project, and forget what earlier runs left here."""
        for folder in ("home", "tmp"):
            (self.path / folder).mkdir(parents=True, exist_ok=True)
        data = self.project / ".tt-ops" / "aws-default" / "terraform"
        initialised = self.path / "initialised"
        if not initialised.exists() and (data / "initialised").exists():
            _save_init(data, initialised)
        shutil.rmtree(self.project, ignore_errors=True)
        copy_sources(self.project)
        if initialised.exists():
            shutil.copytree(initialised, data, symlinks=True)

    def stop(self) -> None:
        """End what still runs."""
        for found in self.processes():
            found.kill()
        for started in self.running:
            started.communicate()
        self.running.clear()

    def configure(self, **variables: str | float) -> None:
        """Set variables of Terraform in the project, as a commit would."""
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in variables.items()]
        (self.project / "terraform" / "test.auto.tfvars").write_text("".join(lines))

    def change_code(self) -> None:
        """Give the next deploy another package."""
        with (self.project / "lambda_function" / "api.py").open("a") as file:
            file.write(f"# {uuid.uuid4()}\n")

    def change(self) -> None:
        """Change the code, the function's configuration and the stage."""
        self.change_code()
        self._changes += 1
        self.configure(
            lambda_memory_size=(256, 512)[self._changes % 2],
            api_throttle_rate=50 + self._changes,
        )

    def slow_down_the_check(self) -> None:
        """Let the next release take three seconds to start, so that a check can be interrupted."""
        with (self.project / "lambda_function" / "handler.py").open("a") as file:
            file.write("\nimport time\n\ntime.sleep(3)\n")

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start `tt-ops` in a process group of its own."""
        started = subprocess.Popen(
            [TT_OPS, *arguments],
            cwd=self.project,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.running.append(started)
        return started

    def finish(self, started: subprocess.Popen[str]) -> Run:
        """Wait for the end of a run and return its output."""
        out, err = started.communicate(timeout=_TIMEOUT)
        self.running.remove(started)
        return subprocess.CompletedProcess(started.args, started.returncode, out, err)

    def run(self, *arguments: str, **variables: str) -> Run:
        """Run `tt-ops` to its end, whatever that is."""
        return self.finish(self.start(*arguments, **variables))

    def succeed(self, *arguments: str, **variables: str) -> Run:
        """Run `tt-ops`, which has to exit 0."""
        done = self.run(*arguments, **variables)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def processes(self) -> list[psutil.Process]:
        """Return every process that runs of this machine started, found by its environment."""
        psutil.process_iter.cache_clear()  # an ended process would hide one that got its pid
        return [found for found in psutil.process_iter() if self._owns(found)]

    def _owns(self, found: psutil.Process) -> bool:
        try:
            is_dead = found.status() == psutil.STATUS_ZOMBIE
            return not is_dead and found.environ().get(_MARK) == self.id
        except psutil.Error:
            return False

    def kill(self, victim: Victim, number: int = signal.SIGKILL) -> None:
        """Send a signal to the running `tt-ops`, to its Terraform, or to all it has started."""
        run = psutil.Process(self.running[-1].pid)
        tree = run.children(recursive=True)
        if victim == "terraform":
            tree = [found for found in tree if found.name() == "terraform"]
        victims = [*([run] if victim != "terraform" else []), *(tree if victim != "tt-ops" else [])]
        assert victims, f"no {victim} is running"
        for each in victims:
            try:
                each.send_signal(number)
            except psutil.NoSuchProcess:
                continue

    def wait_for_line(self, started: subprocess.Popen[str], text: str) -> None:
        """Read standard error until `text` comes; what follows is the output of `finish`."""
        assert started.stderr is not None
        lines = []
        for line in started.stderr:
            lines.append(line)
            if text in line:
                return
        raise AssertionError(f"ended without {text!r}: {''.join(lines)}")

    def die_after(self, call: str, victim: Victim, *arguments: str, nth: int = 1) -> Run:
        """Run `tt-ops`; kill `victim` as soon as the nth `call` was carried out."""
        self.proxy.clear()
        self.proxy.inject(call, Fault(then=lambda: self.kill(victim)), nth=nth)
        died = self.run(*(arguments or ("deploy", "--yes")))
        writes = self.proxy.writes
        assert not self.proxy.clear(), f"{call} has not come: {writes}, {died.stderr}"
        return died

    def orphans(self) -> list[str]:
        """Return what of ours still runs ten seconds after a run has ended."""
        deadline = time.monotonic() + ORPHAN_SECONDS
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.figures["orphans"] = len(left)
        return [found.name() for found in left]


def _save_init(data: Path, initialised: Path) -> None:
    """Save what `terraform init` made, which takes as long as a fifth of a deploy."""
    names = {".terraform.lock.hcl", "providers", "terraform.tfstate", "modules"}
    names |= {"initialised", "terraform.rc"} | {p.name for p in data.glob("*.tfrc")}
    initialised.mkdir()
    for name in names:
        if (data / name).is_dir():
            shutil.copytree(data / name, initialised / name, symlinks=True)
        elif (data / name).exists():
            shutil.copy2(data / name, initialised / name)
