"""Metric math as CloudWatch's documentation tells it."""

from __future__ import annotations

import pytest

from tasktracker_ops.local.cloudwatch.metric_math.queries import Query, Result, evaluate
from tasktracker_ops.local.cloudwatch.metric_math.series import ExpressionError
from tasktracker_ops.local.cloudwatch.metrics import Metric, Metrics

PERIOD = 60
GAP = None


def run(expression: str, *, label: str | None = None, **series: list[float | None]) -> list[Result]:
    """Evaluate an expression over series given minute by minute."""
    store = Metrics()
    queries = []
    for id, values in series.items():
        metric = Metric.of("Test", id.capitalize())
        queries.append(Query(id, metric, "Sum", period=PERIOD, return_data=False))
        for minute, value in enumerate(values):
            if value is not None:
                store.record(metric, value, at=minute * PERIOD, unit="None")
    length = max(map(len, series.values()), default=3)
    queries.append(Query("result", expression=expression, label=label))
    return evaluate(store, queries, 0, length * PERIOD)


def values(result: Result, length: int) -> list[float | None]:
    """Return the values minute by minute."""
    return [result.points.get(minute * PERIOD) for minute in range(length)]


METRIC_1 = [30.0, 20.0, 0.0, 0.0]
METRIC_2 = [20.0, GAP, 20.0, GAP]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # The table of comparison operators in the documentation.
        ("metric1 < metric2", [0, 0, 1, 0]),
        ("metric1 >= 30", [1, 0, 0, 0]),
        ("metric1 > 15 AND metric2 > 15", [1, 0, 0, 0]),
        ("metric1 > 15 && metric2 > 15", [1, 0, 0, 0]),
        ("metric1 > 15 || metric2 > 15", [1, 1, 1, 0]),
        ("metric1 == 20 OR metric1 != metric1", [0, 1, 0, 0]),
        ("metric1 + metric2", [50, 20, 20, 0]),
        ("metric1 - 2 * metric2", [-10, 20, -40, 0]),
        # A division by zero, a missing value being zero, drops the point.
        ("metric1 / metric2", [1.5, GAP, 0, GAP]),
        ("-metric1 ^ 2 / 100", [-9, -4, 0, 0]),
        ("(metric1 + 1) ^ 0.5 > 5", [1, 0, 0, 0]),
        ("metric1 - AVG(metric1)", [17.5, 7.5, -12.5, -12.5]),
        ("metric1 / MAX(metric1)", [1, 2 / 3, 0, 0]),
        ("metric1 * MIN(metric2)", [600, 400, 0, 0]),
        ("metric1 + SUM(metric2)", [70, 60, 40, 40]),
        ("metric1 + STDDEV([metric1, metric1])", METRIC_1),
        ("SUM(METRICS())", [50, 20, 20, 0]),
        ("SUM([metric1, metric2])", [50, 20, 20, 0]),
        ("AVG([metric1, metric2])", [25, 10, 10, 0]),
        ("MIN([metric1, metric2])", [20, 20, 0, 0]),
        ("MAX(METRICS())", [30, 20, 20, 0]),
        ('SUM(METRICS("2"))', [20, GAP, 20, GAP]),
        ("SUM([METRICS('1'), METRICS('2')])", [50, 20, 20, 0]),
        ("SUM(METRICS() * 100)", [5000, 2000, 2000, 0]),
        ("DATAPOINT_COUNT(METRICS())", [2, 1, 2, 1]),
        ("metric1 * DATAPOINT_COUNT(metric2)", [60, 40, 0, 0]),
        ("metric1 / PERIOD(metric1) * 60", METRIC_1),
        ("metric1 / METRIC_COUNT(METRICS())", [15, 10, 0, 0]),
        ("ABS(metric1 - 25)", [5, 5, 25, 25]),
        ("CEIL(metric1 / 7)", [5, 3, 0, 0]),
        ("FLOOR(metric1 / 7)", [4, 2, 0, 0]),
        ("LOG10(metric1 * 10 / 3)", [2, pytest.approx(1.82390874), GAP, GAP]),
        ("LOG(metric2 / 20)", [0, GAP, 0, GAP]),
        ("FILL(metric2, 7)", [20, 7, 20, 7]),
        ("FILL(metric2, metric1)", [20, 20, 20, 0]),
        ("FILL(metric2 * 0.5, MIN(metric1))", [10, 0, 10, 0]),
        ("FILL(metric2, REPEAT)", [20, 20, 20, 20]),
        ("FILL(metric2 + metric1 * 0, LINEAR)", [20, 0, 20, 0]),
        ("FILL(metric2, LINEAR)", [20, 20, 20, GAP]),
        ("DIFF(metric1)", [GAP, -10, -20, 0]),
        ("DIFF_TIME(metric2)", [GAP, GAP, 120, GAP]),
        ("RATE(metric1) * 60", [GAP, -10, -20, 0]),
        ("RUNNING_SUM(metric1)", [30, 50, 50, 50]),
        ("TIME_SERIES(5)", [5, 5, 5, 5]),
        ("TIME_SERIES(MAX(metric1) / 3)", [10, 10, 10, 10]),
        ("MINUTE(metric2)", [0, 1, 2, 3]),
        ("IF(DAY(metric1) == 4, metric1)", METRIC_1),
        ("YEAR(metric1) + MONTH(metric1) + DATE(metric1) + HOUR(metric1)", [1972] * 4),
        ("EPOCH(metric1)", [0, 60, 120, 180]),
        ("FIRST(SORT(METRICS(), SUM, ASC))", [20, GAP, 20, GAP]),
        ("LAST(SORT(METRICS(), AVG, DESC, 2))", METRIC_1),
        ("SUM(SLICE(SORT(METRICS(), MAX, DESC), 0, 1))", METRIC_1),
        ("SUM(REMOVE_EMPTY([metric1, IF(metric1 > 99, metric1)]))", METRIC_1),
    ],
)
def test_functions_and_operators(expression: str, expected: list[float | None]) -> None:
    """Every operator and function gives what is documented, gaps included."""
    [result] = run(expression, metric1=METRIC_1, metric2=METRIC_2)
    assert values(result, 4) == [e if e is None else pytest.approx(e) for e in expected]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # The tables of IF in the documentation.
        ("IF(metric1, metric2, metric3)", [30, 0, 20, GAP, GAP]),
        ("IF(metric1, 5, metric3)", [5, 5, 20, GAP, GAP]),
        ("IF(metric1, metric2, 5)", [30, 0, 5, 5, GAP]),
        ("IF(metric1, metric2)", [30, 0, GAP, GAP, GAP]),
        ("IF(metric2 < 20, 10, 2)", [2, GAP, 10, 10, 2]),
        ("IF(1, metric2, metric3)", [30, GAP, 0, 0, 30]),
        ("IF(0, metric2)", [GAP] * 5),
    ],
)
def test_if(expression: str, expected: list[float | None]) -> None:
    """IF chooses point by point, and drops what has no value."""
    [result] = run(
        expression,
        metric1=[1, 1, 0, 0, GAP],
        metric2=[30, GAP, 0, 0, 30],
        metric3=[0, 0, 20, GAP, 20],
    )
    assert values(result, 5) == expected


