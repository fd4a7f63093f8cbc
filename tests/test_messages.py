"""The messages of all errors, hints and help texts; run as a script, it prints them in a row."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FILES = sorted(
    file
    for folder in ("tasktracker_ops", "lambda_function")
    for file in (ROOT / folder).rglob("*.py")
)
ERRORS = {"TtOpsError", "ConfigurationError", "Problem"}
# Outcomes of checks, which have no code.
OUTCOMES = {"failed", "warning"}
# How a command in a hint begins. A placeholder is one that is put together elsewhere.
COMMAND = re.compile(
    r"(tt-ops|terraform|aws|gh|git|pip|pipx|curl|echo|sudo|unzip|date|export|unset|cd|less|df|namei|ps|kill|rm|ls"
    r"|\$\{EDITOR:-vi\}|\{\})( |$)"
)
NAMES = ("Terraform", "TT_OPS_", "GET ", "{")
RETIRED = re.compile(
    r"\b(hears?|anew|mend(s|ed|ing)?|whoever|strangers?|dawdles?|sandbox(?!\.Timedout)|unwell|fares|untold"
    r"|half made|embedded AWS|asks who calls|lets? in|is told|past Terraform|nobody watches)\b",
    re.IGNORECASE,
)


class Message(NamedTuple):
    """What an error says; a placeholder stands as `{}`, an argument that is computed is empty."""

    where: str
    code: str
    message: str
    hint: str


@cache
def nodes(file: Path) -> list[ast.AST]:
    """Return the nodes of a file's syntax tree."""
    return list(ast.walk(ast.parse(file.read_text())))


def template(node: ast.expr | None) -> str:
    """Return a literal or an f-string as text; `{}` is a value, empty what is computed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(template(part) or "{}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (template(node.left) or "{}") + (template(node.right) or "{}")
    return ""


def messages() -> Iterator[Message]:
    """Yield each error and problem that the code constructs."""
    for file in FILES:
        for node in nodes(file):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            name = node.func.id
            if name in ERRORS | OUTCOMES:
                named = {keyword.arg: keyword.value for keyword in node.keywords}
                given = [*([None] if name in OUTCOMES else []), *node.args, *[None] * 3]
                parts = [named.get(n, a) for n, a in zip(Message._fields[1:], given, strict=False)]
                where = f"{file.relative_to(ROOT)}:{node.lineno}"
                yield Message(where, *map(template, parts))


def texts(file: Path) -> Iterator[tuple[str, str]]:
    """Yield each string in a file, with its place."""
    for node in nodes(file):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield f"{file.relative_to(ROOT)}:{node.lineno}", node.value


def violations(message: Message) -> Iterator[str]:
    """Yield what is wrong with an error's code, message and hint."""
    if not re.fullmatch(r"([a-z]+(-[a-z]+)*)?", message.code):
        yield "the code is not in kebab-case"
    for text in filter(None, (message.message, message.hint)):
        if text.endswith("."):
            yield "it ends with a full stop"
        if not (text[0].islower() or text.startswith(NAMES)):
            yield "it begins with a capital that is not a name's"
    command = message.hint.rpartition(": ")[2]
    if command and not command.endswith("{}") and not COMMAND.match(command):
        yield "the hint does not end with a command"


def test_a_message_has_a_code_a_sentence_and_a_command() -> None:
    """Lower case unless a name comes first, no full stop, and the hint ends with what to type."""
    found = list(messages())
    assert len(found) > 100
    assert [(*each, wrong) for each in found for wrong in violations(each)] == []


def test_retired_words_are_not_used() -> None:
    """Neither a message, a help text nor a docstring has one."""
    assert [
        f"{where}: {found[0]}"
        for file in FILES
        for where, text in texts(file)
        if (found := RETIRED.search(text))
    ] == []


if __name__ == "__main__":
    for each in filter(lambda message: message.code, messages()):
        print(f"{each.where}\n  {each.code}: {each.message}\n  {each.hint}\n")
