"""A deploy of the code alone: what it refuses."""

from __future__ import annotations

from tasktracker_ops.workflows.deploy_code import require_same_configuration
from tests.errors import raises

APPLIED = {"terraform/api.tf": "1", "terraform/iam.tf": "2", "var.api_auth": "3"}


def test_a_changed_configuration_is_named() -> None:
    """Files and variables that were changed, added or removed since the last deploy."""
    now = {"terraform/api.tf": "9", "var.api_auth": "3", "var.lambda_memory_size": "4"}
    with raises("configuration-changed") as caught:
        require_same_configuration(now, APPLIED)
    assert "'terraform/api.tf' has changed" in caught.value.message
    assert "'terraform/iam.tf' was removed" in caught.value.message
    assert "'var.lambda_memory_size' is new" in caught.value.message
    assert "api_auth" not in caught.value.message
    assert caught.value.hint.endswith(": tt-ops deploy")


def test_an_unknown_configuration_is_refused() -> None:
    """As of a deployment made by a tt-ops that did not record it."""
    require_same_configuration(APPLIED, APPLIED)
    with raises("configuration-changed", match="no record"):
        require_same_configuration(APPLIED, None)
