"""Whether a topic's policy lets CloudWatch publish for an alarm.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tasktracker_ops.local.credentials import ACCOUNT_ID

_SERVICE = "cloudwatch.amazonaws.com"
_ACTION = "sns:Publish"
_NEGATED = {
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "StringNotEquals": "StringEquals",
    "StringNotLike": "StringLike",
}


def allows(policy: Mapping[str, Any], topic_arn: str, alarm_arn: str) -> bool:
    """Tell whether a statement allows it and none denies it.

    An operator that is not known here counts as a condition that does not hold.
    """
    context = {
        "aws:sourcearn": alarm_arn,
        "aws:sourceaccount": ACCOUNT_ID,
        "aws:sourceowner": ACCOUNT_ID,
        "aws:securetransport": "true",
    }
    effects = {
        statement["Effect"]
        for statement in _list(policy.get("Statement"))
        if _applies(statement, topic_arn) and _holds(statement.get("Condition", {}), context)
    }
    return effects == {"Allow"}


def _applies(statement: Mapping[str, Any], topic_arn: str) -> bool:
    return (
        _is_cloudwatch(statement.get("Principal"))
        and any(_like(each, _ACTION, re.I) for each in _list(statement.get("Action")))
        and any(_like(each, topic_arn) for each in _list(statement.get("Resource")))
    )


def _is_cloudwatch(principal: Any) -> bool:
    if not isinstance(principal, Mapping):
        return bool(principal == "*")
    return "*" in _list(principal.get("AWS")) or _SERVICE in _list(principal.get("Service"))


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    return all(
        _matches(operator, wanted, context.get(key.lower()))
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def _matches(operator: str, wanted: Any, value: str | None) -> bool:
    name = operator.removesuffix("IfExists")
    if value is None:
        # What a key must not be, one that is absent is not.
        return name != operator or name in _NEGATED
    if name in _NEGATED:
        return not _matches(_NEGATED[name], wanted, value)
    match name:
        case "ArnEquals" | "ArnLike" | "StringLike":
            return any(_like(each, value) for each in _list(wanted))
        case "StringEquals":
            return value in _list(wanted)
        case "Bool":
            return value in [str(each).lower() for each in _list(wanted)]
    return False


def _like(pattern: str, text: str, flags: int = 0) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, text, flags) is not None


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return (
        list(value)
        if isinstance(value, Iterable) and not isinstance(value, str | Mapping)
        else [value]
    )
