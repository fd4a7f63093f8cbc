"""The deployment's own description: one SSM parameter, written by Terraform."""

from __future__ import annotations

import json

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models import Deployment

from .session import AwsError, AwsSession, aws_errors

PARAMETER = "/task-tracker/deployment"
SCHEMA = 1


class Deployments:
    """Reads what is deployed: one call, no Terraform, no state."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def get(self) -> Deployment:
        """The deployment of this account and region.

        Raises TtOpsError `not-deployed`, or `deployment-unreadable` for one we cannot read.
        """
        region = self._session.environment.region
        try:
            with aws_errors(f"reading the parameter {PARAMETER!r} in {region}"):
                answer = self._session.client("ssm").get_parameter(Name=PARAMETER)
        except AwsError as error:
            if error.aws_code != "ParameterNotFound":
                raise
            raise TtOpsError(
                "not-deployed",
                f"nothing is deployed in {region}: there is no parameter {PARAMETER!r}",
                hint="deploy it: tt-ops deploy",
            ) from None
        text = answer["Parameter"]["Value"]
        try:
            deployment = Deployment.from_json(json.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable(f"{error!r} in {text[:200]!r}") from None
        if deployment.schema != SCHEMA:
            raise _unreadable(f"schema {deployment.schema}, and this tt-ops reads {SCHEMA}")
        return deployment


def _unreadable(why: str) -> TtOpsError:
    return TtOpsError(
        "deployment-unreadable",
        f"the parameter {PARAMETER!r} does not describe a deployment: {why}",
        hint="write it anew with this version: tt-ops deploy",
    )
