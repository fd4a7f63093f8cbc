"""The alias: its version, its state, and moving it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.functions import Functions
from tasktracker_ops.adapters.aws.session import AwsError, AwsNotFound, AwsSession
from tasktracker_ops.errors import ConfigurationError
from tasktracker_ops.models.status import FunctionState

ALIAS = {"FunctionName": "tracker", "Name": "live"}


@pytest.fixture
def functions(session: AwsSession) -> Functions:
    """The function `tracker`."""
    return Functions(session, "tracker")


def test_live_version_is_that_of_the_alias(
    functions: Functions, stub: Callable[[str], Stubber]
) -> None:
    """It is a number in a string."""
    stub("lambda").add_response("get_alias", {"FunctionVersion": "7"}, ALIAS)
    assert functions.live_version() == "7"


def test_there_is_no_live_version_before_the_first_deploy(
    functions: Functions, stub: Callable[[str], Stubber]
) -> None:
    """Lambda answers the same for a missing function and a missing alias."""
    stub("lambda").add_client_error("get_alias", "ResourceNotFoundException", "not found", 404)
    assert functions.live_version() is None


@pytest.mark.parametrize(
    ("aws_code", "kind"),
    [("AccessDeniedException", ConfigurationError), ("ServiceException", AwsError)],
)
def test_denied_alias_is_an_error(
    functions: Functions, stub: Callable[[str], Stubber], aws_code: str, kind: type[Exception]
) -> None:
    """It is not taken for a missing alias, since a rollback needs the version."""
    stub("lambda").add_client_error("get_alias", aws_code, "no", 403)
    with pytest.raises(kind, match="alias 'live' of 'tracker'"):
        functions.live_version()


def test_alias_is_moved_in_one_call(functions: Functions, stub: Callable[[str], Stubber]) -> None:
    """It then has the given version."""
    stub("lambda").add_response("update_alias", {}, {**ALIAS, "FunctionVersion": "6"})
    functions.move_alias("6")


def test_move_to_a_missing_version_is_an_error(
    functions: Functions, stub: Callable[[str], Stubber]
) -> None:
    """The message names alias and version."""
    stub("lambda").add_client_error("update_alias", "ResourceNotFoundException", "no version", 404)
    with pytest.raises(AwsError, match="'live' of 'tracker' to version 6"):
        functions.move_alias("6")


def test_state_is_that_of_the_aliass_version(
    functions: Functions, stub: Callable[[str], Stubber]
) -> None:
    """One call reads all of it."""
    stub("lambda").add_response(
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


def test_missing_function_has_no_state(
    functions: Functions, stub: Callable[[str], Stubber]
) -> None:
    """Neither has a missing alias."""
    stub("lambda").add_client_error(
        "get_function_configuration", "ResourceNotFoundException", "not found", 404
    )
    with pytest.raises(AwsNotFound, match="alias 'live' of the function 'tracker'"):
        functions.state("live")


def test_a_version_has_its_code_and_settings(
    functions: Functions, stub: Callable[[str], Stubber]
) -> None:
    """What every version has of its own is no setting; an older AWS gives no ConfigSha256."""
    answer = {
        "Version": "7",
        "CodeSha256": "abc=",
        "MemorySize": 128,
        "LastModified": "2026-01-01T00:00:00.000+0000",
        "State": "Active",
    }
    query = {"FunctionName": "tracker", "Qualifier": "live"}
    stub("lambda").add_response("get_function_configuration", answer, query)
    version = functions.version("live")
    assert (version.version, version.code_sha256, version.config_sha256) == ("7", "abc=", None)
    assert version.settings == {"MemorySize": 128}


def test_published_code_can_run(functions: Functions, stub: Callable[[str], Stubber]) -> None:
    """Its version is active before anything points to it."""
    upload = {"FunctionName": "tracker", "ZipFile": b"zip", "Publish": True}
    stub("lambda").add_response("update_function_code", {"Version": "8"}, upload)
    query = {"FunctionName": "tracker", "Qualifier": "8"}
    stub("lambda").add_response("get_function_configuration", {"State": "Active"}, query)
    assert functions.publish(b"zip") == "8"
