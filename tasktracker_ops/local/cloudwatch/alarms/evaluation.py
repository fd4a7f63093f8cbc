"""What an alarm's datapoints say: the state it takes, and why. Pure.

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
_SHOWN = 5

_COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
COMPARISONS = frozenset(_COMPARISONS)


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
    treat_missing_data: str = "missing"

    @property
    def needed(self) -> int:
        """How many datapoints have to breach."""
        return self.datapoints_to_alarm or self.evaluation_periods

    def breaches(self, datapoint: Datapoint) -> bool:
        """Tell whether a datapoint that is not missing is beyond the threshold."""
        assert datapoint.value is not None  # nosec B101 # for mypy
        return _COMPARISONS[self.comparison_operator][0](datapoint.value, self.threshold)


@dataclass(frozen=True)
class Verdict:
    """The state, CloudWatch's sentence for it, and the datapoints that led to it, oldest first.

    A state that is retained has no reason.
    """

    state: str
    reason: str
    datapoints: tuple[Datapoint, ...]


def evaluate(rule: Rule, datapoints: Sequence[Datapoint], state: str) -> Verdict:
    """Judge the datapoints of the evaluation range, oldest first, for an alarm now in `state`."""
    periods = rule.evaluation_periods
    real = [each for each in datapoints if each.value is not None][-periods:]
    breaching = [each for each in real if rule.breaches(each)]
    unknown = periods - len(real)
    looked_at = _looked_at(datapoints, real, unknown)

    def verdict(new_state: str, reason: str) -> Verdict:
        return Verdict(new_state, reason, looked_at)

    if unknown == 0 or len(breaching) >= rule.needed:
        new_state = ALARM if len(breaching) >= rule.needed else OK
        return verdict(new_state, _crossed(rule, real, new_state))
    match rule.treat_missing_data:
        case "breaching":
            new_state = ALARM if len(breaching) + unknown >= rule.needed else OK
            return verdict(new_state, _treated(periods, len(real), unknown, "Breaching"))
        case "notBreaching":
            return verdict(OK, _treated(periods, len(real), unknown, "NonBreaching"))
    if len(breaching) < len(real):
        return verdict(OK, _crossed(rule, real, OK))
    if rule.treat_missing_data == "ignore":
        return verdict(state, "")
    if _old_enough(rule, datapoints):
        return verdict(ALARM, _crossed(rule, real, ALARM))
    return verdict(INSUFFICIENT_DATA, f"Insufficient Data: {_plural(unknown, 'was')} unknown.")


def _old_enough(rule: Rule, datapoints: Sequence[Datapoint]) -> bool:
    """Tell whether the oldest datapoint, all of them breaching, is no premature one any more.

    It is when it lies as many periods back as datapoints have to breach.
    """
    ages = [age for age, each in enumerate(reversed(datapoints), 1) if each.value is not None]
    return bool(ages) and ages[-1] >= rule.needed


def _looked_at(
    datapoints: Sequence[Datapoint], real: list[Datapoint], unknown: int
) -> tuple[Datapoint, ...]:
    missing = [each for each in datapoints if each.value is None]
    filled = missing[-unknown:] if unknown else []
    return tuple(sorted(real + filled, key=lambda each: each.at))


def _crossed(rule: Rule, real: list[Datapoint], state: str) -> str:
    fires = state == ALARM
    crossing = [each for each in real if rule.breaches(each) == fires]
    number, newest = len(crossing), crossing[::-1][:_SHOWN]
    values = ", ".join(f"{each.value} ({each.at:%d/%m/%y %H:%M:%S})" for each in newest)
    listed = f" [{values}]" if number <= _SHOWN else ""
    counted = _plural(number, "")
    if rule.datapoints_to_alarm is not None:
        counted = f"{number} out of the last {rule.evaluation_periods} datapoints"
    negation = "" if fires else "not "
    words = _COMPARISONS[rule.comparison_operator][1]
    sentence = f"{counted}{listed} {_was(number)} {negation}{words} the threshold"
    sentence = f"Threshold Crossed: {sentence} ({float(rule.threshold)})"
    if not listed:
        sentence += f". The most recent datapoints which crossed the threshold: [{values}]"
    if rule.datapoints_to_alarm is not None:
        minimum = rule.needed if fires else rule.evaluation_periods - rule.needed + 1
        direction = "OK -> ALARM" if fires else "ALARM -> OK"
        sentence += f" (minimum {_plural(minimum, '')} for {direction} transition)"
    return sentence + "."


def _treated(periods: int, received: int, unknown: int, treatment: str) -> str:
    known = _plural(received, "was") if received else "no datapoints were"
    plural = "s" if periods > 1 else ""
    missing = f"{unknown} missing datapoint{'s' if unknown > 1 else ''} {_was(unknown)}"
    return (
        f"Threshold Crossed: {known} received for {periods} period{plural} "
        f"and {missing} treated as [{treatment}]."
    )


def _plural(number: int, verb: str) -> str:
    text = f"{number} datapoint{'' if number == 1 else 's'}"
    return f"{text} {_was(number)}" if verb else text


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
