"""The alias: its version, its state, and moving it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.functions import Functions
from tasktracker_ops.adapters.aws.session import AwsError, AwsNotFound, AwsSession
from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.release import Routing
from tasktracker_ops.models.status import FunctionState

ALIAS = {"FunctionName": "tracker", "Name": "live"}


@pytest.fixture
def functions(session: AwsSession) -> Functions:
    """The function `tracker`."""
    return Functions(session, "tracker")


@pytest.fixture
def aws(stub: Callable[[str], Stubber]) -> Stubber:
    """The stub of Lambda."""
    return stub("lambda")


def test_routing_is_that_of_the_alias(functions: Functions, aws: Stubber) -> None:
    """A version is a number in a string; another one may have a share of the requests."""
    weights = {"AdditionalVersionWeights": {"8": 0.1}}
    answer = {"FunctionVersion": "7", "RoutingConfig": weights, "RevisionId": "r"}
    aws.add_response("get_alias", answer, ALIAS)
    assert functions.routing() == Routing("7", "8", 0.1, "r")


def test_there_is_no_routing_before_the_first_deploy(functions: Functions, aws: Stubber) -> None:
    """Lambda answers the same for a missing function and a missing alias."""
    aws.add_client_error("get_alias", "ResourceNotFoundException", "not found", 404)
    assert functions.routing() is None


@pytest.mark.parametrize(
    ("aws_code", "kind"),
    [("AccessDeniedException", ConfigurationError), ("ServiceException", AwsError)],
)
def test_denied_alias_is_an_error(
    functions: Functions, aws: Stubber, aws_code: str, kind: type[Exception]
) -> None:
    """It is not taken for a missing alias, since a rollback needs the version."""
    aws.add_client_error("get_alias", aws_code, "no", 403)
    with pytest.raises(kind, match="alias 'live' of 'tracker'"):
        functions.routing()


def test_a_share_of_the_requests_leaves_the_others(functions: Functions, aws: Stubber) -> None:
    """The version of the alias stays; the revision guards the change."""
    request = {
        **ALIAS,
        "FunctionVersion": "5",
        "RoutingConfig": {"AdditionalVersionWeights": {"6": 0.1}},
        "RevisionId": "r1",
    }
    answer = {
        "FunctionVersion": "5",
        "RoutingConfig": {"AdditionalVersionWeights": {"6": 0.1}},
        "RevisionId": "r2",
    }
    aws.add_response("update_alias", answer, request)
    assert functions.split("6", 0.1, instead_of=BEFORE) == Routing("5", "6", 0.1, "r2")


BEFORE = Routing("5", None, 0.0, "r1")
MOVE = {
    **ALIAS,
    "FunctionVersion": "6",
    "RoutingConfig": {"AdditionalVersionWeights": {}},
    "RevisionId": "r1",
}


def test_alias_is_moved_in_one_call(functions: Functions, aws: Stubber) -> None:
    """No share of the requests stays with another version."""
    aws.add_response("update_alias", {"FunctionVersion": "6"}, MOVE)
    assert functions.shift("6", instead_of=BEFORE).version == "6"


@pytest.mark.parametrize("found", ["6", "4"])
def test_alias_that_has_changed_is_not_moved(
    functions: Functions, aws: Stubber, found: str
) -> None:
    """Unless it is as wanted: the answer to our own call was lost."""
    aws.add_client_error("update_alias", "PreconditionFailedException", "stale", 412)
    aws.add_response("get_alias", {"FunctionVersion": found, "RevisionId": "r2"}, ALIAS)
    if found == "6":
        assert functions.shift("6", instead_of=BEFORE).revision_id == "r2"
        return
    with pytest.raises(TtOpsError) as caught:
        functions.shift("6", instead_of=BEFORE)
    assert caught.value.code == "alias-changed"


def test_move_to_a_missing_version_is_an_error(functions: Functions, aws: Stubber) -> None:
    """The message names alias and version."""
    aws.add_client_error("update_alias", "ResourceNotFoundException", "no version", 404)
    with pytest.raises(AwsError, match="'live' of 'tracker' to version 6"):
        functions.shift("6", instead_of=BEFORE)


def test_state_is_that_of_the_aliass_version(functions: Functions, aws: Stubber) -> None:
    """One call reads all of it."""
    aws.add_response(
        "get_function_configuration",
        {
            "Version": "7",
            "Runtime": "python3.12",
            "State": "Active",
            "LastModified": "2026-01-02T03:04:05.678+0000",
        },
        {"FunctionName": "tracker", "Qualifier": "blue"},
    )
    assert functions.state("blue") == FunctionState(
        "tracker", "blue", "7", "python3.12", "Active", "2026-01-02T03:04:05.678Z"
    )


def test_missing_function_has_no_state(functions: Functions, aws: Stubber) -> None:
    """Neither has a missing alias."""
    aws.add_client_error(
        "get_function_configuration", "ResourceNotFoundException", "not found", 404
    )
    with pytest.raises(AwsNotFound, match="alias 'live' of the function 'tracker'"):
        functions.state("live")


def test_a_version_has_its_code_and_settings(functions: Functions, aws: Stubber) -> None:
    """What every version has of its own is no setting; an older AWS gives no ConfigSha256."""
    answer = {
        "Version": "7",
        "CodeSha256": "abc=",
        "MemorySize": 128,
        "LastModified": "2026-01-01T00:00:00.000+0000",
        "State": "Active",
    }
    query = {"FunctionName": "tracker", "Qualifier": "live"}
    aws.add_response("get_function_configuration", answer, query)
    version = functions.version("live")
    assert (version.version, version.code_sha256, version.config_sha256) == ("7", "abc=", None)
    assert version.settings == {"MemorySize": 128}


def test_uploaded_code_can_be_published(functions: Functions, aws: Stubber) -> None:
    """Lambda has carried out the upload by then."""
    started, done = {"LastUpdateStatus": "InProgress"}, {"LastUpdateStatus": "Successful"}
    query = {"FunctionName": "tracker", "Qualifier": "$LATEST"}
    upload = {"FunctionName": "tracker", "ZipFile": b"zip"}
    aws.add_response("update_function_code", started, upload)
    for status in (started, done):
        aws.add_response("get_function_configuration", status, query)
    functions.upload(b"zip")
    place = {"FunctionName": "tracker", "S3Bucket": "state", "S3Key": "function.zip"}
    aws.add_response("update_function_code", done, place)
    functions.upload_from("state", "function.zip")


def test_published_version_can_run(functions: Functions, aws: Stubber) -> None:
    """Lambda publishes nothing where the code is another one."""
    publish = {"FunctionName": "tracker", "CodeSha256": "sha=", "Description": "commit=1"}
    aws.add_response("publish_version", {"Version": "8", "State": "Pending"}, publish)
    query = {"FunctionName": "tracker", "Qualifier": "8"}
    aws.add_response("get_function_configuration", {"State": "Active"}, query)
    assert functions.publish("sha=", "commit=1") == "8"


def test_code_that_lambda_cannot_run_is_an_error(functions: Functions, aws: Stubber) -> None:
    """The error has Lambda's reason."""
    answer = {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "the role is gone"}
    aws.add_response("update_function_code", {"LastUpdateStatus": "InProgress"})
    aws.add_response("get_function_configuration", answer)
    with pytest.raises(TtOpsError, match="the role is gone") as caught:
        functions.upload(b"zip")
    assert caught.value.code == "function-update-failed"


