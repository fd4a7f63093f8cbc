"""Metrics of functions, APIs and one's own, through boto3."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MINUTE = timedelta(minutes=1)
# Aligned to the hour, and old enough for everything to lie in the past.
HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)


@dataclass
class CloudWatch:
    """Shorthand for the operations; every namespace is used by one test only."""

    client: Any

    def put(self, namespace: str, *data: dict[str, Any]) -> None:
        """Put metric data."""
        self.client.put_metric_data(Namespace=namespace, MetricData=list(data))

    def data(self, *queries: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
        """Return the results of GetMetricData, oldest value first."""
        times = {"StartTime": HOUR, "EndTime": HOUR + 60 * MINUTE, "ScanBy": "TimestampAscending"}
        answer = self.client.get_metric_data(
            MetricDataQueries=list(queries), **{**times, **options}
        )
        return list(answer["MetricDataResults"])

    def sum(self, namespace: str, name: str, stat: str = "Sum", **dimensions: str) -> float | None:
        """Return a statistic of the last ten minutes."""
        now = datetime.now(UTC)
        span = {"StartTime": now - 10 * MINUTE, "EndTime": now + MINUTE}
        query = statistic("m1", namespace, name, stat, period=86400, **dimensions)
        [result] = self.data(query, **span)
        assert len(result["Values"]) <= 1
        return result["Values"][0] if result["Values"] else None


def statistic(
    id: str, namespace: str, name: str, stat: str = "Sum", *, period: int = 60, **dimensions: str
) -> dict[str, Any]:
    """Return a query for a statistic."""
    pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": pairs}
    return {"Id": id, "MetricStat": {"Metric": metric, "Stat": stat, "Period": period}}


def expression(id: str, text: str, **options: Any) -> dict[str, Any]:
    """Return a query for an expression."""
    return {"Id": id, "Expression": text, **options}


@pytest.fixture
def cloudwatch(aws: Any) -> CloudWatch:
    """CloudWatch of the embedded AWS."""
    return CloudWatch(aws.client("cloudwatch"))


def error_of(call: Callable[[], Any]) -> str:
    """Return code and message of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message'].strip()}"


