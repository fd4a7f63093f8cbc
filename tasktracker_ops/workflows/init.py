"""Make a project from the template that this tt-ops carries."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tasktracker_ops import __version__
from tasktracker_ops.adapters.host.templates import read_record, record, this_template
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.template import InitResult

_MARKERS = ("terraform", "bootstrap", "lambda_function")


def init(folder: Path, approve: Callable[[str], None]) -> InitResult:
    """Write the project into `folder`, and overwrite nothing.

    `approve` gets a question where the folder has files, and raises for a no. Raises TtOpsError
    `project-exists`, or `init-conflict` where a file is in the way.
    """
    _require_no_project(folder)
    template = this_template(__version__)
    present = _present(folder, template.files)
    different = tuple(name for name, text in present.items() if text != template.files[name])
    if blocked := [name for name in different if name.startswith(_MARKERS)]:
        raise TtOpsError(
            "init-conflict",
            f"{str(folder)!r} has another {blocked[0]!r}, and no file is overwritten",
            hint="choose another folder: tt-ops init FOLDER",
        )
    if _has_files(folder):
        approve(f"{str(folder)!r} is not empty. Add the project to it, overwriting no file?")
    new = {name: text for name, text in template.files.items() if name not in present}
    _write(folder, {**new, **record(template, frozenset(different))})
    here = folder == Path.cwd()
    return InitResult(
        folder=folder,
        version=__version__,
        created=tuple(sorted(new)),
        kept=tuple(sorted(different)),
        next_steps=(*(() if here else (f"cd {shlex.quote(_shown(folder))}",)), "tt-ops deploy"),
    )


def _require_no_project(folder: Path) -> None:
    is_project = all((folder / marker).is_dir() for marker in _MARKERS)
    if read_record(folder) is None and not is_project:
        return
    raise TtOpsError(
        "project-exists",
        f"{str(folder)!r} is a Task Tracker project already",
        hint="bring in what a newer tt-ops has changed: tt-ops init --upgrade",
    )


def _present(folder: Path, names: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return those of the files that are in the folder."""
    found = {}
    for name in names:
        with suppress(FileNotFoundError, NotADirectoryError):
            found[name] = (folder / name).read_bytes()
    return found


def _has_files(folder: Path) -> bool:
    """Return whether anything is in the folder; a repository without files counts as empty."""
    return folder.is_dir() and any(each.name != ".git" for each in folder.iterdir())


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Create the files; remove them again if that fails or is interrupted."""
    created = []
    try:
        for name, content in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as stream:  # never one that exists
                created.append(file)
                stream.write(content)
    except BaseException:
        for file in created:
            file.unlink(missing_ok=True)
        raise


def _shown(folder: Path) -> str:
    """Return the folder as a user would type it from here."""
    try:
        return str(folder.relative_to(Path.cwd()))
    except ValueError:
        return str(folder)
