"""Deploy the code alone: a release, without Terraform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.deployment import DeployResult
from tasktracker_ops.models.package import Package
from tasktracker_ops.models.release import ReleaseOptions

from .build import build

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_DEPLOY = "apply it first, which releases the code as well: tt-ops deploy"


def deploy_code(
    app: App, options: ReleaseOptions, *, lock_timeout: int = 0, import_handler: bool = True
) -> DeployResult:
    """Release the code of the project, where it differs or the live release is not proven.

    Holds the deploy lock, for which it waits up to `lock_timeout` seconds; `import_handler` is that
    of `build`. Raises TtOpsError `not-deployed`, `configuration-changed` where a deploy would apply
    another configuration than the last one did, or does not know it, and those of
    `Releases.release`.
    """
    # Its process imports the handler while this one imports boto3, which takes as long.
    with ThreadPoolExecutor(max_workers=1) as pool:
        package = pool.submit(build, app, import_handler=import_handler)
        app.ensure_ready()
        return _deploy(app, package, options, lock_timeout)


def _deploy(
    app: App, package: Future[Package], options: ReleaseOptions, lock_timeout: int
) -> DeployResult:
    from tasktracker_ops.adapters.aws.session import AwsNotFound

    from .deploy_lock import deploy_lock
    from .release import Releases

    try:
        with deploy_lock(app, "deploy --code", timeout=lock_timeout) as lock:
            deployment, record = app.deployments.get_with_state_record()
            applied = record.configuration if record else None
            require_same_configuration(app.stacks.configuration(), applied)
            release = Releases(app, lock).release(package.result(), deployment, options)
    except AwsNotFound as error:
        if error.aws_code == "NoSuchBucket":
            app.deployments.get()  # without a deployment, that is the reason
        raise
    return DeployResult(
        plan=None,
        target=app.target.label,
        deployment=deployment,
        release=release,
        console_url=app.target.console_url(deployment),
    )


def require_same_configuration(
    configuration: Mapping[str, str], applied: Mapping[str, str] | None
) -> None:
    """Raise TtOpsError `configuration-changed` unless both are known and equal."""
    if applied is None:
        raise TtOpsError(
            "configuration-changed",
            "the last deploy left no record of its configuration, so terraform/ or its variables "
            "may have changed",
            hint=_DEPLOY,
        )
    if differing := tuple(_differing(configuration, applied)):
        raise TtOpsError(
            "configuration-changed",
            f"the configuration differs from that of the last deploy: {', '.join(differing)}",
            hint=_DEPLOY,
        )


def _differing(configuration: Mapping[str, str], applied: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(configuration.keys() | applied.keys()):
        if name not in applied:
            yield f"{name!r} is new"
        elif name not in configuration:
            yield f"{name!r} was removed"
        elif configuration[name] != applied[name]:
            yield f"{name!r} has changed"