def test_mixed_invocations_are_counted_exactly(
    aws: Any, cloudwatch: CloudWatch, eventually: Any
) -> None:
    """Of 200 invocations, direct and through an API, sums are exact; p95 is that of the log."""
    function = aws.function()
    api = aws.api(function)

    def call(number: int) -> None:
        action = "raise" if number % 10 == 0 else "slow" if number % 10 == 1 else "context"
        if number % 2:
            function.invoke({"action": action}, Qualifier="live")
        else:
            api.call(f"/{action}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(call, range(200)))
    name = {"FunctionName": function.name}

    def lambda_sum(metric: str, stat: str = "Sum") -> float | None:
        return cloudwatch.sum("AWS/Lambda", metric, stat, **name)

    eventually(lambda: lambda_sum("Invocations") == 200)
    assert lambda_sum("Errors") == 20
    assert lambda_sum("Errors", "SampleCount") == 200
    assert lambda_sum("Throttles") == 0
    assert 1 <= (lambda_sum("ConcurrentExecutions", "Maximum") or 0) <= 4
    live = {**name, "Resource": f"{function.name}:live"}
    assert cloudwatch.sum("AWS/Lambda", "ConcurrentExecutions", "SampleCount", **live) == 200
    durations = [
        float(match[1])
        for line in function.log()
        if (match := re.search(r"REPORT .*\tDuration: ([\d.]+) ms", line))
    ]
    assert len(durations) == 200
    p95 = statistics.quantiles(durations, n=100, method="inclusive")[94]
    assert lambda_sum("Duration", "p95") == pytest.approx(p95, abs=1)
    assert lambda_sum("Duration", "Sum") == pytest.approx(sum(durations), abs=1)
    for dimensions in ({"ApiId": api.id}, {"ApiId": api.id, "Stage": "$default"}):
        assert cloudwatch.sum("AWS/ApiGateway", "Count", **dimensions) == 100
        assert cloudwatch.sum("AWS/ApiGateway", "5xx", **dimensions) == 20
        assert cloudwatch.sum("AWS/ApiGateway", "4xx", **dimensions) == 0
        latency = cloudwatch.sum("AWS/ApiGateway", "Latency", "Average", **dimensions)
        integration = cloudwatch.sum(
            "AWS/ApiGateway", "IntegrationLatency", "Average", **dimensions
        )
        assert latency is not None
        assert integration is not None
        assert latency > integration > 0


def test_dimensions_of_a_function(aws: Any, cloudwatch: CloudWatch) -> None:
    """By function, by resource, by the version behind an alias, and for the account."""
    function = aws.function()
    name = function.name
    function.invoke({})
    function.invoke({}, Qualifier="1")
    function.invoke({}, Qualifier="live")
    by = {"FunctionName": name}
    assert cloudwatch.sum("AWS/Lambda", "Invocations", **by) == 3
    for resource in (name, f"{name}:1", f"{name}:live"):
        assert cloudwatch.sum("AWS/Lambda", "Invocations", **by, Resource=resource) == 1
        assert cloudwatch.sum("AWS/Lambda", "ConcurrentExecutions", **by, Resource=resource) == 1
    by["Resource"] = f"{name}:live"
    assert cloudwatch.sum("AWS/Lambda", "Invocations", **by, ExecutedVersion="1") == 1
    assert (cloudwatch.sum("AWS/Lambda", "Invocations") or 0) >= 3
    pages = cloudwatch.client.get_paginator("list_metrics").paginate(
        Namespace="AWS/Lambda", Dimensions=[{"Name": "FunctionName", "Value": name}]
    )
    listed = {metric["MetricName"] for page in pages for metric in page["Metrics"]}
    assert listed == {"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"}


def test_a_throttled_invocation_is_a_throttle_only(aws: Any, cloudwatch: CloudWatch) -> None:
    """It counts neither as an invocation nor as an error."""
    function = aws.function()
    aws.client("lambda").put_function_concurrency(
        FunctionName=function.name, ReservedConcurrentExecutions=0
    )
    assert "TooManyRequestsException" in error_of(lambda: function.invoke({}))
    by = {"FunctionName": function.name}
    assert cloudwatch.sum("AWS/Lambda", "Throttles", **by) == 1
    for metric in ("Invocations", "Errors", "Duration", "ConcurrentExecutions"):
        assert cloudwatch.sum("AWS/Lambda", metric, **by) is None


def test_a_refused_request_has_no_integration(aws: Any, cloudwatch: CloudWatch) -> None:
    """A 404 of the gateway's own is a 4xx without IntegrationLatency."""
    api = aws.api(aws.function(), "GET /tasks")
    assert api.call("/nowhere").status_code == 404
    assert cloudwatch.sum("AWS/ApiGateway", "4xx", ApiId=api.id) == 1
    assert cloudwatch.sum("AWS/ApiGateway", "Count", ApiId=api.id) == 1
    assert cloudwatch.sum("AWS/ApiGateway", "IntegrationLatency", ApiId=api.id) is None


def test_a_metric_has_exactly_its_dimensions(cloudwatch: CloudWatch) -> None:
    """Neither fewer nor more dimensions, nor another namespace, are the same metric."""
    pairs = [{"Name": "Shop", "Value": "a"}, {"Name": "Floor", "Value": "1"}]
    cloudwatch.put("Exact", {"MetricName": "Sales", "Value": 5, "Timestamp": HOUR})
    cloudwatch.put(
        "Exact", {"MetricName": "Sales", "Value": 7, "Timestamp": HOUR, "Dimensions": pairs}
    )
    results = cloudwatch.data(
        statistic("m1", "Exact", "Sales"),
        statistic("m2", "Exact", "Sales", Floor="1", Shop="a"),
        statistic("m3", "Exact", "Sales", Shop="a"),
        statistic("m4", "Exactly", "Sales"),
    )
    assert [result["Values"] for result in results] == [[5], [7], [], []]
    assert {result["Label"] for result in results} == {"Sales"}


def test_dimensions_may_have_any_name(cloudwatch: CloudWatch) -> None:
    """Names that mean something elsewhere are names like others."""
    pairs = [{"Name": name, "Value": "v"} for name in ("name", "namespace", "cls")]
    cloudwatch.put("Named", {"MetricName": "M", "Value": 3, "Timestamp": HOUR, "Dimensions": pairs})
    query = statistic("m1", "Named", "M")
    query["MetricStat"]["Metric"]["Dimensions"] = pairs[::-1]
    assert cloudwatch.data(query)[0]["Values"] == [3]


def test_what_was_counted_zero_times_is_no_sample(cloudwatch: CloudWatch) -> None:
    """Neither a count of 0 nor an empty statistic set makes a datapoint."""
    empty = {"SampleCount": 0, "Sum": 0, "Minimum": 0, "Maximum": 0}
    cloudwatch.put(
        "Zero",
        {"MetricName": "M", "Values": [1.0], "Counts": [0.0], "Timestamp": HOUR},
        {"MetricName": "M", "StatisticValues": empty, "Timestamp": HOUR},
    )
    assert cloudwatch.data(statistic("m1", "Zero", "M", "Average"))[0]["Values"] == []


def test_start_is_rounded_down_to_the_minute(cloudwatch: CloudWatch) -> None:
    """Periods are counted from the whole minute of StartTime; EndTime is not included."""
    for minute in range(6):
        at = HOUR + minute * MINUTE + timedelta(seconds=50)
        cloudwatch.put("Rounding", {"MetricName": "M", "Value": 1, "Timestamp": at})
    times = {"StartTime": HOUR + timedelta(seconds=59), "EndTime": HOUR + 5 * MINUTE}
    [result] = cloudwatch.data(statistic("m1", "Rounding", "M"), **times)
    assert result["Timestamps"] == [HOUR + minute * MINUTE for minute in range(5)]
    [result] = cloudwatch.data(statistic("m1", "Rounding", "M", period=120), **times)
    assert result["Values"] == [2, 2, 1]
    [result] = cloudwatch.data(statistic("m1", "Rounding", "M", period=30), **times)
    assert result["Timestamps"][0] == HOUR + timedelta(seconds=30)


def test_order_and_what_is_not_returned(cloudwatch: CloudWatch) -> None:
    """The newest comes first unless asked otherwise; ReturnData false is only for expressions."""
    for minute in range(3):
        at = HOUR + minute * MINUTE
        cloudwatch.put("Order", {"MetricName": "M", "Value": minute, "Timestamp": at})
    hidden = {**statistic("m1", "Order", "M"), "ReturnData": False}
    doubled = expression("e1", "m1 * 2", Label="Doubled")
    [result] = cloudwatch.data(hidden, doubled, ScanBy="TimestampDescending")
    assert (result["Id"], result["Label"], result["Values"]) == ("e1", "Doubled", [4, 2, 0])
    assert result["StatusCode"] == "Complete"
    [result] = cloudwatch.data(hidden, doubled)
    assert result["Values"] == [0, 2, 4]
    assert result["Timestamps"][0] == HOUR


def test_search_gives_a_result_for_each_metric(cloudwatch: CloudWatch) -> None:
    """SEARCH finds metrics of its schema, and math may be done with them."""
    for shop in ("north", "south"):
        pairs = [{"Name": "Shop", "Value": shop}]
        datum = {"MetricName": "Sold", "Value": 2, "Timestamp": HOUR, "Dimensions": pairs}
        cloudwatch.put("Searched", datum)
    found = "SEARCH('{Searched,Shop} MetricName=\"Sold\"', 'Sum', 300)"
    several = cloudwatch.data(expression("e1", found), expression("e2", f"SUM({found})"))
    assert [(r["Id"], r["Label"], r["Values"]) for r in several] == [
        ("e1", "north", [2]),
        ("e1", "south", [2]),
        ("e2", "e2", [4]),
    ]


def test_pages_hold_every_datapoint_once(cloudwatch: CloudWatch) -> None:
    """MaxDatapoints splits the answer; the pages together are the whole."""
    for minute in range(7):
        at = HOUR + minute * MINUTE
        cloudwatch.put("Paged", {"MetricName": "M", "Value": minute, "Timestamp": at})
    queries = [statistic("m1", "Paged", "M"), expression("e1", "m1 + 10")]
    for order in ("TimestampAscending", "TimestampDescending"):
        whole = cloudwatch.data(*queries, ScanBy=order)
        pages = list(
            cloudwatch.client.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries,
                StartTime=HOUR,
                EndTime=HOUR + 60 * MINUTE,
                ScanBy=order,
                PaginationConfig={"PageSize": 3},
            )
        )
        assert len(pages) == 5
        parts = [part for page in pages for part in page["MetricDataResults"]]
        assert {part["StatusCode"] for part in parts} == {"Complete", "PartialData"}
        for result in whole:
            own = [part for part in parts if part["Id"] == result["Id"]]
            assert [v for part in own for v in part["Values"]] == result["Values"]
            assert [t for part in own for t in part["Timestamps"]] == result["Timestamps"]


