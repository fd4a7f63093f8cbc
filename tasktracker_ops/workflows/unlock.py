"""Release a state lock whose holder is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasktracker_ops.models.deployment import UnlockResult

if TYPE_CHECKING:
    from tasktracker_ops.app import App


def unlock(app: App, lock_id: str) -> UnlockResult:
    """Release the lock `lock_id` of the main stack's state."""
    # Terraform waits long for credentials, and then does not say that they are missing.
    app.session.require_credentials()
    app.infrastructure().force_unlock(lock_id)
    return UnlockResult(lock_id)
