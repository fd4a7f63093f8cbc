"""The history of alarms, as DescribeAlarmHistory answers it.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AlarmHistoryItem.html
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from tasktracker_ops.emulator import changes

_MAX_ITEMS = 2000


@dataclass(frozen=True)
class HistoryItem:
    """One item, its fields named as moto's serialiser looks for them; `history_data` is JSON.

    `number` counts the items of all alarms.
    """

    number: int
    alarm_name: str
    timestamp: datetime
    history_item_type: str
    history_summary: str
    history_data: str
    alarm_type: str = "MetricAlarm"


class History:
    """The newest items of each region, kept also when their alarm is deleted."""

    def __init__(self, *, max_items: int = _MAX_ITEMS) -> None:
        self._lock = threading.Lock()
        self._items: dict[str, deque[HistoryItem]] = defaultdict(partial(deque, maxlen=max_items))
        self._added = 0

    def add(
        self, alarm: Any, at: datetime, kind: str, summary: str, data: Mapping[str, Any]
    ) -> None:
        """Add an item about moto's alarm: a StateUpdate, an Action or a ConfigurationUpdate."""
        changes.record()
        with self._lock:
            self._added += 1
            text = json.dumps({"version": "1.0", **data})
            item = HistoryItem(self._added, alarm.name, at, kind, summary, text)
            self._items[alarm.region_name].append(item)

    def newest_first(self, region: str, alarm_name: str | None) -> list[HistoryItem]:
        """Return the items of an alarm, or of all when there is no name."""
        with self._lock:
            items = self._items[region]
            return [each for each in reversed(items) if alarm_name in (None, each.alarm_name)]