@given(st.data())
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
def test_sums_of_periods_are_what_was_put(cloudwatch: CloudWatch, data: st.DataObject) -> None:
    """However data is put, the sums over its periods equal it."""
    name = f"M{time.monotonic_ns()}"
    numbers = st.floats(0, 1000).map(lambda value: round(value, 3))
    samples = st.tuples(st.integers(0, 3599), st.lists(numbers, min_size=1, max_size=5))
    put = data.draw(st.lists(samples, min_size=1, max_size=8))
    cloudwatch.put(
        "Property",
        *(
            {
                "MetricName": name,
                "Values": values,
                "Counts": [2.0] * len(values),
                "Timestamp": HOUR + timedelta(seconds=at),
            }
            for at, values in put
        ),
    )
    period = data.draw(st.sampled_from([60, 300, 3600]))
    total, count = cloudwatch.data(
        statistic("m1", "Property", name, period=period),
        statistic("m2", "Property", name, "SampleCount", period=period),
    )
    assert sum(total["Values"]) == pytest.approx(2 * sum(sum(values) for _, values in put))
    assert sum(count["Values"]) == 2 * sum(len(values) for _, values in put)


def test_statistics_of_a_metric(cloudwatch: CloudWatch) -> None:
    """GetMetricStatistics gives several statistics, extended ones too, apart by unit."""
    data = {"MetricName": "M", "Timestamp": HOUR + MINUTE}
    cloudwatch.put(
        "Statistics",
        {**data, "Values": [1.0, 2.0, 3.0], "Counts": [1.0, 1.0, 2.0], "Unit": "Seconds"},
        {**data, "Value": 9, "Unit": "Bytes"},
    )
    asked = {
        "Namespace": "Statistics",
        "MetricName": "M",
        "StartTime": HOUR,
        "EndTime": HOUR + 5 * MINUTE,
        "Period": 300,
        "Statistics": ["Sum", "Average", "Minimum", "Maximum", "SampleCount"],
        "ExtendedStatistics": ["p50", "tm75"],
    }
    answer = cloudwatch.client.get_metric_statistics(**asked)
    assert answer["Label"] == "M"
    by_unit = {point["Unit"]: point for point in answer["Datapoints"]}
    assert set(by_unit) == {"Seconds", "Bytes"}
    assert by_unit["Seconds"] == {
        "Timestamp": HOUR,
        "Unit": "Seconds",
        "Sum": 9,
        "Average": 2.25,
        "Minimum": 1,
        "Maximum": 3,
        "SampleCount": 4,
        "ExtendedStatistics": {"p50": 2.5, "tm75": 2},
    }
    [point] = cloudwatch.client.get_metric_statistics(**asked, Unit="Bytes")["Datapoints"]
    assert point["Sum"] == 9


