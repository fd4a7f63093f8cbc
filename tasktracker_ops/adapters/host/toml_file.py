"""Edit tt-ops.toml as its author would: comments, order and layout stay."""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_HEADING = re.compile(r"(#.*(\n|\Z))+(\r?\n|\Z)")


def read_text(file: Path) -> str:
    """Return the text of a file with its line ends; empty without one."""
    try:
        return file.read_bytes().decode()
    except FileNotFoundError:
        return ""


def replace_text(file: Path, text: str) -> None:
    """Replace a file in one step; keep its mode, and a link that leads to it."""
    target = file.resolve()
    descriptor, partial = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode())
        os.chmod(partial, _mode(target))
        os.replace(partial, target)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise


def _mode(file: Path) -> int:
    """Return the mode of a file; of one that does not exist, as it would be created."""
    try:
        return file.stat().st_mode & 0o777
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask


def value_at(text: str, path: Sequence[str]) -> Any:
    """Return the value at a path of keys, such as `("env", "staging", "region")`; None if unset."""
    return _get(tomllib.loads(text), path)


def line_of(text: str, path: Sequence[str]) -> int | None:
    """Return the line on which the statement begins that sets a value."""
    for first, _, content in _statements(text):
        if _get(content, path) is not None:
            return first
    return None


def with_value(text: str, path: Sequence[str], value: str | int) -> str:
    """Return the text with a value at a path of keys: in its place, or behind its table's last."""
    import tomlkit

    *tables, key = path
    if tables and value_at(text, tables) is None:
        return _with_line_ends_of(text, _with_table(text, tables, {key: value}))
    is_new = value_at(text, path) is None
    # Comments behind the last key may belong to the next table, and tomlkit would append to them.
    end = _end_of_table(text, tables) if is_new else len(text)
    document = tomlkit.parse(text[:end])
    _table(document, tables)[key] = value
    head, rest = tomlkit.dumps(document), text[end:]
    is_first = is_new and not tables and end == _end_of_heading(text)
    separator = "\n" if is_first and rest.strip() else ""
    return _with_line_ends_of(text, head + separator + rest)


def _with_table(text: str, tables: Sequence[str], content: Mapping[str, str | int]) -> str:
    """Return the text with a new table: at the end, or inside of an inline one."""
    import tomlkit
    from tomlkit.items import InlineTable

    document = tomlkit.parse(text)
    outer = document.get(tables[0])
    if isinstance(outer, InlineTable):
        _table(document, tables[:-1])[tables[-1]] = content
        return tomlkit.dumps(document)
    # By hand: behind dotted keys, tomlkit puts it before the last keys of the file.
    before = f"{text.rstrip()}\n\n" if text.strip() else ""
    return f"{before}[{'.'.join(tables)}]\n{tomlkit.dumps(content)}"


def without_value(text: str, path: Sequence[str]) -> str:
    """Return the text without a value; a table that is empty then stays."""
    import tomlkit

    document = tomlkit.parse(text)
    *tables, key = path
    del _table(document, tables)[key]
    return tomlkit.dumps(document)


def _table(document: Any, tables: Sequence[str]) -> Any:
    for name in tables:
        document = document[name]
    return document


def _end_of_table(text: str, tables: Sequence[str]) -> int:
    """Return where the last statement of a table ends, by characters."""
    if tables and value_at(text, tables) is None:
        return len(text)
    end = 0
    before: Mapping[str, Any] | None = None if tables else {}
    for _, last, content in _statements(text):
        table = _get(content, tables)
        if not tables:
            table = {name: value for name, value in table.items() if not isinstance(value, Mapping)}
        if table != before:
            end, before = last, table
    lines = text.split("\n")
    return min(len(text), sum(len(line) + 1 for line in lines[:end])) or _end_of_heading(text)


def _end_of_heading(text: str) -> int:
    """Return where the comment ends that the file begins with, apart from what follows."""
    heading = _HEADING.match(text)
    return heading.end() if heading else 0


def _with_line_ends_of(text: str, changed: str) -> str:
    if "\r\n" not in text:
        return changed
    return changed.replace("\r\n", "\n").replace("\n", "\r\n")


def _statements(text: str) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    """Yield first line, last line and the content so far of each statement, comment and empty line.

    tomllib gives no positions, but what ends within a statement is not valid.
    """
    lines, first = text.split("\n"), 1
    for last in range(1, len(lines) + 1):
        try:
            content = tomllib.loads("\n".join(lines[:last]).removesuffix("\r"))
        except tomllib.TOMLDecodeError:
            continue
        yield first, last, content
        first = last + 1


def _get(content: Any, path: Sequence[str]) -> Any:
    for key in path:
        content = content.get(key) if isinstance(content, Mapping) else None
    return content
