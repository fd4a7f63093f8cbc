"""What the roles of GitHub's jobs may do and may not, by their policies in docs/iam.

Those are what `tt-ops permissions` prints; tests/e2e/test_github_access.py compares them with the
roles that Terraform makes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.policies import actions, granted

FOLDER = Path(__file__).parents[2] / "docs" / "iam"
ROLES = ("deployer", "planner", "previewer", "monitor")
POLICIES: dict[str, Any] = {
    role: json.loads((FOLDER / f"{role}.json").read_text()) for role in ROLES
}
DRILLS = ("trigger-error", "trigger-slow")
BUCKET = "arn:aws:s3:::task-tracker-terraform-state"
LOCKS = "arn:aws:dynamodb:eu-west-3:123456789012:table/terraform-locks"
FUNCTION_ROLE = "arn:aws:iam::123456789012:role/task-tracker-function"
FUNCTION = "arn:aws:lambda:eu-west-3:123456789012:function:task-tracker-function"
API = "arn:aws:execute-api:eu-west-3:123456789012:abc/$default"
ALARM = "arn:aws:cloudwatch:eu-west-3:123456789012:alarm:LambdaErrorAlarm"
TERMINATE = "arn:aws:automate:eu-west-3:ec2:terminate"
TO_LAMBDA = {"iam:PassedToService": "lambda.amazonaws.com"}
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
BOUNDARY = "arn:aws:iam::123456789012:policy/task-tracker-function-boundary"
PREVIEWS = BOUNDARY.replace("-boundary", "-previewer-boundary")
PARAMETER = "arn:aws:ssm:eu-west-3:123456789012:parameter"
TOPIC = "arn:aws:sns:eu-west-3:123456789012:task-tracker-alerts"
APIS = "arn:aws:apigateway:eu-west-3::/apis"


def test_a_planner_writes_locks_alone() -> None:
    """An object and an item; all else that it may do reads."""
    changing = {
        action.partition(":")[2]
        for action in actions([POLICIES["planner"]])
        if not action.partition(":")[2].startswith(("Describe", "Get", "List", "GET"))
    }
    assert changing == {"DeleteItem", "DeleteObject", "PutItem", "PutObject"}


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        # the deployer's own role, its trust, and the identity provider
        *(
            (f"iam:{action}", f"{FUNCTION_ROLE}-deployer", {"iam:PermissionsBoundary": BOUNDARY})
            for action in ("PutRolePolicy", "UpdateAssumeRolePolicy", "DeleteRole", "TagRole")
        ),
        ("iam:UpdateAssumeRolePolicy", FUNCTION_ROLE, {}),
        ("iam:CreateOpenIDConnectProvider", PROVIDER, {}),
        ("iam:UpdateOpenIDConnectProviderThumbprint", PROVIDER, {}),
        ("s3:PutObject", f"{BUCKET}/infra/github.tfstate", {}),
        ("s3:PutObject", f"{BUCKET}/infra/github.tfstate.tflock", {}),
        ("s3:PutObject", f"{BUCKET}/bootstrap/terraform.tfstate", {}),
        # what bounds the function
        ("iam:CreateRole", FUNCTION_ROLE, {}),
        ("iam:CreateRole", FUNCTION_ROLE, {"iam:PermissionsBoundary": BOUNDARY + "2"}),
        ("iam:PutRolePolicy", FUNCTION_ROLE, {}),
        ("iam:DeleteRolePermissionsBoundary", FUNCTION_ROLE, {}),
        ("iam:CreatePolicyVersion", BOUNDARY, {}),
        ("iam:CreatePolicyVersion", BOUNDARY.replace("boundary", "read"), {}),
        # other roles, and other uses of this one
        ("iam:CreateRole", f"{FUNCTION_ROLE}2", {"iam:PermissionsBoundary": BOUNDARY}),
        ("iam:AttachRolePolicy", FUNCTION_ROLE, {"iam:PermissionsBoundary": BOUNDARY}),
        ("iam:PassRole", FUNCTION_ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:PassRole", FUNCTION_ROLE, {}),
        ("iam:PassRole", f"{FUNCTION_ROLE}-deployer", TO_LAMBDA),
        ("iam:CreateUser", "arn:aws:iam::123456789012:user/eve", {}),
        ("sts:AssumeRole", FUNCTION_ROLE, {}),
        # the backend, and other deployments
        ("s3:DeleteBucket", BUCKET, {}),
        ("s3:PutBucketPolicy", BUCKET, {}),
        ("s3:DeleteObject", f"{BUCKET}/infra/terraform.tfstate", {}),
        ("s3:DeleteObject", f"{BUCKET}/infra/terraform.tfstate.releases/000012.json", {}),
        ("s3:GetObject", f"{BUCKET}/other/terraform.tfstate", {}),
        ("dynamodb:DeleteTable", LOCKS, {}),
        ("dynamodb:PutItem", LOCKS, {"dynamodb:LeadingKeys": "other/state"}),
        ("dynamodb:GetItem", LOCKS.replace("terraform-locks", "TaskTable"), {}),
        ("dynamodb:DeleteTable", LOCKS.replace("terraform-locks", "TaskTable2"), {}),
        ("lambda:UpdateFunctionCode", f"{FUNCTION}2", {}),
        ("lambda:InvokeFunction", f"{FUNCTION}2:12", {}),
        ("sns:DeleteTopic", "arn:aws:sns:eu-west-3:123456789012:other", {}),
        ("ssm:PutParameter", "arn:aws:ssm:eu-west-3:123456789012:parameter/other", {}),
        ("cloudwatch:PutMetricAlarm", ALARM, {"cloudwatch:AlarmActions": TERMINATE}),
        ("kms:Decrypt", "arn:aws:kms:eu-west-3:123456789012:key/1", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nothing_else_is_allowed(action: str, resource: str, context: dict[str, str]) -> None:
    """No role may change itself, the state's storage or resources of others."""
    for role in ROLES:
        assert not granted([POLICIES[role]], action, resource, context)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("s3:PutObject", f"{BUCKET}/infra/terraform.tfstate", {}),
        ("s3:PutObject", f"{BUCKET}/infra/terraform.tfstate.deploy", {}),
        ("s3:DeleteObject", f"{BUCKET}/infra/terraform.tfstate.deploy", {}),
        ("s3:PutObject", f"{BUCKET}/infra/terraform.tfstate.deploy.waiting/now-1", {}),
        (
            "dynamodb:PutItem",
            LOCKS,
            {"dynamodb:LeadingKeys": "task-tracker-terraform-state/infra/terraform.tfstate-md5"},
        ),
        ("s3:PutObject", f"{BUCKET}/infra/terraform.tfstate.releases/000012.json", {}),
        ("s3:PutObject", f"{BUCKET}/infra/terraform.tfstate.packages/function.zip", {}),
        ("lambda:UpdateFunctionCode", FUNCTION, {}),
        ("lambda:InvokeFunction", f"{FUNCTION}:12", {}),
        ("execute-api:Invoke", f"{API}/$default", {}),
    ],
)
def test_only_the_deployer_writes_the_default_environment(
    action: str, resource: str, context: dict[str, str]
) -> None:
    """The planner writes a lock, and never the state, what is deployed, or a task."""
    assert granted([POLICIES["deployer"]], action, resource, context)
    assert not granted([POLICIES["planner"]], action, resource, context)
    assert not granted([POLICIES["previewer"]], action, resource, context)


