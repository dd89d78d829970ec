"""Ways back to a source: what people did with an incident, told where its alerts came from.

Telling twice must show the same: a deed is told at least once, as a crash may come between.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol

import aiohttp

from bot.domain.alert import Alert
from bot.domain.senders import Back, Deed
from bot.reach.way import NotTaken

TIMEOUT_S = 15.0
MAX_ANSWER = 4 * 1024 * 1024
MOST = 100  # alerts of one incident that a source is told of
MARK = "vigie"


class NeverTaken(NotTaken):
    """The source refuses it for good; trying again changes nothing."""


@dataclass(frozen=True, slots=True)
class Told:
    """A deed and the alerts that it is about, without those of which the source knows already.

    `earlier`: what the source called what it made for the acknowledgement.
    """

    back: Back
    alerts: Sequence[Alert]
    earlier: Sequence[str]
    at: datetime

    @property
    def key(self) -> str:
        """The same at every try, and another one in another installation."""
        return f"{MARK}-{self.back.incident_id}-{self.back.deed.value}-{self.back.wanted_at:%Y%m%d%H%M%S%f}"


class WayBack(Protocol):
    """One source. `name` is its name in vigie.toml, `deeds` what it is told of.

    `verbs` says what it means there, as in `not acknowledged yet`.
    """

    @property
    def name(self) -> str: ...

    @property
    def deeds(self) -> frozenset[Deed]: ...

    @property
    def verbs(self) -> Mapping[Deed, str]: ...

    def done(self, back: Back) -> str:
        """What people are told once it knows: what was really done there."""
        ...

    async def tell(self, told: Told) -> list[str]:
        """Tell it; the answer is what the source calls what it made or ended, empty where it was nothing.

        Raises:
            NeverTaken: it refuses it for good.
            NotTaken: it did not answer, or cannot now.
        """
        ...

    async def over(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Which of these are over, where the source tells nothing of what it was asked to be silent about.

        Raises:
            NotTaken: it did not answer.
        """
        ...


