"""What models used, as each budget counts it, on both engines."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.spending import ANSWERED, Purpose, Reserve, Settled, Spent
from bot.store.database import Store


def _call(channel: str, provider: str, tokens: int, incident: int | None = None) -> Reserve:
    aside = Spent(tokens, tokens / 1000, 1.0)
    return Reserve(Purpose("ask", "ask@1", incident, channel), provider, "a model", aside, "EUR", "text")


def test_each_budget_counts_its_own(store: Store) -> None:
    """In all, in one channel and with one provider, of the last 24 hours; of one incident for ever."""
    clock = store._clock
    with store.begin() as tx:
        old, day_ago = tx.exchanges.reserve(_call("C1", "main", 1, incident=7)), tx.now
        tx.exchanges.settle(old, Settled(ANSWERED, 1, 1, 0.5, 2.0))
    store._clock = lambda: day_ago + timedelta(days=1)
    with store.begin() as tx:
        assert tx.exchanges.spent_lately("C1", "main").in_all == Spent()
        for channel, provider, tokens in (("C1", "main", 10), ("C1", "other", 100), ("C2", "main", 1000)):
            tx.exchanges.reserve(_call(channel, provider, tokens))
        tx.exchanges.reserve(_call("C1", "main", 10_000), refused="the budget is used up")
    store._clock = clock
    with store.read() as tx:
        lately = tx.exchanges.spent_lately("C1", "main")
        assert (lately.in_all.tokens, lately.channel.tokens, lately.provider.tokens) == (1110, 110, 1010)
        assert (lately.channel.money, lately.channel.seconds) == (0.11, 2.0)
        assert tx.exchanges.spent_on(7) == Spent(2, 0.5, 2.0)
        assert tx.exchanges.spent_lately("C3", "nobody").channel == Spent()
