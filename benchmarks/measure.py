"""Turns of work, and how long each takes."""

from __future__ import annotations

import os
import subprocess  # nosec B404 # to run what is measured
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .rows import Measurement, Row

Work = Callable[[], float]
Command = tuple[str | Path, ...]


def compare(row: Row, ours: Work, theirs: Work, turns: int) -> Measurement:
    """Do the work of both sides in turn, and ours a second time as a control.

    Who comes first changes from turn to turn; a turn before the first warms up.
    """
    works = (ours, theirs, ours)
    values: tuple[list[float], ...] = ([], [], [])
    for turn in range(turns + 1):
        for place in range(len(works)):
            side = (place + turn) % len(works)
            value = works[side]()
            if turn:
                values[side].append(value)
    return Measurement(row.name, *values)


def say(text: str) -> None:
    """Print progress."""
    print(text, file=sys.stderr, flush=True)


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


def timed(
    command: Command, *, directory: Path, environment: Mapping[str, str] | None = None
) -> Work:
    """Return the work of running a command."""
    return lambda: seconds(lambda: run(command, directory=directory, environment=environment))


def busy_cores() -> float:
    """Return how many cores are busy while this process waits for a second."""
    before = _idle_and_all_ticks()
    time.sleep(1)
    idle, total = (after - b for after, b in zip(_idle_and_all_ticks(), before, strict=True))
    return (1 - idle / total) * (os.cpu_count() or 1)


def _idle_and_all_ticks() -> tuple[int, int]:
    ticks = [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)  # idle and waiting for the disk
