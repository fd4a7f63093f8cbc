"""Reading the deployment's own description."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.deployments import Deployments, api_address
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.aws_environment import AwsEnvironment
from tasktracker_ops.models.deployment import Deployment

DESCRIBED = {
    "schema": 1,
    "region": "eu-west-3",
    "api_url": "https://abc.execute-api.eu-west-3.amazonaws.com",
    "api_id": "abc",
    "api_auth": "NONE",
    "function_name": "task-tracker-function",
    "function_alias": "live",
    "log_group": "/aws/lambda/task-tracker-function",
    "table_name": "TaskTable",
    "dashboard_name": "task-tracker-dashboard",
    "alarm_names": ["LambdaErrorAlarm", "LambdaDurationAlarm"],
    "topic_arn": "arn:aws:sns:eu-west-3:123456789012:task-tracker-alerts",
}
AWS_URL = DESCRIBED["api_url"]
ASKED = {"Name": "/task-tracker/deployment"}


def refusal(session: AwsSession) -> TtOpsError:
    """Read the description, which has to fail."""
    with pytest.raises(TtOpsError) as caught:
        Deployments(session).get()
    return caught.value


def test_the_description_is_one_parameter(
    session: AwsSession, stub: Callable[[str], Stubber]
) -> None:
    """A newer deployment may say more than this version reads."""
    text = json.dumps({**DESCRIBED, "added_later": True})
    stub("ssm").add_response("get_parameter", {"Parameter": {"Value": text}}, ASKED)
    deployment = Deployments(session).get()
    assert deployment.api_id == "abc"
    assert deployment.alarm_names == ("LambdaErrorAlarm", "LambdaDurationAlarm")


def test_nothing_deployed_names_the_region(
    session: AwsSession, stub: Callable[[str], Stubber]
) -> None:
    """Looking in the wrong region is the usual reason."""
    stub("ssm").add_client_error("get_parameter", "ParameterNotFound")
    error = refusal(session)
    assert error.code == "not-deployed"
    assert "eu-west-3" in error.message
    assert error.hint.endswith(": tt-ops deploy")


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("no JSON", "'no JSON'"),
        ("[1]", "'[1]'"),
        ("null", "'null'"),
        ("{}", "no 'schema'"),
        ('{"schema": 1}', "no 'region'"),
        ('{"schema": 2, "renamed": "x"}', "schema 2, and this tt-ops reads 1"),
        (json.dumps({**DESCRIBED, "alarm_names": None}), "schema"),
    ],
)
def test_what_cannot_be_read_is_quoted(
    session: AwsSession, stub: Callable[[str], Stubber], value: str, quoted: str
) -> None:
    """Another schema is told before the keys that it lacks."""
    stub("ssm").add_response("get_parameter", {"Parameter": {"Value": value}})
    error = refusal(session)
    assert error.code == "deployment-unreadable"
    assert quoted in error.message


def test_not_being_allowed_to_read_is_not_the_same_as_nothing(
    session: AwsSession, stub: Callable[[str], Stubber]
) -> None:
    """Nobody is told to deploy over what exists."""
    stub("ssm").add_client_error("get_parameter", "AccessDeniedException", "User: x …", 400)
    error = refusal(session)
    assert error.code == "aws-access-denied"
    assert "'/task-tracker/deployment' in eu-west-3" in error.message


@pytest.mark.parametrize(
    ("url", "endpoint", "served"),
    [
        (AWS_URL, None, True),
        (AWS_URL, "https://vpce-1.ssm.eu-west-3.vpce.amazonaws.com", True),
        (AWS_URL, "http://127.0.0.1:4566", False),
        ("https://a.execute-api.cn-north-1.amazonaws.com.cn", "http://127.0.0.1:4566", False),
        ("http://a.execute-api.localhost:4566", "http://127.0.0.1:4566", True),
        ("https://tasks.example.com", "http://127.0.0.1:4566", True),
    ],
)
def test_an_address_of_aws_is_not_that_of_an_emulators_api(
    url: str, endpoint: str | None, served: bool
) -> None:
    """Behind another endpoint it belongs to somebody else."""
    deployment = Deployment.from_json({**DESCRIBED, "api_url": url})
    environment = AwsEnvironment(region="eu-west-3", endpoint_url=endpoint)
    if served:
        assert api_address(deployment, environment) == url
        return
    with pytest.raises(ConfigurationError) as caught:
        api_address(deployment, environment)
    assert caught.value.code == "api-not-served"
