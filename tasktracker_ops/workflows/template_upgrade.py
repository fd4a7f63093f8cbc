"""Merge what a newer tt-ops has changed in its template into a project."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasktracker_ops import __version__
from tasktracker_ops.adapters.host.files import replace_file
from tasktracker_ops.adapters.host.git import merge_file
from tasktracker_ops.adapters.host.templates import (
    digest,
    read_pristine,
    read_record,
    record,
    this_template,
)
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.template import FileChange, TemplateRecord, UpgradeResult

if TYPE_CHECKING:
    from tasktracker_ops.app import App


@dataclass(frozen=True, slots=True)
class _Merge:
    """A file before and after the upgrade; None is no file."""

    path: str
    action: str
    before: bytes | None
    after: bytes | None


def is_outdated(project: Path) -> bool:
    """Return whether the project was made by an older tt-ops; False for a clone."""
    made_from = read_record(project)
    return made_from is not None and _numbers(made_from.version) < _numbers(__version__)


def note_outdated(app: App) -> None:
    """Note that the project was made by an older tt-ops."""
    if is_outdated(app.settings.project):
        app.report.note(
            f"This project is of an older tt-ops than {__version__}. "
            "To see what has changed since: tt-ops init --upgrade --diff"
        )


def upgrade(project: Path, *, diff: bool = False) -> UpgradeResult:
    """Merge the template of this tt-ops into the project; with `diff`, only return what changes.

    Files that the user removed stay removed, and those that were there before `init` are left
    alone. Raises TtOpsError `template-unknown` for a clone, `tt-ops-outdated` for a project of a
    newer tt-ops.
    """
    made_from = _require_record(project)
    template = this_template(__version__)
    labels = ("yours", f"tt-ops {made_from.version}", f"tt-ops {template.version}")
    merges = tuple(_merges(project, made_from, template.files, labels))
    changed = [each for each in merges if each.before != each.after]
    result = UpgradeResult(
        folder=project,
        from_version=made_from.version,
        to_version=template.version,
        changes=tuple(FileChange(each.path, each.action) for each in merges),
        backup=_backup_folder(project, made_from, changed) if not diff else None,
        diff="".join(map(_diff, changed)) if diff else None,
    )
    if not diff:
        for each in changed:
            if result.backup and each.before is not None:
                _replace(result.backup / each.path, each.before)
        for each in changed:
            _replace(project / each.path, each.after)
        foreign = {name for name, known in made_from.files.items() if known is None}
        for name, content in record(template, frozenset(foreign)).items():
            if _read(project / name) != content:
                _replace(project / name, content)
    return result


def _require_record(project: Path) -> TemplateRecord:
    made_from = read_record(project)
    if made_from is None:
        raise TtOpsError(
            "template-unknown",
            f"{str(project)!r} was not made by tt-ops init",
            hint="if it is a clone, update it by git: git pull",
        )
    if _numbers(made_from.version) > _numbers(__version__):
        raise TtOpsError(
            "tt-ops-outdated",
            f"the project is of tt-ops {made_from.version!r}, newer than this {__version__!r}",
            hint="update tt-ops: pip install --upgrade tt-ops",
        )
    return made_from


def _merges(
    project: Path,
    made_from: TemplateRecord,
    files: Mapping[str, bytes],
    labels: tuple[str, str, str],
) -> Iterator[_Merge]:
    """Yield what becomes of each file that the template has changed, and of no other."""
    pristine = read_pristine(project)
    for path in sorted({*made_from.files, *files}):
        known = made_from.files.get(path)
        theirs, ours = files.get(path), _read(project / path)
        if path in made_from.files and known is None:
            continue
        if (theirs and digest(theirs)) == known or theirs == ours:
            continue
        is_ours = ours is not None and digest(ours) != known
        if ours is None:
            action, after = ("kept", None) if known else ("added", theirs)
        elif not is_ours:
            action, after = ("updated", theirs) if theirs is not None else ("removed", None)
        elif theirs is None:
            action, after = "kept", ours
        else:
            merged, conflicts = merge_file(ours, pristine.get(path, b""), theirs, labels)
            action, after = "conflict" if conflicts else "merged", merged
        yield _Merge(path, action, ours, after)


def _backup_folder(project: Path, made_from: TemplateRecord, changed: list[_Merge]) -> Path | None:
    """Return where the files are kept that the upgrade changes; None if it changes none."""
    if all(each.before is None for each in changed):
        return None
    first = project / ".tt-ops" / f"before-upgrade-from-{made_from.version}"
    number, folder = 1, first
    while folder.exists():
        number += 1
        folder = first.with_name(f"{first.name}-{number}")
    return folder


def _diff(merge: _Merge) -> str:
    before, after = (
        (content or b"").decode(errors="replace").splitlines(keepends=True)
        for content in (merge.before, merge.after)
    )
    names = (
        "/dev/null" if merge.before is None else f"a/{merge.path}",
        "/dev/null" if merge.after is None else f"b/{merge.path}",
    )
    return "".join(difflib.unified_diff(before, after, *names))


def _replace(file: Path, content: bytes | None) -> None:
    """Write the file in one step, or remove it."""
    if content is None:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    mode = file.stat().st_mode & 0o777 if file.exists() else 0o644
    replace_file(file, content, mode=mode)


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """Return a version such as 1.10.0 for a comparison."""
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