def test_only_the_monitor_sets_off_drills() -> None:
    """And stores their record; it calls the API no other way, and mutes no alarm."""
    record = f"{PARAMETER}/task-tracker/drill"
    for role in ROLES:
        fires = [granted([POLICIES[role]], "execute-api:Invoke", f"{API}/POST/{d}") for d in DRILLS]
        assert fires == [role == "monitor"] * 2
        assert granted([POLICIES[role]], "ssm:PutParameter", record) == (role == "monitor")
        assert not granted([POLICIES[role]], "cloudwatch:PutAlarmMuteRule", ALARM)
    monitor = [POLICIES["monitor"]]
    assert not granted(monitor, "execute-api:Invoke", f"{API}/$default")
    assert not granted(monitor, "ssm:PutParameter", f"{PARAMETER}/task-tracker/deployment")


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        # the state of others, and what is shared
        ("s3:GetObject", f"{BUCKET}/infra/terraform.tfstate", {}),
        ("s3:GetObject", f"{BUCKET}/infra/staging/terraform.tfstate", {}),
        ("s3:PutObject", f"{BUCKET}/infra/terraform.tfstate.tflock", {}),
        ("ssm:PutParameter", f"{PARAMETER}/task-tracker/deployment", {}),
        ("ssm:PutParameter", f"{PARAMETER}/task-tracker/staging/deployment", {}),
        # its own role and boundary, the roles of others, and its function's without the boundary
        ("iam:PutRolePolicy", f"{FUNCTION_ROLE}-previewer", {"iam:PermissionsBoundary": PREVIEWS}),
        ("iam:CreatePolicyVersion", PREVIEWS, {}),
        ("iam:CreateRole", f"{FUNCTION_ROLE}-pr-7", {}),
        ("iam:CreateRole", f"{FUNCTION_ROLE}-pr-7", {"iam:PermissionsBoundary": BOUNDARY}),
        ("iam:CreateRole", FUNCTION_ROLE, {"iam:PermissionsBoundary": PREVIEWS}),
        ("iam:PassRole", FUNCTION_ROLE, TO_LAMBDA),
        # APIs have ids instead of names
        ("apigateway:DELETE", f"{APIS}/abc", {}),
        ("apigateway:DELETE", f"{APIS}/abc", {"aws:ResourceTag/Environment": "staging"}),
        ("apigateway:PATCH", f"{APIS}/abc/routes/def", {}),
        ("apigateway:POST", f"{APIS}/abc/integrations", {"aws:RequestTag/Environment": "pr-7"}),
        (
            "apigateway:POST",
            APIS.replace("/apis", f"/tags/{APIS}/abc"),
            {"aws:RequestTag/Environment": "pr-7"},
        ),
        ("apigateway:POST", APIS, {"aws:RequestTag/Environment": "staging"}),
        ("sns:SetSubscriptionAttributes", "*", {}),
        ("sns:Unsubscribe", "*", {}),
        ("sns:Subscribe", TOPIC, {}),
        ("execute-api:Invoke", f"{API}/$default", {}),
        # alarms that notify the topic of others
        ("cloudwatch:PutMetricAlarm", f"{ALARM}-pr-7", {"cloudwatch:AlarmActions": TOPIC}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_previewer_reaches_previews_only(
    action: str, resource: str, context: dict[str, str]
) -> None:
    """Another environment is neither read nor changed, by its names, its tag or its boundary."""
    assert not granted([POLICIES["previewer"]], action, resource, context)
