"""What CloudWatch refuses, in its words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from .queries import HOUR, MINUTE, CloudWatch, error_of, expression, statistic

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
