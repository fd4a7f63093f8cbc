"""States and revisions of functions, versions and aliases, and what Lambda refuses by them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from tasktracker_ops.emulator.lambda_runtime import functions
from tasktracker_ops.emulator.lambda_runtime.lifecycle import Lifecycle
from tests.emulator.alarms_and_metrics import REGION, error_of
from tests.emulator.aws import Function, zipped

from .released import NEW, OLD
from .released import client as client
from .released import function as function

PENDING = (
    "ResourceConflictException: The operation cannot be performed at this time. "
    "The function is currently in the following state: Pending"
)


@contextmanager
def not_settled(function: Function, qualifier: str = "$LATEST") -> Iterator[None]:
    """Keep the last change of a function or version from ending."""
    found = functions.backend(REGION).get_function(function.name, qualifier)
    lifecycle = Lifecycle.of(found)
    lifecycle.settles_at = math.inf
    yield
    lifecycle.settles_at = 0


def changes(client: Any, function: Function, **more: Any) -> dict[str, Callable[[], Any]]:
    """Return the operations that change a function, each with `more` options."""
    name = {"FunctionName": function.name, **more}
    return {
        "code": lambda: client.update_function_code(ZipFile=zipped(NEW), **name),
        "configuration": lambda: client.update_function_configuration(MemorySize=512, **name),
        "publish": lambda: client.publish_version(**name),
    }


def test_a_created_function_is_pending_for_a_moment(client: Any, function: Function) -> None:
    """Meanwhile it is neither invoked nor changed; then it has another revision."""
    original = client.get_function_configuration(FunctionName=function.name)
    name = f"{function.name}-2"
    created = client.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=original["Role"],
        Handler="handler.lambda_handler",
        Code={"ZipFile": zipped(OLD)},
    )
    assert created["State"] == "Pending"
    assert created["StateReasonCode"] == "Creating"
    assert "LastUpdateStatus" not in created
    second = Function(function.aws, name)
    with not_settled(second):
        for change in (lambda: second.invoke({}), *changes(client, second).values()):
            assert error_of(change) == PENDING
    settled = client.get_function_configuration(FunctionName=name)
    assert (settled["State"], settled["LastUpdateStatus"]) == ("Active", "Successful")
    assert settled["RevisionId"] != created["RevisionId"]


@pytest.mark.parametrize("kind", ["code", "configuration"])
def test_an_update_is_in_progress_for_a_moment(client: Any, function: Function, kind: str) -> None:
    """Meanwhile the old code runs, and nothing else is changed; then there is a new revision."""
    updated = changes(client, function)[kind]()
    assert (updated["State"], updated["LastUpdateStatus"]) == ("Active", "InProgress")
    with not_settled(function):
        for change in changes(client, function).values():
            assert error_of(change).endswith(
                "An update is in progress for resource: " + updated["FunctionArn"]
            )
        assert function.invoke({})["Payload"] == "old"
    settled = client.get_function_configuration(FunctionName=function.name)
    assert settled["LastUpdateStatus"] == "Successful"
    assert settled["RevisionId"] != updated["RevisionId"]
    assert function.invoke({})["Payload"] == ("new" if kind == "code" else "old")


def test_a_version_that_is_published_with_new_code_is_pending(
    client: Any, function: Function
) -> None:
    """It cannot be invoked yet; its revision stays when it becomes active."""
    published = client.update_function_code(
        FunctionName=function.name, ZipFile=zipped(NEW), Publish=True
    )
    assert (published["Version"], published["State"]) == ("2", "Pending")
    with not_settled(function, "2"):
        assert error_of(lambda: function.invoke({}, Qualifier="2")) == PENDING
    active = client.get_function_configuration(FunctionName=function.name, Qualifier="2")
    assert (active["State"], active["RevisionId"]) == ("Active", published["RevisionId"])
    assert function.invoke({}, Qualifier="2")["Payload"] == "new"


def test_a_version_of_an_active_function_is_active_at_once(client: Any, function: Function) -> None:
    """Publishing it renews the revision of $LATEST."""
    name = {"FunctionName": function.name}
    client.update_function_code(ZipFile=zipped(NEW), **name)
    function.wait()
    before = client.get_function_configuration(**name)["RevisionId"]
    published = client.publish_version(**name, RevisionId=before, Description="second")
    assert (published["Version"], published["State"]) == ("2", "Active")
    assert client.get_function_configuration(**name)["RevisionId"] != before
    first, second = client.list_versions_by_function(**name)["Versions"][1:]
    assert (first["Description"], second["Description"]) == ("", "second")
    assert len({first["RevisionId"], second["RevisionId"], before}) == 3


@pytest.mark.parametrize("kind", ["code", "configuration", "publish"])
def test_a_stale_revision_changes_nothing(client: Any, function: Function, kind: str) -> None:
    """Status 412; the current revision is accepted."""
    before = client.get_function_configuration(FunctionName=function.name)
    error = error_of(changes(client, function, RevisionId="stale")[kind])
    assert error.startswith("PreconditionFailedException: The Revision Id provided does not match")
    after = client.get_function_configuration(FunctionName=function.name)
    del before["ResponseMetadata"], after["ResponseMetadata"]
    assert after == before
    changes(client, function, RevisionId=before["RevisionId"])[kind]()


def test_of_updates_with_one_revision_one_wins(client: Any, function: Function) -> None:
    """An alias that was moved by another does not move again."""
    name = {"FunctionName": function.name, "Name": "live"}
    revision = client.get_alias(**name)["RevisionId"]

    def move(number: int) -> int:
        try:
            client.update_alias(**name, Description=str(number), RevisionId=revision)
        except client.exceptions.PreconditionFailedException as error:
            return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
        return 200

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(move, range(8))) == [200] + [412] * 7
    assert client.get_alias(**name)["RevisionId"] != revision


def test_other_code_than_the_expected_is_not_published(client: Any, function: Function) -> None:
    """The error has both digests."""
    name = {"FunctionName": function.name}
    digest = client.get_function_configuration(**name)["CodeSha256"]
    error = error_of(lambda: client.publish_version(**name, CodeSha256="other"))
    assert error.startswith("InvalidParameterValueException: CodeSHA256 (other) is different from")
    assert digest in error
    assert client.publish_version(**name, CodeSha256=digest)["Version"] == "1"
