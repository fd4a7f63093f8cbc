"""A temporary clone of the project with an emulator of its own."""

from __future__ import annotations

import shutil
import signal
import subprocess  # nosec B404 # to run tt-ops
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasktracker_ops import settings
from tasktracker_ops.local.emulator import LocalEmulator
from tasktracker_ops.local.target import LocalTarget

from .measure import run
from .peers import ROOT, tt_ops

_STOP_SECONDS = 30
_OTHERS = ("AWS_", "PYTHON", "TF_", "TT_OPS_")  # settings of the user that do not count here


def copy_project(path: Path) -> None:
    """Copy the project's sources to `path`."""
    for folder in ("terraform", "bootstrap", "lambda_function"):
        shutil.copytree(
            ROOT / folder,
            path / folder,
            ignore=shutil.ignore_patterns("__pycache__", ".terraform", "*.tfstate*"),
        )


def edit(project: Path) -> None:
    """Change the function's code without changing its behaviour."""
    with (project / "lambda_function" / "handler.py").open("a") as file:
        file.write("# edited\n")


class Clone:
    """The project's sources in `path`, with an emulator of their own; `home` is empty."""

    def __init__(self, path: Path, home: Path) -> None:
        copy_project(path)
        self.path = path
        self.settings = settings.load({"target": "local", "project_dir": path, "local_port": 0})
        user = {k: v for k, v in self.settings.environ.items() if not k.startswith(_OTHERS)}
        self.environment = {**user, "HOME": str(home), "TT_OPS_TARGET": "local"}
        self.environment["TT_OPS_LOCAL_PORT"] = "0"
        self.target = LocalTarget(self.settings, LocalEmulator(path / ".tt-ops" / "local", port=0))

    def tt_ops(self, *arguments: str) -> str:
        """Run `tt-ops` in the clone and return its standard output."""
        return run([tt_ops(), *arguments], directory=self.path, environment=self.environment)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run `tt-ops` in the clone until the block ends; kill it where it does not stop then."""
        with subprocess.Popen(  # nosec B603 # no shell; tt-ops itself
            [tt_ops(), *arguments],
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()

    def replace(self, file: str, old: str, new: str) -> None:
        """Replace a text that a file of the clone has once."""
        text = (self.path / file).read_text()
        if text.count(old) != 1:
            raise SystemExit(f"{file} does not have {old!r} once")
        (self.path / file).write_text(text.replace(old, new))


@contextmanager
def running_clone() -> Iterator[Clone]:
    """Yield a fresh clone whose emulator is running and empty."""
    with tempfile.TemporaryDirectory(prefix="tt-ops-benchmark-") as scratch:
        home = Path(scratch, "home")
        home.mkdir()
        clone = Clone(Path(scratch, "clone"), home)
        clone.tt_ops("local", "up")
        try:
            yield clone
        finally:
            clone.tt_ops("local", "down")
