"""Lists of metric queries, as GetMetricData and alarms on metric math have them.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasktracker_ops.local.cloudwatch import statistics
from tasktracker_ops.local.cloudwatch.metric_math import expressions, search
from tasktracker_ops.local.cloudwatch.metric_math.functions import Scope
from tasktracker_ops.local.cloudwatch.metric_math.series import ExpressionError, Series, Value
from tasktracker_ops.local.cloudwatch.metrics import Metric, Metrics

SUB_MINUTE = (1, 5, 10, 20, 30)
_DEFAULT_PERIOD = 300


@dataclass(frozen=True)
class Query:
    """A statistic of a metric, or an expression over other queries; `period` in seconds."""

    id: str
    metric: Metric | None = None
    stat: str = ""
    expression: str = ""
    period: int | None = None
    unit: str | None = None
    label: str | None = None
    return_data: bool = True


@dataclass(frozen=True)
class Result:
    """One time series of a query: values by the first second of their period, in order."""

    id: str
    label: str
    points: dict[int, float]


def is_period(seconds: int) -> bool:
    """Tell whether CloudWatch has periods of that length."""
    return seconds in SUB_MINUTE or (seconds > 0 and seconds % 60 == 0)


def evaluate(store: Metrics, queries: Sequence[Query], start: int, end: int) -> list[Result]:
    """Return the series of every query that returns data, an expression's may be several.

    Periods are counted from `start` and begin before `end` (epoch seconds), wherever these lie: a
    window of three periods that ends now is `evaluate(store, queries, now - 3 * period, now)`.
    Raises ExpressionError with CloudWatch's wording, UnknownStatistic.
    """
    evaluation = _Evaluation(store, queries, start, end)
    for query in queries:
        evaluation.value(query.id)
    return [
        result for query in queries if query.return_data for result in evaluation.results(query)
    ]


class _Evaluation:
    def __init__(self, store: Metrics, queries: Sequence[Query], start: int, end: int) -> None:
        self._store = store
        self._start, self._end = start, end
        self._queries = {query.id: query for query in queries}
        self._values: dict[str, Value] = {}
        self._under_way: set[str] = set()
        self._metrics: dict[str, Series] = {
            query.id: self._series(query) for query in queries if query.metric is not None
        }
        self._values.update(self._metrics)

    def value(self, id: str) -> Value | None:
        """Return the value of a query, evaluated when it is first asked for."""
        if id in self._values or id not in self._queries:
            return self._values.get(id)
        if id in self._under_way:
            raise ExpressionError(f"Error in expression '{id}': it depends on itself")
        self._under_way.add(id)
        query = self._queries[id]
        try:
            self._values[id] = expressions.evaluate(
                query.expression, self._scope(query), self.value
            )
        except ExpressionError as error:
            told = str(error).startswith("Error in expression")
            text = str(error) if told else f"Error in expression '{id}': {error}"
            raise ExpressionError(text) from error
        return self._values[id]

    def results(self, query: Query) -> list[Result]:
        match self.value(query.id):
            case Series() as series:
                return [Result(query.id, _label(query), _ordered(series))]
            case list() as several:
                return [
                    Result(query.id, _label_of(query, series), _ordered(series))
                    for series in several
                ]
        raise ExpressionError(f"Error in expression '{query.id}': the result is not a time series")

    def _scope(self, query: Query) -> Scope:
        periods = [series.period for series in self._metrics.values()]
        period = query.period or min(periods, default=_DEFAULT_PERIOD)
        return Scope(self._start, self._end, period, self._metrics, self._search)

    def _series(self, query: Query) -> Series:
        assert query.metric is not None  # nosec B101 # for mypy: there is no expression
        period = query.period or _DEFAULT_PERIOD
        points = self._store.points(
            query.metric, query.stat, self._start, self._end, period, unit=query.unit
        )
        return Series(points, period, query.label or query.metric.name)

    def _search(self, text: str, stat: str, period: int) -> list[Series]:
        if not statistics.is_known(stat):
            raise ExpressionError(f"'{stat}' is not a valid statistic")
        if not is_period(period):
            raise ExpressionError(f"'{period}' is not a valid period")
        found = search.find(text, self._store.metrics())
        window = self._start, self._end, period
        return [
            Series(self._store.points(metric, stat, *window), period, search.label(metric, found))
            for metric in found
        ]


def _label(query: Query) -> str:
    return query.label or (query.id if query.metric is None else query.metric.name)


def _label_of(query: Query, series: Series) -> str:
    """Return the label of one of several: the expression's, then its own."""
    return " ".join(filter(None, (query.label, series.label))) or query.id


def _ordered(series: Series) -> dict[int, float]:
    return dict(sorted(series.points.items()))
