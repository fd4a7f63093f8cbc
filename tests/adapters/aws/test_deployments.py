"""Reading the deployment's description of itself."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from botocore.stub import Stubber

from tasktracker_ops.adapters.aws.deployments import Deployments, api_address
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.environments import Environment
from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.aws_environment import AwsEnvironment
from tasktracker_ops.models.deployment import Deployment

DESCRIPTION = {
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
AWS_URL = DESCRIPTION["api_url"]
REQUEST = {"Name": "/task-tracker/deployment"}


def failure(session: AwsSession) -> TtOpsError:
    """Return the error of reading the description."""
    with pytest.raises(TtOpsError) as caught:
        Deployments(session, Environment()).get()
    return caught.value


@pytest.fixture
def ssm(stub: Callable[[str], Stubber]) -> Stubber:
    """The stub of Systems Manager."""
    return stub("ssm")


def test_description_is_one_parameter(session: AwsSession, ssm: Stubber) -> None:
    """Unknown members of a newer deployment are ignored."""
    text = json.dumps({**DESCRIPTION, "added_later": True})
    ssm.add_response("get_parameter", {"Parameter": {"Value": text}}, REQUEST)
    deployment = Deployments(session, Environment()).get()
    assert deployment.api_id == "abc"
    assert deployment.alarm_names == ("LambdaErrorAlarm", "LambdaDurationAlarm")


def test_missing_deployment_is_an_error(session: AwsSession, ssm: Stubber) -> None:
    """The message names the region, which is often the wrong one."""
    ssm.add_client_error("get_parameter", "ParameterNotFound")
    error = failure(session)
    assert error.code == "not-deployed"
    assert "eu-west-3" in error.message
    assert error.hint.endswith(": tt-ops deploy")


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("no JSON", "'no JSON'"),
        ("[1]", "'[1]'"),
        ("null", "'null'"),
        ("{}", "'schema' is missing"),
        ('{"schema": 1}', "'region' is missing"),
        ('{"schema": 2, "renamed": "x"}', "schema 2, this tt-ops reads 1"),
        (json.dumps({**DESCRIPTION, "alarm_names": None}), "schema"),
    ],
)
def test_invalid_description_is_quoted(
    session: AwsSession, ssm: Stubber, value: str, quoted: str
) -> None:
    """Another schema is reported before missing keys."""
    ssm.add_response("get_parameter", {"Parameter": {"Value": value}})
    error = failure(session)
    assert error.code == "deployment-unreadable"
    assert quoted in error.message


def test_denied_parameter_is_an_error(session: AwsSession, ssm: Stubber) -> None:
    """It is not taken for a missing deployment."""
    ssm.add_client_error("get_parameter", "AccessDeniedException", "User: x …", 400)
    error = failure(session)
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
def test_api_address_of_aws_is_refused_behind_another_endpoint(
    url: str, endpoint: str | None, served: bool
) -> None:
    """It may belong to another account."""
    deployment = Deployment.from_json({**DESCRIPTION, "api_url": url})
    environment = AwsEnvironment(region="eu-west-3", endpoint_url=endpoint)
    if served:
        assert api_address(deployment, environment) == url
        return
    with pytest.raises(ConfigurationError) as caught:
        api_address(deployment, environment)
    assert caught.value.code == "api-not-served"
