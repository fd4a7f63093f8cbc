"""The function's source files: all that git would not ignore."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec

from tasktracker_ops.errors import TtOpsError

_IGNORE_FILE = ".gitignore"
# Also where no .gitignore names them.
_NEVER = GitIgnoreSpec.from_lines((".git", "__pycache__/", "*.pyc"))
_Rules = Sequence[tuple[Path, GitIgnoreSpec]]


def source_files(project: Path, folder: str) -> dict[str, bytes]:
    """Return what is in the files of a project's folder, by their paths below it, in order.

    Leaves out what the .gitignore files of the project ignore, in a clone or not. A user's own list
    of ignored files does not count: the files are the same for everybody. Links to files are
    followed. Raises TtOpsError `source-not-a-file` for a link to a folder, or to nothing.
    """
    top = project / folder
    found = {
        file.relative_to(top).as_posix(): file.read_bytes()
        for file in _files(top, _rules(project, ()))
    }
    return dict(sorted(found.items()))


def _files(folder: Path, rules: _Rules) -> Iterator[Path]:
    rules = _rules(folder, rules)
    for path in folder.iterdir():
        is_folder = path.is_dir() and not path.is_symlink()
        if _is_ignored(path, is_folder, rules):
            continue
        if is_folder:
            yield from _files(path, rules)
        elif path.is_file():
            yield path
        else:
            raise TtOpsError(
                "source-not-a-file",
                f"{str(path)!r} is not a file, but a link to a folder or to nothing, or a device",
                hint="replace it by what it stands for, or ignore it: ${EDITOR:-vi} .gitignore",
            )


def _rules(folder: Path, above: _Rules) -> _Rules:
    """Return the rules that apply in a folder, its own first: they take precedence."""
    file = folder / _IGNORE_FILE
    if not file.is_file():
        return above
    return ((folder, GitIgnoreSpec.from_lines(file.read_text("utf-8").splitlines())), *above)


def _is_ignored(path: Path, is_folder: bool, rules: _Rules) -> bool:
    for folder, spec in ((path.parent, _NEVER), *rules):
        name = path.relative_to(folder).as_posix() + ("/" if is_folder else "")
        decision = spec.check_file(name).include
        if decision is not None:
            return decision
    return False
