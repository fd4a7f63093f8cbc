"""Say what is deployed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tasktracker_ops.models import Deployment

if TYPE_CHECKING:
    from tasktracker_ops.app import App


def outputs(app: App) -> Deployment:
    """The deployment's own description, with the API's address as it can be reached from here."""
    deployment = app.deployments.get()
    return replace(deployment, api_url=app.target.api_url(deployment))
