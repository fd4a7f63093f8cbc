"""Plan a deploy: what Terraform would change, and the code beside that of the live release."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.aws.functions import ALIAS
from tasktracker_ops.adapters.terraform.saved_plan import COMPUTED
from tasktracker_ops.models.code import CodeChange
from tasktracker_ops.models.package import Package
from tasktracker_ops.models.plan import Plan, ResourceChange
from tasktracker_ops.models.release import UNPROVEN, UNRELEASED, lambda_digest
from tasktracker_ops.models.rollback import file_changes

from .adoption import planned_adopting
from .bootstrap import require_backend
from .build import build
from .dead_runs import await_dead_terraform_locks
from .state import require_plannable

if TYPE_CHECKING:
    from tasktracker_ops.adapters.terraform.stack import SavedPlan
    from tasktracker_ops.app import App

_FUNCTION = "aws_lambda_function"
# The function's attributes that are no configuration of a version.
_NO_SETTINGS = COMPUTED | {
    *("description", "tags", "tags_all", "version", "publish"),
    *("filename", "source_code_hash", "s3_bucket", "s3_key"),
}


def plan(app: App, *, lock_timeout: int = 0) -> Plan:
    """Return what a deploy would change; write nothing but the package.

    Raises TtOpsError `state-backend-missing` before the first bootstrap.
    """
    app.stacks.require_settings()
    app.ensure_ready()
    alert_email = app.stacks.alert_email
    require_backend(app)
    await_dead_terraform_locks(app, lock_timeout)
    require_plannable(app)
    package = build(app)
    app.report.doing("comparing with the deployment")

    def make_plan(adopt: Mapping[str, str]) -> AbstractContextManager[SavedPlan]:
        stack = app.stacks.infrastructure(alert_email, command="plan", adopt=adopt, package=package)
        return stack.planned(lock_timeout=lock_timeout)

    with planned_adopting(app, make_plan, alert_email, forget=False) as saved:
        return replace(saved.plan, code=_code_change(app, package, saved.plan))


def _code_change(app: App, package: Package, plan: Plan) -> CodeChange:
    """Return what a deploy would release after it has applied `plan`, beside what is live."""
    function = app.functions
    changes = [change for change in plan.changes if change.type == _FUNCTION]
    is_created = any(change.action in ("create", "replace") for change in changes)
    routing = None if is_created else function.routing()
    if routing is None or routing.version == UNRELEASED:
        return CodeChange(None, added=tuple(package.sources), other_package=True)
    serving, latest = function.version(ALIAS), function.version(UNRELEASED)
    record = app.release_records.read(int(routing.version))
    if record is not None and lambda_digest(record.sha256) != serving.code_sha256:
        record = None  # of another function, which had the same name
    differs = serving.code_sha256 != lambda_digest(package.sha256)
    settings = {_snake_case(name) for name in latest.different_settings(serving)}
    return CodeChange(
        routing.version,
        commit=record.commit if record else None,
        outcome=record.outcome if record else UNPROVEN,
        other_package=differs,
        configuration=tuple(sorted(settings.union(*map(_settings, changes)))),
        **(_files(record.sources, package.sources) if record and differs else {}),
    )


def _files(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the paths that were changed, added and removed."""
    changes = file_changes(before, after)
    return {
        kind: tuple(each.path for each in changes if each.change == kind)
        for kind in ("changed", "added", "removed")
    }


def _settings(change: ResourceChange) -> Iterator[str]:
    for attribute in change.attributes:
        if attribute.name not in _NO_SETTINGS:
            yield attribute.name


def _snake_case(name: str) -> str:
    """Return a name of Lambda's API as Terraform writes it: `MemorySize`, `memory_size`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
