"""Takes alerts in: authenticate, bound, parse purely, commit; only then the sender gets its 2xx."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import structlog
from aiohttp import web

from bot.domain.alert import Decision
from bot.domain.flags import NOT_UTF8
from bot.domain.inbox import Delivered, InboxKind
from bot.domain.senders import Notification, TurnedAway
from bot.errors import BadInput, OverCapacity, ProofUnavailable, TooLarge, Unauthenticated
from bot.sources import DELIVERIES, SOURCES, Refusal
from bot.sources.cloudevents import structured
from bot.sources.pagerduty import dedup_key
from bot.web.bodies import is_utf8, load_bounded
from bot.web.clock import KeptClock
from bot.web.group_commit import GroupCommit
from bot.web.proofs import Given
from bot.web.seldom import Seldom
from bot.web.senders import Sender, enqueuers

log = structlog.get_logger()

ENQUEUE = "/v2/enqueue"  # where senders of PagerDuty's Events API v2 post, whatever host they are told
IDEMPOTENCY = "Idempotency-Key"
_MAX_KEY = 200
_SMALL = 16 * 1024  # bytes that are parsed on the spot; a thread would cost more
_NAMED = 20  # of the alerts that were refused, in the answer
_REASONS = {
    Unauthenticated: "unauthenticated",
    ProofUnavailable: "proof unavailable",
    TooLarge: "too large",
    BadInput: "bad input",
}
_IN_PART = "in part"


class Throttled(OverCapacity):
    """More alerts wait to be stored than fit; nothing of this delivery was kept, send it again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a request brought, read and as it came."""

    notification: Notification
    payload: object
    refused: tuple[Refusal, ...] = ()


@dataclass(slots=True)
class Visit:
    """One request on its way in. `sender` is whose it is, from the moment on at which that is proved."""

    request: web.Request
    senders: Sequence[Sender]
    sender: Sender | None = None


class Intake:
    """`POST /alerts/<source>`. What is refused leaves a count by reason; if its sender has proved who it is,
    the log, /health and people in Slack say so, too.
    """

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
        self._seldom = Seldom(self._now)
        self._max_body = max_body
        self._body_timeout_s = body_timeout_s

    async def receive(self, request: web.Request) -> web.Response:
        """Accept one notification; the answer says what became of each alert."""
        name = request.match_info["source"]
        known = [self._senders[name]] if name in self._senders else []
        decisions, taken = await self._receive(Visit(request, known))
        answer = {"accepted": len(decisions), "decisions": [decision.kind.value for decision in decisions]}
        return web.json_response(answer | _named(taken.refused))

    async def enqueue(self, request: web.Request) -> web.Response:
        """Accept one event as PagerDuty's Events API v2 does, with its answer; the routing key says whose."""
        _, taken = await self._receive(Visit(request, list(enqueuers(self._senders))))
        answer = {"status": "success", "message": "Event processed", "dedup_key": dedup_key(taken.payload)}
        return web.json_response(answer, status=202)

    async def _receive(self, visit: Visit) -> tuple[list[Decision], Taken]:
        try:
            if self._commit.is_full:
                self._commit.refuse_full()
            taken = await self._take(visit)
            given = taken.notification
            decisions = await self._commit.receive(given) if given.alerts else []
        except OverCapacity as error:
            if visit.senders and all(sender.retries_429 for sender in visit.senders):
                raise Throttled from error
            raise
        except (Unauthenticated, ProofUnavailable, TooLarge, BadInput) as error:
            await self._refuse(visit, _REASONS[type(error)], error.detail)
            raise
        if taken.refused:
            await self._refuse(visit, _IN_PART, _first(taken.refused))
        return decisions, taken

    async def _refuse(self, visit: Visit, reason: str, problem: str) -> None:
        """Count it; people are told only where the sender is proved: nobody else can make us speak."""
        if visit.sender is None:
            await self._commit.count_refused(reason)
            return
        name = visit.sender.name
        if count := self._seldom.due(name):
            log.warning("alerts were refused", source=name, why=reason, problem=problem, deliveries=count)
        await self._commit.count_refused(reason, TurnedAway(name, problem))

    async def _take(self, visit: Visit) -> Taken:
        request, senders = visit.request, visit.senders
        if not senders:
            raise BadInput(f"source: expected one of {', '.join(sorted(self._senders))}.")
        if senders[0].proof.before_body(request.headers, request.query):
            visit.sender = senders[0]
        if request.content_length is not None and request.content_length > self._max_body:
            raise TooLarge(self._limit)
        body = await self._body(request)
        now = self._now()
        visit.sender, key = await self._proved(senders, Given(request.headers, request.query, body), now)
        if len(body) <= _SMALL:
            return _read(visit.sender, key, request.headers, body, now)
        # In a thread: half a megabyte of labels takes a second, and others are to be served meanwhile.
        return await asyncio.to_thread(_read, visit.sender, key, request.headers, body, now)

    @property
    def _limit(self) -> str:
        return (
            f"The limit is {self._max_body} bytes (web.max_body); Alertmanager and Grafana send less with"
            " max_alerts."
        )

    async def _proved(self, senders: Sequence[Sender], given: Given, now: datetime) -> tuple[Sender, str]:
        """The one whose proof this is, and what names the delivery."""
        for sender in senders[:-1]:
            try:
                return sender, await sender.proof.with_body(given, now)
            except Unauthenticated:
                continue
        last = senders[-1]
        try:
            return last, await last.proof.with_body(given, now)
        except ProofUnavailable as error:
            if count := self._seldom.due(f"proof of {last.name}"):
                log.warning(
                    "a sender cannot be proved now", source=last.name, problem=error.detail, deliveries=count
                )
            raise

    async def _body(self, request: web.Request) -> bytes:
        try:
            if request.content.is_eof():  # all of it came with the head, as mostly
                return await request.read()
            async with asyncio.timeout(self._body_timeout_s):
                return await request.read()
        except TimeoutError:
            raise BadInput(f"The body did not arrive within {self._body_timeout_s:g} s.") from None
        except web.HTTPRequestEntityTooLarge:
            raise TooLarge(self._limit) from None


def _read(sender: Sender, key: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Taken:
    """Everything of a delivery that is worked out from its body."""
    payload = load_bounded(body)
    if sender.kind == "cloudevents":
        payload = structured(headers, payload)
    found = SOURCES[sender.kind](payload, now, sender.options)
    flags = () if is_utf8(body) else (NOT_UTF8,)
    own = [replace(alert, source=sender.name, flags=(*alert.flags, *flags)) for alert in found.alerts]
    kind: Delivered = InboxKind.SIGNED if key and sender.proof.is_timeless else InboxKind.DELIVERY
    key = key or _delivery(sender.kind, payload) or headers.get(IDEMPOTENCY, "")[:_MAX_KEY]
    notification = Notification(own, f"{sender.name}:{key}" if key else "", kind)
    return Taken(notification, payload, found.refused)


def _named(refused: Sequence[Refusal]) -> dict[str, object]:
    """What the answer says of the alerts that were refused alone; nothing where none was."""
    if not refused:
        return {}
    return {"refused": [asdict(one) for one in refused[:_NAMED]], "refused_in_all": len(refused)}


def _first(refused: Sequence[Refusal]) -> str:
    more = f" ({len(refused)} alerts of this delivery were refused)" if len(refused) > 1 else ""
    return f"{refused[0].place}: {refused[0].reason}{more}"


def _delivery(kind: str, payload: object) -> str:
    named = DELIVERIES.get(kind)
    return named(payload)[:_MAX_KEY] if named else ""
