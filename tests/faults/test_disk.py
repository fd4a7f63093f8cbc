"""No space left on the disk with the project, during each phase of a deploy."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from .account import Account
from .proxy import Fault

CALLS = {"plan": "PutItem */infra/terraform.tfstate", "apply": "CreateApi"}


@pytest.fixture
def small_disk(first: Account) -> Iterator[Path]:
    """Put what tt-ops and Terraform write into a file system of 16 MB, which takes root."""
    places = [first.project / ".tt-ops", first.path / "tmp"]
    disk = first.path / "disk"
    disk.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a file system is not allowed here")
    try:
        for place in places:
            inside = disk / place.name
            if place.exists():
                shutil.move(place, inside)
            else:
                inside.mkdir()
            place.symlink_to(inside)
        yield disk
    finally:
        for place in places:
            place.unlink()
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.row("The disk is full in {phase}")
@pytest.mark.parametrize("phase", ["start", "plan", "apply"])
def test_disk_is_full(first: Account, small_disk: Path, phase: str) -> None:
    """An apply has reserved its space and completes; else the error names the disk."""
    filler = small_disk / "filler"

    def fill() -> None:
        with filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"0" * 4096)

    if phase in CALLS:
        first.proxy.inject(CALLS[phase], Fault(then=fill))
    else:
        fill()
    ended = first.run("deploy", "--yes")
    filler.unlink()
    assert first.proxy.clear() == []
    assert "Traceback" not in ended.stderr
    if ended.returncode == 0:
        first.require_deployed()
    else:
        assert ended.returncode == 1, ended.stderr
        assert re.search("disk.* is full", ended.stderr), ended.stderr
    first.require_nothing_twice()
    first.require_healed()
