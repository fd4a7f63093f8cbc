"""The deployed dashboard in numbers: the queries to CloudWatch, and the summary."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tasktracker_ops.adapters.aws.dashboards import read
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.dashboard import Headline, MetricReport, MetricSummary, Query, Series
from tasktracker_ops.models.times import time_window
from tasktracker_ops.workflows.metrics import metrics

NOW = 1_800_000_030.0
ERRORS = ["AWS/Lambda", "Errors", "FunctionName", "f"]
ORDERS = ["Mine", "Orders"]
DURATION = ["AWS/Lambda", "Duration", "FunctionName", "f"]


class CloudWatch:
    """Answers queries: with the values of a statistic over all, with `series` for points."""

    def __init__(self, whole: Mapping[str, float], series: Mapping[str, list[Series]]) -> None:
        self.whole = whole
        self.series = series
        self.asked: list[Sequence[Query]] = []
        self.refusals: dict[int, str] = {}

    def get(self, groups: Sequence[Sequence[Query]], *, start: float, end: float) -> Any:
        """Return the answer to each group."""
        self.asked += groups
        found = [{q.id: self._of(q, start) for q in group if q.returned} for group in groups]
        return SimpleNamespace(groups=found, messages=("Something.",), refusals=self.refusals)

    def _of(self, query: Query, start: float) -> list[Series]:
        if query.id in self.series:
            return self.series[query.id]
        value = self.whole.get(query.statistic)
        return [Series("from CloudWatch", {} if value is None else {start: value})]


class App:
    """An application with a dashboard of these widgets."""

    def __init__(self, *widgets: Any, whole: Any = None, series: Any = None) -> None:
        body = json.dumps({"widgets": widgets})
        self.notes: list[str] = []
        self.metric_data = CloudWatch(whole or {}, series or {})
        self.dashboards = SimpleNamespace(get=lambda name: read(name, body))
        self.deployments = SimpleNamespace(
            get=lambda: SimpleNamespace(dashboard_name="board", api_id="a", function_name="f")
        )
        self.session = SimpleNamespace(environment=SimpleNamespace(region="eu-west-3"))
        self.report = SimpleNamespace(doing=lambda what: None, note=self.notes.append)

    def metrics(
        self, *, since: float = 3600, period: int | None = None, **more: Any
    ) -> MetricReport:
        """Summarise the last `since` seconds."""
        return metrics(self, time_window(NOW, since, period), **more)  # type: ignore[arg-type]

    @property
    def periods(self) -> dict[str, int]:
        """Return the period in the query of each line of the first widget."""
        return {query.id: query.period for query in self.metric_data.asked[0]}


def widget(*rows: Any, title: str = "Mine", **properties: Any) -> dict[str, Any]:
    """Return a metric widget of a dashboard's body."""
    return {"type": "metric", "properties": {"title": title, "metrics": rows, **properties}}


def only(report: MetricReport) -> MetricSummary:
    """Return the one metric of the one widget."""
    [summary] = report.widgets
    [metric] = summary.metrics
    return metric


