"""All errors have the same form; they are read from the sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tasktracker_ops"
ERRORS = {"TtOpsError", "ConfigurationError", "Problem"}
NAMES = ("Terraform", "TT_OPS_TERRAFORM", "GET ", "{")
COMMANDS = {"tt-ops", "aws", "cd", "curl", "date", "env", "export", "git", "kill", "less", "mv"}
COMMANDS |= {"pip", "terraform", "unset", "${EDITOR:-vi}", "{}"}


def _text(node: ast.expr | None) -> str | None:
    """Return the text of a literal with `{}` for each value; None for other expressions."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "{}" for part in node.values)
    if isinstance(node, ast.BinOp):
        return (_text(node.left) or "{}") + (_text(node.right) or "{}")
    return None


def _errors() -> Iterator[tuple[str, str, str | None, str | None]]:
    """Yield place, code, message and hint of every error that is made with literals."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") not in ERRORS:
                continue
            code, message = (_text(argument) for argument in node.args[:2])
            hint = next((_text(k.value) for k in node.keywords if k.arg == "hint"), None)
            if code is not None:
                yield f"{file.name}:{node.lineno}", code, message, hint


FOUND = list(_errors())


def test_the_errors_are_found() -> None:
    """Without them the other test would check nothing."""
    assert len(FOUND) > 40


@pytest.mark.parametrize(("where", "code", "message", "hint"), FOUND, ids=[f[1] for f in FOUND])
def test_an_error_is_a_sentence_and_a_command(
    where: str, code: str, message: str | None, hint: str | None
) -> None:
    """Lower case unless a name comes first, no full stop, and the hint ends with what to type."""
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
    for text in filter(None, (message, hint)):
        assert text[0].islower() or text.startswith(NAMES), text
        assert not text.endswith("."), text
    # A value is a command as well.
    if hint is not None and not hint.endswith("{}"):
        assert hint.rpartition(": ")[2].split()[0] in COMMANDS, hint
