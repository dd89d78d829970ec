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


# Slack's tiers: calls a minute for each method. What is listed nowhere has its own, generous limit.
_A_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
_TIERS = {
    2: "chat.startStream chat.stopStream conversations.list reactions.remove usergroups.list "
    "usergroups.users.list usergroups.users.update users.list",
    3: "apps.connections.open auth.revoke bots.info chat.delete chat.update conversations.history "
    "conversations.info conversations.join conversations.open conversations.replies files.delete "
    "reactions.add team.info users.conversations",
    4: "chat.appendStream chat.postEphemeral conversations.members files.completeUploadExternal "
    "files.getUploadURLExternal files.info users.info views.open views.publish views.push views.update",
}
DEFAULT_RATES = {
    method: Rate(_A_MINUTE[tier] / 60, _A_MINUTE[tier], per_channel=False)
    for tier, methods in _TIERS.items()
    for method in methods.split()
} | {"chat.postMessage": Rate(1.0, 20)}


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
