"""GetMetricData: as few calls as possible."""

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
    """Ask for groups, with these answers to the calls; returns also what the calls asked."""

    def ask(
        groups: Sequence[Sequence[Query]], *answers: dict[str, Any]
    ) -> tuple[MetricAnswer, list[list[Any]]]:
        calls: list[list[Any]] = []
        client = session.client("cloudwatch")

        def note(params: dict[str, Any], **_: Any) -> None:
            calls.append(params["MetricDataQueries"])

        client.meta.events.register("provide-client-params.cloudwatch.GetMetricData", note)
        for number, answer in enumerate(answers):
            token = {"NextToken": ANY} if number and "NextToken" in answers[number - 1] else {}
            expected = {**TIMES, "MetricDataQueries": ANY, "ScanBy": ANY, **token}
            stub("cloudwatch").add_response("get_metric_data", answer, expected)
        found = MetricData(session).get(groups, start=0, end=600)
        client.meta.events.unregister("provide-client-params.cloudwatch.GetMetricData", note)
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
    """Ids of two groups may be the same; expressions mean those of their own."""
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
def test_an_expression_about_a_whole_call_has_a_call_of_its_own(
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


def test_a_call_has_at_most_500_queries(answered: Callable[..., Any]) -> None:
    """A group is never split."""
    group = [asked(f"m{i}") for i in range(200)]
    empty: dict[str, Any] = {"MetricDataResults": []}
    _, calls = answered([group, group, group], empty, empty)
    assert [len(call) for call in calls] == [400, 200]


def test_pages_are_put_together(answered: Callable[..., Any]) -> None:
    """A metric goes on in the next page."""
    found, calls = answered(
        [[asked("a"), asked("b")]],
        {"MetricDataResults": [result("a", 1, 2), result("b", 5)], "NextToken": "t"},
        {"MetricDataResults": [result("b", 6, at=60), result("a", 3, at=120)]},
    )
    assert len(calls) == 2
    assert found.groups[0]["a"][0].points == {0.0: 1.0, 60.0: 2.0, 120.0: 3.0}
    assert found.groups[0]["b"][0].points == {0.0: 5.0, 60.0: 6.0}


def test_a_search_has_many_results(answered: Callable[..., Any]) -> None:
    """Under one id, also when one label was given to all of them."""
    one, two = result("s", 1, label="same"), result("s", 2, label="same")
    found, _ = answered(
        [[calculated("SEARCH('x', 'Sum', 60)", "s")]], {"MetricDataResults": [one, two]}
    )
    assert [series.points for series in found.groups[0]["s"]] == [{0.0: 1.0}, {0.0: 2.0}]


def test_messages_of_cloudwatch_are_kept_once(answered: Callable[..., Any]) -> None:
    """Of the whole call, and of one result."""
    said = [{"Code": "MaxMetricsExceeded", "Value": "Too many."}]
    found, _ = answered(
        [[asked("a"), asked("b")]],
        {
            "Messages": said,
            "MetricDataResults": [
                {**result("a"), "Messages": [{"Code": "x", "Value": "Division by zero."}]},
                {**result("b"), "Messages": [{"Code": "x", "Value": "Division by zero."}]},
            ],
        },
    )
    assert found.messages == ("Too many.", "Division by zero.")


@pytest.mark.parametrize("code", ["ValidationError", "NotImplemented"])
def test_a_refused_call_is_repeated_group_by_group(
    session: AwsSession, stub: Callable[[str], Stubber], code: str
) -> None:
    """CloudWatch refuses the whole call: each group is asked for alone, by its own ids."""
    cloudwatch = stub("cloudwatch")
    for said in ("Error in expression 'g1_e1'", None, "Error in expression 'e1'"):
        if said is None:
            cloudwatch.add_response("get_metric_data", {"MetricDataResults": [result("m1", 1)]})
        else:
            cloudwatch.add_client_error("get_metric_data", code, said, 400)
    found = MetricData(session).get([[asked()], [calculated("nope(")]], start=0, end=600)
    assert [series.points for series in found.groups[0]["m1"]] == [{0.0: 1.0}]
    assert found.refusals == {1: "Error in expression 'e1'"}


def test_without_queries_there_is_no_call(session: AwsSession) -> None:
    """A dashboard of texts costs nothing."""
    assert MetricData(session).get([[], []], start=0, end=600).groups == [{}, {}]


def test_units_are_those_of_the_documentation() -> None:
    """A metric that nobody documented has none."""
    assert unit(METRIC) == "Count"
    assert unit(Metric("AWS/Lambda", "Duration")) == "Milliseconds"
    assert unit(Metric("AWS/ApiGateway", "Latency")) == "Milliseconds"
    assert unit(Metric("Mine", "Duration")) is None
