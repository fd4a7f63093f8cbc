"""A task as a text to edit.

# Remarks, only before the first line without "#".
title: Renew the certificate
status: pending

The description: all that follows the first empty line.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasktracker_ops.errors import TtOpsError, quoted
from tasktracker_ops.models import Task

_HEADERS = ("title", "status")


def form(task: Task, remarks: Sequence[str]) -> bytes:
    """The text of a task, below remarks."""
    title = " ".join((task.title or "").splitlines())
    lines = [f"title: {title}", f"status: {task.status or ''}", "", task.description or "", ""]
    return remarked("\n".join(lines).encode(errors="surrogatepass"), remarks)


def remarked(text: bytes, remarks: Sequence[str]) -> bytes:
    """A text below remarks."""
    lines = "".join(f"# {line}\n" for remark in remarks for line in remark.splitlines())
    return lines.encode(errors="replace") + text


def without_remarks(text: bytes) -> bytes:
    """What the remarks stand above."""
    lines = text.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
    start = next((i for i, line in enumerate(lines) if not line.startswith(b"#")), len(lines))
    return b"".join(lines[start:])


def fields(typed: bytes) -> dict[str, str]:
    """The title, status and description in a text. Raises TtOpsError `form-invalid`."""
    try:
        text = without_remarks(typed).decode(errors="surrogatepass")
    except UnicodeDecodeError as error:
        raise _invalid(f"{error.object[error.start :][:8]!r} is not UTF-8") from None
    head, _, description = text.replace("\r\n", "\n").partition("\n\n")
    found = {"description": description.removesuffix("\n")}
    for line in head.splitlines():
        name, colon, value = line.partition(":")
        name = name.strip()
        if not colon or name not in _HEADERS or name in found:
            raise _invalid(
                f"{quoted(line)} is neither title: … nor status: …, or there are two of it"
            )
        found[name] = value.strip()
    for name in _HEADERS:
        if name not in found:
            raise _invalid(f"there is no line {name}: … before the first empty line")
    return found


def _invalid(what: str) -> TtOpsError:
    return TtOpsError(
        "form-invalid",
        f"the task's text cannot be read: {what}",
        hint="change single fields instead: tt-ops tasks edit --help",
    )
