"""The endpoints that may be asked, in order; one that keeps failing is passed over for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.domain.spending import Limit, Price
from bot.llm.breaker import Breaker


@dataclass(frozen=True, slots=True)
class Provider:
    """`url` is the base URL; `timeout_s` bounds one call, 0 leaves it its share of the whole."""

    name: str
    url: str
    model: str
    key: str = field(default="", repr=False)
    price: Price = field(default_factory=Price)
    limit: Limit = field(default_factory=Limit)
    timeout_s: float = 0.0


class Order:
    """Who is asked when. The last is always asked: whether any may be, the diagnostician's breaker says."""

    def __init__(self, providers: Sequence[Provider], monotonic: Callable[[], float]) -> None:
        self.every = tuple(providers)
        self._breakers = {one.name: Breaker(monotonic) for one in self.every[:-1]}

    def now(self) -> list[Provider]:
        """Those to ask now, first to last."""
        return [one for one in self.every if one.name not in self._breakers or self._may(one)]

    def told(self, provider: Provider, worked: bool) -> None:
        """What came of asking one."""
        breaker = self._breakers.get(provider.name)
        if breaker is not None:
            (breaker.succeeded if worked else breaker.failed)()

    def resting(self) -> dict[str, float]:
        """Seconds for which each is passed over, where it is."""
        return {name: b.rests_s for name, b in self._breakers.items() if b.rests_s}

    def _may(self, provider: Provider) -> bool:
        return self._breakers[provider.name].allows()
