"""Takes alerts in: authenticate, bound, parse purely, commit; only then the sender gets its 2xx."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import web

from bot.domain.alert import Decision
from bot.domain.inbox import Delivered, InboxKind
from bot.domain.senders import Notification
from bot.errors import BadInput, TooLarge, Unauthenticated
from bot.sources import DELIVERIES, SOURCES
from bot.sources.cloudevents import structured
from bot.sources.pagerduty import dedup_key
from bot.web.bodies import is_utf8, load_bounded
from bot.web.clock import KeptClock
from bot.web.group_commit import GroupCommit
from bot.web.proofs import Given
from bot.web.senders import Sender, enqueuers

ENQUEUE = "/v2/enqueue"  # where senders of PagerDuty's Events API v2 post, whatever host they are told
IDEMPOTENCY = "Idempotency-Key"
NOT_UTF8 = "bytes that are no UTF-8 were replaced"
_MAX_KEY = 200
_SMALL = 16 * 1024  # bytes that are parsed on the spot; a thread would cost more
_REASONS = {Unauthenticated: "unauthenticated", TooLarge: "too large", BadInput: "bad input"}


@dataclass(frozen=True, slots=True)
class Taken:
    """What a request brought, read and as it came."""

    notification: Notification
    payload: object


class Intake:
    """`POST /alerts/<source>`. Refused deliveries leave a count by reason and nothing else."""

    def __init__(
        self,
        commit: GroupCommit,
        senders: Mapping[str, Sender],
        now: Callable[[], datetime],
        max_body: int,
        body_timeout_s: float,
    ) -> None:
        self._commit = commit
        self._senders = senders
        self._now = KeptClock(now)
        self._max_body = max_body
        self._body_timeout_s = body_timeout_s

    async def receive(self, request: web.Request) -> web.Response:
        """Accept one notification; the answer says what became of each alert."""
        name = request.match_info["source"]
        decisions, _ = await self._receive(request, [self._senders[name]] if name in self._senders else [])
        return web.json_response(
            {"accepted": len(decisions), "decisions": [decision.kind.value for decision in decisions]}
        )

    async def enqueue(self, request: web.Request) -> web.Response:
        """Accept one event as PagerDuty's Events API v2 does, with its answer; the routing key says whose."""
        _, taken = await self._receive(request, list(enqueuers(self._senders)))
        answer = {"status": "success", "message": "Event processed", "dedup_key": dedup_key(taken.payload)}
        return web.json_response(answer, status=202)

    async def _receive(self, request: web.Request, senders: list[Sender]) -> tuple[list[Decision], Taken]:
        if self._commit.is_full:
            self._commit.refuse_full()
        try:
            taken = await self._take(request, senders)
        except (Unauthenticated, TooLarge, BadInput) as error:
            await self._commit.count_refused(_REASONS[type(error)])
            raise
        given = taken.notification
        return (await self._commit.receive(given) if given.alerts else []), taken

    async def _take(self, request: web.Request, senders: Sequence[Sender]) -> Taken:
        if not senders:
            raise BadInput(f"source: expected one of {', '.join(sorted(self._senders))}.")
        if request.content_length is not None and request.content_length > self._max_body:
            raise TooLarge(f"The limit is {self._max_body} bytes.")
        senders[0].proof.before_body(request.headers, request.query)
        body = await self._body(request)
        now = self._now()
        sender, key = await _proved(senders, Given(request.headers, request.query, body), now)
        if len(body) <= _SMALL:
            return _read(sender, key, request.headers, body, now)
        # In a thread: half a megabyte of labels takes a second, and others are to be served meanwhile.
        return await asyncio.to_thread(_read, sender, key, request.headers, body, now)

    async def _body(self, request: web.Request) -> bytes:
        try:
            if request.content.is_eof():  # all of it came with the head, as mostly
                return await request.read()
            async with asyncio.timeout(self._body_timeout_s):
                return await request.read()
        except TimeoutError:
            raise BadInput(f"The body did not arrive within {self._body_timeout_s:g} s.") from None
        except web.HTTPRequestEntityTooLarge:
            raise TooLarge(f"The limit is {self._max_body} bytes.") from None


async def _proved(senders: Sequence[Sender], given: Given, now: datetime) -> tuple[Sender, str]:
    """The one whose proof this is, and what names the delivery."""
    for sender in senders[:-1]:
        try:
            return sender, await sender.proof.with_body(given, now)
        except Unauthenticated:
            continue
    return senders[-1], await senders[-1].proof.with_body(given, now)


def _read(sender: Sender, key: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Taken:
    """Everything of a delivery that is worked out from its body."""
    payload = load_bounded(body)
    if sender.kind == "cloudevents":
        payload = structured(headers, payload)
    alerts = SOURCES[sender.kind](payload, now, sender.options)
    flags = () if is_utf8(body) else (NOT_UTF8,)
    own = [replace(alert, source=sender.name, flags=(*alert.flags, *flags)) for alert in alerts]
    kind: Delivered = InboxKind.SIGNED if key and sender.proof.is_timeless else InboxKind.DELIVERY
    key = key or _delivery(sender.kind, payload) or headers.get(IDEMPOTENCY, "")[:_MAX_KEY]
    return Taken(Notification(own, f"{sender.name}:{key}" if key else "", kind), payload)


def _delivery(kind: str, payload: object) -> str:
    named = DELIVERIES.get(kind)
    return named(payload)[:_MAX_KEY] if named else ""
