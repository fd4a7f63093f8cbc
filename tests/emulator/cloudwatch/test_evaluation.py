"""Alarms take the states that CloudWatch documents.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tasktracker_ops.emulator.cloudwatch.evaluation import Datapoint, Rule, evaluate

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
VALUES = {"0": 0.0, "X": 5.0, "-": None}


def _points(text: str) -> list[Datapoint]:
    return [
        Datapoint(START + timedelta(minutes=minute), VALUES[sign])
        for minute, sign in enumerate(text.split())
    ]


def _rule(needed: int = 3, periods: int = 3, missing_data: str = "notBreaching") -> Rule:
    return Rule("GreaterThanThreshold", 3, periods, needed, missing_data)


# How missing data are treated, how many of three datapoints have to breach, the datapoints and one
# more, and the state, as in the documentation's tables; None is "retain the current state".
DOCUMENTED = [
    ("notBreaching", 3, "- X - X", "OK"),
    ("notBreaching", 3, "- - - -", "OK"),
    ("notBreaching", 3, "X X - X", "ALARM"),
    ("notBreaching", 2, "- X - X", "ALARM"),
    ("notBreaching", 2, "0 X 0 X", "ALARM"),
    ("notBreaching", 2, "- X - -", "OK"),
    ("notBreaching", 2, "- - - 0", "OK"),
    ("notBreaching", 2, "- - X -", "OK"),
    ("missing", 3, "0 - X - X", "OK"),
    ("missing", 3, "0 - - -", "OK"),
    ("missing", 3, "- - - -", "INSUFFICIENT_DATA"),
    ("missing", 3, "0 X X - X", "ALARM"),
    ("missing", 3, "- X - -", "ALARM"),
    ("missing", 3, "- - - X", None),
    ("missing", 2, "- - - -", "INSUFFICIENT_DATA"),
    ("missing", 2, "0 0 X 0 X", "ALARM"),
    ("missing", 2, "- - X -", "ALARM"),
]


@pytest.mark.parametrize("current", ["OK", "ALARM", "INSUFFICIENT_DATA"])
@pytest.mark.parametrize(("missing_data", "needed", "points", "expected"), DOCUMENTED)
def test_the_documented_states(
    missing_data: str, needed: int, points: str, expected: str | None, current: str
) -> None:
    """They do not depend on the present state, but only a new datapoint ends OK."""
    verdict = evaluate(_rule(needed, missing_data=missing_data), _points(points), current)
    if expected != "ALARM" or current != "OK" or not points.endswith("-"):
        assert verdict.state == (expected or current)


@pytest.mark.parametrize(
    ("current", "expected"), [("OK", "OK"), ("ALARM", "ALARM"), ("INSUFFICIENT_DATA", "ALARM")]
)
def test_an_old_datapoint_does_not_end_ok(current: str, expected: str) -> None:
    """It was judged when it was new."""
    assert evaluate(_rule(1, periods=1), _points("X -"), current).state == expected


@pytest.mark.parametrize(
    ("operator", "firing"),
    [
        ("GreaterThanThreshold", [4.0]),
        ("GreaterThanOrEqualToThreshold", [3.0, 4.0]),
        ("LessThanThreshold", [2.0]),
        ("LessThanOrEqualToThreshold", [2.0, 3.0]),
    ],
)
def test_each_comparison_operator_fires(operator: str, firing: list[float]) -> None:
    """At, above or below the threshold."""
    for value in (2.0, 3.0, 4.0):
        state = evaluate(Rule(operator, 3, 1, 1), [Datapoint(START, value)], "OK").state
        assert state == ("ALARM" if value in firing else "OK")


@pytest.mark.parametrize(
    ("rule", "points", "reason"),
    [
        (
            _rule(1, periods=1),
            "- X",
            "Threshold Crossed: 1 out of the last 1 datapoints [5.0 (22/11/26 12:01:00)] was "
            "greater than the threshold (3.0) (minimum 1 datapoint for OK -> ALARM transition).",
        ),
        (
            _rule(3),
            "0 X X X",
            "Threshold Crossed: 3 out of the last 3 datapoints [5.0 (22/11/26 12:03:00), "
            "5.0 (22/11/26 12:02:00), 5.0 (22/11/26 12:01:00)] were greater than the threshold "
            "(3.0) (minimum 3 datapoints for OK -> ALARM transition).",
        ),
        (
            _rule(2),
            "X 0 0 X",
            "Threshold Crossed: 2 out of the last 3 datapoints [0.0 (22/11/26 12:02:00), "
            "0.0 (22/11/26 12:01:00)] were not greater than the threshold (3.0) "
            "(minimum 2 datapoints for ALARM -> OK transition).",
        ),
        (
            _rule(1, periods=1, missing_data="missing"),
            "- -",
            "Insufficient Data: 1 datapoint was unknown.",
        ),
        (
            _rule(1, periods=1),
            "- -",
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint "
            "was treated as [NonBreaching].",
        ),
        (
            _rule(2),
            "- - - 0",
            "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints "
            "were treated as [NonBreaching].",
        ),
    ],
)
def test_reasons_have_the_words_of_cloudwatch(rule: Rule, points: str, reason: str) -> None:
    """The sentence has datapoints with their time, the threshold and the treatment of gaps."""
    assert evaluate(rule, _points(points), "OK").reason == reason


def test_a_reason_names_five_datapoints_at_most() -> None:
    """They are the newest."""
    verdict = evaluate(_rule(6, periods=6), _points("- X X X X X X"), "OK")
    assert verdict.reason.startswith(
        "Threshold Crossed: 6 out of the last 6 datapoints [5.0 (22/11/26 12:06:00), "
    )
    assert verdict.reason.count("5.0") == 5