def test_versions_are_those_of_all_pages(functions: Functions, aws: Stubber) -> None:
    """The newest first, without `$LATEST`; Lambda lists fifty at a time."""

    def version(number: str) -> dict[str, str]:
        return {
            "Version": number,
            "CodeSha256": "qxI=",
            "LastModified": "2026-01-02T03:04:05.678+0000",
        }

    first = {"Versions": [version("$LATEST"), version("7")], "NextMarker": "more"}
    aws.add_response("list_versions_by_function", first, {"FunctionName": "tracker"})
    expected = {"FunctionName": "tracker", "Marker": "more"}
    aws.add_response("list_versions_by_function", {"Versions": [version("10")]}, expected)
    newest, oldest = functions.versions()
    assert (newest.release, oldest.release) == (10, 7)
    assert (newest.sha256, newest.at) == ("ab12", "2026-01-02T03:04:05.678Z")


@pytest.mark.parametrize(
    ("code", "gone"), [("ResourceNotFoundException", True), ("ResourceConflictException", False)]
)
def test_a_version_that_an_alias_names_is_not_deleted(
    functions: Functions, aws: Stubber, code: str, gone: bool
) -> None:
    """One that is gone already is no error either."""
    aws.add_client_error(
        "delete_function", code, expected_params={"FunctionName": "tracker", "Qualifier": "7"}
    )
    assert functions.delete_version(7) == gone
