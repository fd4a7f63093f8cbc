"""Deploy and operate a Task Tracker on AWS, or on an AWS emulator in one local process.

Programs use its API with `from tasktracker_ops import TaskClient`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .adapters.task_api.client import TaskClient as TaskClient
    from .errors import TtOpsError as TtOpsError
    from .models.task import Task as Task

__version__ = "0.1.0"

_PUBLIC = {"Task": "models.task", "TaskClient": "adapters.task_api.client", "TtOpsError": "errors"}


def __getattr__(name: str) -> Any:
    # Imported on access: the client imports requests, which takes longer than all of tt-ops.
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_PUBLIC[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
