"""Filter patterns of JSON events: `{ $.status >= 500 && $.method = "GET" }`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tasktracker_ops.local.cloudwatch_logs.syntax import (
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
    r"(?P<space>\s+)|(?P<and>&&)|(?P<or>\|\|)|(?P<open>\()|(?P<close>\))"
    r"|(?P<operator>!=|<=|>=|=|<|>)"
    r"|(?P<state>IS\s+(?:NULL|TRUE|FALSE)\b|NOT\s+EXISTS\b)"
    rf"|(?P<quoted>{QUOTED})|(?P<regex>{REGEX})"
    r"|(?P<selector>\$(?:\.[\w-]+|\.?\[\d+\]|\.?\[(?:'[^']*'|\"[^\"]*\")\])+)"
    r"|(?P<word>[\w.*+:/-]+)",
    re.ASCII,
)
_STEP = re.compile(r"\.?\[(\d+)\]|\.?\[['\"]([^'\"]*)['\"]\]|\.([\w-]+)", re.ASCII)
_ABSENT = object()
_STATES: dict[str, Callable[[Any], bool]] = {
    "IS NULL": lambda value: value is None,
    "IS TRUE": lambda value: value is True,
    "IS FALSE": lambda value: value is False,
    "NOT EXISTS": lambda value: value is _ABSENT,
}


def compile_json_pattern(text: str) -> Callable[[str], bool]:
    """The test of a message that the pattern, with its braces, stands for.

    Raises InvalidPattern.
    """
    test = alternatives(list(tokens(_TOKEN, text[1:-1])), _comparison)

    def matches(message: str) -> bool:
        if not message.lstrip().startswith("{"):
            return False
        try:
            return test(json.loads(message, parse_int=Number, parse_float=Number))
        except (ValueError, RecursionError):
            return False

    return matches


def _comparison(left: list[Token]) -> Callable[[Any], bool]:
    if len(left) < 2 or left[0].kind != "selector":
        raise InvalidPattern("Invalid filter pattern")
    find = _selector(left.pop(0).text)
    verb = left.pop(0)
    if verb.kind == "state":
        holds = _STATES[" ".join(verb.text.split())]
        return lambda document: holds(find(document))
    if verb.kind != "operator" or not left:
        raise InvalidPattern("Invalid filter pattern")
    test = compares(verb.text, left.pop(0))

    def compare(document: Any) -> bool:
        value = find(document)
        # Objects, arrays, booleans and null are no values: not even `!=` holds for them.
        return isinstance(value, str) and test(value)

    return compare


def _selector(text: str) -> Callable[[Any], Any]:
    steps = [
        int(index) if index else (quoted or name) for index, quoted, name in _STEP.findall(text)
    ]

    def find(document: Any) -> Any:
        for step in steps:
            if isinstance(step, int):
                inside = isinstance(document, list) and step < len(document)
            else:
                inside = isinstance(document, dict) and step in document
            if not inside:
                return _ABSENT
            document = document[step]
        return document

    return find
