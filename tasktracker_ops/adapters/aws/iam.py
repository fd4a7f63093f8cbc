"""IAM: what GitHub's OIDC access to the account needs, and what policies allow."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .session import AwsNotFound, AwsSession, aws_errors

GITHUB_ISSUER = "token.actions.githubusercontent.com"


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """An OIDC identity provider; an account has at most one per issuer."""

    arn: str
    audiences: tuple[str, ...]
    tags: Mapping[str, str]


class Iam:
    """Identity providers, roles and policies of the account."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def github_identity_provider(self) -> IdentityProvider | None:
        """Return GitHub's identity provider; None if the account has none."""
        arn = self._arn(f"oidc-provider/{GITHUB_ISSUER}")
        client = self._session.client("iam")
        action = f"looking for the identity provider {GITHUB_ISSUER!r}"
        with suppress(AwsNotFound), aws_errors(action):
            answer = client.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
            tags = {tag["Key"]: tag["Value"] for tag in answer.get("Tags", [])}
            return IdentityProvider(arn, tuple(answer["ClientIDList"]), tags)
        return None

    def roles_trusting(self, provider: IdentityProvider) -> list[str]:
        """Return the names of all roles that trust the identity provider."""
        names: list[str] = []
        with aws_errors("reading the roles of the account"):
            for page in self._session.client("iam").get_paginator("list_roles").paginate():
                names += [
                    role["RoleName"]
                    for role in page["Roles"]
                    if provider.arn in json.dumps(role["AssumeRolePolicyDocument"])
                ]
        return names

    def policy_arn(self, name: str) -> str | None:
        """Return the ARN of the account's policy with that name; None without one."""
        arn = self._arn(f"policy/{name}")
        with suppress(AwsNotFound), aws_errors(f"looking for the policy {name!r}"):
            self._session.client("iam").get_policy(PolicyArn=arn)
            return arn
        return None

    def trust_policy(self, role: str) -> dict[str, Any] | None:
        """Return who may assume a role, as the policy's document; None without such a role."""
        with suppress(AwsNotFound), aws_errors(f"reading the role {role!r}"):
            answer = self._session.client("iam").get_role(RoleName=role)
            document: dict[str, Any] = answer["Role"]["AssumeRolePolicyDocument"]
            return document
        return None

    def denied_actions(
        self, principal: str, actions: Sequence[str], resource: str
    ) -> tuple[str, ...]:
        """Return those of the actions that the policies of a user or role do not allow."""
        with aws_errors(f"simulating the policies of {principal}"):
            answer = self._session.client("iam").simulate_principal_policy(
                PolicySourceArn=principal, ActionNames=list(actions), ResourceArns=[resource]
            )
        return tuple(
            each["EvalActionName"]
            for each in answer["EvaluationResults"]
            if each["EvalDecision"] != "allowed"
        )

    def _arn(self, resource: str) -> str:
        return f"arn:{self._session.partition}:iam::{self._session.account_id}:{resource}"
