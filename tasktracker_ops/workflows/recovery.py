"""Clean up after runs that were killed, before the next one plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .deploy_lock import HeldLock
from .state import heal_state

if TYPE_CHECKING:
    from tasktracker_ops.adapters.terraform.stack import Stack
    from tasktracker_ops.app import App


def recover(app: App, lock: HeldLock, stack: Stack, state_key: str | None = None) -> None:
    """End what dead runs left running, remove their locks, heal the state, save what they had left.

    In this order: a Terraform that still ends in order writes its state and releases its lock.
    """
    stack.recover()
    lock.remove_terraform_locks()
    heal_state(app, state_key)
    stack.push_unsaved_state()
