"""GitHub's OIDC access: whose tokens are accepted, what the roles may do, and their removal.

moto evaluates no policies, so those that are deployed are read and evaluated here.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tasktracker_ops.models.costs import RESOURCES
from tests import endpoint

from .github import BOOTSTRAP, ISSUER, MAIN, PROVIDER, REPOSITORY, TOKENS
from .policies import actions, granted, listed
from .recording import Call, Permissions, Recorder, recording

if TYPE_CHECKING:
    from .conftest import Aws, Clone

ROLES = ("deployer", "planner", "previewer", "monitor")
DRILLS = ("trigger-error", "trigger-slow")
BUCKET = "arn:aws:s3:::task-tracker-terraform-state"
LOCKS = "arn:aws:dynamodb:eu-west-3:123456789012:table/terraform-locks"
FUNCTION_ROLE = "arn:aws:iam::123456789012:role/task-tracker-function"
FUNCTION = "arn:aws:lambda:eu-west-3:123456789012:function:task-tracker-function"
API = "arn:aws:execute-api:eu-west-3:123456789012:abc/$default"
ALARM = "arn:aws:cloudwatch:eu-west-3:123456789012:alarm:LambdaErrorAlarm"
TERMINATE = "arn:aws:automate:eu-west-3:ec2:terminate"
TO_LAMBDA = {"iam:PassedToService": "lambda.amazonaws.com"}
BOUNDARY = "arn:aws:iam::123456789012:policy/task-tracker-function-boundary"
PREVIEWS = BOUNDARY.replace("-boundary", "-previewer-boundary")
PARAMETER = "arn:aws:ssm:eu-west-3:123456789012:parameter"
TOPIC = "arn:aws:sns:eu-west-3:123456789012:task-tracker-alerts"
APIS = "arn:aws:apigateway:eu-west-3::/apis"
# Of all inline policies of a role, and of a managed policy, spaces left out:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
INLINE_POLICIES, MANAGED_POLICY = 10_240, 6_144


@pytest.fixture(scope="module")
def access(clone: Clone, aws: Aws) -> Any:
    """Make the roles for a repository; return the result."""
    return clone.read(*BOOTSTRAP)


@pytest.fixture(scope="module")
def roles(aws: Aws, access: Any) -> dict[str, Any]:
    """Return the roles as IAM describes them."""
    names = {name: access[f"{name}_role_arn"].rpartition("/")[2] for name in ROLES}
    return {key: aws("iam").get_role(RoleName=name)["Role"] for key, name in names.items()}


@pytest.fixture(scope="module")
def policies(aws: Aws, roles: dict[str, Any]) -> dict[str, list[Any]]:
    """Return all policies of each role: the managed one to read, and those that are inline."""
    iam, found = aws("iam"), {}
    for key, role in roles.items():
        name = role["RoleName"]
        (read,) = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        arn = read["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        found[key] = [document["Document"]] + [
            iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]
    return found


@pytest.mark.extended
def test_second_bootstrap_changes_nothing(clone: Clone, access: Any) -> None:
    """It prints the same roles, and the `gh` commands that configure the repository."""
    assert access["plan"]["destroy"] == 0
    again = clone.read(*BOOTSTRAP)
    assert (again["plan"]["changes"], again["backend"]["plan"]["changes"]) == ([], [])
    text = clone.succeed(*BOOTSTRAP)
    for line in (
        f"gh variable set AWS_ROLE_ARN --repo {REPOSITORY} --body {access['deployer_role_arn']}",
        f"gh variable set AWS_PLAN_ROLE_ARN --repo {REPOSITORY} "
        f"--body {access['planner_role_arn']}",
        f"gh secret set ALERT_EMAIL --repo {REPOSITORY}",
    ):
        assert f"  {line}\n" in text


@pytest.mark.soak
def test_sessions_last_an_hour(aws: Aws, roles: dict[str, Any]) -> None:
    """A session lasts an hour, and only tokens of GitHub can start one."""
    for found in roles.values():
        assert found["MaxSessionDuration"] == 3600
        for statement in found["AssumeRolePolicyDocument"]["Statement"]:
            assert statement["Principal"] == {"Federated": PROVIDER}
            assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
            assert set(statement["Condition"]) == {"StringEquals"}
    assert aws("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)[
        "ClientIDList"
    ] == ["sts.amazonaws.com"]


@pytest.mark.soak
@pytest.mark.parametrize(
    ("subject", "changed", "expected"),
    TOKENS,
)
def test_token_opens_its_role_only(
    roles: dict[str, Any],
    subject: str,
    changed: dict[str, str | None],
    expected: str,
) -> None:
    """A token opens the roles of its job, or none: every claim is compared letter by letter."""
    claims = {"aud": "sts.amazonaws.com", "ref": MAIN, "repository_id": "456789", **changed}
    context = {f"{ISSUER}:{name}": value for name, value in claims.items() if value is not None}
    context[f"{ISSUER}:sub"] = subject
    opened = [
        role
        for role in ROLES
        if granted(
            [roles[role]["AssumeRolePolicyDocument"]], "sts:AssumeRoleWithWebIdentity", "*", context
        )
    ]
    assert opened == expected.split()


@pytest.mark.soak
def test_policies_fit_and_name_their_actions(policies: dict[str, list[Any]]) -> None:
    """No action is a pattern, and a role's policies are not longer than IAM takes."""
    for role in ROLES:
        read, *inline = policies[role]
        assert not [action for action in actions(policies[role]) if "*" in action]
        assert len("".join(str(read).split())) <= MANAGED_POLICY
        assert len("".join(str(inline).split())) <= INLINE_POLICIES
    changing = [
        action.partition(":")[2]
        for action in actions(policies["planner"])
        if not action.partition(":")[2].startswith(("Describe", "Get", "List", "GET"))
    ]
    assert set(changing) == {"DeleteItem", "DeleteObject", "PutItem", "PutObject"}


