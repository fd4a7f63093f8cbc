"""Filter patterns of events whose fields stand between spaces: `[ip, ..., status=5*, size>100]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tasktracker_ops.local.cloudwatch_logs.syntax import (
    NUMBER,
    QUOTED,
    REGEX,
    InvalidPattern,
    Number,
    Token,
    alternatives,
    compares,
    tokens,
)

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<comma>,)|(?P<rest>\.\.\.)|(?P<and>&&)|(?P<or>\|\|)"
    r"|(?P<open>\()|(?P<close>\))|(?P<operator>!=|=!|<=|>=|=|<|>)"
    rf"|(?P<quoted>{QUOTED})|(?P<regex>{REGEX})"
    r"|(?P<word>[^\s,&|()=!<>\"%\[\]]+)"
)
# What stands in brackets or quotation marks is one field.
_FIELD = re.compile(r'\[([^\]]*)\]|"([^"]*)"|(\S+)')
_NAME = re.compile(r"\w+", re.ASCII)


def compile_field_pattern(text: str) -> Callable[[str], bool]:
    """The test of a message that the pattern, with its brackets, stands for.

    Raises InvalidPattern.
    """
    before: list[Callable[[str], bool]] = []
    after: list[Callable[[str], bool]] | None = None
    for slot in _slots(list(tokens(_TOKEN, text[1:-1]))):
        if [token.kind for token in slot] == ["rest"]:
            if after is not None:
                raise InvalidPattern("Invalid filter pattern")
            after = []
        else:
            (before if after is None else after).append(_slot(slot))

    def matches(message: str) -> bool:
        fields = [_value(*found) for found in _FIELD.findall(message)]
        least = len(before) + len(after or ())
        if len(fields) < least or (after is None and len(fields) > least):
            return False
        tested = [*zip(before, fields, strict=False)]
        if after:
            tested += zip(after, fields[-len(after) :], strict=True)
        return all(test(field) for test, field in tested)

    return matches


def _slots(parts: list[Token]) -> Iterator[list[Token]]:
    slot: list[Token] = []
    for token in parts:
        if token.kind == "comma":
            yield slot
            slot = []
        else:
            slot.append(token)
    yield slot


def _slot(parts: list[Token]) -> Callable[[str], bool]:
    """A field with or without a name, or conditions on it that all use its one name."""
    names: set[str] = set()

    def comparison(left: list[Token]) -> Callable[[str], bool]:
        if len(left) < 3 or not _is_name(left[0]) or left[1].kind != "operator":
            raise InvalidPattern("Invalid filter pattern")
        names.add(left.pop(0).text)
        operator = left.pop(0).text.replace("=!", "!=")
        return compares(operator, left.pop(0))

    if not parts or (len(parts) == 1 and _is_name(parts[0])):
        return lambda value: True
    test = alternatives(parts, comparison)
    if len(names) > 1:
        raise InvalidPattern("Invalid filter pattern")
    return test


def _is_name(token: Token) -> bool:
    return token.kind == "word" and _NAME.fullmatch(token.text) is not None


def _value(bracketed: str, quoted: str, plain: str) -> str:
    text = bracketed or quoted or plain
    return Number(text) if NUMBER.fullmatch(text) else text
