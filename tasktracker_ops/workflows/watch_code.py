"""Release the code at each save, until it is interrupted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.host.saves import saves
from tasktracker_ops.errors import ConfigurationError, Problem, TtOpsError
from tasktracker_ops.models.code import SaveResult
from tasktracker_ops.models.release import NO_CHECKS, ReleaseOptions
from tasktracker_ops.models.times import timestamp
from tasktracker_ops.reporting import LiveSteps

from .build import PACKAGE, SOURCES
from .deploy_code import deploy_code

if TYPE_CHECKING:
    from tasktracker_ops.app import App

# Another deploy takes minutes, and is no reason to save the file again.
_LOCK_TIMEOUT = 600  # seconds
_FATAL_AT_FIRST = {"not-deployed", "configuration-changed"}


def watch_code(app: App, options: ReleaseOptions, *, lock_timeout: int = 0) -> Iterator[SaveResult]:
    """Release the code now and after each save; yield what became of it, where anything did.

    What fails is yielded too: the last release that works keeps serving. The deploy lock is held
    for one release at a time, so that others can deploy in between. Raises the errors of `saves`,
    and those of `deploy_code` that no save fixes.
    """
    app.report = LiveSteps(app.report)
    is_first = is_broken = True
    for files in saves(app.settings.project / SOURCES):
        at, start = timestamp(datetime.now(UTC)), time.monotonic()
        release, problem = None, None
        try:
            # The check of the version imports the handler too, and nobody waits for it twice.
            release = deploy_code(
                app,
                options,
                lock_timeout=lock_timeout or _LOCK_TIMEOUT,
                import_handler=options.checks == NO_CHECKS,
            ).release
        except ConfigurationError:
            raise
        except TtOpsError as error:
            if is_first and error.code in _FATAL_AT_FIRST:
                raise
            problem = Problem.of(error)
            # Otherwise the next build would take it for one that was checked.
            (app.settings.project / PACKAGE).unlink(missing_ok=True)
        # An editor may save a file as it was.
        if problem or is_broken or (release and release.changed):
            seconds = round(time.monotonic() - start, 2)
            yield SaveResult(at, files, seconds, release, problem)
        is_first, is_broken = False, problem is not None
        app.report.doing(f"waiting for a save in {SOURCES}/")