def test_an_array_is_several_results() -> None:
    """Each series of an array has the expression's id, its label and then its own."""
    results = run("METRICS() / 10", label="tenth", errors=[10], calls=[20])
    assert [(r.id, r.label, values(r, 1)) for r in results] == [
        ("result", "tenth Errors", [1.0]),
        ("result", "tenth Calls", [2.0]),
    ]


def test_expressions_use_each_other_in_any_order() -> None:
    """An expression may name one that comes after it, and one that gives a number."""
    metric = Metric.of("Test", "Calls")
    store = Metrics()
    store.record(metric, 8, at=0, unit="None")
    queries = [
        Query("share", expression="calls / total"),
        Query("total", expression="SUM(calls)", return_data=False),
        Query("calls", metric, "Sum", period=60, return_data=False),
    ]
    assert evaluate(store, queries, 0, 60) == [Result("share", "share", {0: 1.0})]


def test_ids_may_be_words_of_python() -> None:
    """An id such as `in` or `lambda` is an id like any other."""
    [result] = run(
        "in + lambda + text_0 + none", **{n: [1] for n in ("in", "lambda", "text_0")}, none=[2]
    )
    assert values(result, 1) == [5]


def test_windows_need_not_be_aligned() -> None:
    """Periods are counted from the start that is asked for."""
    metric = Metric.of("Test", "Calls")
    store = Metrics()
    for at in range(100, 220, 10):
        store.record(metric, 1, at=at, unit="None")
    queries = [Query("m1", metric, "Sum", period=60), Query("e1", expression="m1 * 2")]
    plain, doubled = evaluate(store, queries, 97, 217)
    assert plain.points == {97: 6.0, 157: 6.0}
    assert doubled.points == {97: 12.0, 157: 12.0}


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("NOTHING(m1)", "Function 'NOTHING' not found"),
        ("ANOMALY_DETECTION_BAND(m1)", "Function 'ANOMALY_DETECTION_BAND' not found"),
        ("sum(m1)", "Function 'sum' not found"),
        ("m9", "Variable 'm9' not found"),
        ("result + 1", "it depends on itself"),
        ("SUM(m1)", "the result is not a time series"),
        ("5", "the result is not a time series"),
        ("m1 +", "Invalid syntax"),
        ("", "Invalid syntax"),
        ("m1 m1", "Invalid syntax"),
        ("m1 < m1 < m1", "Invalid syntax"),
        ("(m1, m1)", "Invalid syntax"),
        ("m1.points", "Invalid syntax"),
        ("m1[0]", "Invalid syntax"),
        ("SUM(*m1)", "Invalid syntax"),
        ("m1 if m1 else m1", "Invalid syntax"),
        ("[m1 for m1 in m1]", "Invalid syntax"),
        ("__import__('os')", "Invalid syntax"),
        ("(" * 900 + "m1" + ")" * 900, "Invalid syntax"),
        ("m1" + " + m1" * 500, "at most 2048 characters"),
        ("'text' + m1", "a text cannot be calculated with"),
        ("[1, 2]", "an array holds time series only"),
        ("FILL(m1)", "Function 'FILL' does not take 1 arguments"),
        ("FILL(m1, 'x')", "Function 'FILL': a number is expected"),
        ("SORT(METRICS(), MEDIAN, ASC)", "Variable 'MEDIAN' not found"),
        ("SORT(METRICS(), AVG, AVG)", "the order is"),
        ("ABS(5)", "Function 'ABS': a time series is expected"),
        ("SLICE(METRICS(), LOG)", "Variable 'LOG' not found"),
        ("SLICE(METRICS(), 1 / 0)", "Function 'SLICE': a number is out of range"),
        ("FIRST(m1)", "an array of time series is expected"),
        ("[m1, m1] + [m1]", "arrays of time series must have the same length"),
        ("SEARCH('{Test} Calls', 'Median', 60)", "'Median' is not a valid statistic"),
        ("SEARCH('{Test} Calls', 'Sum', 0)", "'0' is not a valid period"),
        ("SEARCH('{Test} Calls', 'Sum', 90)", "'90' is not a valid period"),
        ("SEARCH('" + "(" * 900 + "', 'Sum', 60)", "Invalid syntax"),
        ("SEARCH('', 'Sum', 60)", "a search needs a schema or a term"),
        ("SEARCH('(Calls', 'Sum', 60)", "a parenthesis of a search is not closed"),
        ("SEARCH('Calls)', 'Sum', 60)", "unexpected ')' in a search"),
        ("SEARCH('AND Calls', 'Sum', 60)", "a search term is missing"),
        ("SEARCH('\"Calls', 'Sum', 60)", "is not a search term"),
        ("SEARCH('{}', 'Sum', 60)", "is not a metric schema"),
    ],
)
def test_what_is_no_metric_math_is_refused(expression: str, reason: str) -> None:
    """The error names the expression's id and the reason; nothing is skipped, nothing is run."""
    with pytest.raises(ExpressionError) as caught:
        run(expression, m1=[1.0])
    assert str(caught.value).startswith("Error in expression 'result': ")
    assert reason in str(caught.value)


def test_huge_numbers_are_no_values() -> None:
    """What overflows is dropped like a division by zero."""
    [result] = run("m1 * 9 ^ 9 ^ 9 ^ 9", m1=[1.0])
    assert values(result, 1) == [None]
