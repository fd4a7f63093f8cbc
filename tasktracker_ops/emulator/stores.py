"""What the emulator holds beside moto's backends: everything that a snapshot keeps, in one list."""

from __future__ import annotations

from typing import Any

from .cloudwatch import metrics
from .cloudwatch.alarms import AlarmEvaluator
from .mail.mailbox import Mailbox


def list_stores(mailbox: Mailbox, alarms: AlarmEvaluator) -> dict[str, Any]:
    """Return the stores by name; a snapshot refills each in its place."""
    return {
        "inbox": mailbox,
        "metrics": metrics.stores,
        "alarm history": alarms.history,
        "alarm mute rules": alarms.mute_rules,
        "alarm actions": alarms.to_notify,
    }
