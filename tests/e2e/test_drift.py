"""What is changed by hand is found, and deployed away."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest

from .conftest import Aws, Clone

pytestmark = pytest.mark.soak
FUNCTION = "task-tracker-function"
TOPIC = "arn:aws:sns:eu-west-3:123456789012:task-tracker-alerts"
BY_HAND = "def lambda_handler(event, context):\n    return {'statusCode': 200, 'body': 'by hand'}\n"


@pytest.fixture(scope="module")
def deployed(prepared: Clone) -> Clone:
    """Deploy, and confirm the subscription, which changes what only AWS decides."""
    prepared.succeed("deploy", "--yes")
    prepared.succeed("local", "confirm")
    return prepared


def drift(clone: Clone, *arguments: str, code: int) -> Any:
    """Run `drift`, which has to exit with `code`; return the report."""
    result = clone.run("drift", *arguments, "--output", "json")
    assert result.returncode == code, result.stdout + result.stderr
    return json.loads(result.stdout)


def found(report: Any, of: str = "drift") -> dict[str, dict[str, Any]]:
    """Return code and attributes of what differs by its name."""
    return {
        each["name"]: {
            "code": each["code"],
            **{a["name"]: (a["before"], a["after"]) for a in each["attributes"]},
        }
        for each in report[of]
    }


def test_a_deployment_has_no_drift(deployed: Clone) -> None:
    """Neither has one whose subscription was confirmed since."""
    report = drift(deployed, code=0)
    assert report == {"drift": [], "fixed": [], "problems": []}
    assert "No drift" in deployed.succeed("drift")


def test_changes_by_hand_are_found_and_deployed_away(deployed: Clone, aws: Aws) -> None:
    """Settings, alarms, a subscription, and what no plan shows."""
    functions, cloudwatch = aws("lambda"), aws("cloudwatch")
    board = {"DashboardName": "task-tracker-dashboard"}
    body = json.loads(cloudwatch.get_dashboard(**board)["DashboardBody"])
    body["widgets"] = body["widgets"][:1]
    cloudwatch.put_dashboard(**board, DashboardBody=json.dumps(body))
    cloudwatch.disable_alarm_actions(AlarmNames=["LambdaErrorAlarm"])
    for each in aws("sns").list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]:
        aws("sns").unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as file:
        file.writestr("handler.py", BY_HAND)
    functions.update_function_configuration(FunctionName=FUNCTION, MemorySize=1024)
    functions.get_waiter("function_updated_v2").wait(FunctionName=FUNCTION)
    version = functions.update_function_code(
        FunctionName=FUNCTION, ZipFile=package.getvalue(), Publish=True
    )["Version"]
    functions.update_alias(FunctionName=FUNCTION, Name="live", FunctionVersion=version)
    statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws("iam").put_role_policy(RoleName=FUNCTION, PolicyName="by-hand", PolicyDocument=policy)
    rule = {"Expression": f"at({datetime.now(UTC):%Y-%m-%dT%H:%M})", "Duration": "PT4H"}
    cloudwatch.put_alarm_mute_rule(
        Name="freeze", Rule={"Schedule": rule}, MuteTargets={"AlarmNames": ["LambdaDurationAlarm"]}
    )

    before = found(drift(deployed, code=2))
    assert before["aws_cloudwatch_metric_alarm.errors"]["actions_enabled"] == ("true", "false")
    assert before["aws_lambda_function.tracker"] == {
        "code": "resource-changed",
        "memory_size": ("256", "1024"),
    }
    assert before["aws_sns_topic_subscription.email[0]"] == {"code": "resource-deleted"}
    assert before[f"{FUNCTION}:{version}"] == {"code": "release-unknown"}
    assert before["LambdaDurationAlarm"] == {"code": "alarm-muted"}
    assert before["by-hand"] == {"code": "policy-added"}
    assert before["aws_cloudwatch_dashboard.tracker"]["dashboard_body"] == (None, None)
    assert len(before) == 7, before

    fixed = drift(deployed, "--fix", "--yes", code=2)
    assert set(found(fixed)) == {"by-hand", "LambdaDurationAlarm"}
    assert set(found(fixed, "fixed")) == before.keys() - found(fixed).keys()
    added, muted = fixed["drift"]
    assert added["hint"].endswith(
        f"delete-role-policy --role-name {FUNCTION} --policy-name by-hand"
    )
    assert muted["hint"].endswith("delete-alarm-mute-rule --alarm-mute-rule-name freeze")
    aws("iam").delete_role_policy(RoleName=FUNCTION, PolicyName="by-hand")
    cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="freeze")
    assert drift(deployed, code=0)["drift"] == []
    deployed.succeed("tasks", "list")
    assert "No changes" in deployed.succeed("plan")
