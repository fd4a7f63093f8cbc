"""Collect what is needed to help with a deployment into one archive, without secrets."""

from __future__ import annotations

import platform
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import distributions
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktracker_ops import __version__
from tasktracker_ops.adapters.host.templates import read_record
from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.models.support import SupportPart, SupportResult, Versions

from .doctor.runner import doctor
from .logs import LogQuery, logs
from .plan import plan
from .status import status

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_HOUR = 3600.0  # seconds
_MOST_EVENTS = 10_000  # of each log
Render = Callable[[Any], str]


def support(app: App, file: Path, render: Render) -> SupportResult:
    """Write the archive; what cannot be had is in it as the error.

    `render` returns a result as text without secrets. Raises TtOpsError `support-file-exists`.
    """
    try:
        with file.open("xb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
            file.chmod(0o600)
            parts = tuple(_parts(app, made, render))
    except FileExistsError:
        raise TtOpsError(
            "support-file-exists",
            f"{str(file)!r} exists already, and no file is overwritten",
            hint="choose another name: tt-ops support --file NAME.zip",
        ) from None
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return SupportResult(file, file.stat().st_size, parts)


def _parts(app: App, archive: zipfile.ZipFile, render: Render) -> Iterator[SupportPart]:
    for name, collect in _COLLECTORS.items():
        app.report.doing(f"collecting {name}")
        problem, content = None, ""
        try:
            content = "".join(f"{render(result)}\n" for result in collect(app))
        except TtOpsError as error:
            problem = Problem.of(error)
        except Exception as error:  # the others are collected all the same
            problem = Problem("internal-error", f"{type(error).__name__}: {error}", "")
        if problem is not None:
            content = f"{content}{render(problem)}\n"
        archive.writestr(name, content)
        yield SupportPart(name, len(content.encode()), problem)


def _plan(app: App) -> Iterator[Any]:
    _ = app.settings.project
    app.target.environment()  # a plan would start the emulator
    yield plan(app)


def _logs(app: App, *, api: bool = False) -> Iterator[Any]:
    return islice(logs(app, LogQuery(since=_HOUR, api=api)), _MOST_EVENTS)


def _versions(app: App) -> Versions:
    project = app.settings.project_dir
    record = read_record(project) if project else None
    try:
        terraform: str | None = app.terraform.version
    except TtOpsError:
        terraform = None
    return Versions(
        tt_ops=__version__,
        template=record.version if record else None,
        python=platform.python_version(),
        system=platform.platform(),
        terraform=terraform,
        packages={each.metadata["Name"]: each.version for each in distributions()},
    )


_COLLECTORS: dict[str, Callable[[App], Iterator[Any]]] = {
    "versions.json": lambda app: iter([_versions(app)]),
    "doctor.json": lambda app: iter([doctor(app)]),
    "status.json": lambda app: iter([status(app)]),
    "plan.json": _plan,
    "logs.jsonl": _logs,
    "api-logs.jsonl": partial(_logs, api=True),
}
