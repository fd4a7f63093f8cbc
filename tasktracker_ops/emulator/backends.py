"""moto's backends, where its services keep what they hold."""

from __future__ import annotations

from functools import cache
from typing import Any

from moto.backends import get_backend

from tasktracker_ops.local.credentials import ACCOUNT_ID


@cache
def by_region(service: Any) -> Any:
    """Return the backends of a service by region; one appears when it is first looked up."""
    return get_backend(service)[ACCOUNT_ID]


@cache
def backend(service: Any, region: str) -> Any:
    """Return the backend of a service in a region.

    Kept, since moto imports a module and takes two locks for each look-up: 0.05 ms, several times
    for each request. Raises KeyError for a region that the service does not have.
    """
    return by_region(service)[region]
