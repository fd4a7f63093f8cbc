"""The evaluator of expressions agrees with GitHub's documentation, and guesses nothing."""

from __future__ import annotations

from typing import Any

import pytest

from .expressions import Context, Open, UnknownExpression, evaluate, holds, interpolate

CONTEXTS = {
    "vars": Open(REGION="eu-central-1"),
    "github": Context(ref="refs/heads/main", event=Open()),
}
FUNCTIONS = {"success": lambda: True, "failure": lambda: False}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("vars.REGION || 'eu-west-3'", "eu-central-1"),
        ("vars.NOTHING || 'eu-west-3'", "eu-west-3"),
        ("vars.NOTHING == ''", True),
        ("vars.NOTHING != ''", False),
        ("vars.REGION != '' && github.ref == 'refs/heads/main'", True),
        ("github.event.pull_request.head.repo.full_name == 'a && b'", False),
        ("!failure() && github.ref", "refs/heads/main"),
    ],
)
def test_operators_return_what_githubs_return(text: str, value: Any) -> None:
    """What is unset equals the empty string; `&&` and `||` return an operand."""
    assert evaluate(text, CONTEXTS, FUNCTIONS) == value


@pytest.mark.parametrize(
    "text", ["github.reff", "env.A", "fromJSON('1')", "vars.A ||", "(vars.A", "vars.A ? 1"]
)
def test_unknown_names_and_broken_expressions_are_errors(text: str) -> None:
    """A misspelt context, an unknown function and a broken expression raise."""
    with pytest.raises(UnknownExpression):
        evaluate(text, CONTEXTS, FUNCTIONS)


def test_templates_are_interpolated() -> None:
    """What is unset becomes the empty text."""
    text = "a-${{ vars.REGION }}-${{ vars.NOTHING }}-z"
    assert interpolate(text, CONTEXTS, FUNCTIONS) == "a-eu-central-1--z"


def test_condition_implies_success() -> None:
    """After a failure only a condition with a status function can hold."""
    failed = {"success": lambda: False, "failure": lambda: True}
    assert holds("vars.REGION != ''", CONTEXTS, FUNCTIONS)
    assert not holds("vars.REGION != ''", CONTEXTS, failed)
    assert holds("${{ failure() }}", CONTEXTS, failed)
