"""GitHub's identity provider, of which an account has one, when others made it or trust it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .github import BOOTSTRAP, ISSUER, PROVIDER

if TYPE_CHECKING:
    from .conftest import Aws, Clone

pytestmark = pytest.mark.extended  # that ours goes with the roles, test_github_access.py shows


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


def test_identity_provider_trusted_by_others_is_kept(clone: Clone, aws: Aws) -> None:
    """Our provider stays while another role trusts it; the next bootstrap imports it."""
    iam = aws("iam")
    clone.succeed(*BOOTSTRAP)
    document = {"Statement": [{"Effect": "Allow", "Principal": {"Federated": PROVIDER}}]}
    iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=json.dumps(document))
    result = clone.run("destroy", "--backend", "--confirm", "default")
    assert result.returncode == 0, result.stderr
    assert "stays, as other roles trust it: 'theirs'" in result.stderr
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["theirs"]
    assert len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 1
    again = clone.read(*BOOTSTRAP)
    imported = [c["address"] for c in again["plan"]["changes"] if c["action"] == "import"]
    assert imported == ["aws_iam_openid_connect_provider.github[0]"]
