"""Request throttling of a stage by token buckets.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class _Bucket:
    rate: float
    burst: float
    tokens: float
    filled_at: float


class Throttle:
    """One bucket for the default settings of each stage."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._taking = threading.Lock()

    def admits(self, api_id: str, stage: Any) -> bool:
        """Take a token for one request; False when there is none left.

        `stage` is moto's stage; rates are requests a second, bursts are requests.
        """
        settings = stage.default_route_settings or {}
        if "throttlingRateLimit" not in settings and "throttlingBurstLimit" not in settings:
            return True
        key = (api_id, stage.name)
        rate = float(settings.get("throttlingRateLimit", 10_000))
        burst = float(settings.get("throttlingBurstLimit", 5_000))
        with self._taking:
            now = self._clock()
            bucket = self._buckets.get(key)
            # New limits hold at once.
            if bucket is None or (bucket.rate, bucket.burst) != (rate, burst):
                bucket = self._buckets[key] = _Bucket(rate, burst, burst, now)
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.filled_at) * rate)
            bucket.filled_at = now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True
