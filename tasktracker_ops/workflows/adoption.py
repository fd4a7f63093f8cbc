"""Adopt what exists and is in no state, and find what nothing adopts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.models.adoption import AdoptableResource, Adoption, AdoptResult, HttpApi
from tasktracker_ops.models.plan import Plan, ResourceChange, TerraformEvent, in_order

from .bootstrap import require_backend
from .deploy_lock import deploy_lock

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.inventory import Inventory
    from tasktracker_ops.adapters.terraform.stack import SavedPlan
    from tasktracker_ops.app import App
    from tasktracker_ops.models.state import State

# Plans with the import ids of what is to be adopted, by address.
PlanAdopting = Callable[[Mapping[str, str]], AbstractContextManager["SavedPlan"]]

_FUNCTION = "aws_lambda_function.tracker"
# Seconds; a function is created in about ten.
_SLOW_CREATION = 20
_API = "aws_apigatewayv2_api.tracker"


@contextmanager
def planned_adopting(
    app: App, make_plan: PlanAdopting, alert_email: str, *, forget: bool = True
) -> Iterator[SavedPlan]:
    """Yield a plan that imports what it would otherwise create although it exists.

    Costs nothing where the first plan creates nothing. Without `forget`, the state is left as it
    is. Raises TtOpsError `foreign-resource` for what is not ours.
    """
    with make_plan({}) as saved:
        missing = [change.address for change in saved.plan.changes if change.action == "create"]
        adoption = find_adoptable(app, missing, alert_email=alert_email)
        if not adoption.resources:
            yield saved
            return
    report_adoption(app, adoption)
    if forget and adoption.forgotten:
        app.stacks.infrastructure(alert_email).forget(*adoption.forgotten)
    with make_plan(adoption.imports) as saved:
        yield replace(saved, plan=replace(saved.plan, adopted=adoption.resources))


def is_nothing_there(app: App, alert_email: str) -> bool:
    """Return whether neither the state nor AWS has anything of the deployment."""
    state = _state(app)
    if state is not None and state.resources:
        return False
    return not find_adoptable(app, alert_email=alert_email).resources


def find_adoptable(
    app: App,
    addresses: Iterable[str] | None = None,
    *,
    alert_email: str | None = None,
    foreign: Callable[[Problem], None] | None = None,
) -> Adoption:
    """Return what exists at `addresses`; without any, at all addresses that are not in the state.

    `foreign` gets what is not ours; without it, that raises TtOpsError `foreign-resource`.
    """
    if addresses is not None and not (addresses := tuple(addresses)):
        return Adoption()
    inventory = _inventory(app, alert_email)
    state = None
    if addresses is None:
        state = _state(app)
        addresses = _missing(app, inventory, state)
    resources = tuple(_found(inventory, addresses, foreign))
    if resources and state is None:
        state = _state(app)
    known = state.addresses if state else frozenset()
    forgotten = tuple(each.address for each in resources if each.address in known)
    return Adoption(resources, forgotten)


def _found(
    inventory: Inventory, addresses: Iterable[str], foreign: Callable[[Problem], None] | None
) -> Iterator[AdoptableResource]:
    refused: list[Problem] = []
    for address in addresses:
        try:
            if resource := inventory.find(address):
                yield resource
        except TtOpsError as error:
            if error.code != "foreign-resource" or foreign is None:
                raise
            # What belongs to a foreign role or function is refused with it.
            if (problem := Problem.of(error)) not in refused:
                refused.append(problem)
                foreign(problem)


class CreationWatch:
    """Ends the creation of a function that exists already.

    A creation that got no answer is repeated by Terraform's provider, and then refused for five
    minutes without a word.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._sightings = 0

    def __call__(self, event: TerraformEvent) -> None:
        """Raise TtOpsError `already-exists`, which stops Terraform in order."""
        is_slow = event.kind == "progress" and event.elapsed >= _SLOW_CREATION
        if not (is_slow and (event.address, event.action) == (_FUNCTION, "create")):
            return
        # A look that fails is no reason to stop anything.
        with suppress(TtOpsError):
            self._sightings += self._app.functions.is_active()
        # Terraform sees a function that has just become active before the second one.
        if self._sightings > 1:
            raise TtOpsError(
                "already-exists",
                f"the function {self._app.functions.name!r} exists, but its creation got no answer",
                hint="deploy again, which adopts it: tt-ops deploy",
            )


