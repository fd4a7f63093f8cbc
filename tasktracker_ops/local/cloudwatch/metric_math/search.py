"""SEARCH: which metrics a search expression finds.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from tasktracker_ops.local.cloudwatch.metric_math.series import ExpressionError
from tasktracker_ops.local.cloudwatch.metrics import Metric

Test = Callable[[Metric], bool]

_MAX_LENGTH = 1024
_SCHEMA = re.compile(r"\s*\{(.*?)\}[\s,]*", re.S)
_NAME = re.compile(r'\s*(?:"((?:\\.|[^"\\])*)"|([^",]+))\s*(?:,|$)')
_QUOTED_OR_PLAIN = r'"(?:\\.|[^"\\])*"|[^\s"()=]+'
_PART = re.compile(
    rf"\s*(?:[()]|(?:(?P<name>{_QUOTED_OR_PLAIN})=\s*)?(?P<value>{_QUOTED_OR_PLAIN}))"
)
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")


def find(query: str, known: Iterable[Metric]) -> list[Metric]:
    """Return the known metrics that fit `{Namespace,Dimension,…} terms`, in their order.

    Raises ExpressionError for what is no search.
    """
    if len(query) > _MAX_LENGTH:
        raise ExpressionError(f"a search has at most {_MAX_LENGTH} characters")
    schema = _SCHEMA.match(query)
    tests = [_in_schema(schema[1])] if schema else []
    terms = query[schema.end() :] if schema else query
    if terms.strip():
        tests.append(_Terms(terms).parse())
    if not tests:
        raise ExpressionError("a search needs a schema or a term")
    return [metric for metric in known if all(test(metric) for test in tests)]


def _in_schema(text: str) -> Test:
    names = [(match[1] or match[2] or "").strip() for match in _NAME.finditer(text)]
    if not names or not all(names):
        raise ExpressionError(f"{{{text}}} is not a metric schema")
    namespace, dimensions = _unescaped(names[0]), {_unescaped(name) for name in names[1:]}

    def fits(metric: Metric) -> bool:
        return metric.namespace == namespace and {n for n, _ in metric.dimensions} == dimensions

    return fits


class _Terms:
    """Reads `a AND (b OR NOT c)`; terms side by side mean AND."""

    def __init__(self, text: str) -> None:
        self._parts: list[re.Match[str]] = []
        at = 0
        while text[at:].strip():
            part = _PART.match(text, at)
            if part is None:
                raise ExpressionError(f"{text[at:]!r} is not a search term")
            self._parts.append(part)
            at = part.end()
        self._parts.reverse()

    def parse(self) -> Test:
        test = self._any()
        if self._parts:
            raise ExpressionError(f"unexpected {self._parts[-1][0].strip()!r} in a search")
        return test

    def _word(self) -> str | None:
        return self._parts[-1][0].strip() if self._parts else None

    def _any(self) -> Test:
        tests = [self._all()]
        while self._word() == "OR":
            self._parts.pop()
            tests.append(self._all())
        return lambda metric: any(test(metric) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._word() not in (None, "OR", ")"):
            if self._word() == "AND":
                self._parts.pop()
            tests.append(self._one())
        return lambda metric: all(test(metric) for test in tests)

    def _one(self) -> Test:
        word = self._word()
        if word in (None, "AND", "OR", ")"):
            raise ExpressionError("a search term is missing")
        part = self._parts.pop()
        if word == "NOT":
            test = self._one()
            return lambda metric: not test(metric)
        if word == "(":
            test = self._any()
            if self._word() != ")":
                raise ExpressionError("a parenthesis of a search is not closed")
            self._parts.pop()
            return test
        return _term(part["name"], part["value"])


def _term(name: str | None, value: str) -> Test:
    exact = value.startswith('"')
    wanted = _unescaped(value.strip('"') if exact else value)
    places = _places(_unescaped(name.strip('"')) if name else None)
    if exact:
        return lambda metric: wanted in places(metric)
    tokens, whole = _tokens(wanted), _joined(wanted)

    def found_in(text: str) -> bool:
        own = _tokens(text)
        ends = range(len(own) - len(tokens) + 1)
        return _joined(text) == whole or any(own[i : i + len(tokens)] == tokens for i in ends)

    return lambda metric: any(found_in(text) for text in places(metric))


def _places(name: str | None) -> Callable[[Metric], list[str]]:
    """Return where a term is looked for: one property, or everywhere."""
    match name:
        case None:
            return lambda metric: [
                metric.namespace,
                metric.name,
                *(part for dimension in metric.dimensions for part in dimension),
            ]
        case "MetricName":
            return lambda metric: [metric.name]
        case "Namespace":
            return lambda metric: [metric.namespace]
    return lambda metric: [value for key, value in metric.dimensions if key == name]


def _tokens(text: str) -> list[str]:
    return [token.lower() for token in _TOKEN.findall(text)]


def _joined(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def label(metric: Metric, among: list[Metric]) -> str:
    """Return what tells a metric from the others found: differing dimension values, its name."""
    others = [set(other.dimensions) for other in among]
    own = [pair[1] for pair in metric.dimensions if any(pair not in other for other in others)]
    named = not own or any(other.name != metric.name for other in among)
    return " ".join([*own, *([metric.name] if named else [])])
