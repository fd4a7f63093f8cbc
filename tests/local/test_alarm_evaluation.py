"""Alarms take the states that CloudWatch documents.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tasktracker_ops.local.cloudwatch.alarms.evaluation import Datapoint, Rule, evaluate

RETAIN = "Retain current state"
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
VALUES = {"0": 0.0, "X": 5.0, "-": None}
# Datapoints, and the states for the four treatments, as in the documentation's two tables.
THREE_OUT_OF_THREE = [
    ("0 - X - X", "OK", "OK", "OK", "OK"),
    ("0 - - - -", "OK", "OK", "OK", "OK"),
    ("- - - - -", "INSUFFICIENT_DATA", RETAIN, "ALARM", "OK"),
    ("0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("- - X - -", "ALARM", RETAIN, "ALARM", "OK"),
]
TWO_OUT_OF_THREE = [
    ("0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0 - X - -", "OK", "OK", "ALARM", "OK"),
    ("- - - - 0", "OK", "OK", "ALARM", "OK"),
    ("- - - X -", "ALARM", RETAIN, "ALARM", "OK"),
]
# From the text below the tables, and the documentation's earlier edition for the first rows.
PREMATURE = [
    (3, "- - - - X", "INSUFFICIENT_DATA", RETAIN),
    (3, "- - - X -", "INSUFFICIENT_DATA", RETAIN),
    (3, "- - - X 0", "OK", "OK"),
    (3, "- - X - 0", "OK", "OK"),
    (3, "- - X - -", "ALARM", RETAIN),
    (3, "- - X X -", "ALARM", RETAIN),
    (3, "X - - - -", "ALARM", RETAIN),
    (2, "- - - - X", "INSUFFICIENT_DATA", RETAIN),
    (2, "- - X - X", "ALARM", "ALARM"),
]


def _points(text: str) -> list[Datapoint]:
    return [
        Datapoint(START + timedelta(minutes=minute), VALUES[sign])
        for minute, sign in enumerate(text.split())
    ]


def _rule(needed: int | None = 3, treatment: str = "missing", periods: int = 3) -> Rule:
    return Rule("GreaterThanThreshold", 3, periods, needed, treatment)


@pytest.mark.parametrize("current", ["OK", "ALARM", "INSUFFICIENT_DATA"])
@pytest.mark.parametrize("needed", [3, 2])
def test_the_tables_of_the_documentation(needed: int, current: str) -> None:
    """Both tables, all four columns, from every state."""
    for points, *states in THREE_OUT_OF_THREE if needed == 3 else TWO_OUT_OF_THREE:
        for treatment, expected in zip(TREATMENTS, states, strict=True):
            state = evaluate(_rule(needed, treatment), _points(points), current).state
            assert state == (current if expected == RETAIN else expected), (points, treatment)


@pytest.mark.parametrize(("needed", "points", "missing", "ignore"), PREMATURE)
def test_no_alarm_before_its_time(needed: int, points: str, missing: str, ignore: str) -> None:
    """A breaching datapoint among missing ones fires once it is old enough."""
    assert evaluate(_rule(needed), _points(points), "OK").state == missing
    state = evaluate(_rule(needed, "ignore"), _points(points), "ALARM").state
    assert state == ("ALARM" if ignore == RETAIN else ignore)


@pytest.mark.parametrize(
    ("operator", "firing"),
    [
        ("GreaterThanThreshold", [4.0]),
        ("GreaterThanOrEqualToThreshold", [3.0, 4.0]),
        ("LessThanThreshold", [2.0]),
        ("LessThanOrEqualToThreshold", [2.0, 3.0]),
    ],
)
def test_comparison_operators(operator: str, firing: list[float]) -> None:
    """Each of the four operators."""
    for value in (2.0, 3.0, 4.0):
        state = evaluate(Rule(operator, 3, 1), [Datapoint(START, value)], "OK").state
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
            _rule(None, periods=1),
            "X",
            "Threshold Crossed: 1 datapoint [5.0 (22/11/26 12:00:00)] was greater than the "
            "threshold (3.0).",
        ),
        (
            _rule(1, "notBreaching", periods=1),
            "- -",
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint "
            "was treated as [NonBreaching].",
        ),
        (
            _rule(2, "breaching"),
            "- - - 0",
            "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints "
            "were treated as [Breaching].",
        ),
        (_rule(1, periods=1), "- -", "Insufficient Data: 1 datapoint was unknown."),
        (_rule(3), "- - - -", "Insufficient Data: 3 datapoints were unknown."),
    ],
)
def test_reasons_are_worded_as_by_cloudwatch(rule: Rule, points: str, reason: str) -> None:
    """The sentence names datapoints with their time, the threshold, and what was made of gaps."""
    assert evaluate(rule, _points(points), "OK").reason == reason


def test_many_datapoints_are_not_all_told() -> None:
    """Beyond five the newest are shown."""
    verdict = evaluate(_rule(6, periods=6), _points("X X X X X X"), "OK")
    assert verdict.reason.startswith(
        "Threshold Crossed: 6 out of the last 6 datapoints were greater than the threshold (3.0). "
        "The most recent datapoints which crossed the threshold: [5.0 (22/11/26 12:05:00), "
    )
    assert verdict.reason.count("5.0") == 5


def test_the_datapoints_looked_at_come_with_the_verdict() -> None:
    """As many as there are evaluation periods; older real ones stand in for missing ones."""
    assert evaluate(_rule(), _points("0 - X - X"), "OK").datapoints == tuple(
        _points("0 - X - X")[::2]
    )
    values = [each.value for each in evaluate(_rule(), _points("0 - - - -"), "OK").datapoints]
    assert values == [0.0, None, None]
