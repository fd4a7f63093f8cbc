"""What the three kinds of filter pattern share: tokens, comparisons, and `&&`, `||`, parentheses.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")
Test = Callable[[T], bool]

QUOTED = r'"(?:[^"\\]|\\.)*"'
REGEX = r"%(?:[^%\\]|\\.)+%"
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_REGEX_CHARACTERS = re.compile(r"[\w:#=@/;,\- ^$?\[\]{}|\\*+.]*", re.ASCII)
_ESCAPED = re.compile(r"\\(.)", re.S)
_MAX_DEPTH = 50
_MAX_REGEXES = 2


class InvalidPattern(ValueError):
    """CloudWatch would not take the pattern; the message is what it says."""


class Number(str):
    """A number of a log event as it is written there: compared as text, or by its value."""


class Token(NamedTuple):
    """`kind` is the name of its group in the expression that found it."""

    kind: str
    text: str


def invalid_term(term: str) -> InvalidPattern:
    """The refusal of a term."""
    return InvalidPattern(f"Invalid character(s) in term '{term}'")


def tokens(expression: re.Pattern[str], text: str) -> Iterator[Token]:
    """Cut a text into tokens; `expression` has a named group for each kind.

    Raises InvalidPattern for what is none, and for a third regular expression.
    """
    position = regexes = 0
    while position < len(text):
        found = expression.match(text, position)
        if found is None or found.end() == position:
            raise InvalidPattern("Invalid filter pattern")
        position = found.end()
        kind = str(found.lastgroup)
        regexes += kind == "regex"
        if regexes > _MAX_REGEXES:
            raise InvalidPattern("Invalid filter pattern: it has more than 2 regular expressions")
        if kind != "space":
            yield Token(kind, found[kind])


def unquoted(text: str) -> str:
    """The text between quotation marks."""
    return _ESCAPED.sub(r"\1", text[1:-1])


def searches(token: str) -> Callable[[str], bool]:
    """Whether a text holds what is between two `%`; CloudWatch knows a part of the usual syntax."""
    expression = token[1:-1]
    if not expression.isascii() or not _REGEX_CHARACTERS.fullmatch(expression):
        raise invalid_term(token)
    try:
        compiled = re.compile(expression, re.ASCII)
    except re.error:
        raise invalid_term(token) from None
    return lambda text: compiled.search(text) is not None


def compares(operator: str, operand: Token) -> Callable[[str], bool]:
    """A comparison with a text, or with a Number; raises InvalidPattern for what has no order."""
    if operator in _ORDERS:
        if operand.kind != "word" or not NUMBER.fullmatch(operand.text):
            raise invalid_term(operand.text)
        return _ordered(_ORDERS[operator], float(operand.text))
    equal = _equals(operand)
    return equal if operator == "=" else lambda value: not equal(value)


def alternatives(parts: Sequence[Token], operand: Callable[[list[Token]], Test[T]]) -> Test[T]:
    """A test of `||`, `&&` (which binds closer) and parentheses.

    `operand` takes the tokens of one comparison off the front of a list.
    """
    left = list(parts)
    test = _any(left, operand, 0)
    if left:
        raise InvalidPattern("Invalid filter pattern")
    return test


def _any(left: list[Token], operand: Callable[[list[Token]], Test[T]], depth: int) -> Test[T]:
    tests = [_all(left, operand, depth)]
    while left and left[0].kind == "or":
        del left[0]
        tests.append(_all(left, operand, depth))
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _all(left: list[Token], operand: Callable[[list[Token]], Test[T]], depth: int) -> Test[T]:
    tests = [_one(left, operand, depth)]
    while left and left[0].kind == "and":
        del left[0]
        tests.append(_one(left, operand, depth))
    return tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests)


def _one(left: list[Token], operand: Callable[[list[Token]], Test[T]], depth: int) -> Test[T]:
    if depth > _MAX_DEPTH or not left:
        raise InvalidPattern("Invalid filter pattern")
    if left[0].kind != "open":
        return operand(left)
    del left[0]
    test = _any(left, operand, depth + 1)
    if not left or left.pop(0).kind != "close":
        raise InvalidPattern("Invalid filter pattern")
    return test


_ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def _ordered(order: Callable[[float, float], bool], bound: float) -> Callable[[str], bool]:
    return lambda value: isinstance(value, Number) and order(float(value), bound)


def _equals(operand: Token) -> Callable[[str], bool]:
    if operand.kind == "regex":
        return searches(operand.text)
    if operand.kind == "quoted":
        return _like(unquoted(operand.text))
    if operand.kind != "word":
        raise InvalidPattern("Invalid filter pattern")
    if not NUMBER.fullmatch(operand.text):
        return _like(operand.text)
    text, number = operand.text, float(operand.text)
    return lambda value: value == text or (isinstance(value, Number) and float(value) == number)


def _like(pattern: str) -> Callable[[str], bool]:
    """Equality with an asterisk at either end for any text; one in the middle is itself."""
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
