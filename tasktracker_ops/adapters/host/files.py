"""Files that are replaced in one step, and locks of files."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path


def replace_file(file: Path, content: bytes, *, mode: int) -> None:
    """Replace a file in one step, or leave everything as it was. Raises OSError."""
    descriptor, partial = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        os.chmod(partial, mode)
        os.replace(partial, file)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
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