def test_statistic_sets_keep_the_plain_statistics(cloudwatch: CloudWatch) -> None:
    """StatisticValues have sum, average, extremes and count, but no percentile."""
    values = {"SampleCount": 3, "Sum": 9, "Minimum": 1, "Maximum": 5}
    cloudwatch.put("Sets", {"MetricName": "M", "StatisticValues": values, "Timestamp": HOUR})
    names = ["Sum", "Average", "Minimum", "Maximum", "SampleCount", "p90"]
    results = cloudwatch.data(
        *(statistic(f"m{n}", "Sets", "M", name) for n, name in enumerate(names))
    )
    assert [result["Values"] for result in results] == [[9], [3], [1], [5], [3], []]


def test_the_query_protocol(aws: Any, cloudwatch: CloudWatch) -> None:
    """Clients that speak the older protocol are answered the same."""
    cloudwatch.put("Query", {"MetricName": "M", "Value": 4, "Timestamp": HOUR})
    query = "MetricDataQueries.member"
    form = {
        "Action": "GetMetricData",
        "Version": "2010-08-01",
        "StartTime": HOUR.isoformat(),
        "EndTime": (HOUR + MINUTE).isoformat(),
        "MaxDatapoints": "10",
        f"{query}.1.Id": "m1",
        f"{query}.1.ReturnData": "false",
        f"{query}.1.MetricStat.Metric.Namespace": "Query",
        f"{query}.1.MetricStat.Metric.MetricName": "M",
        f"{query}.1.MetricStat.Period": "60",
        f"{query}.1.MetricStat.Stat": "p95",
        f"{query}.2.Id": "e1",
        f"{query}.2.Expression": "m1 / 8",
    }
    scope = "test/20260101/eu-west-3/monitoring/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=, Signature="}
    answer = requests.post(aws.server.url, data=form, headers=headers, timeout=10)
    assert answer.status_code == 200
    assert re.findall(r"<Id>(.*?)</Id>", answer.text) == ["e1"]
    assert re.findall(r"<member>(0\.5)</member>", answer.text) == ["0.5"]


