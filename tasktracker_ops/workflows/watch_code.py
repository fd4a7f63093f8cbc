"""Release the code at each save, until it is interrupted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tasktracker_ops.errors import ConfigurationError, Problem, TtOpsError
from tasktracker_ops.models.code import SaveResult
from tasktracker_ops.models.release import NO_CHECKS, ReleaseOptions
from tasktracker_ops.models.times import timestamp
from tasktracker_ops.reporting import LiveSteps

from .build import PACKAGE, SOURCES
from .deploy_code import deploy_code

if TYPE_CHECKING:
    from tasktracker_ops.app import App

# An editor writes a file in several steps; a save is over when nothing follows for so long.
_QUIET_MILLISECONDS = 30
_LONGEST_SAVE_MILLISECONDS = 400
_POLL_MILLISECONDS = 200
# Another deploy takes minutes, and is no reason to save the file again.
_LOCK_TIMEOUT = 600  # seconds
_NOTHING_TO_WATCH = {"not-deployed", "configuration-changed"}


def watch_code(app: App, options: ReleaseOptions, *, lock_timeout: int = 0) -> Iterator[SaveResult]:
    """Release the code now and after each save; yield what became of it, where anything did.

    What fails is yielded too: the last release that works keeps serving. The deploy lock is held
    for one release at a time, so that others can deploy in between. Raises ConfigurationError
    `watch-extra-missing`, and those of `deploy_code` that a save does not fix.
    """
    try:
        from watchfiles import watch
    except ImportError:
        raise ConfigurationError(
            "watch-extra-missing",
            "saves are noticed by watchfiles, which is not installed",
            hint="install it: pip install 'watchfiles>=1,<2'",
        ) from None

    folder = (app.settings.project / SOURCES).resolve()
    steps = LiveSteps(app.report)
    app.report = steps
    # Watches before the first release: what is saved meanwhile is released next.
    is_first = is_broken = True
    for changes in watch(
        folder,
        debounce=_LONGEST_SAVE_MILLISECONDS,
        step=_QUIET_MILLISECONDS,
        rust_timeout=_POLL_MILLISECONDS,
        yield_on_timeout=True,
    ):
        if not (changes or is_first):
            continue
        files = sorted({Path(path).relative_to(folder).as_posix() for _, path in changes})
        result = _release(app, options, tuple(files), lock_timeout or _LOCK_TIMEOUT, is_first)
        # An editor may save a file as it was.
        if result.problem or is_broken or (result.release and result.release.changed):
            yield result
        is_first, is_broken = False, result.problem is not None
        steps.doing(f"waiting for a save in {SOURCES}/")


def _release(
    app: App, options: ReleaseOptions, files: tuple[str, ...], lock_timeout: int, is_first: bool
) -> SaveResult:
    at, start = timestamp(datetime.now(UTC)), time.monotonic()
    release, problem = None, None
    try:
        # The check of the version imports the handler too, and nobody waits for it twice.
        checked = options.checks == NO_CHECKS
        result = deploy_code(app, options, lock_timeout=lock_timeout, import_handler=checked)
        release = result.release
    except ConfigurationError:
        raise
    except TtOpsError as error:
        if is_first and error.code in _NOTHING_TO_WATCH:
            raise
        problem = Problem.of(error)
        # Otherwise the next build would take it for one that was checked.
        (app.settings.project / PACKAGE).unlink(missing_ok=True)
    return SaveResult(at, files, round(time.monotonic() - start, 2), release, problem)
