"""The evaluator of expressions agrees with GitHub's documentation, and guesses nothing."""

from __future__ import annotations

from typing import Any

import pytest

from .expressions import Open, UnknownExpression, evaluate, holds, interpolate

CONTEXTS = {
    "vars": Open(REGION="eu-central-1"),
    "github": {"ref": "refs/heads/main", "event": Open(pull_request=None)},
}
FUNCTIONS = {"success": lambda: True, "failure": lambda: False}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("vars.REGION || 'eu-west-3'", "eu-central-1"),
        ("vars.NOTHING || 'eu-west-3'", "eu-west-3"),
        ("vars.NOTHING == ''", True),
        ("vars.NOTHING != ''", False),
        ("github.ref == 'REFS/heads/main'", True),
        ("github.event.pull_request.head.repo == null", True),
        ("'it''s' && true || 'no'", True),
        ("!(1 == 2) && github.ref", "refs/heads/main"),
        ("'1' == 1", True),
        ("'one' == 1", False),
    ],
)
def test_expressions_have_githubs_values(text: str, value: Any) -> None:
    """What is unset is null, null equals the empty string, and strings compare without case."""
    assert evaluate(text, CONTEXTS, FUNCTIONS) == value


@pytest.mark.parametrize(
    "text",
    ["github.reff", "env.A", "fromJSON('1')", "vars.A ||", "(vars.A", "vars.A ? 1", "vars[0]"],
)
def test_what_is_unknown_is_an_error(text: str) -> None:
    """A misspelt context, an unknown function and a broken expression raise."""
    with pytest.raises(UnknownExpression):
        evaluate(text, CONTEXTS, FUNCTIONS)


def test_texts_are_interpolated() -> None:
    """Null becomes the empty text, a number loses its zero decimals."""
    text = "a-${{ vars.REGION }}-${{ vars.NOTHING }}-${{ 3 }}-${{ true }}"
    assert interpolate(text, CONTEXTS, FUNCTIONS) == "a-eu-central-1--3-true"


def test_a_condition_implies_success() -> None:
    """After a failure only a condition with a status function can hold."""
    failed = {"success": lambda: False, "failure": lambda: True}
    assert holds("vars.REGION != ''", CONTEXTS, FUNCTIONS)
    assert not holds("vars.REGION != ''", CONTEXTS, failed)
    assert holds("${{ failure() }}", CONTEXTS, failed)
