"""The deployment's description of itself, written by Terraform, and the record of its state.

Both are SSM parameters.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from urllib.parse import urlsplit

from tasktracker_ops.errors import ConfigurationError, TtOpsError
from tasktracker_ops.models.aws_environment import AwsEnvironment
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.state import StateRecord

from .session import AwsNotFound, AwsSession, aws_errors

PARAMETER = "/task-tracker/deployment"
STATE_PARAMETER = "/task-tracker/state"
SCHEMA = 1


class Deployments:
    """Reads the description of a deployment, with one call and without Terraform."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def get(self) -> Deployment:
        """Return the deployment of this account and region.

        Raises TtOpsError `not-deployed`, or `deployment-unreadable` for an invalid description.
        """
        region = self._session.environment.region
        try:
            with aws_errors(f"reading the parameter {PARAMETER!r} in {region}"):
                answer = self._session.client("ssm").get_parameter(Name=PARAMETER)
        except AwsNotFound:
            raise _not_deployed(region) from None
        return _read(str(answer.get("Parameter", {}).get("Value")))

    def get_with_state_record(self) -> tuple[Deployment, StateRecord | None]:
        """Return the deployment and the record of its state, if any. Raises as `get` does."""
        values = self._values()
        if PARAMETER not in values:
            raise _not_deployed(self._session.environment.region)
        return _read(values[PARAMETER]), _record(values.get(STATE_PARAMETER, ""))

    def state_record(self) -> tuple[bool, StateRecord | None]:
        """Return whether a deployment is described, and the record of its state, if any."""
        values = self._values()
        return PARAMETER in values, _record(values.get(STATE_PARAMETER, ""))

    def _values(self) -> dict[str, str]:
        """Return the values of both parameters, as far as they exist, by one call."""
        names = [PARAMETER, STATE_PARAMETER]
        with aws_errors(f"reading the parameters {' and '.join(map(repr, names))}"):
            answer = self._session.client("ssm").get_parameters(Names=names)
        return {each["Name"]: str(each["Value"]) for each in answer["Parameters"]}

    def state_records(self) -> tuple[StateRecord, ...]:
        """Return the records of the last applies, at most a hundred, the newest last."""
        pages = self._session.client("ssm").get_paginator("get_parameter_history")
        values: list[str] = []
        try:
            with aws_errors(f"reading the history of the parameter {STATE_PARAMETER!r}"):
                for page in pages.paginate(Name=STATE_PARAMETER):
                    values += [each["Value"] for each in page["Parameters"]]
        except AwsNotFound:
            return ()
        return tuple(filter(None, map(_record, values)))

    def write_state_record(self, record: StateRecord) -> None:
        """Store the record of the state beside the description."""
        with aws_errors(f"writing the parameter {STATE_PARAMETER!r}"):
            self._session.client("ssm").put_parameter(
                Name=STATE_PARAMETER,
                Description="The Terraform state after the last apply of tt-ops",
                Type="String",
                Value=json.dumps(asdict(record)),
                Overwrite=True,
            )

    def delete_state_record(self) -> None:
        """Delete the record of the state, if there is one."""
        try:
            with aws_errors(f"deleting the parameter {STATE_PARAMETER!r}"):
                self._session.client("ssm").delete_parameter(Name=STATE_PARAMETER)
        except AwsNotFound:
            return


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


def _read(text: str) -> Deployment:
    try:
        content = json.loads(text)
        # First, since another schema may have other keys.
        if content["schema"] != SCHEMA:
            raise _unreadable(f"it has schema {content['schema']!r}, this tt-ops reads {SCHEMA}")
        return Deployment.from_json(content)
    except KeyError as error:
        raise _unreadable(f"{error} is missing in {text[:200]!r}") from None
    except (ValueError, TypeError):
        raise _unreadable(repr(text[:200])) from None


def _record(text: str) -> StateRecord | None:
    """Return the record in the parameter's text; None for any other text."""
    try:
        return StateRecord.from_json(json.loads(text))
    except (KeyError, ValueError, TypeError):
        return None


def _not_deployed(region: str) -> TtOpsError:
    return TtOpsError(
        "not-deployed",
        f"nothing is deployed in {region}: there is no parameter {PARAMETER!r}",
        hint="deploy it: tt-ops deploy",
    )


def _unreadable(reason: str) -> TtOpsError:
    return TtOpsError(
        "deployment-unreadable",
        f"the parameter {PARAMETER!r} does not describe a deployment: {reason}",
        hint="write it again with this version: tt-ops deploy",
    )
