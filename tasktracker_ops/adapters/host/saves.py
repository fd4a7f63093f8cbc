"""Saves below a folder, as the operating system reports them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tasktracker_ops.errors import ConfigurationError

# An editor writes a file in several steps; a save is over when nothing follows for so long.
_QUIET_MILLISECONDS = 30
_LONGEST_SAVE_MILLISECONDS = 400
_POLL_MILLISECONDS = 200


def saves(folder: Path) -> Iterator[tuple[str, ...]]:
    """Yield nothing once, when the folder is being watched, and then the paths of each save.

    Caches and temporary files of editors are left out. Ends with KeyboardInterrupt only. Raises
    ConfigurationError `watch-extra-missing` where watchfiles is not installed.
    """
    try:
        from watchfiles import watch
    except ImportError:
        raise ConfigurationError(
            "watch-extra-missing",
            "saves are noticed by watchfiles, which is not installed",
            hint="install it: pip install 'watchfiles>=1,<2'",
        ) from None
    top = folder.resolve()
    is_first = True
    for changes in watch(
        top,
        debounce=_LONGEST_SAVE_MILLISECONDS,
        step=_QUIET_MILLISECONDS,
        rust_timeout=_POLL_MILLISECONDS,
        yield_on_timeout=True,
    ):
        if changes or is_first:
            yield tuple(sorted({Path(path).relative_to(top).as_posix() for _, path in changes}))
        is_first = False
