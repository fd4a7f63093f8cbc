"""A policy as text, which is the JSON that IAM takes."""

from __future__ import annotations

from tasktracker_ops.models.permissions import Policy

from .results import text
from .screen import Screen
from .text import as_json


@text.register
def _(policy: Policy, screen: Screen) -> str:
    return as_json(policy)
