"""The emulator of one project: starts and stops its process, and reads its inbox."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.emulator import ConfirmResult, Inbox, InboxMessage, RunningEmulator
from tasktracker_ops.reporting import Reporter

from . import inbox, process
from .registry import EmulatorRegistry
from .version import this_version

DEFAULT_PORT = 4580


class LocalEmulator:
    """The emulator of one project: at most one process, with its files in `directory`."""

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        note: Callable[[str], None] | None = None,
        registry: EmulatorRegistry | None = None,
    ) -> None:
        """Take `port` only if given; None prefers the default port and may use another.

        `note` is called once when the running emulator has another version. `registry` gets it
        when it is running.
        """
        self.directory = directory
        self._port = port
        self._note = note
        self._registry = registry

    def up(self, report: Reporter) -> RunningEmulator:
        """Start it unless it is running. Raises TtOpsError with the end of its log."""
        report.doing("starting the emulator")
        running = process.find(self.directory) is not None
        server = process.start(
            self.directory,
            DEFAULT_PORT if self._port is None else self._port,
            port_required=self._port is not None,
        )
        if self._registry is not None:
            self._registry.add(self.directory)
        if not running and self._port is None and server.port != DEFAULT_PORT:
            report.note(f"Port {DEFAULT_PORT} is in use; the emulator uses {server.port}.")
        report.done(f"AWS emulator at {server.url}")
        return self._check_version(server)

    def down(self) -> RunningEmulator | None:
        """Stop it, which deletes all it holds; return None when it was not running."""
        return process.stop(self.directory)

    def inbox(self) -> Inbox:
        """Return its inbox, newest messages first."""
        return inbox.read(self.running())

    def mail(self, mail_id: int) -> InboxMessage:
        """Return one message. Raises TtOpsError `mail-missing`."""
        return inbox.find(self.running(), mail_id)

    def confirm(self, topic: str, address: str | None) -> ConfirmResult:
        """Confirm the pending subscriptions to the topic of that name, of one address or all.

        Raises TtOpsError `nothing-pending`.
        """
        return inbox.confirm(self.running(), topic, address)

    def running(self) -> RunningEmulator:
        """Return the running emulator. Raises TtOpsError `local-not-running`."""
        server = process.find(self.directory)
        if server is None:
            raise TtOpsError(
                "local-not-running",
                f"the emulator of {str(self.directory.parent.parent)!r} is not running",
                hint="start it and deploy to it: tt-ops --target local deploy --yes",
            )
        return self._check_version(server)

    def _check_version(self, server: RunningEmulator) -> RunningEmulator:
        # A note, no error: it holds a deployment, and most differences do not matter.
        if self._note is not None and not server.same_version:
            self._note(
                f"The emulator was started by another version of tt-ops "
                f"({server.version or 'unknown'}; this is {this_version()}) and may not fit this "
                "one.\nTo start it again, which deletes all it holds: "
                "tt-ops local down && tt-ops --target local deploy --yes"
            )
            self._note = None
        return server
