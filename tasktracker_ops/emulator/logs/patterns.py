"""Filter patterns: terms anywhere in a message, and conditions on JSON.

`?ERROR ?"timed out"`, `{ $.status >= 500 && $.method = "GET" }`. Regular expressions and patterns
of fields in brackets are refused.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

# Of a message, or of the document that a message of JSON holds.
_Test = Callable[[Any], bool]

_QUOTED = r'(?P<quoted>"(?:[^"\\]|\\.)*")'
_REGEX = r"(?P<regex>%(?:[^%\\]|\\.)+%)"
_TERM = re.compile(rf"(?P<space>\s+)|(?P<sign>[?-])\s*|{_QUOTED}|{_REGEX}|(?P<word>[^\s\"%]+)")
_JSON = re.compile(
    r"(?P<space>\s+)|(?P<and>&&)|(?P<or>\|\|)|(?P<open>\()|(?P<close>\))"
    r"|(?P<operator>!=|<=|>=|=|<|>)"
    r"|(?P<state>IS\s+(?:NULL|TRUE|FALSE)\b|NOT\s+EXISTS\b)"
    rf"|{_QUOTED}|{_REGEX}"
    r"|(?P<selector>\$(?:\.[\w-]+|\.?\[\d+\]|\.?\[(?:'[^']*'|\"[^\"]*\")\])+)"
    r"|(?P<word>[\w.*+:/-]+)",
    re.ASCII,
)
_STEP = re.compile(r"\.?\[(\d+)\]|\.?\[['\"]([^'\"]*)['\"]\]|\.([\w-]+)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_ESCAPED = re.compile(r"\\(.)", re.S)
_MAX_DEPTH = 50
_ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_ABSENT = object()
_STATES: Mapping[str, _Test] = {
    "IS NULL": lambda value: value is None,
    "IS TRUE": lambda value: value is True,
    "IS FALSE": lambda value: value is False,
    "NOT EXISTS": lambda value: value is _ABSENT,
}


class InvalidPattern(ValueError):
    """The pattern is not valid, or not emulated; the message is for the client."""

    def __init__(self, message: str = "Invalid filter pattern") -> None:
        super().__init__(message)


class _Number(str):
    """A number of a log event as it is written there: compared as text, or by its value."""


class _Token(NamedTuple):
    """`kind` is the name of its group in the expression that matched it."""

    kind: str
    text: str


@lru_cache(maxsize=100)
def compile_pattern(text: str) -> Callable[[str], bool]:
    """Return the test for messages that a filter pattern describes; the empty one matches all.

    Raises InvalidPattern.
    """
    text = text.strip()
    if text.startswith("["):
        raise InvalidPattern("Patterns of fields in brackets are not emulated")
    if not text.startswith("{"):
        return _terms(list(_tokens(_TERM, text)))
    if not text.endswith("}"):
        raise InvalidPattern("If a filter pattern starts with '{' it must end with '}'")
    return _json(list(_tokens(_JSON, text[1:-1])))


def _tokens(expression: re.Pattern[str], text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        match = expression.match(text, position)
        if match is None:
            raise InvalidPattern
        position = match.end()
        kind = str(match.lastgroup)
        if kind == "regex":
            raise InvalidPattern(f"Regular expressions are not emulated: {match[kind]}")
        if kind != "space":
            yield _Token(kind, match[kind])


def _invalid_term(term: str) -> InvalidPattern:
    return InvalidPattern(f"Invalid character(s) in term '{term}'")


def _unquoted(text: str) -> str:
    return _ESCAPED.sub(r"\1", text[1:-1])


def _terms(tokens: Sequence[_Token]) -> Callable[[str], bool]:
    by_sign: dict[str, list[Callable[[str], bool]]] = {"": [], "?": [], "-": []}
    sign = ""
    for token in tokens:
        if token.kind != "sign":
            by_sign[sign].append(_term(token))
            sign = ""
        elif sign:
            raise InvalidPattern
        else:
            sign = token.text
    if sign:
        raise InvalidPattern
    required, optional, excluded = by_sign.values()
    # Next to terms of other kinds, those with a question mark are ignored.
    if optional and not required and not excluded:
        return lambda message: any(term(message) for term in optional)
    return lambda message: (
        all(term(message) for term in required) and not any(term(message) for term in excluded)
    )


def _term(token: _Token) -> Callable[[str], bool]:
    if token.kind == "quoted":
        phrase = _unquoted(token.text)
        if not phrase:
            raise _invalid_term(token.text)
        # A space in quotation marks is the documented pattern for everything.
        return lambda message: phrase in message or phrase.isspace()
    word = token.text
    if not all(character.isalnum() or character == "_" for character in word):
        raise _invalid_term(word)
    return lambda message: word in message


def _json(tokens: list[_Token]) -> Callable[[str], bool]:
    test = _any(tokens, 0)
    if tokens:
        raise InvalidPattern

    def matches(message: str) -> bool:
        if not message.lstrip().startswith("{"):
            return False
        try:
            return test(json.loads(message, parse_int=_Number, parse_float=_Number))
        except (ValueError, RecursionError):
            return False

    return matches


# Each of these takes its own tokens off the front of the list.


def _any(left: list[_Token], depth: int) -> _Test:
    tests = [_all(left, depth)]
    while left and left[0].kind == "or":
        del left[0]
        tests.append(_all(left, depth))
    return lambda document: any(test(document) for test in tests)


def _all(left: list[_Token], depth: int) -> _Test:
    tests = [_condition(left, depth)]
    while left and left[0].kind == "and":
        del left[0]
        tests.append(_condition(left, depth))
    return lambda document: all(test(document) for test in tests)


def _condition(left: list[_Token], depth: int) -> _Test:
    if depth > _MAX_DEPTH or not left:
        raise InvalidPattern
    if left[0].kind != "open":
        return _comparison(left)
    del left[0]
    test = _any(left, depth + 1)
    if not left or left.pop(0).kind != "close":
        raise InvalidPattern
    return test


def _comparison(left: list[_Token]) -> _Test:
    if len(left) < 2 or left[0].kind != "selector":
        raise InvalidPattern
    find = _selector(left.pop(0).text)
    verb = left.pop(0)
    if verb.kind == "state":
        holds = _STATES[" ".join(verb.text.split())]
        return lambda document: holds(find(document))
    if verb.kind != "operator" or not left:
        raise InvalidPattern
    test = _compares(verb.text, left.pop(0))

    def compare(document: Any) -> bool:
        value = find(document)
        # No comparison holds for objects, arrays, booleans and null, not even `!=`.
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


def _compares(sign: str, operand: _Token) -> Callable[[str], bool]:
    """Return a comparison with a text or a number."""
    if sign in _ORDERS:
        if operand.kind != "word" or not _NUMBER.fullmatch(operand.text):
            raise _invalid_term(operand.text)
        order, bound = _ORDERS[sign], float(operand.text)
        return lambda value: isinstance(value, _Number) and order(float(value), bound)
    equal = _equals(operand)
    return equal if sign == "=" else lambda value: not equal(value)


def _equals(operand: _Token) -> Callable[[str], bool]:
    if operand.kind == "quoted":
        return _like(_unquoted(operand.text))
    if operand.kind != "word":
        raise InvalidPattern
    text = operand.text
    if not _NUMBER.fullmatch(text):
        return _like(text)
    number = float(text)
    return lambda value: value == text or (isinstance(value, _Number) and float(value) == number)


def _like(pattern: str) -> Callable[[str], bool]:
    """Return equality with an asterisk at either end for any text; one in the middle is itself."""
    core = pattern.strip("*")
    if pattern and not core:
        return lambda value: True
    match (pattern.startswith("*"), pattern.endswith("*")):
        case (True, True):
            return lambda value: core in value
        case (True, False):
            return lambda value: value.endswith(core)
        case (False, True):
            return lambda value: value.startswith(core)
    return lambda value: value == pattern
