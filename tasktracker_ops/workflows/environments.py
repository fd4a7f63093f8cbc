"""List the environments of an account and region, and destroy those that have expired."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

from tasktracker_ops.environments import (
    OWN_SETTINGS,
    Environment,
    environment_of,
    is_environment_name,
    is_temporary,
)
from tasktracker_ops.errors import ConfigurationError, ExitCode, Problem, TtOpsError
from tasktracker_ops.models.deployment import Deployment
from tasktracker_ops.models.environments import (
    DescribedEnvironment,
    EnvironmentList,
    EnvironmentStatus,
    PruneEnvironmentsResult,
)
from tasktracker_ops.models.plan import Plan
from tasktracker_ops.models.release import UNRELEASED, essentials
from tasktracker_ops.models.status import FunctionState

from .destroy import destroy

if TYPE_CHECKING:
    from tasktracker_ops.app import App

AppOf = Callable[[str], "App"]
Tags = Mapping[str, str]
# As many as botocore keeps connections.
_READERS = 10


def environments(app: App, app_of: AppOf, *, temporary_only: bool = False) -> EnvironmentList:
    """Return every environment, also one whose first deploy did not complete.

    `app_of` returns the application of another environment. With `temporary_only`, nothing of
    another one is read but its description.
    """
    app.session.require_credentials()
    described = app.environments.described()
    wanted = [each for each in described if each.temporary or not temporary_only]
    with ThreadPoolExecutor(_READERS) as pool:
        found = [*pool.map(lambda each: _described(app, each), wanted)]
    for name, resources in _undescribed(app, {each.name for each in described}).items():
        temporary = any(map(is_temporary, resources.values()))
        if temporary or not temporary_only:
            found += _unfinished(app_of(name), resources, temporary=temporary)
    found.sort(key=lambda each: (not Environment(each.name).is_default, each.name))
    return EnvironmentList(tuple(found))


def _described(app: App, described: DescribedEnvironment) -> EnvironmentStatus:
    deployment = described.deployment
    if deployment is None:
        region = app.session.environment.region
        return EnvironmentStatus.of(described.name, region, described.changed_at, temporary=False)
    function = _function(app, deployment)
    released_at = datetime.fromisoformat(function.changed_at) if function else None
    return EnvironmentStatus.of(
        described.name,
        deployment.region,
        max(filter(None, (described.changed_at, released_at))),
        temporary=deployment.temporary,
        api=deployment.api_url,
        release=_release(function),
        commit=essentials(function.description)[0] if function else None,
        healthy=_is_active(function) and _answers(app, deployment),
    )


def _function(app: App, deployment: Deployment) -> FunctionState | None:
    try:
        return app.deployed_function(deployment).state(deployment.function_alias)
    except TtOpsError:
        return None


def _release(function: FunctionState | None) -> int | None:
    return int(function.version) if function and function.version != UNRELEASED else None


def _is_active(function: FunctionState | None) -> bool:
    # Lambda lets a function without requests be Inactive, and the next request wakes it.
    return function is not None and function.state in {"Active", "Inactive"}


def _answers(app: App, deployment: Deployment) -> bool:
    try:
        answer = app.tasks(deployment).probe("health")
    except TtOpsError:
        return False
    return answer.status_code in deployment.healthy_statuses


def _undescribed(app: App, described: set[str]) -> dict[str, dict[str, Tags]]:
    """Return the environments without a description, and the tags of their resources by ARN."""
    found: dict[str, dict[str, Tags]] = {}
    for arn, tags in _tagged(app):
        name = environment_of(tags)
        if name not in described and is_environment_name(name):
            found.setdefault(name, {})[arn] = tags
    return found


def _unfinished(
    app: App, resources: Iterable[str], *, temporary: bool
) -> Iterator[EnvironmentStatus]:
    """Yield the environment of `app` if one of its resources still exists."""
    if any(map(app.resource_tags.exists, resources)):
        region, name = app.session.environment.region, app.environment.name
        yield EnvironmentStatus.of(name, region, _state_changed_at(app), temporary=temporary)


def _tagged(app: App) -> Iterator[tuple[str, Tags]]:
    """Yield the resources of deployments with their tags."""
    try:
        found = app.resource_tags.find_all()
    except TtOpsError:  # not every emulator has the tagging API, and not every role may call it
        return
    for arn, tags in found.items():
        service, resource = arn.split(":", 5)[2], arn.split(":", 5)[5]
        # The lock table belongs to all of them.
        shared = resource == f"table/{app.settings.lock_table}"
        if service in app.resource_tags.services and not shared:
            yield arn, tags


def _state_changed_at(app: App) -> datetime | None:
    try:
        versions = app.state_files.versions(app.settings.state_key)
    except TtOpsError:
        return None
    return datetime.fromisoformat(versions[0].at) if versions else None


def prune(
    app: App,
    app_of: AppOf,
    *,
    older_than: float,
    dry_run: bool,
    approve: Callable[[tuple[str, ...]], None],
    lock_timeout: int = 0,
) -> PruneEnvironmentsResult:
    """Destroy the temporary environments whose last deploy is `older_than` seconds ago.

    One that cannot be destroyed does not keep the others from it. `approve` gets their names and
    raises to stop. Raises ConfigurationError `setting-shared`.
    """
    _require_own_settings(app)
    found = environments(app, app_of, temporary_only=True).environments
    expired = tuple(
        each.name
        for each in found
        if each.age_seconds is not None and each.age_seconds >= int(older_than)
    )
    kept = tuple(each.name for each in found if each.name not in expired)
    if dry_run or not expired:
        return PruneEnvironmentsResult(expired, kept, (), dry_run)
    approve(expired)
    problems = {
        name: problem for name in expired if (problem := _destroy(app_of(name), lock_timeout))
    }
    destroyed = tuple(name for name in expired if name not in problems)
    return PruneEnvironmentsResult(destroyed, kept, tuple(problems.values()), dry_run)


def _require_own_settings(app: App) -> None:
    """Raise ConfigurationError where a variable gives all environments the same state or names."""
    for name in OWN_SETTINGS:
        variable = f"TT_OPS_{name.upper()}"
        if app.settings.origins.get(name) == variable:
            raise ConfigurationError(
                "setting-shared",
                f"{variable} = {getattr(app.settings, name)!r} would apply to every environment",
                hint=f"let each have its own: unset {variable}",
            )


def _destroy(app: App, lock_timeout: int) -> Problem | None:
    """Destroy an environment; return why that was not possible, if so."""
    name = app.environment.name
    app.report.note(f"Destroying the environment {name!r}")
    try:
        destroy(app, approve=_require_unprotected, lock_timeout=lock_timeout)
    except TtOpsError as error:
        if error.exit_code == ExitCode.INTERRUPTED:
            raise
        return Problem(
            error.code,
            f"the environment {name!r} was not destroyed: {error.message}",
            hint=f"destroy it on its own: tt-ops environments destroy {name}",
        )
    app.report.done(f"destroyed the environment {name}")
    return None


def _require_unprotected(_plan: Plan, by_name: bool) -> None:
    """Raise TtOpsError `table-protected` for an environment that takes its name to destroy."""
    if by_name:
        raise TtOpsError(
            "table-protected",
            "its table is protected from deletion",
            hint="destroy it on its own: tt-ops environments destroy NAME",
        )
