"""The emulator of one project: starts and stops its process, and reads its inbox."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.emulator import (
    ConfirmResult,
    Contents,
    Inbox,
    InboxMessage,
    ResetResult,
    RunningEmulator,
    StopResult,
)
from tasktracker_ops.reporting import Reporter

from . import inbox, process
from .registry import EmulatorRegistry
from .version import this_version


class LocalEmulator:
    """The emulator of one project: at most one process, with its files in `directory`."""

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        note: Callable[[str], None] | None = None,
        registry: EmulatorRegistry | None = None,
        *,
        persists: bool | None = None,
    ) -> None:
        """Take `port` only if given; None prefers the last or default port and may use another.

        One that `persists` brings back what the last one held, and keeps it; None is no, and
        nothing is said where the one that is running does.
        `note` is called once when the running emulator has another version. `registry` gets it
        when it is running.
        """
        self.directory = directory
        self._port = port
        self._note = note
        self._registry = registry
        self._persists = persists

    def up(self, report: Reporter) -> RunningEmulator:
        """Start it unless it is running. Raises TtOpsError with the end of its log."""
        report.doing("starting the emulator")
        running = process.find(self.directory) is not None
        last = process.last_port(self.directory)
        expected = last or (self._port is None and process.DEFAULT_PORT)
        server = process.start(self.directory, self._port, persists=bool(self._persists))
        if self._registry is not None:
            self._registry.add(self.directory)
        if not running and not self._port and expected and server.port != expected:
            report.note(f"Port {expected} is in use; the emulator uses {server.port}.")
        if not running:
            _report_restored(server, report, moved=last not in (None, server.port))
        elif self._persists not in (None, server.persistence is not None):
            report.note(
                "The running emulator does not persist. "
                "Start one that does: tt-ops local down && tt-ops local up --persist"
                if self._persists
                else "The running emulator persists. "
                "Start one that does not: tt-ops local down && tt-ops local up --no-persist"
            )
        report.done(f"AWS emulator at {server.url}")
        return self._check_version(server)

    def at_stake(self) -> Contents | None:
        """Return what would be lost if it were stopped now; None for nothing."""
        server = process.find(self.directory)
        held = process.contents(server) if server and server.persistence is None else None
        return held if held and str(held) else None

    def down(self) -> StopResult:
        """Stop it; what it holds is deleted, unless it persists."""
        lost = self.at_stake()
        server = process.stop(self.directory)
        return StopResult(server, lost if server else None)

    def reset(self) -> ResetResult:
        """Stop it, and forget all it held."""
        return ResetResult(*process.reset(self.directory))

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
                f"({server.version}; this is {this_version()}) and may not fit this "
                "one.\nTo start it again, which deletes all it holds: "
                "tt-ops local down && tt-ops --target local deploy --yes"
            )
            self._note = None
        return server


def _report_restored(server: RunningEmulator, report: Reporter, *, moved: bool) -> None:
    """Report what a start has restored, and what it could not."""
    if server.persistence is None:
        return
    if (aside := server.persistence.set_aside) is not None:
        report.note(
            f"The snapshot cannot be restored: {aside.reason}. It is kept as {str(aside.path)!r}, "
            "and the emulator starts empty.\nDeploy to it: tt-ops --target local deploy --yes"
        )
    elif server.persistence.saved_at is not None:
        report.note(f"Restored the snapshot of {server.persistence.saved_at}.")
        if moved:
            report.note(
                "The addresses of its APIs have changed. "
                "Bring the deployment up to date: tt-ops --target local deploy --yes"
            )
