"""Evaluate IAM policies with the elements that this project uses, since moto evaluates none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

Policy = Mapping[str, Any]
Context = Mapping[str, str | list[str]]

_FOR_ALL = "ForAllValues:"
_OPERATORS = {"StringEquals", "StringLike"}


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
    for operator, keys in conditions.items():
        comparison = operator.removeprefix(_FOR_ALL)
        assert comparison in _OPERATORS, conditions
        for key, values in keys.items():
            present = listed(context.get(key, []))
            if not (present or operator != comparison):
                return False
            if not all(_matches(comparison, each, listed(values)) for each in present):
                return False
    return True


def _matches(comparison: str, text: str, values: list[str]) -> bool:
    like = comparison == "StringLike"
    return any(fnmatchcase(text, value) if like else text == value for value in values)
