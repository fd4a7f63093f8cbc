"""What exists in AWS, found by exact name and tag, and what is refused because it is not ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tasktracker_ops.adapters.aws.inventory import Inventory
from tasktracker_ops.adapters.aws.session import AwsSession
from tasktracker_ops.adapters.aws.tags import ResourceTags
from tasktracker_ops.environments import Environment
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.aws_environment import AwsEnvironment
from tests.alarm import DEFINITION

NAME = "tracker"
TOPIC = "arn:aws:sns:eu-west-3:123456789012:task-tracker-alerts"
DEFAULT = Environment()
PAIRS = [{"Key": key, "Value": value} for key, value in DEFAULT.tags.items()]
OTHERS = [{"Key": "Project", "Value": "other"}, {"Key": "ManagedBy", "Value": "tt-ops"}]

Tags = list[dict[str, str]]


class Account:
    """An account of moto, and what makes resources in it."""

    def __init__(self, endpoint: str) -> None:
        self.session = AwsSession(
            AwsEnvironment(
                region="eu-west-3",
                endpoint_url=endpoint,
                access_key_id="a",
                secret_access_key="b",
                sealed=True,
            )
        )
        self.client = self.session.client

    def find(self, address: str, **options: Any) -> Any:
        """Return what the inventory has for an address."""
        return self.inventory(**options).find(address)

    def inventory(
        self, *, described_api: str | None = None, alert_email: str | None = None
    ) -> Inventory:
        """Return the inventory of a deployment with short names."""
        return Inventory(
            self.session,
            DEFAULT,
            function=NAME,
            table="Tasks",
            alert_email=alert_email,
            described_api=described_api,
        )

    def role(self, tags: Tags) -> Any:
        """Make the function's role."""
        return self.client("iam").create_role(
            RoleName=NAME,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}),
            Tags=tags,
        )

    def table(self, tags: Tags) -> Any:
        """Make the table of tasks."""
        return self.client("dynamodb").create_table(
            TableName="Tasks",
            KeySchema=[{"AttributeName": "task_id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "task_id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=tags,
        )

    def log_group(self, tags: Tags) -> Any:
        """Make the function's log group."""
        pairs = {tag["Key"]: tag["Value"] for tag in tags}
        return self.client("logs").create_log_group(logGroupName=f"/aws/lambda/{NAME}", tags=pairs)

    def topic(self, tags: Tags) -> Any:
        """Make the alarms' topic."""
        return self.client("sns").create_topic(Name="task-tracker-alerts", Tags=tags)

    def alarm(self, tags: Tags) -> Any:
        """Make an alarm."""
        return self.client("cloudwatch").put_metric_alarm(**DEFINITION, Tags=tags)

    def parameter(self, tags: Tags) -> Any:
        """Make the deployment's description."""
        return self.client("ssm").put_parameter(
            Name="/task-tracker/deployment", Value="{}", Type="String", Tags=tags
        )

    def function(self, tags: Tags) -> Any:
        """Make the function, and the role that it needs."""
        role = self.role(PAIRS)["Role"]["Arn"]
        return self.client("lambda").create_function(
            FunctionName=NAME,
            Role=role,
            Runtime="python3.12",
            Handler="handler.lambda_handler",
            Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
            Tags={tag["Key"]: tag["Value"] for tag in tags},
        )

    def api(self, *route_keys: str, tags: Tags = PAIRS) -> str:
        """Make an API with these routes; return its id."""
        client = self.client("apigatewayv2")
        api_id: str = client.create_api(
            Name=NAME, ProtocolType="HTTP", Tags={tag["Key"]: tag["Value"] for tag in tags}
        )["ApiId"]
        for key in route_keys:
            client.create_route(ApiId=api_id, RouteKey=key)
        return api_id

    def dashboard(self, function: str, region: str = "eu-west-3") -> Any:
        """Make the dashboard with a metric of `function`."""
        metric = ["AWS/Lambda", "Errors", "FunctionName", function, {"stat": "Sum"}]
        widget = {"type": "metric", "properties": {"region": region, "metrics": [metric]}}
        return self.client("cloudwatch").put_dashboard(
            DashboardName="task-tracker-dashboard",
            DashboardBody=json.dumps({"widgets": [widget]}),
        )


@pytest.fixture(scope="module")
def _account(endpoint: str) -> Account:
    return Account(endpoint)


@pytest.fixture
def account(_account: Account) -> Account:
    """Return an empty account."""
    url = f"{_account.session.environment.endpoint_url}/moto-api/reset"
    requests.post(url, timeout=10).raise_for_status()
    return _account


SERVICES: list[tuple[Callable[[Account, Tags], Any], str, str, str]] = [
    (Account.role, "aws_iam_role.function", NAME, "aws iam tag-role"),
    (Account.table, "aws_dynamodb_table.tasks", "Tasks", "aws dynamodb tag-resource"),
    (
        Account.log_group,
        "aws_cloudwatch_log_group.function",
        f"/aws/lambda/{NAME}",
        "aws logs tag-resource",
    ),
    (Account.function, "aws_lambda_function.tracker", NAME, "aws lambda tag-resource"),
    (Account.topic, "aws_sns_topic.alerts", TOPIC, "aws sns tag-resource"),
    (
        Account.alarm,
        "aws_cloudwatch_metric_alarm.errors",
        "LambdaErrorAlarm",
        "aws cloudwatch tag-resource",
    ),
    (
        Account.parameter,
        "aws_ssm_parameter.deployment",
        "/task-tracker/deployment",
        "aws ssm add-tags-to-resource",
    ),
]
NAMES = [address for _, address, _, _ in SERVICES]


@pytest.mark.parametrize(("make", "address", "aws_id", "command"), SERVICES, ids=NAMES)
@pytest.mark.parametrize(
    ("tags", "reason"),
    [(PAIRS, None), ([], "it lacks our tags"), (OTHERS, "its tag Project is 'other'")],
)
def test_a_resource_is_ours_by_its_name_and_tags(
    account: Account,
    make: Callable[[Account, Tags], Any],
    address: str,
    aws_id: str,
    command: str,
    tags: Tags,
    reason: str | None,
) -> None:
    """Else the error names it, says why it is not ours, and how to tag it."""
    assert account.find(address) is None
    make(account, tags)
    if reason is None:
        found = account.find(address)
        expected = (address, aws_id, "it has our name and our tags")
        assert (found.address, found.id, found.reason) == expected
        return
    with pytest.raises(TtOpsError) as caught:
        account.find(address)
    assert caught.value.code == "foreign-resource"
    assert f"{aws_id!r} exists already and is not ours: {reason}" in caught.value.message
    assert f": {command} " in caught.value.hint


def test_a_longer_name_is_not_ours(account: Account) -> None:
    """CloudWatch Logs searches by prefix; only the exact name counts."""
    account.client("logs").create_log_group(logGroupName=f"/aws/lambda/{NAME}-2")
    assert account.find("aws_cloudwatch_log_group.function") is None


@pytest.mark.parametrize(
    ("function", "region"), [("other", "eu-west-3"), (NAME, "us-east-1"), ("tracker2", "eu-west-3")]
)
def test_a_dashboard_of_another_function_is_refused(
    account: Account, function: str, region: str
) -> None:
    """Dashboards have no tags and are the same in all regions: it must show our function, here."""
    account.dashboard(function, region)
    with pytest.raises(TtOpsError, match="shows no metric of the function 'tracker' in eu-west-3"):
        account.find("aws_cloudwatch_dashboard.tracker")
    account.dashboard(NAME)
    assert account.find("aws_cloudwatch_dashboard.tracker").id == "task-tracker-dashboard"


def test_the_role_of_another_region_is_refused(account: Account) -> None:
    """Roles are the same in all regions; its policy says for which table it is."""
    account.role(PAIRS)
    assert account.find("aws_iam_role_policy.function") is None
    statement = {"Effect": "Allow", "Action": "dynamodb:GetItem"}
    for region in ("eu-west-3", "us-east-1"):
        statement["Resource"] = f"arn:aws:dynamodb:{region}:123456789012:table/Tasks"
        account.client("iam").put_role_policy(
            RoleName=NAME,
            PolicyName="tasks-and-logs",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        if region == "eu-west-3":
            found = account.find("aws_iam_role_policy.function")
            assert found.id == "tracker:tasks-and-logs"
    with pytest.raises(TtOpsError, match="belongs to the deployment in us-east-1"):
        account.find("aws_iam_role.function")


def test_of_two_apis_the_described_one_is_chosen(account: Account) -> None:
    """Without a description it is the one with routes; an API without our tags never is."""
    account.api("$default", tags=[])
    first, second = account.api(), account.api("$default", "ANY /trigger-error")
    assert account.find("aws_apigatewayv2_api.tracker", described_api=first).id == first
    inventory = account.inventory(described_api="gone")
    assert inventory.find("aws_apigatewayv2_api.tracker").id == second  # type: ignore[union-attr]
    assert {
        address for address in inventory.addresses if address.startswith("aws_apigatewayv2_route")
    } == {"aws_apigatewayv2_route.default", 'aws_apigatewayv2_route.drill["trigger-error"]'}
    found = inventory.find('aws_apigatewayv2_route.drill["trigger-error"]')
    assert found is not None
    assert found.id.startswith(f"{second}/")


def test_only_a_confirmed_subscription_can_be_adopted(account: Account) -> None:
    """It is the one of the address that is set."""
    account.topic(PAIRS)
    account.client("sns").subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="a@example.com")
    address = "aws_sns_topic_subscription.email[0]"
    assert account.find(address) is None
    assert account.find(address, alert_email="b@example.com") is None
    assert account.find(address, alert_email="a@example.com").id.startswith(TOPIC)


def test_the_tagging_api_lists_what_has_our_tags(account: Account) -> None:
    """What it lists is confirmed by the resource's own service."""
    account.topic(PAIRS)
    account.alarm(OTHERS)
    tags = ResourceTags(account.session, DEFAULT)
    assert tags.find_ours() == (TOPIC,)
    assert tags.exists(TOPIC)
    account.client("sns").delete_topic(TopicArn=TOPIC)
    assert not tags.exists(TOPIC)
