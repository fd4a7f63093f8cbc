"""End the creation of a function that exists already."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tasktracker_ops.errors import TtOpsError
from tasktracker_ops.models.plan import TerraformEvent

if TYPE_CHECKING:
    from tasktracker_ops.app import App

_FUNCTION = "aws_lambda_function.tracker"
# Seconds; a function is created in about ten.
_SLOW_CREATION = 20


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
