"""What was made and is in no state: it is adopted, shown or removed, and never made twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.endpoint import BUCKET, KEY, LOCKS

if TYPE_CHECKING:
    from .conftest import Aws, Clone

# Some of it also in tests/faults, which `soak` has.
pytestmark = pytest.mark.extended

SUBSCRIPTION = "aws_sns_topic_subscription.email[0]"
TAGS = {"Project": "task-tracker", "ManagedBy": "tt-ops"}


@pytest.fixture(scope="module")
def deployed(prepared: Clone) -> Any:
    """Deploy, and add a task; return the deploy's result."""
    result = prepared.read("deploy", "--yes")
    prepared.succeed("tasks", "add", "keep me")
    return result


def _lose_state(aws: Aws) -> set[str]:
    """Delete the state with its versions, and its digest; return the addresses that it had."""
    s3 = aws("s3")
    content = json.loads(s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read())
    for version in s3.list_object_versions(Bucket=BUCKET, Prefix=KEY)["Versions"]:
        if version["Key"] == KEY:
            s3.delete_object(Bucket=BUCKET, Key=KEY, VersionId=version["VersionId"])
    aws("dynamodb").delete_item(TableName=LOCKS, Key={"LockID": {"S": f"{BUCKET}/{KEY}-md5"}})
    return {
        f"{block['type']}.{block['name']}"
        + (f"[{json.dumps(instance['index_key'])}]" if "index_key" in instance else "")
        for block in content["resources"]
        if block["mode"] == "managed"
        for instance in block["instances"]
    }


def _apis(aws: Aws) -> list[str]:
    return [api["ApiId"] for api in aws("apigatewayv2").get_apis()["Items"]]


def test_a_lost_state_is_adopted(prepared: Clone, deployed: Any, aws: Aws) -> None:
    """Only the pending subscription is added; the API and the tasks stay, and all is settled."""
    addresses = _lose_state(aws)
    listed = prepared.read("adopt")
    assert {each["address"] for each in listed["resources"]} == addresses - {SUBSCRIPTION}
    result = prepared.run("deploy", "--yes")
    assert result.returncode == 0, result.stderr
    for address in addresses - {SUBSCRIPTION}:
        assert f"adopting {address} (" in result.stderr
    assert [line for line in result.stderr.splitlines() if line.startswith("  + ")] == [
        f"  + create  {SUBSCRIPTION}"
    ]
    assert " 1 to add, " in result.stderr
    assert " 0 to destroy" in result.stderr
    api_id = prepared.read("outputs")["api_id"]
    assert api_id == deployed["deployment"]["api_id"]
    assert _apis(aws) == [api_id]
    assert [task["title"] for task in prepared.read("tasks", "list")] == ["keep me"]
    assert prepared.read("adopt") == {"resources": [], "problems": [], "removed_api": None}
    prepared.succeed("plan", "--detailed-exitcode")


def test_a_stray_api_is_shown_and_removed(prepared: Clone, deployed: Any, aws: Aws) -> None:
    """It is a problem with a command, which never removes the deployment's own API."""
    own = deployed["deployment"]["api_id"]
    gateway = aws("apigatewayv2")
    stray = gateway.create_api(Name="left over", ProtocolType="HTTP", Tags=TAGS)["ApiId"]
    gateway.create_route(ApiId=stray, RouteKey="$default")
    foreign = gateway.create_api(Name="task-tracker-function", ProtocolType="HTTP")["ApiId"]
    (problem,) = [p for p in prepared.read("status")["problems"] if p["code"] == "stray-api"]
    assert f"the API '{stray}'" in problem["message"]
    assert "anyone with its URL can call it" in problem["message"]
    assert problem["hint"].endswith(f"adopt --remove {stray}")
    for api_id, code in (
        (own, "api-in-use"),
        (foreign, "foreign-resource"),
        ("x", "api-not-found"),
    ):
        refused = prepared.run("adopt", "--remove", api_id, "--yes", "--output", "json")
        assert (refused.returncode, json.loads(refused.stderr)["error"]["code"]) == (1, code)
    unconfirmed = prepared.run("adopt", "--remove", stray)
    assert unconfirmed.returncode == 2
    assert prepared.read("adopt", "--remove", stray, "--yes")["removed_api"] == stray
    assert sorted(_apis(aws)) == sorted([own, foreign])
    gateway.delete_api(ApiId=foreign)


def test_an_api_that_died_behind_the_state_is_replaced_by_the_live_one(
    prepared: Clone, deployed: Any, aws: Aws
) -> None:
    """What the state has of the dead API is forgotten, and the live one is imported."""
    gateway = aws("apigatewayv2")
    gateway.delete_api(ApiId=_apis(aws)[0])
    live = gateway.create_api(Name="task-tracker-function", ProtocolType="HTTP", Tags=TAGS)["ApiId"]
    result = prepared.run("deploy", "--yes")
    assert result.returncode == 0, result.stderr
    assert f"adopting aws_apigatewayv2_api.tracker ({live})" in result.stderr
    assert _apis(aws) == [live]
    prepared.succeed("plan", "--detailed-exitcode")


def test_an_api_without_routes_is_removed_by_a_deploy(
    prepared: Clone, deployed: Any, aws: Aws
) -> None:
    """It comes from a creation that got no answer and was repeated; nobody can use it."""
    own = _apis(aws)
    unused = aws("apigatewayv2").create_api(
        Name="task-tracker-function", ProtocolType="HTTP", Tags=TAGS
    )["ApiId"]
    result = prepared.run("deploy", "--yes", TF_VAR_api_throttle_rate="60")
    assert result.returncode == 0, result.stderr
    assert f"removed the API '{unused}'" in result.stderr
    assert _apis(aws) == own


def test_destroy_removes_what_no_state_has(prepared: Clone, deployed: Any, aws: Aws) -> None:
    """It shows everything before it asks, and says that nothing is there when that is so."""
    stray = aws("apigatewayv2").create_api(Name="stray", ProtocolType="HTTP", Tags=TAGS)["ApiId"]
    addresses = _lose_state(aws)
    assert prepared.run("destroy").returncode == 2
    result = prepared.read("destroy", "--confirm", "default")
    assert {change["address"] for change in result["plan"]["changes"]} == {
        *(addresses - {SUBSCRIPTION}),
        f"aws_apigatewayv2_api.tracker (stray {stray})",
    }
    assert _apis(aws) == []
    assert aws("dynamodb").list_tables()["TableNames"] == [LOCKS]
    assert aws("lambda").list_functions()["Functions"] == []
    assert aws("logs").describe_log_groups()["logGroups"] == []
    assert aws("iam").list_roles()["Roles"] == []
    topic = aws("sns").create_topic(Name="task-tracker-alerts")["TopicArn"]
    assert [each["code"] for each in prepared.read("adopt")["problems"]] == ["foreign-resource"]
    nothing = prepared.run("destroy", "--confirm", "default")
    assert (nothing.returncode, nothing.stdout[:18]) == (0, "Nothing to remove.")
    assert f"left alone: the topic '{topic}' exists already and is not ours" in nothing.stderr
