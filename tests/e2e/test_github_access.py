"""GitHub's OIDC access: whose tokens are accepted, the roles' policies, and their removal.

moto evaluates no policies, so those that are deployed are read and evaluated here. The tests share
one emulator, in this order: the roles of one bootstrap, their removal, an identity provider that
others made or trust.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.policies import actions, granted, listed

if TYPE_CHECKING:
    from .conftest import Aws, Clone

ROLES = ("deployer", "planner", "previewer", "monitor")
REPOSITORY, IDS = "octo-org/octo-repo", "123456/456789"
BOOTSTRAP = ("bootstrap", "--github", REPOSITORY, "--github-ids", IDS, "--yes")
ISSUER = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"

NAMES, WITH_IDS = "repo:octo-org/octo-repo", "repo:octo-org@123456/octo-repo@456789"
DEPLOY, PULL = ":environment:production", ":pull_request"
MAIN = "refs/heads/main"

NIGHTLY = "previewer monitor"
PLANS = "planner previewer"  # a preview is planned before it is deployed

# Subject, claims that differ from those of a job on main, and the roles that accept the token.
TOKENS: list[tuple[str, dict[str, str | None], str]] = [
    (NAMES + DEPLOY, {}, "deployer"),
    (WITH_IDS + DEPLOY, {}, "deployer"),
    (NAMES + PULL, {"ref": "refs/pull/7/merge"}, PLANS),
    (WITH_IDS + PULL, {"ref": "refs/pull/7/merge"}, PLANS),
    # other branches and tags, with the environment all the same
    (NAMES + DEPLOY, {"ref": "refs/heads/other"}, ""),
    (NAMES + DEPLOY, {"ref": "refs/heads/main2"}, ""),
    (NAMES + DEPLOY, {"ref": "refs/heads/Main"}, ""),
    (NAMES + DEPLOY, {"ref": "refs/tags/main"}, ""),
    (NAMES + DEPLOY, {"ref": "refs/pull/7/merge"}, ""),
    (NAMES + DEPLOY, {"ref": None}, ""),
    # jobs without the environment, or with another one; nightly jobs have none
    (f"{NAMES}:ref:{MAIN}", {}, NIGHTLY),
    (f"{WITH_IDS}:ref:{MAIN}", {}, NIGHTLY),
    (f"{NAMES}:ref:{MAIN}", {"repository_id": "999"}, ""),
    (f"{NAMES}:ref:refs/heads/other", {"ref": "refs/heads/other"}, ""),
    (f"{NAMES}:ref:refs/tags/v1", {"ref": "refs/tags/v1"}, ""),
    (f"{NAMES}:environment:staging", {}, ""),
    (f"{NAMES}:environment:Production", {}, ""),
    (f"{NAMES}:environment:production-2", {}, ""),
    # another repository under the same name, and this name's next owner
    (NAMES + DEPLOY, {"repository_id": "999"}, ""),
    (NAMES + DEPLOY, {"repository_id": None}, ""),
    (NAMES + PULL, {"repository_id": "999"}, ""),
    ("repo:octo-org@123456/octo-repo@999" + DEPLOY, {"repository_id": "999"}, ""),
    ("repo:octo-org@999/octo-repo@456789" + DEPLOY, {}, ""),
    # look-alikes and forks
    *(
        (f"repo:{name}{kind}", {}, "")
        for kind in (DEPLOY, PULL)
        for name in (
            "octo-org/octo-repo-evil",
            "octo-org/octo-rep",
            "octo-org2/octo-repo",
            "someone/octo-repo",
            "Octo-Org/octo-repo",
            "octo-org/Octo-Repo",
            "octo-org/octo-repo/x",
            "octo-org@123456/octo-repo-evil@456789",
            "octo-org@123456/octo-repo@4567890",
            "octo-org@123456/octo-repo",
            "octo-org/*",
            "*",
        )
    ),
    # other audiences
    (NAMES + DEPLOY, {"aud": "https://github.com/octo-org"}, ""),
    (NAMES + PULL, {"aud": None}, ""),
]
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


@pytest.mark.extended
def test_destroy_removes_github_access(clone: Clone, aws: Aws, access: Any) -> None:
    """`destroy --backend` removes roles, boundary and the identity provider that is ours."""
    result = clone.run("destroy", "--backend", "--confirm", "default")
    assert result.returncode == 0, result.stderr
    assert aws("iam").list_roles()["Roles"] == []
    assert aws("iam").list_policies(Scope="Local")["Policies"] == []
    assert aws("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    assert aws("s3").list_buckets()["Buckets"] == []


@pytest.mark.extended
def test_foreign_identity_provider_is_used_and_kept(clone: Clone, aws: Aws) -> None:
    """A provider without our tag is used, never changed and never removed."""
    iam = aws("iam")
    tags = [{"Key": "Owner", "Value": "platform"}]
    iam.create_open_id_connect_provider(
        Url=f"https://{ISSUER}", ClientIDList=["sts.amazonaws.com"], Tags=tags
    )
    made = clone.read(*BOOTSTRAP)
    assert "aws_iam_openid_connect_provider.github[0]" not in {
        change["address"] for change in made["plan"]["changes"]
    }
    clone.succeed("destroy", "--backend", "--confirm", "default")
    assert iam.list_roles()["Roles"] == []
    provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)
    assert provider["Tags"] == tags
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)


@pytest.mark.extended
def test_identity_provider_trusted_by_others_is_kept(clone: Clone, aws: Aws) -> None:
    """Our provider stays while another role trusts it; the next bootstrap imports it."""
    iam = aws("iam")
    clone.succeed(*BOOTSTRAP)
    document = {"Statement": [{"Effect": "Allow", "Principal": {"Federated": PROVIDER}}]}
    iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=json.dumps(document))
    result = clone.run("destroy", "--backend", "--confirm", "default")
    assert result.returncode == 0, result.stderr
    assert "is kept, as other roles trust it: 'theirs'" in result.stderr
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["theirs"]
    assert len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 1
    again = clone.read(*BOOTSTRAP)
    imported = [c["address"] for c in again["plan"]["changes"] if c["action"] == "import"]
    assert imported == ["aws_iam_openid_connect_provider.github[0]"]
