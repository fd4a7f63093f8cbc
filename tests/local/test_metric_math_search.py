"""SEARCH finds metrics as its documentation tells it."""

from __future__ import annotations

import pytest

from tasktracker_ops.local.cloudwatch.metric_math import search
from tasktracker_ops.local.cloudwatch.metrics import Metric

ERRORS_F = Metric.of("AWS/Lambda", "Errors", FunctionName="ProjectA-f")
ERRORS_G = Metric.of("AWS/Lambda", "Errors", FunctionName="g")
CALLS_F = Metric.of("AWS/Lambda", "Invocations", FunctionName="ProjectA-f")
CALLS_ALIAS = Metric.of("AWS/Lambda", "Invocations", FunctionName="ProjectA-f", Resource="f:live")
COUNT = Metric.of("My Shop", "CustomCount1")
NETWORK = Metric.of("My Shop", "Network-Errors-2", **{"Dimension@Name": "x y"})
ODD = Metric.of("My Shop", "Europe\\France Traffic(Network)")
KNOWN = [ERRORS_F, ERRORS_G, CALLS_F, CALLS_ALIAS, COUNT, NETWORK, ODD]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('{AWS/Lambda,FunctionName} MetricName="Errors"', [ERRORS_F, ERRORS_G]),
        (' {AWS/Lambda, FunctionName}, MetricName="Errors" ', [ERRORS_F, ERRORS_G]),
        ("{AWS/Lambda,Resource,FunctionName}", [CALLS_ALIAS]),
        ("{AWS/Lambda}", []),
        ('{"My Shop"}', [COUNT, ODD]),
        ('{"My Shop", "Dimension@Name"}', [NETWORK]),
        ('MetricName="Errors" FunctionName="g"', [ERRORS_G]),
        ('Namespace="AWS/Lambda" NOT "g" NOT Resource=live', [ERRORS_F, CALLS_F]),
        ("NOT Namespace=AWS", [COUNT, NETWORK, ODD]),
        ("count", [COUNT]),
        ("COUNT", [COUNT]),
        ("couNT", []),
        ("CustomCount", [COUNT]),
        ("Count1", [COUNT]),
        ("customcount1", [COUNT]),
        ("customcount", []),
        ('"CustomCount1"', [COUNT]),
        ('"customcount1"', []),
        ('"Custom"', []),
        ("network/errors", [NETWORK]),
        ("Network_Errors", [NETWORK]),
        ('"Network-Errors-2"', [NETWORK]),
        ('"Network_Errors_2"', []),
        (r'"Europe\\France Traffic\(Network\)"', [ODD]),
        ("errors OR count", [ERRORS_F, ERRORS_G, COUNT, NETWORK]),
        ("Lambda AND errors g", [ERRORS_G]),
        (
            '{AWS/Lambda,FunctionName} MetricName="Errors" OR '
            '(MetricName="Invocations" AND (ProjectA OR ProjectB))',
            [ERRORS_F, ERRORS_G, CALLS_F],
        ),
    ],
)
def test_search(query: str, expected: list[Metric]) -> None:
    """Schemas, designators, partial and exact matches, boolean operators."""
    assert search.find(query, KNOWN) == expected


def test_labels_tell_results_apart() -> None:
    """A result is named by what differs: dimension values, the metric's name."""
    assert search.label(ERRORS_F, [ERRORS_F]) == "Errors"
    assert search.label(ERRORS_F, [ERRORS_F, ERRORS_G]) == "ProjectA-f"
    assert search.label(ERRORS_G, [ERRORS_F, ERRORS_G, CALLS_F]) == "g Errors"
