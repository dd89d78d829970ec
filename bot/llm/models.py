"""All models of one installation: who is asked in which order, what they see and what they may cost.

Whatever asks a model takes its line or its HTTP client from here, so that nothing goes out past the wire.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.spending import Limits
from bot.domain.store import Store
from bot.llm.ledger import Ledger
from bot.llm.privacy import Privacy
from bot.llm.providers import Order, Provider

if TYPE_CHECKING:
    import openai

    from bot.llm.wire import Wire

Count = Callable[[str], int]


class Models:
    """Without a store nothing is kept and no budget holds: that is for trying a model, not for `serve`."""

    def __init__(
        self,
        providers: Sequence[Provider],
        *,
        count: Count,
        privacy: Privacy | None = None,
        limits: Limits | None = None,
        store: Store | None = None,
        keep: timedelta = timedelta(days=30),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.count = count
        self.privacy = privacy or Privacy()
        self.order = Order(providers, monotonic)
        self.ledger: Ledger | None = None
        if store is not None:
            self.ledger = Ledger(store, limits or Limits(), self.privacy.never_send, keep)

    @property
    def name(self) -> str:
        """The model that is asked first, as people know it."""
        return self.order.every[0].model

    def wire(self) -> Wire:
        """The line for one event loop; importing what it needs takes a second, so do it in a thread."""
        forget_tracing()
        from bot.llm.wire import Wire

        return Wire(self.order, count=self.count, privacy=self.privacy, ledger=self.ledger)

    def client(self) -> openai.DefaultAsyncHttpxClient:
        """The same as a client that speaks HTTP."""
        wire = self.wire()
        from bot.llm.wire import client

        return client(wire)

    def may_be_sent(self, service: str) -> bool:
        """Whether a document about this service may be sent."""
        return not any(rule.covers_document(service) for rule in self.privacy.never_send)


def forget_tracing() -> None:
    """LangSmith would send prompts to a third party as soon as one of its variables is set."""
    for name in [name for name in os.environ if name.startswith(("LANGSMITH_", "LANGCHAIN_"))]:
        del os.environ[name]
