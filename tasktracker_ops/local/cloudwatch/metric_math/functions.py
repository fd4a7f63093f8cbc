"""The functions of metric math.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import math
import operator
import statistics
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, pairwise

from tasktracker_ops.local.cloudwatch.metric_math.series import (
    ExpressionError,
    Series,
    Value,
    across,
)


@dataclass(frozen=True)
class Scope:
    """What an expression can see: times in epoch seconds, and the metrics of its request by id.

    `search` returns the series of a search expression, statistic and period.
    """

    start: int
    end: int
    period: int
    metrics: dict[str, Series]
    search: Callable[[str, str, int], list[Series]]


Function = Callable[..., Value]

WORDS = {"ASC", "AVG", "DESC", "LINEAR", "MAX", "MIN", "REPEAT", "SUM"}


def named(name: str) -> Callable[[Scope, list[Value]], Value]:
    """Return a function; raises ExpressionError for one that is not known.

    The function raises it too, for arguments that it does not take.
    """
    if name not in _FUNCTIONS:
        raise ExpressionError(f"Function '{name}' not found")
    function, least, most = _FUNCTIONS[name]

    def call(scope: Scope, arguments: list[Value]) -> Value:
        if not least <= len(arguments) <= most:
            raise ExpressionError(f"Function '{name}' does not take {len(arguments)} arguments")
        try:
            return function(scope, *arguments)
        except ExpressionError as error:
            raise ExpressionError(f"Function '{name}': {error}") from error
        except (ArithmeticError, ValueError) as error:
            raise ExpressionError(f"Function '{name}': a number is out of range") from error

    return call


def _each(change: Callable[[Series], Series]) -> Function:
    """Return a function of a series that takes an array as well."""

    def apply(_: Scope, value: Value) -> Value:
        if isinstance(value, list):
            return [change(series) for series in value]
        return change(_series(value))

    return apply


def _mapped(change: Callable[[float], float]) -> Function:
    return _each(lambda series: series.map(change))


def _reduced(
    operation: Callable[[list[float]], float], *, missing: float | None = None
) -> Function:
    """Return a function that makes a number of a series, and a series of an array."""

    def apply(_: Scope, value: Value) -> Value:
        if isinstance(value, list):
            return across(operation, value, missing=missing)
        points = _series(value).points
        return float(operation(list(points.values()))) if points else math.nan

    return apply


def _sum(scope: Scope, value: Value) -> Value:
    result = _reduced(math.fsum)(scope, value)
    return 0.0 if isinstance(result, float) and math.isnan(result) else result


def _datapoint_count(_: Scope, value: Value) -> Value:
    if isinstance(value, list):
        return across(len, value)
    return float(len(_series(value).points))


def _between(change: Callable[[float, int], float]) -> Function:
    """Return a function of the step to each point: its value and its seconds."""

    def steps(series: Series) -> Series:
        pairs = pairwise(sorted(series.points.items()))
        return series.over(
            {at: change(value - before, at - since) for (since, before), (at, value) in pairs}
        )

    return _each(steps)


def _running_sum(series: Series) -> Series:
    points = sorted(series.points.items())
    sums = accumulate(value for _, value in points)
    return series.over({at: value for (at, _), value in zip(points, sums, strict=True)})


def _metrics(scope: Scope, part: Value = "") -> Value:
    return [series for id, series in scope.metrics.items() if _text(part) in id]


def _search(scope: Scope, query: Value, stat: Value, period: Value | None = None) -> Value:
    seconds = scope.period if period is None else int(_number(period))
    return list(scope.search(_text(query), _text(stat), seconds))


def _period(_: Scope, value: Value) -> Value:
    return float(_series(value).period)


def _time_series(scope: Scope, value: Value) -> Value:
    times = range(scope.start, scope.end, scope.period)
    return Series({}, scope.period).over(dict.fromkeys(times, _finite(_number(value))))


def _calendar(read: Callable[[datetime], float]) -> Function:
    """Return a function that tells something of each period's time in UTC."""

    def apply(scope: Scope, value: Value) -> Value:
        series = _series(value)
        times = range(scope.start, scope.end, series.period)
        return series.over({at: float(read(datetime.fromtimestamp(at, UTC))) for at in times})

    return apply


def _fill(scope: Scope, value: Value, filler: Value) -> Value:
    if not isinstance(filler, Series) and filler not in ("REPEAT", "LINEAR"):
        _number(filler)
    if isinstance(value, list):
        return [_filled(scope, series, filler) for series in value]
    return _filled(scope, _series(value), filler)


def _filled(scope: Scope, series: Series, filler: Value) -> Series:
    known = sorted(series.points)
    points: dict[int, float | None] = {}
    for at in sorted({*range(scope.start, scope.end, series.period), *known}):
        if at in series.points:
            points[at] = series.points[at]
        elif isinstance(filler, Series):
            points[at] = filler.points.get(at)
        elif filler in ("REPEAT", "LINEAR"):
            after = bisect_left(known, at)
            around = known[max(after - 1, 0) : after] + known[after : after + 1]
            points[at] = _guess(series, at, around, linear=filler == "LINEAR")
        else:
            points[at] = _finite(_number(filler))
    return series.over(points)


