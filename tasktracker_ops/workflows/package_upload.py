"""Upload the package: in a request, or, where that cannot hold it, from the state bucket."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.package import Package
from tasktracker_ops.models.plan import Plan

if TYPE_CHECKING:
    from tasktracker_ops.app import App

# With an update, where it changes the architecture or adopts the function.
_UPLOADS = {"create", "replace", "update"}


def upload(app: App, package: Package) -> None:
    """Replace the code of `$LATEST` by the package. Raises TtOpsError `package-changed`."""
    content = _content(package)
    if package.is_large:
        store = app.package_store
        store.write(content)
        app.functions.upload_from(store.bucket, store.key)
    else:
        app.functions.upload(content)


def store_large_package(app: App, package: Package, plan: Plan) -> None:
    """Put a large package where Terraform finds it, if the plan creates or changes the function."""
    types = {change.type for change in plan.changes if change.action in _UPLOADS}
    if package.is_large and "aws_lambda_function" in types:
        app.report.doing(f"uploading {package.path.name}")
        app.package_store.write(_content(package))


def _content(package: Package) -> bytes:
    content = package.path.read_bytes()
    if hashlib.sha256(content).hexdigest() != package.sha256:
        raise TtOpsError(
            "package-changed",
            f"{str(package.path)!r} is not what was built: another run has replaced it",
            hint="deploy again: tt-ops deploy",
        )
    return content
