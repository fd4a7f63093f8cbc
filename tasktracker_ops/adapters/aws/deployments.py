"""The deployment's description of itself, written by Terraform, and the record of its state.

Both are SSM parameters.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tasktracker_ops.environments import Environment
from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.aws_environment import AwsEnvironment
from tasktracker_ops.models.deployment import Deployment

from .session import AwsNotFound, AwsSession, aws_errors

if TYPE_CHECKING:
    from tasktracker_ops.models.state import StateRecord

SCHEMA = 1


class Deployments:
    """Reads the description of a deployment, with one call and without Terraform."""

    def __init__(self, session: AwsSession, environment: Environment) -> None:
        self._session = session
        self._parameter = environment.deployment_parameter
        self._state_parameter = environment.state_parameter

    def get(self) -> Deployment:
        """Return the deployment of this account and region.

        Raises TtOpsError `not-deployed`, or `deployment-unreadable` for an invalid description.
        """
        region = self._session.environment.region
        try:
            with aws_errors(f"reading the parameter {self._parameter!r} in {region}"):
                answer = self._session.client("ssm").get_parameter(Name=self._parameter)
        except AwsNotFound:
            raise self._not_deployed() from None
        return self.parse(str(answer.get("Parameter", {}).get("Value")))

    def is_temporary(self) -> bool:
        """Return whether a deployment is described, and as temporary."""
        try:
            return self.get().temporary
        except TtOpsError as error:
            if error.code not in {"not-deployed", "deployment-unreadable"}:
                raise
            return False

    def get_with_state_record(self) -> tuple[Deployment, StateRecord | None]:
        """Return the deployment and the record of its state, if any. Raises as `get` does."""
        values = self._values()
        if self._parameter not in values:
            raise self._not_deployed()
        return self.parse(values[self._parameter]), _record(values.get(self._state_parameter, ""))

    def state_record(self) -> tuple[bool, StateRecord | None]:
        """Return whether a deployment is described, and the record of its state, if any."""
        values = self._values()
        return self._parameter in values, _record(values.get(self._state_parameter, ""))

    def _values(self) -> dict[str, str]:
        """Return the values of both parameters, as far as they exist, by one call."""
        names = [self._parameter, self._state_parameter]
        with aws_errors(f"reading the parameters {' and '.join(map(repr, names))}"):
            answer = self._session.client("ssm").get_parameters(Names=names)
        return {each["Name"]: str(each["Value"]) for each in answer["Parameters"]}

    def state_records(self) -> tuple[StateRecord, ...]:
        """Return the records of the last applies, at most a hundred, the newest last."""
        pages = self._session.client("ssm").get_paginator("get_parameter_history")
        values: list[str] = []
        action = f"reading the history of the parameter {self._state_parameter!r}"
        with suppress(AwsNotFound), aws_errors(action):
            for page in pages.paginate(Name=self._state_parameter):
                values += [each["Value"] for each in page["Parameters"]]
        return tuple(filter(None, map(_record, values)))

    def write_state_record(self, record: StateRecord) -> None:
        """Store the record of the state beside the description."""
        with aws_errors(f"writing the parameter {self._state_parameter!r}"):
            self._session.client("ssm").put_parameter(
                Name=self._state_parameter,
                Description="The Terraform state after the last apply of tt-ops",
                Type="String",
                Value=json.dumps(asdict(record)),
                Overwrite=True,
            )

    def delete_state_record(self) -> None:
        """Delete the record of the state, if there is one."""
        action = f"deleting the parameter {self._state_parameter!r}"
        with suppress(AwsNotFound), aws_errors(action):
            self._session.client("ssm").delete_parameter(Name=self._state_parameter)

    def parse(self, text: str) -> Deployment:
        """Return the deployment that a parameter's text describes.

        Raises TtOpsError `deployment-unreadable`.
        """
        try:
            content = json.loads(text)
            # First, since another schema may have other keys.
            if content["schema"] != SCHEMA:
                raise self._unreadable(
                    f"it has schema {content['schema']!r}, this tt-ops reads {SCHEMA}"
                )
            return Deployment.from_json(content)
        except KeyError as error:
            raise self._unreadable(f"{error} is missing in {text[:200]!r}") from None
        except (ValueError, TypeError):
            raise self._unreadable(repr(text[:200])) from None

    def _not_deployed(self) -> TtOpsError:
        region = self._session.environment.region
        return TtOpsError(
            "not-deployed",
            f"nothing is deployed in {region}: there is no parameter {self._parameter!r}",
            hint="deploy it: tt-ops deploy",
        )

    def _unreadable(self, reason: str) -> TtOpsError:
        return TtOpsError(
            "deployment-unreadable",
            f"the parameter {self._parameter!r} does not describe a deployment: {reason}",
            hint="write it again with this version: tt-ops deploy",
        )


def api_address(deployment: Deployment, environment: AwsEnvironment) -> str:
    """Return the URL of the deployment's API.

    Raises ConfigurationError `api-not-served` for a URL of AWS where the endpoint is not AWS: an
    emulator without a data plane invented it, and the real address may belong to another account.
    """
    url, endpoint = deployment.api_url, environment.endpoint_url
    if endpoint is None or _is_aws(endpoint) or not _is_aws(url):
        return url
    raise ConfigurationError(
        "api-not-served",
        f"no request is sent to {url!r}: it is an address of AWS, but AWS_ENDPOINT_URL is "
        f"{endpoint!r}",
        hint="skip the checks (tt-ops deploy --checks none), and give the address that "
        "serves the API: tt-ops tasks --api-url URL list",
    )


def _is_aws(url: str) -> bool:
    host = (urlsplit(url).hostname or "").removesuffix(".")
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))


def _record(text: str) -> StateRecord | None:
    """Return the record in the parameter's text; None for any other text."""
    from tasktracker_ops.models.state import StateRecord

    try:
        return StateRecord.from_json(json.loads(text))
    except (KeyError, ValueError, TypeError):
        return None
