"""Timed commands, and how many times longer one takes than another."""

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
    """What was typed on both sides, and the seconds that each run of it took."""

    ours: str
    our_times: Sequence[float]
    theirs: str
    their_times: Sequence[float]

    @property
    def ratio(self) -> float:
        """How many times longer ours takes, by the medians."""
        return median(self.our_times) / median(self.their_times)


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run(
    command: Sequence[str | Path], *, directory: Path, environment: Mapping[str, str] | None = None
) -> str:
    """Run a command that has to succeed; returns its standard output."""
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
        raise SystemExit(f"{command} gave {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def show(pairs: Sequence[Pair]) -> None:
    """Print a table: medians in seconds with the fastest and the slowest run, and the ratio."""
    rows = [
        (p.ours, _spread(p.our_times), p.theirs, _spread(p.their_times), f"{p.ratio:.2f}")
        for p in pairs
    ]
    print(tabulate(rows, headers=("ours", "s", "beside", "s", "ratio"), disable_numparse=True))


def _spread(times: Sequence[float]) -> str:
    return f"{median(times):.2f} ({min(times):.2f}-{max(times):.2f})"


def named(command: Command) -> str:
    """A command as it is typed."""
    return " ".join([Path(command[0]).name, *map(str, command[1:])])


@contextmanager
def aws_cli(wanted: bool) -> Iterator[Path | None]:
    """The AWS CLI in a venv of its own, gone afterwards; None unless `wanted`."""
    if not wanted:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="tt-ops-benchmark-") as scratch:
        venv.create(scratch, with_pip=True)
        bin_folder = Path(scratch, "bin")
        run([bin_folder / "pip", "install", "--quiet", "awscli"], directory=Path(scratch))
        yield bin_folder / "aws"
