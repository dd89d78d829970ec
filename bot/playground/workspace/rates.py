"""Rate limits: short bursts pass, then a steady number of calls a second, per method and channel."""

import math
import time
from dataclasses import dataclass

from bot.playground.workspace.errors import Refused


@dataclass(frozen=True)
class Rate:
    """`burst` calls at once, then `per_second`; counted per channel or for the whole workspace."""

    per_second: float
    burst: int
    per_channel: bool = True


DEFAULT_RATES = {
    "chat.postMessage": Rate(1.0, 20),
    "chat.update": Rate(50 / 60, 50, per_channel=False),
}


class Rates:
    """One bucket for each method and channel."""

    def __init__(self, rates: dict[str, Rate]) -> None:
        self._rates = rates
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, method: str, channel: str) -> None:
        """Counts one call.

        Raises:
            Refused: `ratelimited` with 429 and the whole seconds to wait.
        """
        rate = self._rates.get(method)
        if rate is None:
            return
        key = (method, channel if rate.per_channel else "")
        now = time.monotonic()
        left, seen = self._buckets.get(key, (float(rate.burst), now))
        left = min(float(rate.burst), left + (now - seen) * rate.per_second)
        if left < 1:
            self._buckets[key] = (left, now)
            wait = max(1, math.ceil((1 - left) / rate.per_second))
            raise Refused("ratelimited", status=429, retry_after=wait)
        self._buckets[key] = (left - 1, now)
