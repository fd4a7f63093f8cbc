"""Targets: the environments that the same deployment can run in."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlsplit

from .errors import SAME_COMMAND, ConfigurationError, TtOpsError
from .models.aws_environment import AwsEnvironment
from .models.deployment import Deployment
from .settings import DEFAULT_REGION, Settings, require_region

if TYPE_CHECKING:
    from .models.emulator import ConfirmResult, Inbox
    from .models.package import PackagePlatform
    from .reporting import Reporter

TerraformValues = Mapping[str, str | bool]
# What names a region that no setting and no variable does.
AWS_PROFILE = "the AWS profile"
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


class Mailbox(Protocol):
    """Keeps the mail of a target that sends none."""

    def inbox(self) -> Inbox:
        """Return its messages, the newest first."""
        ...

    def confirm(self, topic: str, address: str | None) -> ConfirmResult:
        """Confirm the pending subscriptions to the topic of that name, of one address or all."""
        ...


class Target(Protocol):
    """All that differs between targets."""

    @property
    def label(self) -> str:
        """Return where the deployment runs, for messages."""
        ...

    @property
    def mailbox(self) -> Mailbox | None:
        """Return what keeps the mail; None where it leaves for its addresses."""
        ...

    def ensure_ready(self, report: Reporter) -> None:
        """Start what has to run, or raise TtOpsError."""

    def environment(self) -> AwsEnvironment:
        """Return endpoint, credentials and region."""
        ...

    def backend_config(self) -> TerraformValues:
        """Return the settings of Terraform's S3 backend."""
        ...

    def terraform_variables(self) -> TerraformValues:
        """Return the variables of the main stack that depend on the target."""
        ...

    def bootstrap_variables(self) -> TerraformValues:
        """Return the variables of the bootstrap stack that depend on the target."""
        ...

    def package_platform(self) -> PackagePlatform:
        """Return what the function's packages are installed for."""
        ...

    def exists_since(self) -> datetime | None:
        """Return since when the target exists, where it may vanish with all it holds."""
        ...

    def alert_email(self) -> str:
        """Return the e-mail address that alarms are sent to. Raises ConfigurationError."""
        ...

    def console_url(self, deployment: Deployment) -> str:
        """Return the URL of a web page about the deployment."""
        ...

    def pages(self, deployment: Deployment) -> Mapping[str, str]:
        """Return the web pages about the deployment that `tt-ops open` knows, by name."""
        ...

    def confirmation_hint(self, topic_arn: str) -> str:
        """Return how to confirm a subscription to the topic; ends with a command."""
        ...

    def aws_command(self, *words: str) -> str:
        """Return the command of the AWS CLI that does something on this target."""
        ...

    def explain(self, error: TtOpsError) -> TtOpsError:
        """Return the cause of `error` where the target knows it and it lasts; else `error`."""
        ...


