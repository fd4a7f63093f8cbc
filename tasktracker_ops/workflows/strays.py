"""Find what has our tags and is in no state, and remove it where that is safe."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.models.adoption import Adoption, AdoptResult, HttpApi

from .adoption import API, current_state, described_api, find_adoptable, inventory_of
from .bootstrap import require_backend
from .deploy_lock import deploy_lock

if TYPE_CHECKING:
    from tasktracker_ops.app import App
    from tasktracker_ops.models.state import State


def find_strays(app: App, adopted: Collection[str] | None = None) -> tuple[Problem, ...]:
    """Return what has our tags and is in no state; what may not be read is not reported.

    With `adopted`, the import ids of what the next deploy adopts, that is left out.
    """
    try:
        # Before the state: what another run creates meanwhile is in the state by then.
        apis, arns = app.apis.ours(), _tagged(app)
        state = current_state(app)
        found = [_stray_api(app, api) for api in _stray_apis(app, apis, state)]
        if state is not None:
            known = {*(each.id for each in state.resources), *(adopted or ())}
            found += [
                _stray(app, arn, adoptable=adopted is None)
                for arn in arns
                if _is_stray(app, arn, known)
            ]
    except TtOpsError as error:
        # A damaged state is a problem of its own.
        is_silent = error.code in {"aws-access-denied", "state-corrupted"}
        return () if is_silent else (Problem.of(error),)
    return tuple(found)


def unmanaged_apis(app: App, adoption: Adoption) -> tuple[HttpApi, ...]:
    """Return our APIs that are neither in the state nor adopted."""
    known = {*_api_ids(current_state(app)), *adoption.imports.values()}
    return tuple(api for api in app.apis.ours() if api.id not in known)


def remove_unused_apis(app: App) -> None:
    """Remove our APIs that are in no state and have no routes, and report them.

    They come from a creation that got no answer and was repeated; nobody can use them. Nothing is
    removed while another run holds Terraform's lock, since it may be creating one. One that cannot
    be removed is a stray.
    """
    with suppress(TtOpsError):
        for api in _stray_apis(app, app.apis.ours(), current_state(app)):
            is_free = app.terraform_locks.lock().held is False
            if api.name == app.settings.function_name and is_free and not app.apis.routes(api.id):
                app.apis.delete(api.id)
                app.report.note(
                    f"removed the API {api.id!r}: it is ours, but in no state, and has no routes"
                )


def adopt(app: App) -> AdoptResult:
    """Return what the next deploy adopts, what it refuses, and what it leaves."""
    refused: list[Problem] = []
    resources = find_adoptable(app, foreign=refused.append).resources
    left = find_strays(app, adopted={each.id for each in resources})
    return AdoptResult(resources=resources, problems=(*refused, *left))


def remove_stray_api(app: App, api_id: str, approve: Callable[[HttpApi], None]) -> AdoptResult:
    """Remove an API of ours that no deployment uses, under the deploy lock.

    `approve` raises to stop. Raises TtOpsError: api-not-found, foreign-resource, api-in-use.
    """
    require_backend(app)
    with deploy_lock(app, "adopt --remove") as lock:
        api = _require_stray_api(app, api_id)
        approve(api)
        lock.require_held()
        app.apis.delete(api.id)
    return AdoptResult(removed_api=api.id)


def _require_stray_api(app: App, api_id: str) -> HttpApi:
    api = app.apis.get(api_id)
    if api is None:
        raise TtOpsError(
            "api-not-found",
            f"there is no API {api_id!r} in {app.session.environment.region}",
            hint="list the APIs that are left over: tt-ops adopt",
        )
    ours = app.apis.ours()
    if api not in ours:
        raise TtOpsError(
            "foreign-resource",
            f"the API {api_id!r} ({api.name!r}) is not ours: it lacks our tags",
            hint=f"look at it: aws apigatewayv2 get-api --api-id {api_id}",
        )
    if api not in _stray_apis(app, ours, current_state(app)):
        raise TtOpsError(
            "api-in-use",
            f"the API {api_id!r} is the deployment's own",
            hint="remove the deployment: tt-ops destroy",
        )
    return api


def _api_ids(state: State | None) -> set[str]:
    return {each.id for each in (state.resources if state else ()) if each.address == API}


def _stray_apis(app: App, apis: Collection[HttpApi], state: State | None) -> tuple[HttpApi, ...]:
    """Return the APIs that are neither in the state nor what a deploy would adopt."""
    known = _api_ids(state)
    others = tuple(api for api in apis if api.id not in known)
    if not others:
        return ()
    own = described_api(app)
    if len(others) == len(apis) and own not in {api.id for api in apis}:
        chosen = inventory_of(app).api
        own = chosen.id if chosen else None
    return tuple(api for api in others if api.id != own)


def _stray_api(app: App, api: HttpApi) -> Problem:
    is_public = any(
        route.get("AuthorizationType", "NONE") == "NONE" for route in app.apis.routes(api.id)
    )
    public = "; anyone with its URL can call it" if is_public else ""
    return Problem(
        "stray-api",
        f"the API {api.id!r} ({api.url}) has our tags, but belongs to no deployment{public}",
        hint=f"remove it: tt-ops adopt --remove {api.id}",
    )


def _tagged(app: App) -> tuple[str, ...]:
    try:
        return app.resource_tags.find_ours()
    except TtOpsError:  # not every emulator has the tagging API, and not every role may call it
        return ()


def _is_stray(app: App, arn: str, known: Collection[str]) -> bool:
    service, resource = arn.split(":", 5)[2], arn.split(":", 5)[5].removesuffix(":*")
    if service not in app.resource_tags.services:
        return False
    own = {app.settings.lock_table, app.environment.state_parameter, *known}
    path = resource.partition("/")[2]
    is_known = own & {arn, resource.partition(":")[2], path, f"/{path}"}
    return not is_known and app.resource_tags.exists(arn)


def _stray(app: App, arn: str, *, adoptable: bool) -> Problem:
    look = ("resourcegroupstaggingapi", "get-resources", "--resource-arn-list", arn)
    return Problem(
        "stray-resource",
        f"{arn!r} has our tags, but is in no state",
        hint="see whether a deploy adopts it: tt-ops adopt"
        if adoptable
        else f"look at it, and delete it unless it is used: {app.target.aws_command(*look)}",
    )
