"""Evaluate IAM policies with the elements that this project uses, since moto evaluates none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

Policy = Mapping[str, Any]
Context = Mapping[str, str | list[str]]

_FOR_ALL = "ForAllValues:StringEquals"


def listed(value: str | list[str]) -> list[str]:
    """Return the values of an element, which may hold one or many."""
    return [value] if isinstance(value, str) else value


def granted(
    policies: Iterable[Policy], action: str, resource: str, context: Context | None = None
) -> bool:
    """Return whether a statement allows the action on the resource; none of ours denies.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    return any(
        any(fnmatchcase(action.lower(), each.lower()) for each in listed(statement["Action"]))
        and any(fnmatchcase(resource, each) for each in listed(statement.get("Resource", "*")))
        and _fulfilled(statement.get("Condition", {}), context or {})
        for policy in policies
        for statement in _allowing(policy)
    )


def actions(policies: Iterable[Policy]) -> set[str]:
    """Return every action that a statement allows."""
    return {
        action
        for policy in policies
        for statement in _allowing(policy)
        for action in listed(statement["Action"])
    }


def _allowing(policy: Policy) -> list[Mapping[str, Any]]:
    assert all(statement["Effect"] == "Allow" for statement in policy["Statement"])
    return list(policy["Statement"])


def _fulfilled(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Return whether each key of the context has only values of the condition.

    ForAllValues also accepts a key that is absent.
    """
    assert set(conditions) <= {"StringEquals", _FOR_ALL}, conditions
    for operator, keys in conditions.items():
        for key, values in keys.items():
            present = set(listed(context.get(key, [])))
            if not (present or operator == _FOR_ALL) or not present <= set(listed(values)):
                return False
    return True
