"""CloudWatch's alarm mute rules: while one is active, its alarms change and run no actions.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-mute-rules.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tasktracker_ops.models.alarm import Mute
from tasktracker_ops.models.times import timestamp

from .session import AwsNotFound, AwsSession, aws_errors

_PER_CALL = 100
# What the operator's policy allows: the statement MuteRules of bootstrap/github/policies.
_PREFIX = "task-tracker-"
_DESCRIPTION = re.compile(r"(.*) \(by (\S+)\)", re.DOTALL)
_AT = re.compile(r"at\((.+)\)")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


def rule_of(alarm: str) -> str:
    """Return the name of our rule for an alarm: at most one, so that nothing piles up."""
    return f"{_PREFIX}{alarm}"


class MuteRules:
    """Mute rules by name."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    @property
    def supported(self) -> bool:
        """Return whether this version of botocore knows them, as it does since 1.42."""
        return hasattr(self._client, "list_alarm_mute_rules")

    def names(self, status: str, alarm: str | None = None) -> tuple[str, ...]:
        """Return the names of the rules in `status` (ACTIVE, EXPIRED), of an alarm or of all.

        A summary has no name but an ARN:
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListAlarmMuteRules.html
        """
        query: dict[str, Any] = {"Statuses": [status]}
        if alarm is not None:
            query["AlarmName"] = alarm
        pages = self._client.get_paginator("list_alarm_mute_rules").paginate(
            **query, PaginationConfig={"PageSize": _PER_CALL}
        )
        with aws_errors("reading the alarms' mute rules"):
            return tuple(
                item["AlarmMuteRuleArn"].split(":", 6)[6]
                for page in pages
                for item in page.get("AlarmMuteRuleSummaries", ())
            )

    def get(self, name: str) -> Mute | None:
        """Return a rule; None where it was deleted meanwhile."""
        try:
            with aws_errors(f"reading the mute rule {name!r}"):
                answer = self._client.get_alarm_mute_rule(AlarmMuteRuleName=name)
        except AwsNotFound:
            return None
        end, reason, who = _end(answer), answer.get("Description", ""), None
        if name.startswith(_PREFIX) and (found := _DESCRIPTION.fullmatch(reason)):
            reason, who = found.groups()
        return Mute(name, None if end is None else timestamp(end), reason, who)

    def put(self, alarm: str, *, until: datetime, reason: str, who: str) -> None:
        """Mute an alarm from now on; our rule for it, if there is one, gets the new end."""
        # A schedule has whole minutes; the exact end is the expiry.
        begin = datetime.now(UTC).replace(second=0, microsecond=0)
        minutes = math.ceil((until - begin) / timedelta(minutes=1))
        with aws_errors(f"muting the alarm {alarm!r}"):
            self._client.put_alarm_mute_rule(
                Name=rule_of(alarm),
                Description=f"{reason} (by {who})",
                Rule={
                    "Schedule": {
                        "Expression": f"at({begin:%Y-%m-%dT%H:%M})",
                        "Duration": f"PT{minutes // 60}H{minutes % 60}M",
                    }
                },
                MuteTargets={"AlarmNames": [alarm]},
                ExpireDate=until,
            )

    def delete(self, name: str) -> None:
        """Delete a rule, if there is one of that name; its alarms' actions run if they fire."""
        with aws_errors(f"deleting the mute rule {name!r}"):
            self._client.delete_alarm_mute_rule(AlarmMuteRuleName=name)

    @property
    def _client(self) -> Any:
        return self._session.client("cloudwatch")


def _end(rule: Mapping[str, Any]) -> datetime | None:
    """Return the end of a rule with one window; None for one that recurs."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    schedule = rule["Rule"]["Schedule"]
    at, length = _AT.fullmatch(schedule["Expression"]), _DURATION.fullmatch(schedule["Duration"])
    if at is None or length is None:
        return None
    days, hours, minutes = (int(each or 0) for each in length.groups())
    name = schedule.get("Timezone") or "UTC"
    try:
        zone = UTC if name == "UTC" else ZoneInfo(name)
    except ZoneInfoNotFoundError:  # not every machine has the table of zones
        return None
    begin = datetime.fromisoformat(at[1]).replace(tzinfo=zone)
    end = begin.astimezone(UTC) + timedelta(days=days, hours=hours, minutes=minutes)
    return min(end, rule.get("ExpireDate") or end)
