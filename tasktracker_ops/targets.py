"""Targets: the environments that one and the same deployment can run in."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from .errors import SAME_COMMAND, ConfigurationError, TtOpsError
from .models.aws_environment import AwsEnvironment
from .models.deployment import Deployment
from .settings import DEFAULT_REGION, Settings, require_region

if TYPE_CHECKING:
    from .reporting import Reporter

TerraformValues = Mapping[str, str | bool]
_CREDENTIAL_VARIABLES = {
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
}


class Target(Protocol):
    """What a workflow needs to know of where it runs; all differences between targets are here."""

    @property
    def label(self) -> str:
        """Where the deployment runs, for people."""

    def ensure_ready(self, report: Reporter) -> None:
        """Start what has to run, or raise TtOpsError saying what is missing."""

    def environment(self) -> AwsEnvironment:
        """Endpoint, credentials and region."""

    def backend_config(self) -> TerraformValues:
        """Settings of Terraform's S3 backend."""

    def terraform_variables(self) -> TerraformValues:
        """Variables of the main stack in which targets differ."""

    def bootstrap_variables(self) -> TerraformValues:
        """Variables of the bootstrap stack in which targets differ."""

    def recipient(self) -> str:
        """Return the e-mail address that alarms are sent to. Raises ConfigurationError."""

    def console_url(self, deployment: Deployment) -> str:
        """A page for people where the deployment can be looked at."""

    def confirmation_hint(self, topic_arn: str) -> str:
        """How the owner of an address comes to hear of the topic; ends with a command."""

    def explain(self, error: TtOpsError) -> TtOpsError:
        """The error that is behind `error`, where the target knows of one that lasts; else it."""


class AwsTarget:
    """An AWS account, or another emulator of AWS that `AWS_ENDPOINT_URL` names."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def label(self) -> str:
        """Where the deployment runs, for people."""
        environment = self.environment()
        if environment.endpoint_url:
            return f"what answers as AWS at {environment.endpoint_url}"
        return f"AWS in {environment.region}"

    def ensure_ready(self, report: Reporter) -> None:
        """An account runs by itself."""

    def environment(self) -> AwsEnvironment:
        """Return the user's environment, with the region settled for boto3 and Terraform alike.

        Raises ConfigurationError `region-invalid`.
        """
        user, region = self._settings.environ, self._region
        variables = {**user, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        profile = self._settings.profile
        if profile:
            # boto3 prefers a named profile to keys in variables, and Terraform the keys: without
            # them, both ask the same account.
            variables = {k: v for k, v in variables.items() if k not in _CREDENTIAL_VARIABLES}
            variables["AWS_PROFILE"] = profile
        return AwsEnvironment(
            region=region,
            endpoint_url=user.get("AWS_ENDPOINT_URL") or None,
            # One that only a variable names stays behind keys in variables, as everywhere.
            profile=profile,
            variables=variables,
        )

    @cached_property
    def _region(self) -> str:
        """The setting, else what AWS's variables say, else the profile, else the default."""
        if self._settings.region:
            return self._settings.region
        user = self._settings.environ
        for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            if user.get(variable):
                return require_region(user[variable], variable, user)
        from .adapters.aws.profiles import profile_region

        region = profile_region(self._settings.profile, user)
        return require_region(region, "the AWS profile", user) if region else DEFAULT_REGION

    def backend_config(self) -> TerraformValues:
        """The S3 backend; emulators serve buckets by path, not by host name."""
        environment = self.environment()
        return backend_config(self._settings, environment)

    def terraform_variables(self) -> TerraformValues:
        """Only what an emulator behind `AWS_ENDPOINT_URL` needs."""
        return {"s3_use_path_style": self.environment().endpoint_url is not None}

    def bootstrap_variables(self) -> TerraformValues:
        """A TLS-only policy over plain http could only lock everyone out."""
        endpoint = self.environment().endpoint_url
        return {
            "s3_use_path_style": endpoint is not None,
            "require_tls": urlsplit(endpoint or "https:").scheme == "https",
        }

    def recipient(self) -> str:
        """Return the address that is set. Raises ConfigurationError without a valid one."""
        address = self._settings.alert_address
        if not address:
            raise ConfigurationError(
                "alert-email-missing",
                "no address for the alarms: alert_email is not set",
                hint=f"name one: {SAME_COMMAND} --alert-email ADDRESS",
            )
        return address

    def console_url(self, deployment: Deployment) -> str:
        """The dashboard in the CloudWatch console; another emulator has its own, if any."""
        if endpoint := self.environment().endpoint_url:
            return endpoint
        return (
            f"https://{deployment.region}.console.aws.amazon.com/cloudwatch/home"
            f"?region={deployment.region}#dashboards/dashboard/{deployment.dashboard_name}"
        )

    def confirmation_hint(self, topic_arn: str) -> str:
        """The link in SNS's mail, which another Subscribe sends again."""
        profile = self._settings.profile
        words = ["aws", "sns", "subscribe", "--topic-arn", topic_arn, "--protocol", "email"]
        where = ["--region", self.environment().region]
        where += ["--profile", profile] if profile else []
        # The address itself stays out of what is printed.
        again = f'{shlex.join(words)} --notification-endpoint "$ALERT_EMAIL" {shlex.join(where)}'
        return (
            "open the link in its mail, which can be sent again with the address in ALERT_EMAIL: "
            f"{again}"
        )

    def explain(self, error: TtOpsError) -> TtOpsError:
        """What keeps AWS from answering, AWS does not say."""
        return error


def backend_config(settings: Settings, environment: AwsEnvironment) -> TerraformValues:
    """The S3 backend's settings for `environment`."""
    return {
        "bucket": settings.state_bucket,
        "key": settings.state_key,
        "region": environment.region,
        "dynamodb_table": settings.lock_table,
        "use_path_style": environment.endpoint_url is not None,
    }
