"""What an alarm's datapoints say: the state it takes, and why. Pure.

Missing datapoints count as not breaching, which is the one treatment that is emulated.
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
    """When an alarm fires. `datapoints_to_alarm` None means all of `evaluation_periods`."""

    comparison_operator: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int | None = None

    @property
    def needed(self) -> int:
        """Return how many datapoints have to breach."""
        return self.datapoints_to_alarm or self.evaluation_periods

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

    An older datapoint stands in for a missing one; yet periods slide, and what has fired in the
    newest one comes back in an older when traffic stops: so only a newest datapoint ends OK.
    """
    real = [(each.at, each.value) for each in datapoints if each.value is not None]
    real = real[-rule.evaluation_periods :]
    breaching = [each for each in real if rule.breaches(each[1])]
    stands = state == OK and datapoints[-1].value is None
    if len(breaching) >= rule.needed and not stands:
        return Verdict(ALARM, _threshold_crossed(rule, breaching, ALARM))
    if len(real) == rule.evaluation_periods:
        others = [each for each in real if each not in breaching]
        return Verdict(OK, _threshold_crossed(rule, others, OK))
    return Verdict(OK, _missing_datapoints(rule.evaluation_periods, len(real)))


def _threshold_crossed(
    rule: Rule, crossing: Sequence[tuple[datetime, float]], new_state: str
) -> str:
    number, newest = len(crossing), crossing[::-1][:_MAX_NAMED_DATAPOINTS]
    values = ", ".join(f"{value} ({at:%d/%m/%y %H:%M:%S})" for at, value in newest)
    listed = f" [{values}]" if number <= _MAX_NAMED_DATAPOINTS else ""
    counted = _counted(number)
    if rule.datapoints_to_alarm is not None:
        counted = f"{number} out of the last {rule.evaluation_periods} datapoints"
    negation = "" if new_state == ALARM else "not "
    words = COMPARISONS[rule.comparison_operator][1]
    sentence = f"{counted}{listed} {_was(number)} {negation}{words} the threshold"
    sentence = f"Threshold Crossed: {sentence} ({float(rule.threshold)})"
    if not listed:
        sentence += f". The most recent datapoints which crossed the threshold: [{values}]"
    if rule.datapoints_to_alarm is not None:
        minimum, direction = rule.needed, "OK -> ALARM"
        if new_state == OK:
            minimum, direction = rule.evaluation_periods - rule.needed + 1, "ALARM -> OK"
        sentence += f" (minimum {_counted(minimum)} for {direction} transition)"
    return sentence + "."


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
