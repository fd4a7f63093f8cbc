"""Evaluate an alarm's datapoints: its new state and the reason.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

OK = "OK"
ALARM = "ALARM"
INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
_MAX_NAMED_DATAPOINTS = 5
MISSING_DATA = ("missing", "notBreaching")
"""The treatments of missing data that are emulated."""

COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True)
class Datapoint:
    """The statistic of one period that begins at `at` (UTC); no value: the datapoint is missing."""

    at: datetime
    value: float | None


@dataclass(frozen=True)
class Rule:
    """When an alarm fires: `datapoints_to_alarm` out of `evaluation_periods` breach."""

    comparison_operator: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    missing_data: str = "notBreaching"

    def breaches(self, value: float) -> bool:
        """Return whether a value is beyond the threshold."""
        return COMPARISONS[self.comparison_operator][0](value, self.threshold)


@dataclass(frozen=True)
class Verdict:
    """The state, and CloudWatch's sentence for it."""

    state: str
    reason: str


def evaluate(rule: Rule, datapoints: Sequence[Datapoint], state: str) -> Verdict:
    """Judge the datapoints, oldest first and one more than periods, for an alarm now in `state`.

    An older datapoint replaces a missing one. Periods slide: without traffic a datapoint that
    fired in the newest one is seen again in an older one, so only a newest datapoint ends OK.
    """
    real = [(each.at, each.value) for each in datapoints if each.value is not None]
    real = real[-rule.evaluation_periods :]
    breaching = [each for each in real if rule.breaches(each[1])]
    ends_ok = state != OK or datapoints[-1].value is not None
    if len(breaching) >= rule.datapoints_to_alarm and ends_ok:
        return Verdict(ALARM, _threshold_crossed(rule, breaching, ALARM))
    is_missing = rule.missing_data == "missing"
    if is_missing and not real:
        return Verdict(INSUFFICIENT_DATA, _insufficient_data(rule.evaluation_periods))
    if is_missing and breaching == real:
        # Too few to tell, unless the oldest of them is old enough and no other came since.
        if datapoints[-rule.datapoints_to_alarm].at >= real[0][0] and ends_ok:
            return Verdict(ALARM, _threshold_crossed(rule, breaching, ALARM))
        return Verdict(state, "")
    if is_missing or len(real) == rule.evaluation_periods:
        others = [each for each in real if each not in breaching]
        return Verdict(OK, _threshold_crossed(rule, others, OK))
    return Verdict(OK, _missing_datapoints(rule.evaluation_periods, len(real)))


def _threshold_crossed(
    rule: Rule, crossing: Sequence[tuple[datetime, float]], new_state: str
) -> str:
    newest = crossing[::-1][:_MAX_NAMED_DATAPOINTS]
    values = ", ".join(f"{value} ({at:%d/%m/%y %H:%M:%S})" for at, value in newest)
    minimum, direction = rule.datapoints_to_alarm, "OK -> ALARM"
    if new_state == OK:
        minimum = rule.evaluation_periods - rule.datapoints_to_alarm + 1
        direction = "ALARM -> OK"
    negation = "" if new_state == ALARM else "not "
    words = COMPARISONS[rule.comparison_operator][1]
    return (
        f"Threshold Crossed: {len(crossing)} out of the last {rule.evaluation_periods} datapoints "
        f"[{values}] {_was(len(crossing))} {negation}{words} the threshold "
        f"({float(rule.threshold)}) (minimum {_counted(minimum)} for {direction} transition)."
    )


def _insufficient_data(periods: int) -> str:
    return f"Insufficient Data: {_counted(periods)} {_was(periods)} unknown."


def _missing_datapoints(periods: int, received: int) -> str:
    missing = periods - received
    known = f"{_counted(received)} {_was(received)}" if received else "no datapoints were"
    return (
        f"Threshold Crossed: {known} received for {periods} period{'s' if periods > 1 else ''} "
        f"and {missing} missing datapoint{'s' if missing > 1 else ''} {_was(missing)} "
        "treated as [NonBreaching]."
    )


def _counted(number: int) -> str:
    return f"{number} datapoint{'' if number == 1 else 's'}"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
