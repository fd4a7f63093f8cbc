"""The local target: the same deployment on the emulator of this project."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.aws_environment import AwsEnvironment
from tasktracker_ops.reporting import Reporter
from tasktracker_ops.settings import DEFAULT_REGION, Settings
from tasktracker_ops.targets import TerraformValues, backend_config

from .credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from .emulator import LocalEmulator

if TYPE_CHECKING:
    from tasktracker_ops.models.deployment import Deployment
    from tasktracker_ops.models.package import PackagePlatform

_ALERT_EMAIL = "operator@example.com"


class LocalTarget:
    """The emulator of this project. It uses none of the user's AWS files and variables."""

    def __init__(self, settings: Settings, emulator: LocalEmulator) -> None:
        self._settings = settings
        self._emulator = emulator
        self._used = False

    @property
    def label(self) -> str:
        """Return where the deployment runs, for messages."""
        return "the local target (an AWS emulator on this machine)"

    @property
    def mailbox(self) -> LocalEmulator:
        """Return the emulator, which has the inbox."""
        return self._emulator

    def ensure_ready(self, report: Reporter) -> None:
        """Start the emulator unless it is running."""
        self._emulator.up(report)

    def environment(self) -> AwsEnvironment:
        """Return the emulator's endpoint, and credentials that are valid nowhere else."""
        server = self._emulator.running()
        self._used = True
        region = self._settings.region or DEFAULT_REGION
        ours = {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": server.url,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": ",".join(
                filter(None, [self._settings.environ.get("NO_PROXY"), "127.0.0.1"])
            ),
        }
        user = {
            name: value
            for name, value in self._settings.environ.items()
            if not name.startswith("AWS_")
        }
        return AwsEnvironment(
            region=region,
            endpoint_url=server.url,
            access_key_id=ACCESS_KEY_ID,
            secret_access_key=SECRET_ACCESS_KEY,
            sealed=True,
            variables=user | ours,
        )

    def backend_config(self) -> TerraformValues:
        """Return the settings of the S3 backend in the emulator."""
        return backend_config(self._settings, self.environment())

    def terraform_variables(self) -> TerraformValues:
        """Return few retries, since local failures repeat, and no deletion protection."""
        return {
            "s3_use_path_style": True,
            "aws_max_retries": "4",  # the provider ignores AWS_MAX_ATTEMPTS
            "table_deletion_protection": False,
        }

    def bootstrap_variables(self) -> TerraformValues:
        """Return no TLS, and no lifecycle rule, which takes the provider a minute."""
        return {"s3_use_path_style": True, "require_tls": False, "expire_old_versions": False}

    def package_platform(self) -> PackagePlatform:
        """Return this machine's, where the emulator runs the function."""
        from tasktracker_ops.adapters.package.platforms import this_machine

        return this_machine()

    def exists_since(self) -> datetime:
        """Return when what the emulator holds began to exist."""
        return datetime.fromisoformat(self._emulator.running().exists_since)

    def alert_email(self) -> str:
        """Return the address that is set, or a placeholder: no mail leaves this machine."""
        return self._settings.alert_address or _ALERT_EMAIL

    def console_url(self, deployment: Deployment) -> str:
        """Return the URL of the emulator's own page."""
        return self._emulator.running().console_url

    def pages(self, deployment: Deployment) -> Mapping[str, str]:
        """Return the emulator's page, which has the inbox, and its page about the API."""
        server = self._emulator.running()
        return {"docs": f"{server.url}/docs?api={deployment.api_id}", "inbox": server.console_url}

    def confirmation_hint(self, topic_arn: str) -> str:
        """Return the command that opens the link in the emulator's inbox."""
        return "confirm it: tt-ops local confirm"

    def aws_command(self, *words: str) -> str:
        """Return the command for the emulator, with the credentials that are valid only there."""
        environment = self.environment()
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL")
        settings = [f"{name}={environment.variables[name]}" for name in names]
        return shlex.join(["env", *settings, "aws", *words])

    def explain(self, error: TtOpsError) -> TtOpsError:
        """Return `local-not-running` if the emulator stopped in the meantime; else `error`."""
        if self._used and error.code in {"aws-unreachable", "api-unreachable"}:
            try:
                self._emulator.running()
            except TtOpsError as not_running:
                return not_running
        return error
