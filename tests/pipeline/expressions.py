"""Expressions of GitHub Actions, as far as the workflows use them; anything else is an error.

Python evaluates them: `&&`, `||` and `!` are `and`, `or` and `not`, which also return an operand.
See https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Functions = Mapping[str, Callable[..., Any]]

_TEMPLATE = re.compile(r"\$\{\{(.*?)\}\}", re.S)
_STATUS = re.compile(r"\b(success|failure|always|cancelled)\(")
_STRING_OR_OPERATOR = re.compile(r"'[^']*'|([\w.]+)\.\*\.(\w+)|&&|\|\||!(?!=)")
_OPERATORS = {"&&": " and ", "||": " or ", "!": " not "}


class UnknownExpression(Exception):
    """An expression that this evaluator, or the run, does not support."""


class Context(dict[str, Any]):
    """A context whose members are attributes; a misspelt one is an error."""

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError as error:
            raise UnknownExpression(f"no {name!r}") from error
        return Context(value) if type(value) is dict else value


class Open(Context):
    """A context in which what is not set is empty: `vars`, `secrets`, `github.event`."""

    def __getattr__(self, name: str) -> Any:
        return super().__getattr__(name) if name in self else Open()

    def __eq__(self, other: object) -> bool:
        return not self and other == ""

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment] # as a dict

    def __str__(self) -> str:
        if self:
            raise UnknownExpression("an object has no text")
        return ""


def evaluate(text: str, contexts: Mapping[str, Any], functions: Functions) -> Any:
    """Evaluate the text between `${{` and `}}`; raise UnknownExpression."""
    python = _STRING_OR_OPERATOR.sub(_python, text)
    names = {**contexts, **functions, "__builtins__": {}}
    try:
        return eval(python.strip(), names)  # nosec B307 # our own workflows' text
    except (SyntaxError, NameError, TypeError, AttributeError) as error:
        raise UnknownExpression(f"{text!r}: {error}") from error


def _python(found: re.Match[str]) -> str:
    """Return a string, an operator or an object filter (`labels.*.name`) as Python has it."""
    if found[1]:
        return f"[each.{found[2]} for each in {found[1]}]"
    return _OPERATORS.get(found[0], found[0])


def interpolate(text: str, contexts: Mapping[str, Any], functions: Functions) -> str:
    """Replace every `${{ … }}` of a text."""
    return _TEMPLATE.sub(lambda found: str(evaluate(found[1], contexts, functions)), text)


def holds(condition: str, contexts: Mapping[str, Any], functions: Functions) -> bool:
    """Return whether an `if:` holds; without a status function, success() is required as well."""
    whole = _TEMPLATE.fullmatch(condition.strip())
    text = whole[1] if whole else " ".join(condition.split())
    if _STATUS.search(text) is None and not functions["success"]():
        return False
    return condition == "true" or bool(evaluate(text, contexts, functions))
