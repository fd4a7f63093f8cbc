"""Policies of roles, for one environment and for all."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tasktracker_ops.adapters.aws.policies import (
    PREVIEWS,
    all_names,
    environment_names,
    role_policy,
)
from tasktracker_ops.environments import Environment
from tasktracker_ops.models.permissions import ROLES
from tests.policies import Policy, actions, granted

REGION = "eu-west-3"
OWN = {
    "function": "task-tracker-function",
    "table": "TaskTable",
    "state_key": "infra/terraform.tfstate",
}
PLACE = {
    "partition": "aws",
    "account": "123456789012",
    "region": REGION,
    "state_bucket": "task-tracker-terraform-state",
    "lock_table": "terraform-locks",
}
STATE = "arn:aws:s3:::task-tracker-terraform-state/infra"
FUNCTION = "arn:aws:lambda:eu-west-3:123456789012:function:task-tracker-function"
ALARM = "arn:aws:cloudwatch:eu-west-3:123456789012:alarm:LambdaErrorAlarm"
ROLE = "arn:aws:iam::123456789012:role/task-tracker-function"
API = "arn:aws:apigateway:eu-west-3::/apis/abc"


def policy(role: str, environment: str = "default") -> Policy:
    """Return a role's policy for an environment, or for all with `*`."""
    if environment == "*":
        names = all_names(OWN, REGION)
    else:
        env = PREVIEWS if role == "previewer" else Environment(environment)
        own = {
            "function": env.setting("function_name", OWN["function"]),
            "table": env.setting("table_name", OWN["table"]),
            "state_key": env.setting("state_key", OWN["state_key"]),
        }
        names = environment_names(env, own, REGION)
    made = role_policy(role, {**names, **PLACE})
    return {"Version": made.Version, "Statement": made.Statement}


@pytest.mark.parametrize("environment", ["default", "staging", "*"])
@pytest.mark.parametrize("role", ROLES)
def test_a_policy_can_be_pasted(role: str, environment: str) -> None:
    """It fits a role, its statements are told apart, and it names each action."""
    made = policy(role, environment)
    text = json.dumps(made)
    assert len("".join(text.split())) <= 10_240  # of all inline policies of a role
    assert "${" not in text
    names = [statement["Sid"] for statement in made["Statement"]]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[A-Za-z]+", name) for name in names)
    assert not [action for action in actions([made]) if "*" in action]
    for statement in made["Statement"]:
        assert len(set(statement["Resource"])) == len(statement["Resource"])


@pytest.mark.parametrize("role", ["reader", "operator", "deployer"])
def test_one_environment_is_not_another(role: str) -> None:
    """What has a name is reached in the own environment alone, or in all."""
    own = {
        "reader": ("lambda:GetAlias", "s3:GetObject"),
        "operator": ("lambda:UpdateAlias", "s3:PutObject"),
        "deployer": ("lambda:UpdateFunctionCode", "s3:PutObject"),
    }[role]
    places = {
        "default": (FUNCTION, f"{STATE}/terraform.tfstate.releases/1.json"),
        "staging": (f"{FUNCTION}-staging", f"{STATE}/staging/terraform.tfstate.releases/1.json"),
    }
    for environment in ("default", "staging", "*"):
        made = policy(role, environment)
        for place, resources in places.items():
            for action, resource in zip(own, resources, strict=True):
                expected = environment in {place, "*"}
                assert granted([made], action, resource) == expected, (environment, resource)


def test_a_reader_changes_nothing_and_an_operator_deploys_nothing() -> None:
    """An operator moves the alias and mutes alarms; neither reads the state."""
    reader, operator = policy("reader"), policy("operator")
    reads = ("Describe", "Filter", "Get", "GET", "List")
    assert all(action.partition(":")[2].startswith(reads) for action in actions([reader]))
    for action in ("lambda:UpdateFunctionCode", "lambda:PublishVersion", "lambda:DeleteFunction"):
        assert not granted([operator], action, FUNCTION)
    for made in (reader, operator):
        assert not granted([made], "s3:GetObject", f"{STATE}/terraform.tfstate")
    for action in ("cloudwatch:DisableAlarmActions", "cloudwatch:PutAlarmMuteRule"):
        assert granted([operator], action, ALARM)
        assert not granted([operator], action, f"{ALARM}-staging")


def test_every_alarm_is_named() -> None:
    """Alarms, which Terraform has in one file, are in the statements by their names."""
    file = Path(__file__).parents[3] / "terraform" / "cloudwatch_alarms.tf"
    alarms = re.findall(r'alarm_name\s*=\s*"([^"$]+)', file.read_text())
    assert len(alarms) > 1
    for name in alarms:
        arn = ALARM.replace("LambdaErrorAlarm", name)
        for role, action in (
            ("planner", "ListTagsForResource"),
            ("deployer", "DeleteAlarms"),
            ("operator", "DisableAlarmActions"),
        ):
            assert granted([policy(role)], f"cloudwatch:{action}", arn)


def test_apis_of_a_named_environment_are_told_by_their_tag() -> None:
    """The default's have none, so its deployer reaches all APIs of the region."""
    theirs, ours = ({"aws:ResourceTag/Environment": name} for name in ("other", "staging"))
    assert granted([policy("deployer")], "apigateway:DELETE", API)
    staging = policy("deployer", "staging")
    assert granted([staging], "apigateway:DELETE", API, ours)
    assert not granted([staging], "apigateway:DELETE", API, theirs)
    assert not granted([staging], "apigateway:DELETE", API)


def test_a_deployer_of_all_environments_leaves_the_roles_of_github_alone() -> None:
    """Their names begin with the function's, as those of the functions' roles do."""
    everywhere = policy("deployer", "*")
    for name in ("", "-staging-eu-west-3", "-pr-7-eu-west-3"):
        assert granted([everywhere], "iam:DeleteRole", ROLE + name)
    for name in ("-deployer", "-planner", "-previewer", "-monitor"):
        assert not granted([everywhere], "iam:DeleteRole", ROLE + name)


def test_a_role_is_also_looked_for_without_its_region() -> None:
    """As it was named once; it is read under that name, and no other is made."""
    former = f"{ROLE}-staging"
    for environment in ("staging", "*"):
        made = policy("deployer", environment)
        assert granted([made], "iam:GetRole", former)
        assert not granted([made], "iam:DeleteRole", former)
