"""The environments that the parameters of an account and region describe."""

from __future__ import annotations

from datetime import datetime

from tasktracker_ops.environments import PARAMETERS, Environment, environment_of_parameter
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.environments import DescribedEnvironment

from .deployments import Deployments
from .session import AwsSession, aws_errors


class Environments:
    """Finds environments by the descriptions of their deployments."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def described(self) -> tuple[DescribedEnvironment, ...]:
        """Return the environments whose deployment is described, in no particular order."""
        pages = self._session.client("ssm").get_paginator("get_parameters_by_path")
        texts: dict[str, str] = {}
        changes: dict[str, list[datetime]] = {}
        with aws_errors(f"reading the parameters below {PARAMETERS!r}"):
            for page in pages.paginate(Path=PARAMETERS, Recursive=True):
                for each in page["Parameters"]:
                    if (found := environment_of_parameter(each["Name"])) is None:
                        continue
                    name, kind = found
                    changes.setdefault(name, []).append(each["LastModifiedDate"])
                    if kind == "deployment":
                        texts[name] = each["Value"]
        return tuple(
            DescribedEnvironment(name, self._deployment(name, text), max(changes[name]))
            for name, text in texts.items()
        )

    def _deployment(self, name: str, text: str) -> Deployment | None:
        try:
            return Deployments(self._session, Environment(name)).parse(text)
        except TtOpsError:
            return None