def report_adoption(app: App, adoption: Adoption) -> None:
    """Report each resource that is adopted, and why it is ours."""
    for resource in adoption.resources:
        app.report.note(f"adopting {resource.address} ({resource.id}): {resource.reason}")


def import_resources(app: App, adoption: Adoption) -> None:
    """Bring resources into the state, so that a destroy removes them.

    A plan to destroy imports nothing. One for these addresses creates nothing but what they refer
    to and is gone.
    """
    stack = app.stacks.infrastructure(command="destroy", adopt=adoption.imports)
    if adoption.forgotten:
        stack.forget(*adoption.forgotten)
    with stack.planned(targets=[resource.address for resource in adoption.resources]) as saved:
        saved.apply()


def with_unmanaged(plan: Plan, adoption: Adoption, apis: Collection[HttpApi]) -> Plan:
    """Return a plan to destroy that also shows what is in no state yet."""
    found = [
        *((each.address, each.id) for each in adoption.resources),
        *((f"{_API} (stray {api.id})", api.id) for api in apis),
    ]
    changes = tuple(
        ResourceChange(address, "delete", address.partition(".")[0], aws_id)
        for address, aws_id in found
    )
    return replace(
        plan,
        destroy=plan.destroy + len(changes),
        changes=in_order((*plan.changes, *changes)),
        adopted=adoption.resources,
    )


def unmanaged_apis(app: App, adoption: Adoption) -> tuple[HttpApi, ...]:
    """Return our APIs that are neither in the state nor adopted."""
    known = {*_api_ids(_state(app)), *adoption.imports.values()}
    return tuple(api for api in app.apis.ours() if api.id not in known)


def strays(app: App, adopted: Collection[str] | None = None) -> tuple[Problem, ...]:
    """Return what has our tags and is in no state; what may not be read is not reported.

    With `adopted`, the import ids of what the next deploy adopts, that is left out.
    """
    try:
        # Before the state: what another run creates meanwhile is in the state by then.
        apis, arns = app.apis.ours(), _tagged(app)
        state = _state(app)
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


def remove_unused_apis(app: App) -> None:
    """Remove our APIs that are in no state and have no routes, and report them.

    They come from a creation that got no answer and was repeated; nobody can use them. Nothing is
    removed while another run holds Terraform's lock, since it may be creating one. One that cannot
    be removed is a stray.
    """
    with suppress(TtOpsError):
        for api in _stray_apis(app, app.apis.ours(), _state(app)):
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
    left = strays(app, adopted={each.id for each in resources})
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
    if api not in _stray_apis(app, ours, _state(app)):
        raise TtOpsError(
            "api-in-use",
            f"the API {api_id!r} is the deployment's own",
            hint="remove the deployment: tt-ops destroy",
        )
    return api


def _inventory(app: App, alert_email: str | None = None) -> Inventory:
    return app.inventory(described_api=_described_api(app), alert_email=alert_email)


def _described_api(app: App) -> str | None:
    try:
        return app.deployments.get().api_id
    except TtOpsError as error:
        if error.code not in {"not-deployed", "deployment-unreadable"}:
            raise
        return None


def _state(app: App) -> State | None:
    return app.state_files.read(app.settings.state_key)


def _missing(app: App, inventory: Inventory, state: State | None) -> list[str]:
    """Return the addresses that are not in the state, all of the API's where its id is dead."""
    resources = state.resources if state else ()
    known = {resource.address for resource in resources}
    api_id = next((each.id for each in resources if each.address == _API), None)
    if api_id and app.apis.get(api_id) is None:
        known = {address for address in known if not address.startswith("aws_apigatewayv2_")}
    return [address for address in inventory.addresses if address not in known]


def _api_ids(state: State | None) -> set[str]:
    return {each.id for each in (state.resources if state else ()) if each.address == _API}


def _stray_apis(app: App, apis: Collection[HttpApi], state: State | None) -> tuple[HttpApi, ...]:
    """Return the APIs that are neither in the state nor what a deploy would adopt."""
    known = _api_ids(state)
    others = tuple(api for api in apis if api.id not in known)
    if not others:
        return ()
    own = _described_api(app)
    if len(others) == len(apis) and own not in {api.id for api in apis}:
        chosen = _inventory(app).api
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
