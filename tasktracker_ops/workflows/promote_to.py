"""Release the package that runs in one environment in another one, without a build."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tasktracker_ops import __version__
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.frozen import dataclass
from tasktracker_ops.models.drift import FunctionVersion
from tasktracker_ops.models.package import Package
from tasktracker_ops.models.promote_to import PackagePromotion, PromoteToResult
from tasktracker_ops.models.release import (
    PROVEN,
    UNPROVEN,
    UNRELEASED,
    ReleaseOptions,
    ReleaseRecord,
)
from tasktracker_ops.models.times import timestamp_now

from .deploy_lock import deploy_lock
from .release import Releases

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.functions import Functions
    from tasktracker_ops.app import App
    from tasktracker_ops.models.deployment import Deployment
    from tasktracker_ops.models.lock import DeployLock

ApprovePromotion = Callable[[PackagePromotion], None]
# What a package may have been made for.
_PLATFORM = {"Architectures": "architecture", "Runtime": "runtime"}


def promote_to(
    app: App,
    other: App,
    options: ReleaseOptions,
    *,
    approve: ApprovePromotion,
    lock_timeout: int = 0,
) -> PromoteToResult:
    """Release the package that is live in the environment of `app` in that of `other`.

    Holds the deploy lock of the other one; `approve` gets what is to be released and raises to
    stop. Raises TtOpsError `environment-same`, `environment-missing`, `release-unproven`,
    `platform-differs`, `package-differs`, and those of `Releases.release`.
    """
    _require_other(app, other)
    app.ensure_ready()
    source = _live_release(app)
    deployment = _deployment(other)
    # By its description: outside of its project, settings may not know the name.
    other.functions = other.deployed_function(deployment)
    _require_same_platform(source, other)
    app.report.doing(f"downloading the package of release {source.record.release}")
    content = source.code()
    with (
        TemporaryDirectory() as folder,
        _hints_for(other.environment.name),
        deploy_lock(other, "promote-to", timeout=lock_timeout) as lock,
    ):
        package = _package(Path(folder), content, source.record)
        releases = Releases(other, lock, new=_new_record(source, lock.lock))
        promotion = PackagePromotion(
            source=source.environment,
            release=source.record.release,
            sha256=package.sha256,
            commit=source.record.commit,
            dirty=source.record.dirty,
            environment=other.environment.name,
            instead_of=releases.routing().version,
        )
        approve(promotion)
        return PromoteToResult(
            promotion, deployment, releases.release(package, deployment, options)
        )


@dataclass(frozen=True, slots=True)
class _LiveRelease:
    environment: str
    function: Functions
    record: ReleaseRecord

    @property
    def version(self) -> str:
        return str(self.record.release)

    def code(self) -> bytes:
        """Return its package. Raises TtOpsError `package-differs` for any other than recorded."""
        content = self.function.code(self.version)
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 != self.record.sha256:
            raise TtOpsError(
                "package-differs",
                f"the package of release {self.version} has the SHA-256 {sha256}, and its record "
                f"has {self.record.sha256}",
                hint="deploy it again, and check it: tt-ops deploy",
            )
        return content


def _require_other(app: App, other: App) -> None:
    name = other.environment.name
    if app.environment == other.environment:
        raise TtOpsError(
            "environment-same",
            f"{name!r} is the environment whose package is to be released in another one",
            hint="name the one that it runs in, if it is another: tt-ops --env NAME promote-to "
            f"{name}",
        )


def _live_release(app: App) -> _LiveRelease:
    """Return the release that takes requests. Raises TtOpsError unless it is proven."""
    function, name = app.deployed_function(app.deployments.get()), app.environment.name
    routing = function.routing()
    version = routing.version if routing else "none"
    record = app.release_records.read(int(version)) if version.isdecimal() else None
    if routing is None or record is None or record.outcome_by(routing) != PROVEN:
        outcome = record.outcome if record else "no release of tt-ops"
        raise TtOpsError(
            "release-unproven",
            f"version {version}, which is live in {name!r}, is {outcome}: only a proven release "
            "can be released elsewhere",
            hint="deploy there first, which checks it: tt-ops deploy",
        )
    return _LiveRelease(name, function, record)


def _deployment(other: App) -> Deployment:
    try:
        return other.deployments.get()
    except TtOpsError as error:
        if error.code != "not-deployed":
            raise
        name = other.environment.name
        raise TtOpsError(
            "environment-missing",
            f"there is no environment {name!r}: {error.message}",
            hint=f"make it: tt-ops --env {name} deploy",
        ) from None


def _require_same_platform(source: _LiveRelease, other: App) -> None:
    """Raise TtOpsError `platform-differs` where the other function could not run the package."""
    name = other.environment.name
    here, there = source.function.version(source.version), other.functions.version(UNRELEASED)
    for key, word in _PLATFORM.items():
        ours, theirs = _text(here, key), _text(there, key)
        if ours != theirs:
            raise TtOpsError(
                "platform-differs",
                f"the {word} of {name!r} is {theirs}, that of {source.environment!r} is {ours}",
                hint=f"deploy both with the same one: tt-ops --env {name} deploy",
            )


def _text(version: FunctionVersion, key: str) -> str:
    value = version.settings.get(key)
    return ", ".join(value) if isinstance(value, list) else str(value)


def _package(folder: Path, content: bytes, record: ReleaseRecord) -> Package:
    path = folder / "function.zip"
    path.write_bytes(content)
    return Package(
        path=path,
        sources=record.sources,
        sources_sha256="",
        platform=None,
        parts=(),
        size=len(content),
        unpacked_size=0,
        sha256=record.sha256,
        changed=False,
    )


def _new_record(source: _LiveRelease, lock: DeployLock) -> ReleaseRecord:
    """Return the record that the release begins with: of the same commit and files."""
    return replace(
        source.record,
        release=0,
        by=lock.who,
        run_url=lock.run_url,
        at=timestamp_now(),
        tt_ops=__version__,
        outcome=UNPROVEN,
        bake=None,
        check_key=None,
        events=(),
        promoted_from=f"release {source.version} of {source.environment}",
    )


@contextmanager
def _hints_for(environment: str) -> Iterator[None]:
    """Let the commands in the hints of errors name the environment that they are about."""
    try:
        yield
    except TtOpsError as error:
        reason, program, command = error.hint.rpartition("tt-ops ")
        if program and not command.startswith("…"):
            error.hint = f"{reason}{program}--env {environment} {command}"
        raise
