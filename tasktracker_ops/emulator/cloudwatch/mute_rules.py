"""Alarm mute rules: when they are active, and for which alarms.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-mute-rules.html
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from moto.cloudwatch.exceptions import ValidationError

SCHEDULED, ACTIVE, EXPIRED = "SCHEDULED", "ACTIVE", "EXPIRED"
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d)\)")
_DURATION = re.compile(r"P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?)?")
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=15)


@dataclass(frozen=True)
class MuteRule:
    """A rule with one window; its fields are named as moto's serialiser looks for them."""

    name: str
    alarm_mute_rule_arn: str
    description: str | None
    rule: Mapping[str, Any]
    mute_targets: Mapping[str, Any]
    start_date: datetime | None
    expire_date: datetime | None
    last_updated_timestamp: datetime
    begin: datetime
    end: datetime
    mute_type: str = "ONE_TIME"

    def targets(self, alarm_name: str) -> bool:
        """Return whether the rule names an alarm."""
        return alarm_name in (self.mute_targets.get("AlarmNames") or ())

    def status(self, now: datetime) -> str:
        """Return SCHEDULED, ACTIVE or EXPIRED."""
        if now >= min(self.end, self.expire_date or self.end):
            return EXPIRED
        return ACTIVE if now >= max(self.begin, self.start_date or self.begin) else SCHEDULED


class MuteRules:
    """The mute rules of every region, by name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: dict[str, dict[str, MuteRule]] = defaultdict(dict)

    def put(self, region: str, rule: MuteRule) -> None:
        """Store a rule, in place of one of the same name."""
        with self._lock:
            self._rules[region][rule.name] = rule

    def get(self, region: str, name: str) -> MuteRule | None:
        """Return a rule; None without one of that name."""
        with self._lock:
            return self._rules[region].get(name)

    def delete(self, region: str, name: str) -> None:
        """Remove a rule, if there is one of that name."""
        with self._lock:
            self._rules[region].pop(name, None)

    def of(self, region: str) -> list[MuteRule]:
        """Return the rules of a region by name."""
        with self._lock:
            return [self._rules[region][name] for name in sorted(self._rules[region])]

    def mute(self, alarm: Any, now: datetime) -> bool:
        """Return whether an active rule mutes moto's alarm."""
        rules = self.of(alarm.region_name)
        return any(each.targets(alarm.name) and each.status(now) == ACTIVE for each in rules)


def window(schedule: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Return begin and end of a schedule's window.

    Raises NotImplementedError for a recurring one, ValidationError for an invalid one.
    """
    expression, duration = schedule["Expression"], schedule["Duration"]
    if expression.startswith("cron("):
        raise NotImplementedError(f"the schedule {expression!r}: only at(yyyy-MM-ddThh:mm)")
    at, length = _AT.fullmatch(expression), _DURATION.fullmatch(duration)
    if at is None:
        raise ValidationError(f"The schedule expression {expression} is not valid.")
    days, hours, minutes = (int(each or 0) for each in length.groups()) if length else (0, 0, 0)
    lasts = timedelta(days=days, hours=hours, minutes=minutes)
    if not _SHORTEST <= lasts <= _LONGEST:
        raise ValidationError(f"The duration {duration} is not from PT1M to P15D.")
    try:
        zone = ZoneInfo(schedule.get("Timezone") or "UTC")
        begin = datetime.fromisoformat(at[1]).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ValidationError(f"The schedule is not valid: {error}") from None
    return begin, begin + lasts
