"""Disks that are full (recognised, avoided by a reservation, reported), and locks of files."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasktracker_ops.errors import TtOpsError

_FULL = (errno.ENOSPC, errno.EDQUOT)
# What Go prints, with the path before it.
_TEXT = re.compile(r"(?:(/[^\s:]+): )?(?:no space left on device|disk quota exceeded)")


def is_full(error: OSError) -> bool:
    """Return whether an error says that a disk is full, or a quota used up."""
    return error.errno in _FULL


def full_disk_in(text: str, *, default: Path) -> Path | None:
    """Return the path that could not be written, if Terraform's text says that a disk is full."""
    found = _TEXT.search(text)
    return (Path(found[1]) if found[1] else default) if found else None


def disk_full(path: Path, consequence: str = "nothing was changed") -> TtOpsError:
    """Return the error for a path that could not be written."""
    # The path itself may be gone by the time that somebody looks.
    mount_point = next((each for each in path.parents if each.is_mount()), Path("/"))
    return TtOpsError(
        "disk-full",
        f"the disk that holds {str(path)!r} is full; {consequence}",
        hint="free some space, then run it again; see how much there is: "
        f"df -h {shlex.quote(str(mount_point))}",
    )


@contextmanager
def reporting_full_disk(path: Path) -> Iterator[None]:
    """Raise TtOpsError `disk-full` when writing below `path` fails for lack of space."""
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise disk_full(Path(error.filename) if error.filename else path) from error


@contextmanager
def ignoring_full_disk() -> Iterator[None]:
    """Go on without what there is no space for."""
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise


def lock_file(descriptor: int, path: Path, *, wait: bool = True) -> None:
    """Lock an open file until it is closed. Raises BlockingIOError unless `wait`.

    An OSError names the file: not every file system of a network has locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        error.filename = str(path)
        raise


def reserve_space(descriptor: int, size: int) -> None:
    """Reserve space for an empty file, where the system can; raise OSError where there is none."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if is_full(error):
            raise
