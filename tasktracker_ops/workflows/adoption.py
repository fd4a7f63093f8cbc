"""Adopt what exists and is in no state: import it instead of creating it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tasktracker_ops.errors import Problem, TtOpsError
from tasktracker_ops.models.adoption import AdoptableResource, Adoption, HttpApi
from tasktracker_ops.models.plan import Plan, ResourceChange, in_order

if TYPE_CHECKING:
    from tasktracker_ops.adapters.aws.inventory import Inventory
    from tasktracker_ops.adapters.terraform.stack import SavedPlan
    from tasktracker_ops.app import App
    from tasktracker_ops.models.state import State

# Plans with the import ids of what is to be adopted, by address.
PlanAdopting = Callable[[Mapping[str, str]], AbstractContextManager["SavedPlan"]]

API = "aws_apigatewayv2_api.tracker"


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


def nothing_exists(app: App, alert_email: str) -> bool:
    """Return whether neither the state nor AWS has anything of the deployment."""
    state = current_state(app)
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
    inventory = inventory_of(app, alert_email)
    state = None
    if addresses is None:
        state = current_state(app)
        addresses = _missing(app, inventory, state)
    resources = tuple(_found(inventory, addresses, foreign))
    if resources and state is None:
        state = current_state(app)
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
        *((f"{API} (stray {api.id})", api.id) for api in apis),
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


def _missing(app: App, inventory: Inventory, state: State | None) -> list[str]:
    """Return the addresses that are not in the state, all of the API's where its id is dead."""
    resources = state.resources if state else ()
    known = {resource.address for resource in resources}
    api_id = next((each.id for each in resources if each.address == API), None)
    if api_id and app.apis.get(api_id) is None:
        known = {address for address in known if not address.startswith("aws_apigatewayv2_")}
    return [address for address in inventory.addresses if address not in known]


def inventory_of(app: App, alert_email: str | None = None) -> Inventory:
    """Return what finds the resources of the deployment."""
    return app.inventory(described_api=described_api(app), alert_email=alert_email)


def described_api(app: App) -> str | None:
    """Return the id of the API that the description names; None without one."""
    try:
        return app.deployments.get().api_id
    except TtOpsError as error:
        if error.code not in {"not-deployed", "deployment-unreadable"}:
            raise
        return None


def current_state(app: App) -> State | None:
    """Return the state of the deployment, if there is one."""
    return app.state_files.read(app.settings.state_key)