def test_statistics_are_over_the_whole_time_and_points_period_by_period() -> None:
    """The former are CloudWatch's, in one period as long as the window."""
    whole = {"Sum": 6, "Average": 2, "Minimum": 1, "Maximum": 3, "p95": 2.9, "p99": 3}
    points = Series("Errors", {NOW // 60 * 60: 5.0, NOW // 60 * 60 - 60: 4.0})
    app = App(widget([*ORDERS, {"stat": "Sum", "id": "m1"}]), whole=whole, series={"m1": [points]})
    metric = only(app.metrics())
    assert (metric.sum, metric.average, metric.minimum, metric.maximum) == (6, 2, 1, 3)
    assert (metric.p95, metric.p99, metric.last) == (2.9, 3, 5.0)
    assert [(p.at[11:16], p.value) for p in metric.points] == [("07:59", 4.0), ("08:00", 5.0)]
    assert (metric.namespace, metric.name, metric.unit) == ("Mine", "Orders", None)
    lines, statistics, _ = app.metric_data.asked
    assert [(q.statistic, q.period) for q in lines] == [("Sum", 60)]
    assert {q.period for q in statistics} == {time_window(NOW, 3600).length}
    assert app.notes == ["CloudWatch: Something."]


@pytest.mark.parametrize(
    ("name", "statistics"),
    [
        ("Errors", {"Sum"}),
        ("Duration", {"Average", "Minimum", "Maximum", "p95", "p99"}),
        ("ConcurrentExecutions", {"Average", "Maximum"}),
    ],
)
def test_only_statistics_that_mean_something_are_asked_for(name: str, statistics: set[str]) -> None:
    """A sum of durations or of a concurrency means nothing, nor does an average of ones."""
    app = App(widget(["AWS/Lambda", name, "FunctionName", "f"]))
    app.metrics()
    assert {query.statistic for query in app.metric_data.asked[1]} == statistics


def test_the_headline_is_that_of_the_api() -> None:
    """Errors are a share of the requests; a report on some widgets has no headline."""
    values = {"requests": 200, "errors": 5, "p50": 4, "p95": 9, "throttles": 0}
    series = {name: [Series(name, {NOW: value})] for name, value in values.items()}
    app = App(widget(ERRORS), series=series)
    assert app.metrics().headline == Headline(200, 5, 0.025, 4, 9, None, 0)
    dimensions = {query.metric.dimensions for query in app.metric_data.asked[-1] if query.metric}
    assert dimensions == {(("ApiId", "a"),), (("FunctionName", "f"),)}
    assert app.metrics(title="Mine").headline is None


def test_a_report_begins_with_the_first_data() -> None:
    """With the period of so short a time, unless one is given, and ten minutes at least."""
    day = 86400
    series = {"m1": [Series("Errors", {NOW - 1800: 1.0})]}
    app = App(widget([*ERRORS, {"id": "m1"}]), series=series)
    report = app.metrics(since=day)
    assert (report.since[11:16], report.period) == ("07:30", 60)
    assert [queries[0].period for queries in app.metric_data.asked[::3]] == [600, 60]
    report = app.metrics(since=day, period=600)
    assert (report.since[11:16], report.period) == ("07:30", 600)
    app.metric_data.series = {"m1": [Series("Errors", {NOW: 1.0})]}
    assert app.metrics(since=day).since[11:16] == "07:50"


def test_a_metric_in_several_lines_is_summarised_once() -> None:
    """It has the points of its first line; two widgets share its queries."""
    rows = [[*DURATION, {"stat": s, "label": s}] for s in ("Average", "p95", "Maximum")]
    app = App(widget(*rows, title="A"), widget([*DURATION, {"label": "d"}], title="B"))
    first, second = app.metrics().widgets
    assert [(m.label, m.statistic, m.unit) for m in first.metrics] == [
        ("Duration", "Average", "Milliseconds")
    ]
    assert [m.label for m in second.metrics] == ["from CloudWatch"]
    assert len(app.metric_data.asked) == 4


def test_a_metric_without_data_has_no_numbers() -> None:
    """The service was not used, which is no error."""
    metric = only(App(widget([*ERRORS, {"id": "m1"}]), series={"m1": [Series("Errors")]}).metrics())
    assert (metric.sum, metric.p99, metric.last, metric.points) == (None, None, None, ())


def test_expressions_are_summarised_over_their_points() -> None:
    """A search for each of its results; hidden lines are queried and not summarised."""
    found = [Series("one", {NOW - 120: 1.0, NOW - 60: 3.0, NOW + 600: 99.0}), Series("two")]
    app = App(
        widget(
            [{"expression": "SEARCH('{AWS/Lambda} Errors', 'Sum', 300)", "id": "e1"}],
            [*ERRORS, {"id": "m1", "visible": False}],
        ),
        series={"e1": found},
    )
    [summary] = app.metrics().widgets
    one, two = summary.metrics
    assert (one.label, one.sum, one.average, one.minimum, one.last) == ("one", 4, 2, 1, 3)
    assert one.p95 == pytest.approx(2.9)
    assert (one.namespace, one.name, one.statistic) == (None, None, None)
    assert (two.label, two.sum, two.points) == ("two", None, ())
    assert [q.returned for q in app.metric_data.asked[0]] == [True, False]
    assert len(app.metric_data.asked) == 2


def test_expressions_keep_the_periods_of_the_dashboard_without_an_explicit_one() -> None:
    """`m1 / 300` is about 300 s; with --period a search gets it too, so that all agree."""
    rows = (
        [{"expression": "m1 / 300 + SUM(SEARCH('{A} \"x, 1\"', 'Sum', 300))", "id": "e1"}],
        [*ERRORS, {"id": "m1", "period": 300}],
    )
    kept, explicit, plain = App(widget(*rows)), App(widget(*rows)), App(widget(rows[1]))
    kept.metrics()
    explicit.metrics(period=600)
    plain.metrics()
    assert kept.periods == {"e1": 300, "m1": 300}
    assert explicit.periods == {"e1": 600, "m1": 600}
    assert plain.periods == {"m1": 60}
    expression = explicit.metric_data.asked[0][0].expression
    assert expression == "m1 / 300 + SUM(SEARCH('{A} \"x, 1\"', 'Sum', 600))"
    assert kept.metric_data.asked[0][0].expression == rows[0][0]["expression"]


def test_widgets_are_selected_by_a_part_of_their_title() -> None:
    """In any case; for an unknown title the error names the existing ones."""
    app = App(widget(ERRORS, title="Errors & more"), widget(DURATION, title="Duration"))
    assert [w.title for w in app.metrics(title="ERR").widgets] == ["Errors & more"]
    with pytest.raises(TtOpsError) as caught:
        app.metrics(title="nope")
    assert caught.value.code == "widget-unknown"
    assert caught.value.exit_code == 2
    assert "'Errors & more', 'Duration'" in caught.value.message


def test_widgets_without_readable_metrics_are_skipped_with_a_note() -> None:
    """Widgets without metrics, and those of another region."""
    app = App(
        {"type": "text", "properties": {"markdown": "Hello"}},
        widget(ERRORS, title="Far", region="us-east-1"),
        widget(ERRORS, title="Near", region="eu-west-3"),
    )
    assert [w.title for w in app.metrics().widgets] == ["Near"]
    assert app.notes[:2] == [
        "Skipping a widget of the type text: it draws no metrics",
        "Skipping 'Far': its metrics are in us-east-1",
    ]


def test_an_invalid_expression_is_a_problem_of_its_widget_only() -> None:
    """It is quoted as in the dashboard; where all widgets are invalid, it is an error."""
    bad = widget([{"expression": "nope(m9)", "id": "q"}], title="Bad")
    app, alone = App(widget(ERRORS, title="Good"), bad), App(bad)
    app.metric_data.refusals = {1: "Error in expression 'q': no such function"}
    good, broken = app.metrics().widgets
    assert (good.problem, len(good.metrics)) == (None, 1)
    assert broken.problem is not None
    assert broken.problem.message == (
        "the widget 'Bad' cannot be evaluated: Error in expression 'nope(m9)': no such function"
    )
    alone.metric_data.refusals = {0: "Error in expression 'q': no such function"}
    with pytest.raises(TtOpsError, match="'Bad'") as caught:
        alone.metrics()
    assert caught.value.code == "widget-invalid"
