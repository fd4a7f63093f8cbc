"""A task as a text to edit.

# Remarks, only before the first line without "#".
title: Renew the certificate
status: pending

The description: all that follows the first empty line.
"""

from __future__ import annotations

from tasktracker_ops.errors import TtOpsError, quoted
from tasktracker_ops.models.task import WRITABLE, Task

_BODY = "description"
_HEADERS = [name for name in WRITABLE if name != _BODY]


def form(task: Task, remark: str) -> bytes:
    """Return the text of a task, below a remark."""
    lines = [f"# {remark}"]
    for name in _HEADERS:
        value = " ".join(str(getattr(task, name) or "").splitlines())
        lines.append(f"{name}: {value}")
    lines += ["", getattr(task, _BODY) or "", ""]
    return "\n".join(lines).encode(errors="surrogatepass")


def fields(typed: bytes) -> dict[str, str]:
    """Return what a text says of each field, nothing if it is empty or all remarks.

    Raises TtOpsError `form-invalid`.
    """
    try:
        text = typed.removeprefix(b"\xef\xbb\xbf").decode(errors="surrogatepass")
    except UnicodeDecodeError as error:
        raise _invalid(f"{error.object[error.start :][:8]!r} is not UTF-8") from None
    text = text.replace("\r\n", "\n")
    while text.startswith("#"):
        text = text.partition("\n")[2]
    if not text.strip():
        return {}
    head, _, body = text.partition("\n\n")
    found = {_BODY: body.removesuffix("\n")}
    for line in head.splitlines():
        name, colon, value = line.partition(":")
        name = name.strip()
        if not colon or name not in _HEADERS or name in found:
            names = ": …, ".join(_HEADERS)
            raise _invalid(f"{quoted(line)} is none of {names}: …, or there are two of it")
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
