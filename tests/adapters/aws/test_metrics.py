"""GetMetricData, in as few calls as possible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from tasktracker_ops.adapters.aws.metric_units import unit
from tasktracker_ops.adapters.aws.metrics import MetricAnswer, MetricData
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.models.dashboard import Metric, Query

METRIC = Metric("AWS/Lambda", "Errors", (("FunctionName", "f"),))
TIMES = {"StartTime": datetime.fromtimestamp(0, UTC), "EndTime": datetime.fromtimestamp(600, UTC)}


def asked(id_: str = "m1", **more: Any) -> Query:
    """Return a query for the sum of the errors."""
    return Query(id_, METRIC, None, "Sum", 60, **more)


def calculated(expression: str, id_: str = "e1") -> Query:
    """Return a query for an expression."""
    return Query(id_, None, expression, "", 60)


def result(id_: str, *values: float, label: str = "Errors", at: int = 0) -> dict[str, Any]:
    """Return a result with a value per minute from `at` on."""
    times = [datetime.fromtimestamp(at + 60 * i, UTC) for i in range(len(values))]
    return {"Id": id_, "Label": label, "Timestamps": times, "Values": list(values)}


@pytest.fixture
def answered(
    session: AwsSession, stub: Callable[[str], Stubber]
) -> Callable[..., tuple[MetricAnswer, list[list[Any]]]]:
    """A function that reads groups, given responses; it also returns the queries of each call."""

    def ask(
        groups: Sequence[Sequence[Query]], *answers: dict[str, Any]
    ) -> tuple[MetricAnswer, list[list[Any]]]:
        calls: list[list[Any]] = []
        client = session.client("cloudwatch")

        def record(params: dict[str, Any], **_: Any) -> None:
            calls.append(params["MetricDataQueries"])

        client.meta.events.register("provide-client-params.cloudwatch.GetMetricData", record)
        for number, answer in enumerate(answers):
            token = {"NextToken": ANY} if number and "NextToken" in answers[number - 1] else {}
            expected = {**TIMES, "MetricDataQueries": ANY, "ScanBy": ANY, **token}
            stub("cloudwatch").add_response("get_metric_data", answer, expected)
        found = MetricData(session).get(groups, start=0, end=600)
        client.meta.events.unregister("provide-client-params.cloudwatch.GetMetricData", record)
        return found, calls

    return ask


def test_a_query_has_all_properties_of_its_line(answered: Callable[..., Any]) -> None:
    """Hidden lines and labels included, and another account's metric."""
    query = Query(
        "m1", Metric("N", "M", (), "111122223333"), None, "p95", 60, "mine", returned=False
    )
    _, calls = answered([[query]], {"MetricDataResults": []})
    assert calls == [
        [
            {
                "Id": "m1",
                "ReturnData": False,
                "Label": "mine",
                "AccountId": "111122223333",
                "MetricStat": {
                    "Metric": {"Namespace": "N", "MetricName": "M", "Dimensions": []},
                    "Period": 60,
                    "Stat": "p95",
                },
            }
        ]
    ]


def test_groups_share_a_call_and_keep_their_ids(answered: Callable[..., Any]) -> None:
    """Two groups may use the same ids; an expression refers to those of its own group."""
    groups = [[asked()], [asked(), calculated("m1 / PERIOD(m1) + SEARCH('m1', 'Sum', 60) + m10")]]
    found, calls = answered(
        groups,
        {"MetricDataResults": [result("g1_e1", 2), result("g0_m1", 1), result("g1_m1", 3)]},
    )
    assert [query["Id"] for query in calls[0]] == ["g0_m1", "g1_m1", "g1_e1"]
    assert calls[0][2]["Expression"] == "g1_m1 / PERIOD(g1_m1) + SEARCH('m1', 'Sum', 60) + m10"
    assert found.groups[0]["m1"][0].points == {0.0: 1.0}
    assert found.groups[1]["m1"][0].points == {0.0: 3.0}
    assert found.groups[1]["e1"][0].points == {0.0: 2.0}


