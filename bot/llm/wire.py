"""The one line to models: what langchain or openai send goes through here, and nothing else goes out.

Each call is cleaned, set aside in the ledger, tried at one provider after the other within the time left,
read within bounds, looked through for echoes, and settled. Above it stands the agent, or any client that
speaks HTTP; it sees one endpoint.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx2
import openai

from bot.domain.spending import ANSWERED, FAILED, Purpose, Reserve, Settled, Spent
from bot.llm.answers import Usage, choices_of, usage_of
from bot.llm.asking import Asking, current
from bot.llm.echo import Echo, Mark
from bot.llm.ledger import Ledger, Refusal
from bot.llm.privacy import Privacy
from bot.llm.providers import Order, Provider
from bot.llm.transport import AnswerTooLarge, read_bounded
from bot.llm.tried import Tried

ANSWER_TOKENS = 1000
"""Set aside for an answer whose request does not bound it."""
LONGEST_S = 300.0
_HEADERS = ("content-type", "retry-after")
_written = json.JSONEncoder(ensure_ascii=False).encode


class NotAsked(openai.OpenAIError):
    """No provider may be asked: a budget is used up, or this is never sent."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One request, cleaned and marked: what every provider gets but for the model's name.

    `sent` is what is kept of it.
    """

    asking: Asking
    body: dict[str, Any]
    sent: str
    redacted: tuple[str, ...]
    tokens: int
    answer_tokens: int


class Wire(httpx2.AsyncBaseTransport):
    """A transport for one event loop's client. `count` gives the tokens of a text."""

    def __init__(
        self,
        order: Order,
        *,
        count: Callable[[str], int],
        privacy: Privacy | None = None,
        ledger: Ledger | None = None,
        inner: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._order = order
        self._count = count
        self._privacy = privacy or Privacy()
        self._ledger = ledger
        self._mark = Mark()
        self._inner = inner or httpx2.AsyncHTTPTransport(limits=httpx2.Limits(max_connections=64))
        self._settling: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The same for a client that speaks HTTP.

        Raises:
            NotAsked: none may be asked.
            AnswerTooLarge, httpx2.HTTPError: what came of asking the last one.
        """
        original = json.loads(await request.aread())
        return (await self.ask(original)).response(request, bool(original.get("stream")))

    async def ask(self, original: dict[str, Any]) -> Tried:
        """The first usable answer of a provider to a request's JSON, or what the last one did.

        Raises:
            NotAsked: none may be asked.
        """
        asking = current() or Asking(Purpose("unknown"), asyncio.get_running_loop().time() + LONGEST_S)
        if asking.refused:
            raise NotAsked(asking.refused)
        call = self._prepared(asking, original)
        providers = self._order.now()
        refusal, last = "", None
        for place, provider in enumerate(providers):
            share = self._share(asking, provider, len(providers) - place)
            tried = await self._try(call, provider, share)
            if isinstance(tried, Refusal):
                refusal = tried.reason
                if not tried.by_provider:
                    break
                continue
            last = tried
            if tried.worked or place == len(providers) - 1:
                return tried
        if last is None:
            asking.refused = refusal
            raise NotAsked(refusal)
        return last

    async def aclose(self) -> None:
        await asyncio.gather(*self._settling, return_exceptions=True)
        await self._inner.aclose()

    def _prepared(self, asking: Asking, original: dict[str, Any]) -> _Call:
        cleaned = self._privacy.messages(original.get("messages", []), asking.cleaned)
        # A whole answer can be looked through before anybody sees it; a stream of pieces cannot.
        body = {k: v for k, v in original.items() if k not in ("stream", "stream_options")}
        body |= {"stream": False, "messages": self._mark.put(cleaned.value)}
        asked = body.get("max_completion_tokens") or body.get("max_tokens") or ANSWER_TOKENS
        messages, tools = [_written(one) for one in body["messages"]], _written(body.get("tools", []))
        sizes = [asking.size_of(text, self._count) for text in (*messages, tools)]
        sent = f'{{"messages": [{", ".join(messages)}], "tools": {tools}}}'
        return _Call(asking, body, self._mark.out_of(sent), cleaned.found, sum(sizes), int(asked))

    def _share(self, asking: Asking, provider: Provider, left: int) -> float:
        """Seconds for one provider, so that those after it have theirs."""
        rest = max(asking.until - asyncio.get_running_loop().time(), 0.05)
        return min(provider.timeout_s or rest / left, rest)

    async def _try(self, call: _Call, provider: Provider, share: float) -> Tried | Refusal:
        number = await self._reserve(call, provider, share)
        if isinstance(number, Refusal):
            return number
        loop = asyncio.get_running_loop()
        started, tried = loop.time(), Tried(error=httpx2.ReadTimeout("no answer in time"))
        try:
            async with asyncio.timeout(share):
                tried = await self._ask(call, provider)
        except TimeoutError:
            tried = Tried(error=httpx2.ReadTimeout(f"{provider.name} did not answer within {share:.3g} s"))
        finally:
            # Also when the caller's deadline ends this.
            self._order.told(provider, tried.worked)
            end = self._end(call, provider, tried, loop.time() - started)
            settling = asyncio.ensure_future(self._settle(number, call.asking.purpose, end))
            self._settling.add(settling)
            settling.add_done_callback(self._settling.discard)
        await asyncio.shield(settling)
        call.asking.calls.append(provider.name)
        if tried.worked:
            call.asking.model = provider.model
            call.asking.tokens += end.tokens_in + end.tokens_out
        return tried

    async def _ask(self, call: _Call, provider: Provider) -> Tried:
        body = json.dumps(call.body | {"model": provider.model}).encode()
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        if provider.key:
            headers["authorization"] = f"Bearer {provider.key}"
        outgoing = httpx2.Request("POST", _endpoint(provider.url), headers=headers, content=body)
        try:
            answer = await self._inner.handle_async_request(outgoing)
            try:
                raw = await read_bounded(answer)
            finally:
                await answer.aclose()
        except (httpx2.HTTPError, AnswerTooLarge) as error:
            return Tried(error=error)
        kept = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
        if answer.status_code != 200:
            return Tried(answer.status_code, kept)
        choices = choices_of(raw)
        if choices is None:
            return Tried(200, kept, problem="what it sent is no answer")
        parsed, found = choices
        echo = Echo(self._mark, self._privacy, call.body["messages"])
        for choice in found:
            choice["message"] = echo.scan(choice["message"])
        said = _written([choice["message"] for choice in found])
        echoed = tuple(dict.fromkeys(echo.found))
        return Tried(200, kept, answer=parsed, usage=usage_of(parsed), said=said, echoed=echoed)

    async def _reserve(self, call: _Call, provider: Provider, share: float) -> int | Refusal:
        if self._ledger is None:
            return 0
        money = provider.price.of(call.tokens, call.answer_tokens)
        new = Reserve(
            call.asking.purpose,
            provider.name,
            provider.model,
            Spent(call.tokens + call.answer_tokens, money, share),
            provider.price.currency,
            call.sent,
            call.redacted,
        )
        return await self._ledger.reserve(new, provider.limit)

    async def _settle(self, number: int, purpose: Purpose, end: Settled) -> None:
        if self._ledger is not None:
            await self._ledger.settle(number, purpose, end)

    def _end(self, call: _Call, provider: Provider, tried: Tried, took_s: float) -> Settled:
        """What it cost: as the provider says, else as counted; nothing where it refused to work at all."""
        if tried.worked:
            counted = Usage(call.tokens, self._count(tried.said))
            usage = tried.usage or counted
        elif tried.may_be_billed:
            usage = Usage(call.tokens, call.answer_tokens)
        else:
            usage = Usage(0, 0)
        return Settled(
            ANSWERED if tried.worked else FAILED,
            usage.sent,
            usage.answered,
            provider.price.of(usage.sent, usage.answered),
            took_s,
            tried.said,
            tried.told,
            tried.echoed,
        )


@lru_cache(maxsize=32)
def _endpoint(url: str) -> httpx2.URL:
    return httpx2.URL(f"{url.rstrip('/')}/chat/completions")


def client(wire: Wire) -> openai.DefaultAsyncHttpxClient:
    """A client for the running event loop whose every request goes through the wire."""
    return openai.DefaultAsyncHttpxClient(follow_redirects=False, transport=wire)
