"""Checks of what was deployed, and of what the project has instead."""

from __future__ import annotations

from contextlib import suppress

from tasktracker_ops.adapters.aws.functions import ALIAS
from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.release import UNRELEASED, lambda_digest
from tasktracker_ops.workflows.build import REQUIREMENTS, SOURCES, compare
from tasktracker_ops.workflows.deploy_code import require_same_configuration
from tasktracker_ops.workflows.drift import code_drift
from tasktracker_ops.workflows.releases import serving_releases
from tasktracker_ops.workflows.status import unproven

from .check import (
    CheckGroup,
    Examination,
    NotApplicable,
    Outcome,
    failed,
    of_problems,
    ok,
    warning,
)

GROUP = CheckGroup()
_DEPLOY_AGAIN = "create it again: tt-ops deploy"


@GROUP.check("deployment", "credentials")
def _deployment(examined: Examination) -> Outcome:
    try:
        deployment = examined.deployment
    except TtOpsError as error:
        if error.code != "not-deployed":
            raise
        app = examined.app
        with suppress(TtOpsError):
            state = app.state_files.read(app.settings.state_key)
            if state is not None and state.resources:
                return failed(
                    f"{error.message}, though the state has resources",
                    "describe the deployment again: tt-ops deploy",
                )
        return warning(error.message, error.hint, blocks=True)
    return ok(f"{deployment.function_name} in {deployment.region}")


@GROUP.check("package", "project")
def _package(examined: Examination) -> Outcome:
    app = examined.app
    requirements = app.settings.project / SOURCES / REQUIREMENTS
    if (
        requirements.is_file()
        and app.dependencies.are_named(requirements)
        and not app.dependencies.is_kept(requirements, app.target.package_platform())
    ):
        # Packing installs them, and a check changes nothing.
        raise NotApplicable("the function's packages are not installed here")
    package = compare(app)
    if package.changed:
        return warning(
            f"{package.path.name} is not what {SOURCES}/ gives", "build it: tt-ops build"
        )
    return ok(f"{package.path.name}, {package.size:,} bytes, is what {SOURCES}/ gives")


@GROUP.check("function", "deployment")
def _function(examined: Examination) -> Outcome:
    from tasktracker_ops.adapters.aws.session import AwsNotFound

    function = examined.function
    try:
        state = function.state(examined.deployment.function_alias)
    except AwsNotFound:
        return failed(
            f"the function {function.name!r} or its alias {ALIAS!r} does not exist", _DEPLOY_AGAIN
        )
    if state.state == "Failed":
        return failed(f"version {state.version} of {function.name!r} cannot run", _DEPLOY_AGAIN)
    return ok(f"version {state.version}, {state.state}, {state.runtime}")


@GROUP.check("release", "function")
def _release(examined: Examination) -> Outcome:
    function = examined.function
    live = function.state(examined.deployment.function_alias)
    releases = serving_releases(examined.app, function, live)
    problems = tuple(filter(None, map(unproven, releases)))
    found = " and ".join(f"{each.release} ({each.outcome or 'unknown'})" for each in releases)
    return of_problems(problems, found)


@GROUP.check("live code", "function")
def _live_code(examined: Examination) -> Outcome:
    drifts = [
        each
        for each in code_drift(examined.app, examined.deployment)
        if each.code in {"code-changed", "release-unknown"}
    ]
    if drifts:
        return failed(drifts[0].message, drifts[0].hint)
    return ok("by its hash, what was released")


@GROUP.check("function settings", "function")
def _settings(examined: Examination) -> Outcome:
    function = examined.function
    live, latest = function.version(ALIAS), function.version(UNRELEASED)
    different = list(latest.different_settings(live))
    if not different:
        return ok("those of the live version, by their hash")
    return failed(
        f"{function.name} was changed since its last release: {', '.join(different)}",
        "deploy it away: tt-ops drift --fix",
    )


@GROUP.check("code", "function", "package")
def _code(examined: Examination) -> Outcome:
    live = examined.function.version(ALIAS)
    if live.code_sha256 == lambda_digest(compare(examined.app).sha256):
        return ok(f"version {live.version} has the code of {SOURCES}/")
    return warning(
        f"version {live.version} has other code than {SOURCES}/: it was not released since",
        "release it: tt-ops deploy --code",
    )


@GROUP.check("configuration", "deployment", "project")
def _configuration(examined: Examination) -> Outcome:
    record = examined.described[1]
    try:
        require_same_configuration(
            examined.app.stacks.configuration(), record.configuration if record else None
        )
    except TtOpsError as error:
        return warning(error.message, "apply it: tt-ops deploy")
    return ok("terraform/ and its variables are as in the last deploy")
