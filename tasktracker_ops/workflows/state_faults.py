"""What is wrong with a state in the state bucket, and what repairs it.

Terraform itself knows only "the checksum does not match": it neither sees the versions of the
bucket nor remembers which state belongs to the deployment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.aws.state_backend import GITHUB_STATE_KEY
from tasktracker_ops.errors import Problem
from tasktracker_ops.models.state import State, StateObject, StateRecord

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.state_files import StateFile, StateFiles
    from tasktracker_ops.app import App

# How many versions are searched for one that is valid.
_NEWEST = 50


@dataclass(frozen=True, slots=True)
class StateFault:
    """A fault of a state, and its repair, which returns what it did; None is no repair.

    `automatic` says that a deploy goes on without a person: nothing is chosen or lost.
    `blocking` says that Terraform cannot plan, or must not, before the repair.
    """

    problem: Problem
    repair: Callable[[], str] | None = None
    automatic: bool = False
    blocking: bool = True


def find_fault(app: App, key: str) -> StateFault | None:
    """Return what is wrong with the state `key` first; None where nothing is.

    While Terraform holds its lock there is no answer, since object and digest are not written at
    once.
    """
    described, record = False, None
    if key == app.settings.state_key:
        described, record = app.deployments.state_record()
    fault = _Diagnosis(app, key, record, described=described).fault()
    return None if fault and app.locks_of(key).lock().held else fault


class VersionHistory:
    """The versions of one state, read when they are needed."""

    def __init__(self, files: StateFiles, key: str) -> None:
        self._files = files
        self._key = key
        self._read: dict[str, StateFile | None] = {}

    @cached_property
    def objects(self) -> tuple[StateObject, ...]:
        """Return the versions and delete markers, the newest first."""
        return self._files.versions(self._key)

    def file(self, version: StateObject) -> StateFile | None:
        """Return the content of a version; None if it is gone by now."""
        if version.version_id not in self._read:
            self._read[version.version_id] = self._files.version(self._key, version.version_id)
        return self._read[version.version_id]

    def valid(self) -> Iterator[StateFile]:
        """Yield those of the newest versions that are states, the newest first."""
        for version in [each for each in self.objects if not each.delete_marker][:_NEWEST]:
            file = self.file(version)
            if file is not None and file.invalid is None:
                yield file


class _Diagnosis:
    """Compares the current object with its digest, its versions and the record."""

    def __init__(self, app: App, key: str, record: StateRecord | None, *, described: bool) -> None:
        self._app = app
        self._files = app.state_files
        self._key = key
        self._described = described
        self._record = record
        self._name = f"the state {key!r} in the bucket {self._files.bucket!r}"
        self._option = " --github" if key == GITHUB_STATE_KEY else ""
        self._versions = VersionHistory(self._files, key)

    def fault(self) -> StateFault | None:
        """Return the first fault; None where there is none."""
        current = self._files.current(self._key)
        if elsewhere := self._elsewhere(current):
            return elsewhere
        digest = self._files.digest(self._key)
        if current is None:
            is_unused = digest is None and self._record is None and not self._described
            return None if is_unused else self._missing(digest)
        if current.invalid is not None:
            return self._corrupted(current, digest)
        if self._record is not None and current.state.lineage != self._record.lineage:
            return self._foreign(current, self._record.lineage)
        if not self._continues(current.state):
            return self._outdated(current.state)
        return None if digest == current.digest else self._digest_wrong(current, digest)

    def _continues(self, state: State) -> bool:
        """Return whether a state is the recorded one, or a later one."""
        record = self._record
        return record is None or (state.lineage == record.lineage and state.serial >= record.serial)

    def _elsewhere(self, current: StateFile | None) -> StateFault | None:
        """Return the fault if the record names another place, and the state was not moved here."""
        record = self._record
        if record is None or (record.bucket, record.key) == (self._files.bucket, self._key):
            return None
        if current is not None and current.invalid is None and self._continues(current.state):
            return None
        return StateFault(
            Problem(
                "state-elsewhere",
                f"the deployment's state is {record.key!r} in the bucket {record.bucket!r}, "
                f"and the settings name {self._key!r} in {self._files.bucket!r}",
                hint="set them in tt-ops.toml, or by variables: "
                f"export TT_OPS_STATE_BUCKET={record.bucket} TT_OPS_STATE_KEY={record.key}",
            )
        )

    def _missing(self, digest: str | None) -> StateFault:
        newest = self._newest()
        if newest is None:
            return self._gone(digest)
        markers = [each for each in self._versions.objects if each.delete_marker]
        since = f" at {markers[0].at}" if markers else ""
        sentence = f"{self._name} was deleted{since}; its versions are still there"
        if not (markers and self._continues(newest.state)):
            return StateFault(self._restorable("state-deleted", sentence, newest))
        return self._healed("state-deleted", sentence, self._restore(newest, None))

    def _newest(self) -> StateFile | None:
        """Return the newest version that is a state, if it can be of the deployment's lineage."""
        lineage = self._record.lineage if self._record else None
        ours = (f for f in self._versions.valid() if lineage in (None, f.state.lineage))
        return next(ours, None) or next(self._versions.valid(), None)

    def _gone(self, digest: str | None) -> StateFault:
        def repair() -> str:
            self._files.delete_digest(self._key)
            if self._record is not None:
                # The next state has another lineage.
                self._app.deployments.delete_state_record()
            return "what exists is imported into a new state"

        return StateFault(
            Problem(
                "state-gone",
                f"{self._name} is gone, and so are its versions",
                hint="import what exists into a new state: tt-ops "
                f"{'bootstrap --github OWNER/REPO' if self._option else 'deploy'}",
            ),
            None if digest is None and self._record is None else repair,
            automatic=True,
            blocking=digest is not None,
        )

    def _corrupted(self, current: StateFile, digest: str | None) -> StateFault:
        reason = current.invalid
        sentence = f"{self._name} cannot be read: {reason}"
        if reason is not None and reason.foreign:
            hint = "use the Terraform that wrote it, or another version: tt-ops state versions"
            return StateFault(
                Problem("state-format-unknown", sentence, hint=f"{hint}{self._option}")
            )
        newest = self._newest()
        if newest is None:
            return self._worthless(sentence)
        is_last = newest.digest == digest or (
            self._record is not None and self._continues(newest.state)
        )
        if not is_last:
            return StateFault(self._restorable("state-corrupted", sentence, newest))
        return self._healed("state-corrupted", sentence, self._restore(newest, current))

    def _restore(self, last: StateFile, current: StateFile | None) -> Callable[[], str]:
        def repair() -> str:
            # Under its own serial, as it is what Terraform wrote last. Removing a delete marker
            # instead would take the permission to delete versions.
            self._files.write(self._key, last.content, instead_of=current)
            return f"restored its last version, {last.version_id}"

        return repair

    def _worthless(self, sentence: str) -> StateFault:
        def repair() -> str:
            self._files.set_aside(self._key)
            return "deleted it, so that what exists is imported into a new state"

        return StateFault(
            Problem(
                "state-corrupted",
                f"{sentence}; no version of it is valid",
                hint=f"set it aside, then deploy again: tt-ops state repair{self._option}",
            ),
            repair,
        )

    def _foreign(self, current: StateFile, lineage: str) -> StateFault:
        ours = next((f for f in self._versions.valid() if f.state.lineage == lineage), None)
        sentence = f"{self._name} is of another lineage than the deployment, {lineage!r}"
        if ours is not None:
            return StateFault(self._restorable("state-foreign", sentence, ours))

        def repair() -> str:
            self._files.write_digest(self._key, current.digest)
            self._app.deployments.delete_state_record()
            return "it is the deployment's from now on"

        return StateFault(
            Problem(
                "state-foreign",
                f"{sentence}; no version has that lineage",
                hint="if it is of another project, set another state_bucket; if it is of this one, "
                f"take it: tt-ops state repair{self._option}",
            ),
            repair,
        )

    def _outdated(self, state: State) -> StateFault:
        ours = [f for f in self._versions.valid() if f.state.lineage == state.lineage]
        newest = max(ours, key=lambda file: file.state.serial, default=None)
        last = max(newest.state.serial if newest else 0, self._record.serial if self._record else 0)
        sentence = (
            f"{self._name} is an older one: its serial is {state.serial}, the last was {last}"
        )
        if newest is not None and newest.state.serial > state.serial:
            return StateFault(self._restorable("state-outdated", sentence, newest))

        def repair() -> str:
            self._app.deployments.delete_state_record()
            return "it is used as it is; the next deploy imports what it lacks"

        hint = f"take it as it is, then deploy: tt-ops state repair{self._option}"
        return StateFault(
            Problem("state-outdated", f"{sentence}; no later version exists", hint=hint), repair
        )

    def _digest_wrong(self, current: StateFile, digest: str | None) -> StateFault:
        state = current.state
        valid = list(self._versions.valid())
        expected = next((file for file in valid if file.digest == digest), None)
        if expected is not None and expected.state.lineage != state.lineage:
            return self._foreign(current, expected.state.lineage)
        if any(f.state.lineage == state.lineage and f.state.serial > state.serial for f in valid):
            return self._outdated(state)

        def repair() -> str:
            self._files.write_digest(self._key, current.digest)
            return "wrote it again"

        name = f"the digest of the state {self._key!r} in the table {self._files.lock_table!r}"
        if digest is None:
            sentence = f"{name} is missing"
            return self._healed("state-digest-missing", sentence, repair, blocking=False)
        sentence = f"{name} is {digest!r} instead of {current.digest!r}"
        return self._healed("state-digest-wrong", sentence, repair)

    def _healed(
        self, code: str, sentence: str, repair: Callable[[], str], *, blocking: bool = True
    ) -> StateFault:
        hint = f"the next deploy repairs it; to do that now: tt-ops state repair{self._option}"
        return StateFault(
            Problem(code, sentence, hint=hint), repair, automatic=True, blocking=blocking
        )

    def _restorable(self, code: str, sentence: str, file: StateFile) -> Problem:
        return Problem(
            code,
            sentence,
            hint=f"restore its version of serial {file.state.serial}: "
            f"tt-ops state restore {file.version_id}{self._option}",
        )