@pytest.mark.parametrize("expression", ["SUM(METRICS())", "SELECT AVG(Duration) FROM x"])
def test_expression_about_a_whole_call_has_its_own_call(
    answered: Callable[..., Any], expression: str
) -> None:
    """METRICS() means every metric of the call, and Metrics Insights is for one query a call."""
    groups = [[asked(), calculated(expression)], [asked()], [asked()]]
    found, calls = answered(
        groups,
        {"MetricDataResults": [result("g1_m1", 1), result("g2_m1", 2)]},
        {"MetricDataResults": [result("m1", 3), result("e1", 4)]},
    )
    assert [[query["Id"] for query in call] for call in calls] == [["g1_m1", "g2_m1"], ["m1", "e1"]]
    assert calls[1][1]["Expression"] == expression
    assert [group["m1"][0].points[0.0] for group in found.groups] == [3.0, 1.0, 2.0]


def test_call_has_at_most_500_queries(answered: Callable[..., Any]) -> None:
    """A group is never split."""
    group = [asked(f"m{i}") for i in range(200)]
    empty: dict[str, Any] = {"MetricDataResults": []}
    _, calls = answered([group, group, group], empty, empty)
    assert [len(call) for call in calls] == [400, 200]


def test_all_pages_are_read(answered: Callable[..., Any]) -> None:
    """A metric may continue on the next page."""
    found, calls = answered(
        [[asked("a"), asked("b")]],
        {"MetricDataResults": [result("a", 1, 2), result("b", 5)], "NextToken": "t"},
        {"MetricDataResults": [result("b", 6, at=60), result("a", 3, at=120)]},
    )
    assert len(calls) == 2
    assert found.groups[0]["a"][0].points == {0.0: 1.0, 60.0: 2.0, 120.0: 3.0}
    assert found.groups[0]["b"][0].points == {0.0: 5.0, 60.0: 6.0}


def test_search_has_many_results(answered: Callable[..., Any]) -> None:
    """Under one id, even with equal labels."""
    one, two = result("s", 1, label="same"), result("s", 2, label="same")
    found, _ = answered(
        [[calculated("SEARCH('x', 'Sum', 60)", "s")]], {"MetricDataResults": [one, two]}
    )
    assert [series.points for series in found.groups[0]["s"]] == [{0.0: 1.0}, {0.0: 2.0}]


def test_messages_of_cloudwatch_are_kept(answered: Callable[..., Any]) -> None:
    """Those of the call and of each result, without repetitions."""
    messages = [{"Code": "MaxMetricsExceeded", "Value": "Too many."}]
    found, _ = answered(
        [[asked("a"), asked("b")]],
        {
            "Messages": messages,
            "MetricDataResults": [
                {**result("a"), "Messages": [{"Code": "x", "Value": "Division by zero."}]},
                {**result("b"), "Messages": [{"Code": "x", "Value": "Division by zero."}]},
            ],
        },
    )
    assert found.messages == ("Too many.", "Division by zero.")


@pytest.mark.parametrize("code", ["ValidationError", "NotImplemented"])
def test_refused_call_is_repeated_group_by_group(
    session: AwsSession, stub: Callable[[str], Stubber], code: str
) -> None:
    """One invalid query fails the whole call, so each group gets its own."""
    cloudwatch = stub("cloudwatch")
    for message in ("Error in expression 'g1_e1'", None, "Error in expression 'e1'"):
        if message is None:
            cloudwatch.add_response("get_metric_data", {"MetricDataResults": [result("m1", 1)]})
        else:
            cloudwatch.add_client_error("get_metric_data", code, message, 400)
    found = MetricData(session).get([[asked()], [calculated("nope(")]], start=0, end=600)
    assert [series.points for series in found.groups[0]["m1"]] == [{0.0: 1.0}]
    assert found.refusals == {1: "Error in expression 'e1'"}


def test_without_queries_there_is_no_call(session: AwsSession) -> None:
    """Such as for a dashboard of texts."""
    assert MetricData(session).get([[], []], start=0, end=600).groups == [{}, {}]


def test_units_are_those_of_the_documentation() -> None:
    """An undocumented metric has none."""
    assert unit(METRIC) == "Count"
    assert unit(Metric("AWS/Lambda", "Duration")) == "Milliseconds"
    assert unit(Metric("AWS/ApiGateway", "Latency")) == "Milliseconds"
    assert unit(Metric("Mine", "Duration")) is None