class Alertmanager:
    """Acknowledged: silences for exactly the labels of each alert. Resolved: these silences end."""

    verbs: Mapping[Deed, str] = MappingProxyType({Deed.ACKNOWLEDGE: "silenced", Deed.RESOLVE: "unsilenced"})

    def __init__(self, name: str, url: str, token: str, lasts: timedelta, deeds: frozenset[Deed]) -> None:
        self.name, self.deeds = name, deeds
        self._url, self._lasts = f"{url.rstrip('/')}/api/v2", lasts
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def done(self, back: Back) -> str:
        if back.deed is Deed.RESOLVE:
            return f"no longer silenced at {self.name}"
        until = (back.settled_at or back.wanted_at) + self._lasts
        day = "%H:%M" if self._lasts < timedelta(days=1) else "%d %b %H:%M"
        # Each batch that joined has an end of its own.
        latest = " at the latest" if len(back.remote) > 1 else ""
        return f"silenced at {self.name} until {until:{day}} UTC{latest}"

    async def tell(self, told: Told) -> list[str]:
        active = await self._active()
        if told.back.deed is Deed.RESOLVE:
            ours = [one for one in told.earlier if one in active]
            for one in ours:
                await ask("DELETE", f"{self._url}/silence/{one}", self._headers)
            return ours
        # Made by a try whose answer was lost, or for the same alert before: it is looked for first.
        ours = [n for n, one in active.items() if n in told.earlier or one["comment"].startswith(told.key)]
        made = {_matched(active[number]["matchers"]): number for number in ours}
        comment = f"{told.key} Taken in Vigie, incident #{told.back.incident_id}"
        return [
            made.get(_matched(_matchers(alert))) or await self._silence(alert, comment, told.at)
            for alert in told.alerts
        ]

    async def mute(
        self, mark: str, matchers: Sequence[Mapping[str, object]], start: datetime, until: datetime
    ) -> None:
        """One silence under this mark, until then: it is made, or the one that there is ends then.

        Raises:
            NeverTaken: it refuses it for good.
            NotTaken: it did not answer, or cannot now.
        """
        known = await self._marked(mark)
        comment = f"{mark} A maintenance window in Vigie"
        body = {"matchers": list(matchers), "createdBy": MARK, "comment": comment}
        body |= {"startsAt": start.isoformat(), "endsAt": until.isoformat()}
        if known:
            body |= {"id": known[0]["id"], "startsAt": known[0]["startsAt"]}
        await ask("POST", f"{self._url}/silences", self._headers, body)

    async def unmute(self, mark: str) -> None:
        """No silence under this mark holds any more. Raises as `mute`."""
        for one in await self._marked(mark):
            await ask("DELETE", f"{self._url}/silence/{one['id']}", self._headers)

    async def _marked(self, mark: str) -> list[dict[str, Any]]:
        return [one for one in (await self._active()).values() if one["comment"].startswith(f"{mark} ")]

    async def _silence(self, alert: Alert, comment: str, at: datetime) -> str:
        body: dict[str, object] = {"matchers": _matchers(alert), "createdBy": MARK, "comment": comment}
        body |= {"startsAt": at.isoformat(), "endsAt": (at + self._lasts).isoformat()}
        answer = await ask("POST", f"{self._url}/silences", self._headers, body)
        return str(answer.get("silenceID", "")) if isinstance(answer, dict) else ""

    async def over(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Alertmanager sends no end of what is silenced, so it is asked which alerts it has."""
        answer = await ask("GET", f"{self._url}/alerts", self._headers)
        if not isinstance(answer, list):
            raise NotTaken("It does not say which alerts it has.")
        there = {one.get("fingerprint") for one in answer if isinstance(one, dict)}
        return [
            alert for alert in alerts if (known := alert.origin.get("fingerprint")) and known not in there
        ]

    async def _active(self) -> dict[str, dict[str, Any]]:
        """The silences of ours that hold, by their ids."""
        answer = await ask("GET", f"{self._url}/silences", self._headers)
        every = answer if isinstance(answer, list) else []
        return {
            str(one["id"]): one
            for one in every
            if one.get("createdBy") == MARK and one.get("status", {}).get("state") in ("active", "pending")
        }


class PagerDuty:
    """An event for each alert under its own key; PagerDuty takes the same event twice as once."""

    def __init__(self, name: str, url: str, routing_key: str, deeds: frozenset[Deed]) -> None:
        self.name, self.deeds = name, deeds
        self._url, self._key = f"{url.rstrip('/')}/v2/enqueue", routing_key

    verbs: Mapping[Deed, str] = MappingProxyType({Deed.ACKNOWLEDGE: "acknowledged", Deed.RESOLVE: "resolved"})

    def done(self, back: Back) -> str:
        return f"{self.verbs[back.deed]} at {self.name}"

    async def tell(self, told: Told) -> list[str]:
        keys = list(dict.fromkeys(key for a in told.alerts if (key := a.origin.get("dedup_key"))))
        if told.alerts and not keys:
            raise NeverTaken("None of its alerts has a key that PagerDuty knows.")
        for key in keys:
            body = {"routing_key": self._key, "event_action": told.back.deed.value, "dedup_key": key}
            await ask("POST", self._url, {}, body)
        return keys

    async def over(self, alerts: Sequence[Alert]) -> list[Alert]:
        """PagerDuty tells it by itself."""
        return []


def _matchers(alert: Alert) -> list[dict[str, object]]:
    return [
        {"name": name, "value": value, "isRegex": False, "isEqual": True}
        for name, value in sorted(alert.labels.items())
    ]


def _matched(matchers: Sequence[Mapping[str, object]]) -> frozenset[tuple[str, str]]:
    return frozenset((str(one["name"]), str(one["value"])) for one in matchers)


async def ask(method: str, url: str, headers: Mapping[str, str], body: object = None) -> object:
    """The JSON of an answer, or None; no redirect is followed with a secret.

    Raises:
        NeverTaken, NotTaken: no 2xx came.
    """
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.request(method, url, json=body, headers=dict(headers), allow_redirects=False) as answer,
        ):
            text = await answer.content.read(MAX_ANSWER)
            status = answer.status
    except (aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise NotTaken(f"It does not answer: {type(error).__name__}.") from None
    if 200 <= status < 300:
        return _json(text)
    if status in (408, 425, 429) or status >= 500:
        raise NotTaken(f"It answers {status}.")
    raise NeverTaken(f"It answers {status}; look at url and token_env of this source.")


def _json(text: bytes) -> object:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found
