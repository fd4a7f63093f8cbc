"""CloudWatch's operations on metrics, through boto3."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .queries import HOUR, MINUTE, CloudWatch, expression, statistic


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
