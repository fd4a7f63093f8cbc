"""What a role may do in AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasktracker_ops.frozen import dataclass

# In the order of the documents; the last one is no role, and bounds that of the function.
ROLES = (
    "reader",
    "operator",
    "recoverer",
    "planner",
    "monitor",
    "deployer",
    "previewer",
    "boundary",
)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy, whose fields are named as IAM names them, so that it can be pasted."""

    Version: str
    Statement: tuple[Mapping[str, Any], ...]