class AwsTarget:
    """An AWS account, or another emulator of AWS that `AWS_ENDPOINT_URL` names."""

    def __init__(self, settings: Settings, local_is_running: Callable[[], bool]) -> None:
        """Create the target; `local_is_running` says whether this project runs locally."""
        self._settings = settings
        self._local_is_running = local_is_running

    @property
    def label(self) -> str:
        """Return where the deployment runs, for messages."""
        environment = self.environment()
        if environment.endpoint_url:
            return f"what answers as AWS at {environment.endpoint_url}"
        return f"AWS in {environment.region}"

    @property
    def mailbox(self) -> None:
        """Return nothing: SNS sends its mail."""

    def ensure_ready(self, report: Reporter) -> None:
        """Do nothing: AWS is always running."""

    def environment(self) -> AwsEnvironment:
        """Return the user's environment, with one region for boto3 and Terraform.

        Raises ConfigurationError `region-invalid`.
        """
        user, region = self._settings.environ, self._region
        variables = {**user, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        profile = self._settings.profile
        if profile:
            # boto3 prefers a named profile to keys in variables, Terraform the keys: without them,
            # both use the same account.
            variables = {k: v for k, v in variables.items() if k not in _CREDENTIAL_VARIABLES}
            variables["AWS_PROFILE"] = profile
        return AwsEnvironment(
            region=region,
            endpoint_url=user.get("AWS_ENDPOINT_URL") or None,
            # AWS_PROFILE alone has lower precedence than keys in variables, as in every AWS tool.
            profile=profile,
            variables=variables,
        )

    @cached_property
    def _region(self) -> str:
        return aws_region(self._settings)[0]

    def backend_config(self) -> TerraformValues:
        """Return the settings of the S3 backend in this account."""
        environment = self.environment()
        return backend_config(self._settings, environment)

    def terraform_variables(self) -> TerraformValues:
        """Return what an emulator at `AWS_ENDPOINT_URL` needs."""
        return {"s3_use_path_style": self.environment().endpoint_url is not None}

    def bootstrap_variables(self) -> TerraformValues:
        """Return path-style S3 for an emulator, and no TLS-only policy over plain http."""
        endpoint = self.environment().endpoint_url
        return {
            "s3_use_path_style": endpoint is not None,
            "require_tls": urlsplit(endpoint or "https:").scheme == "https",
        }

    def package_platform(self) -> PackagePlatform:
        """Return Lambda's, for the architecture that Terraform gives the function."""
        from .adapters.package.platforms import lambda_platform
        from .adapters.terraform.variables import string_variable

        module = self._settings.project / "terraform"
        value = string_variable(module, "lambda_architecture", self._settings.environ)
        return lambda_platform(value or "arm64")

    def exists_since(self) -> None:
        """Return nothing: an account does not vanish."""

    def alert_email(self) -> str:
        """Return the address that is set. Raises ConfigurationError without a valid one."""
        address = self._settings.alert_address
        if not address:
            raise ConfigurationError(
                "alert-email-missing",
                "alert_email is not set: alarms need an address",
                hint=f"set it: {SAME_COMMAND} --alert-email ADDRESS",
            )
        return address

    def console_url(self, deployment: Deployment) -> str:
        """Return the dashboard in the CloudWatch console, or an emulator's own address."""
        if endpoint := self.environment().endpoint_url:
            return endpoint
        return f"{_cloudwatch(deployment)}#dashboards/dashboard/{deployment.dashboard_name}"

    def pages(self, deployment: Deployment) -> Mapping[str, str]:
        """Return those of the CloudWatch console, and the project's page about the API."""
        pages = {}
        project = self._settings.project_dir
        if project is not None and (docs := project / "docs" / "api.html").is_file():
            pages["docs"] = docs.as_uri()
        if self.environment().endpoint_url is None:
            # The console decodes the name twice.
            group = quote(quote(deployment.log_group, safe=""), safe="").replace("%", "$")
            pages["dashboard"] = self.console_url(deployment)
            pages["logs"] = f"{_cloudwatch(deployment)}#logsV2:log-groups/log-group/{group}"
        return pages

    def confirmation_hint(self, topic_arn: str) -> str:
        """Return that SNS's mail has a link, and the command that sends the mail again."""
        words = ("sns", "subscribe", "--topic-arn", topic_arn, "--protocol", "email")
        # The address itself is not printed.
        again = f'{self.aws_command(*words)} --notification-endpoint "$ALERT_EMAIL"'
        return (
            f"open the link in its mail, or send it again with the address in ALERT_EMAIL: {again}"
        )

    def aws_command(self, *words: str) -> str:
        """Return the command for this account and region."""
        profile = self._settings.profile
        where = ["--region", self.environment().region]
        where += ["--profile", profile] if profile else []
        return shlex.join(["aws", *words, *where])

    def explain(self, error: TtOpsError) -> TtOpsError:
        """Return missing credentials with the local target, if this project is running there."""
        if error.code != "aws-credentials-missing" or not self._local_is_running():
            return error
        return ConfigurationError(
            error.code,
            f"{error.message}; the local target of this project is running",
            hint="sign in to AWS, or use the local target: tt-ops --target local …",
        )


def _cloudwatch(deployment: Deployment) -> str:
    region = deployment.region
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"


def aws_region(settings: Settings) -> tuple[str, str | None]:
    """Return the region of the setting, else AWS's variables, the profile, the default.

    With it comes what names it; None for the default. Raises ConfigurationError `region-invalid`.
    """
    if settings.region:
        return settings.region, settings.origins.get("region")
    user = settings.environ
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if user.get(variable):
            return require_region(user[variable], variable, user), variable
    from .adapters.aws.profiles import profile_region

    region = profile_region(settings.profile, user)
    if region is None:
        return DEFAULT_REGION, None
    return require_region(region, AWS_PROFILE, user), AWS_PROFILE


def backend_config(settings: Settings, environment: AwsEnvironment) -> TerraformValues:
    """Return the S3 backend's settings; emulators serve buckets by path, not by host name."""
    return {
        "bucket": settings.state_bucket,
        "key": settings.state_key,
        "region": environment.region,
        "dynamodb_table": settings.lock_table,
        "use_path_style": environment.endpoint_url is not None,
    }
