"""Request throttling of a stage by token buckets.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# The quotas of an account, where a stage has no limit of its own.
_ACCOUNT_RATE = 10_000
_ACCOUNT_BURST = 5_000


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

    def take_token(self, api_id: str, stage: Any) -> bool:
        """Take the token of one request and return True; return False when none is left.

        `stage` is moto's stage; rates are requests a second, bursts are requests.
        """
        settings = stage.default_route_settings or {}
        rate = float(settings.get("throttlingRateLimit", _ACCOUNT_RATE))
        burst = float(settings.get("throttlingBurstLimit", _ACCOUNT_BURST))
        key = (api_id, stage.name)
        with self._taking:
            now = self._clock()
            bucket = self._buckets.get(key)
            # New limits apply at once.
            if bucket is None or (bucket.rate, bucket.burst) != (rate, burst):
                bucket = self._buckets[key] = _Bucket(rate, burst, burst, now)
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.filled_at) * rate)
            bucket.filled_at = now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True
