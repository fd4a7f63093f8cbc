"""Full disks: the error names the path, and a command that shows the space."""

from __future__ import annotations

import errno
import os
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tasktracker_ops.adapters.host.disk import full_disk_in, reporting_full_disk
from tasktracker_ops.cli.main import _file_error
from tasktracker_ops.errors import TtOpsError
from tests.errors import raises

SIZE = 4 << 20
# What tt-ops reserves for Terraform's output.
OUTPUT = 1 << 20
LARGE = 'resource "terraform_data" "large" {\n  input = "%s"\n}\n'


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a disk of its own, of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting needs the right to")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, *, leave: int) -> None:
    """Fill the disk up to some bytes."""
    space = os.statvfs(disk)
    with (disk / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, space.f_bavail * space.f_frsize - leave)


def test_full_disk_is_named_without_terraform(small_disk: Path) -> None:
    """An error of writing, which names no file, and one of opening, which does."""
    fill(small_disk, leave=0)
    file = small_disk / "lambda_function"
    opened = _file_error(OSError(errno.ENOSPC, "full", str(file)))
    with pytest.raises(TtOpsError) as written, reporting_full_disk(file):
        file.write_bytes(b"x" * 5000)
    for error in (opened, written.value):
        assert error is not None
        assert error.code == "disk-full"
        assert f"the disk that holds '{file}' is full" in error.message
        assert error.hint.endswith(f"df -h {shlex.quote(str(small_disk))}")


@pytest.mark.parametrize(
    ("phase", "leave"),
    [
        ("init", 0),
        ("apply", OUTPUT),
        pytest.param("init", OUTPUT, marks=pytest.mark.soak),
        pytest.param("plan", OUTPUT + 4096, marks=pytest.mark.soak),
    ],
)
def test_full_disk_is_named(bench: Any, small_disk: Path, phase: str, leave: int) -> None:
    """Whether tt-ops or Terraform meets it; the command works, and the run does after a cleanup."""
    bench = replace(bench, folder=small_disk)
    bench.write(LARGE % ("x" * 20000))
    stack = bench.stack()
    if phase != "init":
        stack.runner.initialise()
    if phase == "apply":
        stack.plan(bench.plan_file)
    fill(small_disk, leave=leave)
    run = stack.apply if phase == "apply" else stack.plan
    with raises("disk-full") as caught:
        run(bench.plan_file)
    assert str(small_disk) in caught.value.message
    command = shlex.split(caught.value.hint.rpartition(": ")[2])
    assert command == ["df", "-h", str(small_disk)]
    (small_disk / "filler").unlink()
    bench.apply(stack)
    assert stack.plan(bench.plan_file).empty


def test_progress_is_read_to_the_end_on_a_full_disk(bench: Any, small_disk: Path) -> None:
    """The space for it was reserved; only the state is what there is none for."""
    bench = replace(bench, folder=small_disk)
    bench.write("".join(LARGE.replace("large", f"r{i}") % ("x" * 4000) for i in range(10)))
    stack = bench.stack()
    stack.plan(bench.plan_file)
    fill(small_disk, leave=OUTPUT + 20480)
    with raises("disk-full") as caught:
        stack.apply(bench.plan_file)
    assert "10 of 10 resources were done, and its state could not be saved" in caught.value.message


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Failed to write: write /a/plan: no space left on device", "/a/plan"),
        ("mkdir /a/b: disk quota exceeded", "/a/b"),
        ("cannot write (no space left on device)", "/data"),
        ("no such file", None),
    ],
)
def test_terraform_says_what_is_full(text: str, path: str | None) -> None:
    """The path before it, or else the data directory."""
    found = full_disk_in(text, default=Path("/data"))
    assert found == (Path(path) if path else None)


def test_other_failures_of_a_disk_stay_what_they_are() -> None:
    """Only a full one is reported."""
    with pytest.raises(PermissionError), reporting_full_disk(Path("/a")):
        raise PermissionError(errno.EACCES, "no", "/a/b")
    with pytest.raises(TtOpsError, match="'/a/b' is full"), reporting_full_disk(Path("/a")):
        raise OSError(errno.ENOSPC, "full", "/a/b")
