"""Metric math: from the text of an expression to a series, an array of them, or a number.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator

from tasktracker_ops.local.cloudwatch.metric_math import functions
from tasktracker_ops.local.cloudwatch.metric_math.functions import Scope
from tasktracker_ops.local.cloudwatch.metric_math.series import (
    ExpressionError,
    Operation,
    Series,
    Value,
    combine,
)

_MAX_LENGTH = 2048
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"|(?P<number>\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)"
    r"|(?P<name>[A-Za-z]\w*)"
    r"|(?P<mark>&&|\|\||[<>=!]=|[-+*/^<>(),\[\]]))\s*"
)
_MARKS = {"&&": "and", "||": "or", "^": "**", "AND": "and", "OR": "or"}
_BINARY: dict[type[ast.operator], Operation] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
}
_COMPARISONS: dict[type[ast.cmpop], Operation] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_LOGICAL: dict[type[ast.boolop], Operation] = {
    ast.And: lambda left, right: bool(left) and bool(right),
    ast.Or: lambda left, right: bool(left) or bool(right),
}


def evaluate(text: str, scope: Scope, variable: Callable[[str], Value | None]) -> Value:
    """Return the value of an expression; `variable` gives that of an id, None if there is none.

    Raises ExpressionError.
    """
    if len(text) > _MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {_MAX_LENGTH} characters")
    texts: list[str] = []
    try:
        tree = ast.parse(" ".join(_translated(text, texts)), mode="eval")
        return _Evaluation(scope, variable, texts).value(tree.body)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ExpressionError("Invalid syntax") from error


def _translated(text: str, texts: list[str]) -> Iterator[str]:
    """Turn the tokens into Python's, which is only parsed; names and texts cannot be Python's own.

    Texts go to `texts` and leave their number.
    """
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ExpressionError("Invalid syntax")
        at, word = token.end(), token[0].strip()
        if token["text"]:
            yield f"text_{len(texts)}"
            texts.append(word[1:-1])
        elif token["number"]:
            yield repr(float(word))
        else:
            yield _MARKS.get(word) or (f"name_{word}" if token["name"] else word)


class _Evaluation:
    """Walks the parsed expression; what is not listed here is no metric math."""

    def __init__(
        self, scope: Scope, variable: Callable[[str], Value | None], texts: list[str]
    ) -> None:
        self._scope = scope
        self._variable = variable
        self._texts = texts

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=float(number)):
                return number
            case ast.Name(id=name):
                return self._named(name)
            case ast.List(elts=parts):
                return self._array(parts)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return combine(operator.mul, -1.0, self.value(operand))
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
                return combine(_BINARY[type(sign)], self.value(left), self.value(right))
            case ast.Compare(left=left, ops=[sign], comparators=[right]):
                return combine(_COMPARISONS[type(sign)], self.value(left), self.value(right))
            case ast.BoolOp(op=sign, values=parts):
                result = self.value(parts[0])
                for part in parts[1:]:
                    result = combine(_LOGICAL[type(sign)], result, self.value(part))
                return result
            case ast.Call(func=ast.Name(id=name), args=parts, keywords=[]):
                function = functions.named(name.removeprefix("name_"))
                return function(self._scope, [self.value(part) for part in parts])
        raise ExpressionError("Invalid syntax")

    def _named(self, name: str) -> Value:
        kind, _, word = name.partition("_")
        if kind == "text":
            return self._texts[int(word)]
        if (value := self._variable(word)) is not None:
            return value
        if word in functions.WORDS:
            return word
        raise ExpressionError(f"Variable '{word}' not found")

    def _array(self, parts: list[ast.expr]) -> list[Series]:
        array: list[Series] = []
        for part in parts:
            match self.value(part):
                case Series() as series:
                    array.append(series)
                case list() as several:
                    array += several
                case _:
                    raise ExpressionError("an array holds time series only")
        return array