@pytest.mark.soak
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
def test_nothing_else_is_allowed(
    policies: dict[str, list[Any]], action: str, resource: str, context: dict[str, str]
) -> None:
    """No role may change itself, the state's storage or resources of others."""
    for role in ROLES:
        assert not granted(policies[role], action, resource, context)


@pytest.mark.soak
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
    policies: dict[str, list[Any]], action: str, resource: str, context: dict[str, str]
) -> None:
    """The planner writes a lock, and never the state, what is deployed, or a task."""
    assert granted(policies["deployer"], action, resource, context)
    assert not granted(policies["planner"], action, resource, context)
    assert not granted(policies["previewer"], action, resource, context)


@pytest.mark.soak
def test_only_the_monitor_sets_off_drills(policies: dict[str, list[Any]]) -> None:
    """And stores their record; it calls the API no other way, and mutes no alarm."""
    record = f"{PARAMETER}/task-tracker/drill"
    for role in ROLES:
        fires = [granted(policies[role], "execute-api:Invoke", f"{API}/POST/{d}") for d in DRILLS]
        assert fires == [role == "monitor"] * 2
        assert granted(policies[role], "ssm:PutParameter", record) == (role == "monitor")
        assert not granted(policies[role], "cloudwatch:PutAlarmMuteRule", ALARM)
    monitor = policies["monitor"]
    assert not granted(monitor, "execute-api:Invoke", f"{API}/$default")
    assert not granted(monitor, "ssm:PutParameter", f"{PARAMETER}/task-tracker/deployment")


@pytest.mark.soak
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
    policies: dict[str, list[Any]], action: str, resource: str, context: dict[str, str]
) -> None:
    """Another environment is neither read nor changed, by its names, its tag or its boundary."""
    assert not granted(policies["previewer"], action, resource, context)


@pytest.fixture(scope="module")
def recorder(clone: Clone, aws: Aws) -> Iterator[Recorder]:
    """Yield a proxy between `tt-ops` and the emulator."""
    with recording(clone.read("local", "status")["url"]) as recorder:
        yield recorder


@pytest.fixture(scope="module")
def account(make_clone: Callable[..., Clone], recorder: Recorder) -> Clone:
    """Return a clone whose AWS account is the emulator behind the proxy."""
    return make_clone(
        # Only the emulator's own may sign a request to the drills.
        **endpoint.account(recorder.url, (ACCESS_KEY_ID, SECRET_ACCESS_KEY)),
        ALERT_EMAIL="operator@example.com",
        # The emulator's bucket was made without the rule, which takes a minute.
        TF_VAR_expire_old_versions="false",
    )


