"""The local target: the same deployment on the AWS embedded in a process of this project."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.local.credentials import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tasktracker_ops.models.aws_environment import AwsEnvironment
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.emulator import ConfirmResult, Inbox, Mail, RunningEmulator
from tasktracker_ops.reporting import Reporter
from tasktracker_ops.settings import DEFAULT_REGION, Settings
from tasktracker_ops.targets import TerraformValues, backend_config

from . import inbox, process
from .version import this_version

DEFAULT_PORT = 4580
_RECIPIENT = "operator@example.com"


class EmulatorHandle:
    """The embedded AWS of one project: at most one process, its files in `directory`."""

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        note: Callable[[str], None] | None = None,
    ) -> None:
        """`port` is what the user insists on; None prefers the usual one and takes another.

        `note` is called once when what runs has another version.
        """
        self.directory = directory
        self._port = port
        self._note = note

    def up(self, report: Reporter) -> RunningEmulator:
        """Start it unless it runs. Raises TtOpsError with the log's end when it cannot."""
        report.doing("starting the embedded AWS")
        running = process.find(self.directory) is not None
        server = process.start(
            self.directory,
            DEFAULT_PORT if self._port is None else self._port,
            port_required=self._port is not None,
        )
        if not running and self._port is None and server.port != DEFAULT_PORT:
            report.note(f"Port {DEFAULT_PORT} is taken; the embedded AWS uses {server.port}.")
        report.done(f"embedded AWS (an emulation) at {server.url}")
        return self._compared(server)

    def down(self) -> RunningEmulator | None:
        """Stop it and forget everything in it; None when it was not running."""
        return process.stop(self.directory)

    def inbox(self) -> Inbox:
        """All mail that is kept, the newest first."""
        return inbox.read(self.running())

    def mail(self, mail_id: int) -> Mail:
        """One message. Raises TtOpsError `mail-missing`."""
        return inbox.find(self.running(), mail_id)

    def confirm(self, address: str | None) -> ConfirmResult:
        """Confirm what is pending, of one address or all. Raises TtOpsError `nothing-pending`."""
        return inbox.confirm(self.running(), address)

    def running(self) -> RunningEmulator:
        """The running one. Raises TtOpsError `local-not-running`."""
        server = process.find(self.directory)
        if server is None:
            raise TtOpsError(
                "local-not-running",
                f"the embedded AWS of {str(self.directory.parent.parent)!r} is not running",
                hint="start it with everything in it: tt-ops --target local deploy --yes",
            )
        return self._compared(server)

    def _compared(self, server: RunningEmulator) -> RunningEmulator:
        # What holds a deployment is not refused: most of what it lacks is never asked for.
        if self._note is not None and not server.same_version:
            self._note(
                f"The embedded AWS was started by another version of tt-ops "
                f"({server.version or 'unknown'}; this is {this_version()}) and may lack what this "
                "one needs.\nTo start it anew, which forgets what it holds: "
                "tt-ops local down && tt-ops --target local deploy --yes"
            )
            self._note = None
        return server


class LocalTarget:
    """The embedded AWS. Nothing of the user's AWS files and variables reaches it, or is reached."""

    def __init__(self, settings: Settings, emulator: EmulatorHandle) -> None:
        self._settings = settings
        self._sandbox = emulator
        self._used = False

    @property
    def label(self) -> str:
        """Where the deployment runs, for people."""
        return "the embedded AWS (an emulation on this machine)"

    def ensure_ready(self, report: Reporter) -> None:
        """Start the embedded AWS unless it runs."""
        self._sandbox.up(report)

    def environment(self) -> AwsEnvironment:
        """The emulator's endpoint, and credentials that are good for nothing else."""
        server = self._sandbox.running()
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
        """The S3 backend in the emulator."""
        return backend_config(self._settings, self.environment())

    def terraform_variables(self) -> TerraformValues:
        """A sandbox may be torn down at will, and what fails there fails again."""
        return {
            "s3_use_path_style": True,
            "aws_max_retries": "4",  # the provider does not hear AWS_MAX_ATTEMPTS
            "table_deletion_protection": False,
        }

    def bootstrap_variables(self) -> TerraformValues:
        """No TLS on loopback, and no rule that the provider waits a minute for."""
        return {"s3_use_path_style": True, "require_tls": False, "expire_old_versions": False}

    def recipient(self) -> str:
        """Return the address that is set, or a placeholder: no mail leaves this machine."""
        return self._settings.alert_address or _RECIPIENT

    def console_url(self, deployment: Deployment) -> str:
        """The emulator's own page."""
        return self._sandbox.running().console_url

    def confirmation_hint(self, topic_arn: str) -> str:
        """The command that opens the link in the emulator's mailbox."""
        return "confirm it, as the link in its mail does: tt-ops local confirm"

    def explain(self, error: TtOpsError) -> TtOpsError:
        """That the embedded AWS ended after it was asked for, which is why it gives no answer."""
        if self._used and error.code in {"aws-unreachable", "api-unreachable"}:
            try:
                self._sandbox.running()
            except TtOpsError as gone:
                return gone
        return error