def _guess(series: Series, at: int, around: list[int], *, linear: bool) -> float | None:
    """Return what fills a gap between the points next to it; nothing before the first."""
    before = [time for time in around if time < at]
    if not before:
        return None
    value = series.points[before[0]]
    if not linear:
        return value
    if len(around) < 2:
        return None
    slope = (series.points[around[1]] - value) / (around[1] - around[0])
    return value + slope * (at - around[0])


def _if(_: Scope, condition: Value, then: Value, otherwise: Value | None = None) -> Value:
    if isinstance(condition, float):
        chosen = then if condition else otherwise
        return Series({}, _series(then).period) if chosen is None else chosen
    points: dict[int, float | None] = {}
    for at, holds in _series(condition).points.items():
        if holds:
            points[at] = then.points.get(at, 0.0) if isinstance(then, Series) else _number(then)
        elif isinstance(otherwise, Series):
            points[at] = otherwise.points.get(at)
        else:
            points[at] = None if otherwise is None else _number(otherwise)
    named = then if isinstance(then, Series) else _series(condition)
    return named.over(points)


def _sort(
    scope: Scope, value: Value, function: Value, order: Value, limit: Value | None = None
) -> Value:
    if function not in ("AVG", "MIN", "MAX", "SUM") or order not in ("ASC", "DESC"):
        raise ExpressionError("the order is AVG, MIN, MAX or SUM, then ASC or DESC")

    def key(series: Series) -> float:
        weight = _number(named(str(function))(scope, [series]))
        return -math.inf if math.isnan(weight) else weight

    ordered = sorted(_array(value), key=key, reverse=order == "DESC")
    return ordered if limit is None else ordered[: int(_number(limit))]


def _slice(_: Scope, value: Value, first: Value, end: Value | None = None) -> Value:
    return _array(value)[int(_number(first)) : None if end is None else int(_number(end))]


def _at(index: int) -> Function:
    def take(scope: Scope, value: Value) -> Value:
        array = _array(value)
        return array[index] if array else Series({}, scope.period)

    return take


def _series(value: Value | None) -> Series:
    if not isinstance(value, Series):
        raise ExpressionError("a time series is expected")
    return value


def _array(value: Value) -> list[Series]:
    if not isinstance(value, list):
        raise ExpressionError("an array of time series is expected")
    return value


def _number(value: Value) -> float:
    if not isinstance(value, float):
        raise ExpressionError("a number is expected")
    return value


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise ExpressionError("a text in quotes is expected")
    return value


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


# Name → function, and the least and most arguments it takes.
_FUNCTIONS: dict[str, tuple[Function, int, int]] = {
    "ABS": (_mapped(abs), 1, 1),
    "AVG": (_reduced(statistics.fmean, missing=0.0), 1, 1),
    "CEIL": (_mapped(math.ceil), 1, 1),
    "DATAPOINT_COUNT": (_datapoint_count, 1, 1),
    "DATE": (_calendar(operator.attrgetter("day")), 1, 1),
    "DAY": (_calendar(datetime.isoweekday), 1, 1),
    "DIFF": (_between(lambda step, seconds: step), 1, 1),
    "DIFF_TIME": (_between(lambda step, seconds: seconds), 1, 1),
    "EPOCH": (_calendar(datetime.timestamp), 1, 1),
    "FILL": (_fill, 2, 2),
    "FIRST": (_at(0), 1, 1),
    "FLOOR": (_mapped(math.floor), 1, 1),
    "HOUR": (_calendar(operator.attrgetter("hour")), 1, 1),
    "IF": (_if, 2, 3),
    "LAST": (_at(-1), 1, 1),
    "LOG": (_mapped(math.log), 1, 1),
    "LOG10": (_mapped(math.log10), 1, 1),
    "MAX": (_reduced(max), 1, 1),
    "METRICS": (_metrics, 0, 1),
    "METRIC_COUNT": (lambda _, value: float(len(_array(value))), 1, 1),
    "MIN": (_reduced(min), 1, 1),
    "MINUTE": (_calendar(operator.attrgetter("minute")), 1, 1),
    "MONTH": (_calendar(operator.attrgetter("month")), 1, 1),
    "PERIOD": (_period, 1, 1),
    "RATE": (_between(lambda step, seconds: step / seconds), 1, 1),
    "REMOVE_EMPTY": (lambda _, value: [s for s in _array(value) if s.points], 1, 1),
    "RUNNING_SUM": (_each(_running_sum), 1, 1),
    "SEARCH": (_search, 2, 3),
    "SLICE": (_slice, 2, 3),
    "SORT": (_sort, 3, 4),
    "STDDEV": (_reduced(statistics.pstdev), 1, 1),
    "SUM": (_sum, 1, 1),
    "TIME_SERIES": (_time_series, 1, 1),
    "YEAR": (_calendar(operator.attrgetter("year")), 1, 1),
}
