"""Request throttling of a stage by token buckets.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any


@dataclass
class _Bucket:
    rate: float
    burst: float
    tokens: float
    filled_at: float


class Throttle:
    """One bucket for a stage's default settings, and one per route that has its own."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, ...], _Bucket] = {}
        self._taking = threading.Lock()

    def admits(self, api_id: str, stage: Any, route_key: str) -> bool:
        """Take a token for one request; False when there is none left.

        `stage` is moto's stage; rates are requests a second, bursts are requests.
        """
        own = stage.route_settings.get(route_key, {})
        if "throttlingRateLimit" in own or "throttlingBurstLimit" in own:
            return self._take((api_id, stage.name, route_key), own)
        return self._take((api_id, stage.name), stage.default_route_settings or {})

    def _take(self, key: tuple[str, ...], settings: dict[str, Any]) -> bool:
        if "throttlingRateLimit" not in settings and "throttlingBurstLimit" not in settings:
            return True
        rate = float(settings.get("throttlingRateLimit", 10_000))
        burst = float(settings.get("throttlingBurstLimit", 5_000))
        with self._taking:
            now = time.monotonic()
            bucket = self._buckets.get(key)
            # New limits hold at once, as in a stage that was never called.
            if bucket is None or (bucket.rate, bucket.burst) != (rate, burst):
                bucket = self._buckets[key] = _Bucket(rate, burst, burst, now)
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.filled_at) * rate)
            bucket.filled_at = now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True
