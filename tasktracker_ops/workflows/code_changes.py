"""Compare the code of the project with the live release."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tasktracker_ops.adapters.aws.functions import ALIAS
from tasktracker_ops.models.code import CodeChange
from tasktracker_ops.models.package import Package
from tasktracker_ops.models.plan import Plan, ResourceChange
from tasktracker_ops.models.release import UNPROVEN, UNRELEASED, lambda_digest
from tasktracker_ops.models.rollback import file_changes

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_FUNCTION = "aws_lambda_function"
# The function's attributes that are no configuration of a version.
_NO_SETTINGS = {"description", "tags", "tags_all", "publish", "filename", "source_code_hash"}
_NO_SETTINGS |= {"s3_bucket", "s3_key"}


def code_change(app: App, package: Package, plan: Plan) -> CodeChange:
    """Return what a deploy would release after it has applied `plan`."""
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
    from tasktracker_ops.adapters.terraform.saved_plan import COMPUTED

    for attribute in change.attributes:
        if attribute.name not in _NO_SETTINGS | COMPUTED | {"version"}:
            yield attribute.name


def _snake_case(name: str) -> str:
    """Return a name of Lambda's API as Terraform writes it: `MemorySize`, `memory_size`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
