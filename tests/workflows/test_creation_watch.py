"""A creation that got no answer: who ends it, and when."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.functions import Functions
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.models.plan import TerraformEvent
from tasktracker_ops.workflows.creation_watch import CreationWatch
from tests.errors import raises

ADDRESS = "aws_lambda_function.tracker"


@pytest.fixture
def lambda_(account: AwsSession) -> Iterator[Stubber]:
    """Answers of Lambda; all of them have to be used."""
    with Stubber(account.client("lambda")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def watch(account: AwsSession) -> CreationWatch:
    """Watch the creation of the function."""
    app: Any = SimpleNamespace(functions=Functions(account, "tracker"))
    return CreationWatch(app)


def progress(
    elapsed: int, *, address: str = ADDRESS, action: str = "create", kind: Any = "progress"
) -> TerraformEvent:
    """Return an event of a resource that takes time."""
    return TerraformEvent(kind, "", address, action, elapsed)


def test_a_function_that_exists_ends_its_own_creation(
    watch: CreationWatch, lambda_: Stubber
) -> None:
    """At its second sighting, since Terraform sees one that is just active before; not while it is
    being created, or does not exist."""
    name = {"FunctionName": "tracker"}
    lambda_.add_client_error("get_function_configuration", "ResourceNotFoundException")
    for state in ("Pending", "Active", "Active"):
        lambda_.add_response("get_function_configuration", {"State": state}, name)
    for elapsed in (20, 30, 40):
        watch(progress(elapsed))
    with raises("already-exists", match="'tracker' exists") as caught:
        watch(progress(50))
    assert caught.value.hint.endswith(": tt-ops deploy")


def test_a_look_that_fails_stops_nothing(watch: CreationWatch, lambda_: Stubber) -> None:
    """Such as without the permission to read the function."""
    for code in ("AccessDeniedException", "InternalFailure"):
        lambda_.add_client_error("get_function_configuration", code)
        watch(progress(60))


@pytest.mark.parametrize(
    "event",
    [
        progress(10),
        progress(300, address="aws_dynamodb_table.tasks"),
        progress(300, action="update"),
        progress(300, kind="complete"),
    ],
)
@pytest.mark.usefixtures("lambda_")
def test_nothing_else_is_looked_up(watch: CreationWatch, event: TerraformEvent) -> None:
    """An early event, another resource, another action: no request."""
    watch(event)
