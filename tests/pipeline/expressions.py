"""Expressions of GitHub Actions, as far as the workflows use them; anything else is an error.

See https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

Value = Any  # None, bool, float, str, or a Mapping
Functions = Mapping[str, Callable[..., Value]]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_][\w-]*)|(?P<sign>&&|\|\||==|!=|[!().,]))"
)
_TEMPLATE = re.compile(r"\$\{\{(.*?)\}\}", re.S)
_STATUS = re.compile(r"\b(success|failure|always|cancelled)\(")
_LITERALS = {"true": True, "false": False, "null": None}


class UnknownExpression(Exception):
    """Something that this evaluator, or the run, does not know."""


class Open(dict[str, Value]):
    """A context in which what is not set is null: `vars`, `secrets`, `github.event`."""


def evaluate(text: str, contexts: Mapping[str, Value], functions: Functions) -> Value:
    """Evaluate what stands between `${{` and `}}`. Raises UnknownExpression."""
    return _Parser(text, contexts, functions).whole()


def interpolate(text: str, contexts: Mapping[str, Value], functions: Functions) -> str:
    """Replace every `${{ … }}` of a text."""
    return _TEMPLATE.sub(lambda found: _text(evaluate(found[1], contexts, functions)), text)


def holds(condition: str, contexts: Mapping[str, Value], functions: Functions) -> bool:
    """Whether an `if:` holds; without a status function, success() is asked as well."""
    whole = _TEMPLATE.fullmatch(condition.strip())
    text = whole[1] if whole else condition
    if _STATUS.search(text) is None and not functions["success"]():
        return False
    return _truthy(evaluate(text, contexts, functions))


class _Parser:
    def __init__(self, text: str, contexts: Mapping[str, Value], functions: Functions) -> None:
        self._text = text
        self._contexts = contexts
        self._functions = functions
        self._tokens = self._split()

    def _split(self) -> list[tuple[str, str]]:
        tokens, place = [], 0
        while self._text[place:].strip():
            found = _TOKEN.match(self._text, place)
            if found is None:
                raise UnknownExpression(f"{self._text!r} at {self._text[place:]!r}")
            tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            place = found.end()
        return tokens

    def whole(self) -> Value:
        value = self._any_of()
        if self._tokens:
            raise UnknownExpression(f"{self._text!r} at {self._tokens[0][1]!r}")
        return value

    def _take(self, *signs: str) -> str | None:
        if self._tokens and self._tokens[0][0] == "sign" and self._tokens[0][1] in signs:
            return self._tokens.pop(0)[1]
        return None

    def _any_of(self) -> Value:
        value = self._all_of()
        while self._take("||"):
            other = self._all_of()
            value = value if _truthy(value) else other
        return value

    def _all_of(self) -> Value:
        value = self._compared()
        while self._take("&&"):
            other = self._compared()
            value = other if _truthy(value) else value
        return value

    def _compared(self) -> Value:
        value = self._negated()
        while sign := self._take("==", "!="):
            value = _equal(value, self._negated()) == (sign == "==")
        return value

    def _negated(self) -> Value:
        return not _truthy(self._negated()) if self._take("!") else self._operand()

    def _operand(self) -> Value:
        if self._take("("):
            value = self._any_of()
            self._expect(")")
            return value
        if not self._tokens:
            raise UnknownExpression(f"{self._text!r} ends too soon")
        kind, token = self._tokens.pop(0)
        if kind == "string":
            return token[1:-1].replace("''", "'")
        if kind == "number":
            return float(token)
        if token in _LITERALS:
            return _LITERALS[token]
        return self._call(token) if self._take("(") else self._lookup(token)

    def _call(self, name: str) -> Value:
        arguments = []
        while not self._take(")"):
            arguments.append(self._any_of())
            if not self._take(","):
                self._expect(")")
                break
        if name not in self._functions:
            raise UnknownExpression(f"{self._text!r}: no function {name!r}")
        return self._functions[name](*arguments)

    def _lookup(self, name: str) -> Value:
        value = _member(self._contexts, name, self._text)
        while self._take("."):
            value = _member(value, self._tokens.pop(0)[1], self._text)
        return value

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise UnknownExpression(f"{self._text!r}: no {sign!r}")


def _member(value: Value, name: str, text: str) -> Value:
    if value is None:
        return None
    if isinstance(value, Mapping) and name in value:
        return value[name]
    if isinstance(value, Open):
        return None
    raise UnknownExpression(f"{text!r}: no {name!r}")


def _truthy(value: Value) -> bool:
    return value not in (None, False, 0, "")


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    return _number(left) == _number(right)


def _number(value: Value) -> float:
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        return math.nan


def _text(value: Value) -> str:
    if isinstance(value, Mapping):
        raise UnknownExpression("an object has no text")
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value