def test_lists_of_metrics(aws: Any, cloudwatch: CloudWatch) -> None:
    """Listed by namespace, name and dimensions, in pages, recent ones when asked, S3's as well."""
    pairs = [{"Name": "Shop", "Value": "a"}]
    old = datetime.now(UTC) - timedelta(hours=5)
    cloudwatch.put("Listed", {"MetricName": "Old", "Value": 1, "Timestamp": old})
    cloudwatch.put("Listed", {"MetricName": "New", "Value": 1, "Dimensions": pairs})
    expected = {"Namespace": "Listed", "MetricName": "New", "Dimensions": pairs}
    client = cloudwatch.client
    assert len(client.list_metrics(Namespace="Listed")["Metrics"]) == 2
    for options in (
        {"MetricName": "New"},
        {"Dimensions": [{"Name": "Shop"}]},
        {"RecentlyActive": "PT3H"},
    ):
        assert client.list_metrics(Namespace="Listed", **options)["Metrics"] == [expected]
    for start in range(0, 600, 300):
        data = ({"MetricName": f"M{start + n}", "Value": 1} for n in range(300))
        cloudwatch.put("Many", *data)
    pages = list(client.get_paginator("list_metrics").paginate(Namespace="Many"))
    assert [len(page["Metrics"]) for page in pages] == [500, 100]
    aws.client("s3").create_bucket(
        Bucket="measured", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"}
    )
    assert client.list_metrics(Namespace="AWS/S3")["Metrics"]


M1 = statistic("m1", "Refused", "M")


