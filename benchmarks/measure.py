"""Times of commands and their ratios."""

from __future__ import annotations

import subprocess  # nosec B404 # to run what is measured
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tabulate import tabulate

Command = tuple[str | Path, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A command of ours and one of theirs, with the seconds that each of their runs took."""

    ours: str
    our_times: Sequence[float]
    theirs: str
    their_times: Sequence[float]

    @property
    def ratio(self) -> float:
        """Return the median of our times divided by the median of theirs."""
        return median(self.our_times) / median(self.their_times)


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run(
    command: Sequence[str | Path], *, directory: Path, environment: Mapping[str, str] | None = None
) -> str:
    """Run a command and return its standard output; exit if it fails."""
    result = subprocess.run(  # nosec B603 # no shell; commands of these benchmarks
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise SystemExit(
            f"{command} exited with {result.returncode}:\n{result.stdout}{result.stderr}"
        )
    return result.stdout


def show(pairs: Sequence[Pair]) -> None:
    """Print a table: medians in seconds with the fastest and the slowest run, and the ratio."""
    rows = [
        (p.ours, _spread(p.our_times), p.theirs, _spread(p.their_times), f"{p.ratio:.2f}")
        for p in pairs
    ]
    print(
        tabulate(rows, headers=("ours", "s", "compared with", "s", "ratio"), disable_numparse=True)
    )


def _spread(times: Sequence[float]) -> str:
    return f"{median(times):.2f} ({min(times):.2f}-{max(times):.2f})"


def typed(command: Command) -> str:
    """Return a command as it is typed."""
    return " ".join([Path(command[0]).name, *map(str, command[1:])])


@contextmanager
def aws_cli(is_needed: bool) -> Iterator[Path | None]:
    """Yield the AWS CLI, installed in a temporary venv, or None unless `is_needed`."""
    if not is_needed:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="tt-ops-benchmark-") as scratch:
        venv.create(scratch, with_pip=True)
        bin_folder = Path(scratch, "bin")
        run([bin_folder / "pip", "install", "--quiet", "awscli"], directory=Path(scratch))
        yield bin_folder / "aws"


@contextmanager
def peer(package: str, installed: Path | None = None) -> Iterator[Path]:
    """Yield a program of a package, installed in a temporary venv unless it is `installed`."""
    if installed is not None:
        yield installed
        return
    with tempfile.TemporaryDirectory(prefix="tt-ops-benchmark-") as scratch:
        venv.create(scratch, with_pip=True)
        bin_folder = Path(scratch, "bin")
        run([bin_folder / "pip", "install", "--quiet", package], directory=Path(scratch))
        yield bin_folder / package.partition("[")[0]
