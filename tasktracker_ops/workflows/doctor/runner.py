"""Run all checks, those that do not depend on each other side by side."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.doctor import Check, Diagnosis

from . import account, deployment, github, machine, service, state
from .check import CheckSpec, Examination, NotApplicable, Outcome, failed, skipped, warning

if TYPE_CHECKING:
    from tasktracker_ops.app import App

CHECKS: tuple[CheckSpec, ...] = tuple(
    check
    for module in (machine, account, state, deployment, service, github)
    for check in module.GROUP.checks
)
_WORKERS = 8
_LIMIT = 60.0  # seconds for all checks; each of their calls has a limit of its own below
_NEEDS = "needs "
_REPORT_BUG = "report it, with the archive that this writes: tt-ops support"

Timed = tuple[Outcome, float]


def doctor(app: App, specs: Sequence[CheckSpec] = CHECKS, *, limit: float = _LIMIT) -> Diagnosis:
    """Return the result of every check, after `limit` seconds at the latest; change nothing."""
    app.report.doing("checking")
    started = time.monotonic()
    results = _run(specs, Examination(app), limit)
    checks = tuple(
        Check(spec.name, outcome.state, outcome.detail, outcome.fix, round(seconds, 3))
        for spec in specs
        for outcome, seconds in [results[spec.name]]
    )
    return Diagnosis(checks, round(time.monotonic() - started, 3))


def _run(specs: Iterable[CheckSpec], examined: Examination, limit: float) -> dict[str, Timed]:
    """Run each check as soon as those that it needs are done; return outcome and seconds."""
    deadline = time.monotonic() + limit
    waiting = {spec.name: spec for spec in specs}
    running: dict[Future[Timed], str] = {}
    results: dict[str, Timed] = {}
    pool = ThreadPoolExecutor(max_workers=_WORKERS)
    while waiting or running:
        for spec in [each for each in waiting.values() if results.keys() >= set(each.needs)]:
            del waiting[spec.name]
            if (outcome := _blocked(spec, results)) is not None:
                results[spec.name] = (outcome, 0.0)
            else:
                running[pool.submit(_timed, spec, examined)] = spec.name
        left = deadline - time.monotonic()
        done, _ = wait(running, timeout=max(left, 0), return_when=FIRST_COMPLETED)
        for future in done:
            results[running.pop(future)] = future.result()
        if left <= 0:
            results |= dict.fromkeys(running.values(), (_late(limit), limit))
            running.clear()
    pool.shutdown(wait=False, cancel_futures=True)
    return results


def _blocked(spec: CheckSpec, results: Mapping[str, Timed]) -> Outcome | None:
    """Return that the check is skipped, if one that it needs blocks it; names the first cause."""
    for name in spec.needs:
        outcome, _ = results[name]
        if outcome.blocks:
            return outcome if outcome.detail.startswith(_NEEDS) else skipped(f"{_NEEDS}{name!r}")
    return None


def _timed(spec: CheckSpec, examined: Examination) -> Timed:
    started = time.monotonic()
    outcome = _outcome(spec, examined)
    return outcome, time.monotonic() - started


def _outcome(spec: CheckSpec, examined: Examination) -> Outcome:
    """Return what the check found; an error of its own is a failure like any other."""
    try:
        return spec.run(examined)
    except NotApplicable as reason:
        return skipped(str(reason))
    except TtOpsError as error:
        error = _explained(error, examined.app)
        if error.code == "aws-access-denied":  # who may only observe may not read everything
            return warning(f"not checked: {error.message}", error.hint, blocks=True)
        return failed(error.message, error.hint)
    except Exception as error:  # the boundary of a check: the others go on
        return failed(f"a bug in this check: {type(error).__name__}: {error}", _REPORT_BUG)


def _explained(error: TtOpsError, app: App) -> TtOpsError:
    # Creating the target may be what failed.
    return app.target.explain(error) if "target" in vars(app) else error


def _late(limit: float) -> Outcome:
    return failed(
        f"no result within {limit:.0f} s",
        "check the connection, then try again: tt-ops doctor",
    )