@pytest.mark.parametrize(
    ("queries", "options", "expected"),
    [
        (
            [M1, statistic("m2", "Refused", "M", "Median")],
            {},
            "ValidationError: The value Median for parameter "
            "MetricDataQueries.member.2.MetricStat.Stat is not a valid statistic.",
        ),
        (
            [statistic("m1", "Refused", "M", period=90)],
            {},
            "ValidationError: The parameter MetricDataQueries.member.1.MetricStat.Period must be "
            "a multiple of 60.",
        ),
        (
            [M1, M1],
            {},
            "ValidationError: The values for parameter id in MetricDataQueries are not unique.",
        ),
        (
            [{"Id": "e1"}],
            {},
            "ValidationError: The parameter MetricDataQueries.member.1.MetricStat is required.",
        ),
        (
            [{**M1, "Expression": "m2"}],
            {},
            "ValidationError: The parameters MetricDataQueries.member.1.Expression and "
            "MetricDataQueries.member.1.MetricStat are mutually exclusive and you have specified "
            "both.",
        ),
        (
            [{**M1, "Id": "M1"}],
            {},
            "ValidationError: The value M1 for parameter MetricDataQueries.member.1.Id is not "
            "matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
        ),
        (
            [expression(f"e{n}", "TIME_SERIES(1)") for n in range(501)],
            {},
            "ValidationError: The collection MetricDataQueries must not have a size greater than "
            "500.",
        ),
        (
            [M1, expression("e1", "NOTHING(m1)")],
            {},
            "ValidationError: Error in expression 'e1': Function 'NOTHING' not found",
        ),
        (
            [expression("q1", "SELECT AVG(M) FROM Refused", Period=60)],
            {},
            "ValidationError: Error in expression 'q1': Metrics Insights is not emulated",
        ),
        (
            [expression("e1", "TIME_SERIES(1)", Period=7)],
            {},
            "ValidationError: The parameter MetricDataQueries.member.1.Period must be a multiple "
            "of 60.",
        ),
        (
            [M1],
            {"EndTime": HOUR},
            "ValidationError: The parameter StartTime must not equal parameter EndTime.",
        ),
        (
            [M1],
            {"EndTime": HOUR - MINUTE},
            "ValidationError: The parameter EndTime must be greater than StartTime.",
        ),
        ([M1], {"NextToken": "?"}, "InvalidNextToken: The next token specified is invalid."),
    ],
)
def test_get_metric_data_refuses(
    cloudwatch: CloudWatch, queries: list[Any], options: dict[str, Any], expected: str
) -> None:
    """What CloudWatch does not take is refused in its words."""
    assert error_of(lambda: cloudwatch.data(*queries, **options)) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"Period": 90}, "InvalidParameterValue: The parameter Period must be a multiple of 60."),
        (
            {"EndTime": HOUR},
            "InvalidParameterValue: The parameter StartTime must be less than the parameter "
            "EndTime.",
        ),
        (
            {"Statistics": None},
            "InvalidParameterCombination: Must specify either Statistics or ExtendedStatistics",
        ),
        (
            {"ExtendedStatistics": ["Median"]},
            "InvalidParameterValue: The value Median for parameter ExtendedStatistics is not "
            "supported.",
        ),
        (
            {"StartTime": HOUR - timedelta(days=2)},
            "InvalidParameterCombination: You have requested up to 2,940 datapoints, which exceeds "
            "the limit of 1,440. You may reduce the datapoints requested by increasing Period, or "
            "decreasing the time range.",
        ),
    ],
)
def test_get_metric_statistics_refuses(
    cloudwatch: CloudWatch, options: dict[str, Any], expected: str
) -> None:
    """What CloudWatch does not take is refused in its words."""
    asked = {
        "Namespace": "Refused",
        "MetricName": "M",
        "StartTime": HOUR,
        "EndTime": HOUR + 60 * MINUTE,
        "Period": 60,
        "Statistics": ["Sum"],
    }
    asked = {name: value for name, value in {**asked, **options}.items() if value is not None}
    assert error_of(lambda: cloudwatch.client.get_metric_statistics(**asked)) == expected


GOOD = {"MetricName": "M", "Value": 1, "Timestamp": HOUR}
SET = {"SampleCount": -1, "Sum": 9, "Minimum": 1, "Maximum": 5}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([GOOD, {**GOOD, "Value": float("nan")}], "member.2.Value is invalid"),
        ([GOOD, {**GOOD, "Value": float("inf")}], "member.2.Value is invalid"),
        ([GOOD, {**GOOD, "Value": 2.0**361}], "member.2.Value is invalid"),
        (
            [GOOD, {"MetricName": "M", "StatisticValues": SET}],
            "The value -1.0 for parameter MetricData.member.2.SampleCount is invalid",
        ),
        ([GOOD] * 1001, "The collection MetricData must not have a size greater than 1000"),
    ],
)
def test_put_metric_data_refuses(cloudwatch: CloudWatch, data: list[Any], expected: str) -> None:
    """Nothing of a refused request is kept."""
    assert expected in error_of(lambda: cloudwatch.put("Put", *data))
    assert cloudwatch.data(statistic("m1", "Put", "M"))[0]["Values"] == []