def _denied(calls: list[Call], policies: list[Any], permissions: Permissions) -> set[str]:
    assert calls
    return {
        f"{action} on {resource} with {context}"
        for call in calls
        for action, resource, context in permissions.needed(call)
        if not granted(policies, action, resource, context)
    }


def _grants(policies: list[Any]) -> set[tuple[str, ...]]:
    """Return each action on each resource, with its condition."""
    return {
        (action, resource, json.dumps(statement.get("Condition"), sort_keys=True))
        for policy in policies
        for statement in policy["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }


@pytest.mark.soak
@pytest.mark.parametrize("role", ROLES)
def test_printed_policies_are_those_of_the_roles(
    clone: Clone, policies: dict[str, list[Any]], role: str
) -> None:
    """Terraform and `tt-ops permissions` fill the same names into the same statements."""
    assert _grants([clone.read("permissions", role)]) == _grants(policies[role])


# Only those who may read it are told whether the state is sound.
STATE = {"s3:GetObject", "dynamodb:GetItem", "ssm:GetParameterHistory"}


@pytest.mark.extended
def test_recorded_calls_are_allowed(
    clone: Clone,
    account: Clone,
    recorder: Recorder,
    aws: Aws,
    policies: dict[str, list[Any]],
) -> None:
    """Each call that the commands make is allowed to the roles that run them.

    The deployer runs all commands but those that only drive; the planner runs plan, adopt, drift,
    status and outputs, the operator what observes and drives, the reader what observes, the
    monitor drift and drills, the recoverer what brings tasks back.
    """
    roles = dict(policies)
    for role in ("operator", "reader", "recoverer"):
        roles[role] = [account.read("permissions", role)]
    planning = ("planner", "monitor")
    driving = ("operator",)
    observing = ("operator", "reader")
    permissions = Permissions()
    recorder.take()

    def run(
        *arguments: str,
        by: tuple[str, ...] = (),
        always: tuple[str, ...] = ("deployer",),
        **environment: str,
    ) -> str:
        """Run it; compare its calls with the policies of the deployer and of other roles."""
        output = account.succeed(*arguments, **environment)
        calls = recorder.take()
        for role in (*always, *by):
            denied = _denied(calls, roles[role], permissions)
            if role in observing:
                denied = {each for each in denied if not _reads_the_state(each)}
            assert denied == set(), (role, arguments)
        return output

    run("bootstrap", "--yes")
    run("plan", by=planning)
    run("deploy", "--yes")
    role = aws("iam").get_role(RoleName="task-tracker-function")["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
    run("status", by=(*planning, *observing))
    run("outputs", by=(*planning, *observing))
    run("plan", by=planning)
    run("drift", by=planning)
    for command in ("alarms --history", "logs", "metrics", "environments"):
        run(*command.split(), by=observing)
    run("alarms", "mute", "--for", "1h", "--reason", "test", by=driving, always=())
    run("alarms", "unmute", by=driving, always=())
    clone.succeed("local", "confirm")
    run("drill", "--all", by=(*driving, "monitor"), always=())
    prices = account.path / "prices.toml"
    prices.write_text("[eu-west-3]\n" + "".join(f"{each.key} = 1\n" for each in RESOURCES))
    run("costs", "--prices", str(prices), by=observing, always=())
    task_id = account.read("tasks", "add", "lost")["task_id"]
    time.sleep(1)
    then = datetime.now(UTC).isoformat(timespec="seconds")
    time.sleep(1)
    account.succeed("tasks", "rm", task_id)
    recorder.take()
    run("tasks", "recover", "--to", then, "--missing", by=("recoverer",), always=())
    handler = account.path / "lambda_function/handler.py"

    def change_the_code() -> None:
        handler.write_text(f"{handler.read_text()}\n# changed\n")

    change_the_code()
    run("deploy", "--code", "--yes")
    run("releases", by=observing)
    run("releases", "--history", by=observing)
    run("rollback", "--yes", by=driving)
    for end in ("abort", "promote"):
        change_the_code()
        run(*["deploy", "--code", "--yes", "--canary", "50%", "--bake", "5m", "--no-wait"])
        run(end, by=driving)
    run("lock", "-m", "freeze", by=driving)
    run("unlock", "--yes", by=driving)
    change_the_code()
    # The state is gone, with its versions: what exists is found, and imported.
    bucket, key = BUCKET.rpartition(":")[2], "infra/terraform.tfstate"
    for version in aws("s3").list_object_versions(Bucket=bucket, Prefix=key)["Versions"]:
        if version["Key"] == key:
            aws("s3").delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
    assert "aws_lambda_function.tracker" in run("adopt", by=planning)
    run(
        *("deploy", "--yes", "--checks", "none"),
        TF_VAR_lambda_memory_size="512",
        TF_VAR_log_retention_days="14",
        TF_VAR_api_throttle_rate="60",
        TF_VAR_api_auth="AWS_IAM",
        TF_VAR_cors_origins='["https://app.example.com"]',
    )
    run("logs", "--errors")
    run("destroy", "--yes", "--confirm", "default")


def _reads_the_state(permission: str) -> bool:
    """Return whether it reads the state or its digest, which a reader may not."""
    action, _, rest = permission.partition(" on ")
    return action in STATE and ("/infra/terraform.tfstate with" in rest or "-md5'" in rest)


# What changes something, and supports no ARN.
SHARED = {
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}
READS = ("Describe", "Filter", "Get", "GET", "Head", "List")


@pytest.mark.extended
def test_recorded_calls_of_a_preview_are_allowed_there_only(
    account: Clone, recorder: Recorder, aws: Aws, policies: dict[str, list[Any]]
) -> None:
    """Each call that deploys and destroys a preview is denied with the names of another one."""
    previewer = policies["previewer"]
    preview = {"TT_OPS_ENV": "pr-7", "TT_OPS_TEMPORARY": "true", "TF_VAR_api_throttle_rate": "5"}
    account.succeed("bootstrap", "--yes")
    recorder.take()
    for command in ("plan", "deploy --yes", "status", "plan"):
        account.succeed(*command.split(), **preview)
    role = aws("iam").get_role(RoleName="task-tracker-function-pr-7-eu-west-3")["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == PREVIEWS
    apis = aws("apigatewayv2").get_apis()["Items"]
    permissions = Permissions({api["ApiId"]: api["Tags"]["Environment"] for api in apis})
    for command in ("environments", "environments prune --older-than 3d --yes"):
        account.succeed(*command.split())
    account.succeed("environments", "destroy", "pr-7", "--yes")
    calls = recorder.take()
    assert _denied(calls, previewer, permissions) == set()
    for call in calls:
        for action, resource, context in permissions.needed(call):
            for other in ("staging", "default"):
                its, its_context = _of(other, resource), _context_of(other, context)
                if action == "apigateway:GET":
                    continue  # also lists the APIs of others
                if (its, its_context) != (resource, context):
                    assert not granted(previewer, action, its, its_context), (action, its)
                else:
                    reads = action.partition(":")[2].startswith(READS)
                    assert reads or action in SHARED, (action, its)


def _of(environment: str, text: str) -> str:
    """Return a name of the preview as another environment has it."""
    if environment != "default":
        return text.replace("pr-7", environment)
    return re.sub(r"[-/]pr-7(-eu-west-3)?", "", text)


def _context_of(environment: str, context: Mapping[str, str | list[str]]) -> dict[str, Any]:
    """Return the condition keys of the other environment; the default has no tag."""
    changed = {
        key: _of(environment, value)
        if isinstance(value, str)
        else [_of(environment, each) for each in value]
        for key, value in context.items()
    }
    return {key: "" if value == "pr-7" else value for key, value in changed.items()}


@pytest.mark.extended
def test_destroy_removes_github_access(clone: Clone, aws: Aws, access: Any) -> None:
    """`destroy --backend` removes roles, boundary and the identity provider that is ours."""
    result = clone.run("destroy", "--backend", "--confirm", "default")
    assert result.returncode == 0, result.stderr
    assert aws("iam").list_roles()["Roles"] == []
    assert aws("iam").list_policies(Scope="Local")["Policies"] == []
    assert aws("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    assert aws("s3").list_buckets()["Buckets"] == []
