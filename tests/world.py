"""A whole Vigie for tests: the workspace, a real `vigie serve` with its executor, and targets with a ledger.

Each target is a folder with a state file; the one action writes every run into its ledger. `world.place` is
the workspace, `world.store` reads (and, where a test plays the intruder, writes) the rows of the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa

from bot.domain.incident import Incident, IncidentState
from bot.domain.proposal import Proposal, ProposalState
from bot.playground.workspace import Channel, Person, SubmitOutcome, UserGroup, Workspace
from bot.playground.workspace.envelopes import Place, block_actions
from bot.playground.workspace.rooms import for_page
from bot.store import tables
from bot.store.only_grows import guard, unguard
from knowledge.model import Document
from tests.postgresql import database
from tests.running import Running
from tests.whitelist import (
    BOT,
    CHANNEL,
    GROUP,
    GUEST,
    N3_A,
    N3_B,
    ON_CALL,
    PAST,
    PAST_RISKY,
    PEOPLE,
    PLACE,
    SECOND,
    TARGETS,
    TOOLS,
    catalogue,
    text_of,
    write_config,
)

__all__ = [
    "BOT",
    "CHANNEL",
    "GROUP",
    "GUEST",
    "N3_A",
    "N3_B",
    "ON_CALL",
    "PAST",
    "PAST_RISKY",
    "PEOPLE",
    "SECOND",
    "TARGETS",
    "TOOLS",
    "Message",
    "World",
    "catalogue",
    "text_of",
    "world",
    "write_config",
]

Message = dict[str, Any]


@dataclass
class World(Running):
    """What runs, and what tests do with it. Use `world()` or the shared fixture, not this class."""

    place: Workspace = field(kw_only=True)
    token: str = field(kw_only=True)
    _taken: int = 0
    _session: aiohttp.ClientSession | None = None

    # -- targets

    def posted(self, channel: str = CHANNEL) -> list[str]:
        """The outbox keys that Vigie's messages in the channel carry, each as often as it is there."""
        carried = [m.get("metadata") or {} for m in self.place._core.board.room(channel).messages.values()]
        return [str(metadata["event_payload"]["key"]) for metadata in carried if metadata]

    def break_target(self, value: int = 9, *, service: str = "", **state: object) -> str:
        """Take a fresh target (or the named one), set its value out of bounds; returns its service."""
        if not service:
            service = f"svc-{self._taken}"
            self._taken += 1
        folder = self.target(service)
        folder.mkdir(parents=True, exist_ok=True)
        full = {"value": value, "identity": f"{service}@1", **state}
        (folder / "state.json").write_text(json.dumps(full))
        return service

    def slow_checks(self, service: str, seconds: float = 1.0) -> None:
        """From now on looking at this target takes that long; `until_looked` says when somebody looks."""
        path = self.target(service) / "state.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"slow_look_s": seconds}))
        (self.target(service) / "looking").unlink(missing_ok=True)

    async def until_looked(self, service: str) -> None:
        """Wait until a slow check is under way."""
        await self.until("a check under way", (self.target(service) / "looking").exists)

    def target(self, service: str) -> Path:
        return self.folder / "targets" / service

    def ledger(self, service: str) -> list[list[str]]:
        """The arguments of every run of an action on this target."""
        path = self.target(service) / "ledger"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    # -- alerts

    def alert(
        self,
        service: str,
        *,
        name: str = "ValueTooHigh",
        status: str = "firing",
        severity: str = "critical",
        labels: Mapping[str, str] | None = None,
        **annotations: str,
    ) -> dict[str, Any]:
        """One alert of an Alertmanager notification."""
        given = {
            "summary": "The value is too high",
            "description": f"The value of {service} broke its bound.",
        }
        return {
            "status": status,
            "labels": {
                "alertname": name,
                "severity": severity,
                "service": service,
                "environment": "test",
                **(labels or {}),
            },
            "annotations": given | annotations,
            "startsAt": datetime.now(UTC).isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "0",
        }

    async def post(
        self, payload: object, *, headers: Mapping[str, str] | None = None, path: str = "/alerts/alertmanager"
    ) -> tuple[int, Any]:
        """POST to the intake; status and JSON answer. Without `headers` the right bearer token is sent."""
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False)
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        own = {"Authorization": f"Bearer {self.token}"} if headers is None else dict(headers)
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self._session.post(url, data=body, headers=own) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith("{") else text

    async def get(self, path: str) -> tuple[int, str]:
        """GET from the web side."""
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False)
        async with self._session.get(f"http://127.0.0.1:{self.port}{path}") as answer:
            return answer.status, await answer.text()

    async def fire(self, *alerts: dict[str, Any]) -> list[str]:
        """Deliver alerts as Alertmanager does; the decisions."""
        status, answer = await self.post({"version": "4", "status": "firing", "alerts": list(alerts)})
        assert status == 200, answer
        return list(answer["decisions"])

    async def incident(self, service: str, **alert: Any) -> Incident:  # noqa: ANN401  # passed on as it is
        """Fire an alert of the service and wait until its incident is diagnosed and told in Slack."""
        await self.fire(self.alert(service, **alert))
        incident = self.open_incident(service)
        assert incident is not None
        await self.message(f"incident:{incident.id}:diagnosis")
        return incident

    def open_incident(self, service: str) -> Incident | None:
        """The newest incident of the service."""
        with self.store.read() as tx:
            found = [i for i in tx.incidents.in_states(*IncidentState) if i.service == service]
        return found[-1] if found else None

    # -- Slack

    async def message(self, key: str, words: str = "") -> Message:
        """The message of an outbox key as it stands in Slack, once it is there (and holds `words`)."""

        def look() -> Message | None:
            with self.store.read() as tx:
                post = tx.posts.get(key)
            if post is None or not post.ts or post.sent < post.wanted:
                return None
            found = self.place._core.board.room(post.channel_id).messages.get(post.ts)
            return for_page(found) if found and words in text_of(found) else None

        return await self.until(f"the message {key} {words!r}", look)

    def all_messages(self, channel: str = CHANNEL) -> list[Message]:
        """Every message of the channel, those in threads too."""
        return self.place.messages(channel)

    async def propose(self, incident: Incident, by: Person = ON_CALL) -> Proposal:
        """Press Propose on the diagnosis and wait until the proposal can be signed."""
        diagnosis = await self.message(f"incident:{incident.id}:diagnosis")
        before = self.proposals(incident)
        outcome = await self.place.click(by.id, CHANNEL, diagnosis["ts"], "propose")
        assert outcome.ok, outcome

        def prepared() -> Proposal | None:
            fresh = [p for p in self.proposals(incident) if p.id not in {b.id for b in before}]
            return fresh[0] if fresh and (fresh[0].digest or fresh[0].state.is_over) else None

        proposal = await self.until("a prepared proposal", prepared)
        if proposal.digest:
            await self.message(f"proposal:{proposal.id}", "signature(s) needed")
        return proposal

    async def proposed(self, by: Person = ON_CALL, name: str = "ValueTooHigh") -> tuple[str, Proposal]:
        """A fresh broken target with an incident and a proposal that can be signed; its service first."""
        service = self.break_target()
        return service, await self.propose(await self.incident(service, name=name), by=by)

    def proposals(self, incident: Incident) -> list[Proposal]:
        with self.store.read() as tx:
            return tx.proposals.of_incident(incident.id)

    def proposal(self, proposal_id: int) -> Proposal:
        with self.store.read() as tx:
            found = tx.proposals.get(proposal_id)
        assert found is not None
        return found

    async def open_sign(self, person: Person, proposal: Proposal) -> dict[str, Any] | None:
        """Press Sign…; the modal that opens, or None when it was refused (the reason is an ephemeral)."""
        message = await self.message(f"proposal:{proposal.id}")
        views, told = len(self.place.views_of(person.id)), len(self.place.ephemerals(person.id))
        outcome = await self.place.click(person.id, CHANNEL, message["ts"], "sign_open")
        assert outcome.ok, outcome
        await self.until(
            "a modal or a refusal",
            lambda: (
                len(self.place.views_of(person.id)) > views or len(self.place.ephemerals(person.id)) > told
            ),
        )
        if len(self.place.views_of(person.id)) <= views:
            return None
        return await self.filled(person, "sign")

    async def filled(self, person: Person, callback_id: str) -> dict[str, Any] | None:
        """The modal on top once it has been read; None where it turned out to be another one, a refusal."""

        def look() -> dict[str, Any] | None:
            top = (self.place.views_of(person.id) or [{}])[-1]
            return top if top and top.get("callback_id") != "reading" else None

        view = await self.until("the modal", look)
        return view if view.get("callback_id") == callback_id else None

    async def sign(self, person: Person, proposal: Proposal, reason: str = "") -> SubmitOutcome:
        """Open the modal and submit it, with a reason where one is given; the submit's outcome."""
        view = await self.open_sign(person, proposal)
        assert view is not None, self.told(person)
        return await self.place.submit(person.id, view["id"], {"reason": {"text": reason}} if reason else {})

    def told(self, person: Person) -> list[str]:
        """What was said to this person alone."""
        return [message["text"] for message in self.place.ephemerals(person.id)]

    async def over(self, proposal: Proposal) -> Proposal:
        """The proposal once it has come to its end (and, if it ran, was verified)."""

        def ended() -> Proposal | None:
            now = self.proposal(proposal.id)
            waits = now.state in (ProposalState.SUCCEEDED, ProposalState.FAILED) and now.outcome is None
            return now if now.state.is_over and not waits else None

        return await self.until(f"the end of {proposal.label}", ended)

    # -- playing the intruder, the clock and the auditor

    async def forge_click(
        self, person: Person, action_id: str, value: str, *, team_id: str = "", channel: str = CHANNEL
    ) -> None:
        """A click that no message offers, as Slack would deliver it; `team_id` is the clicker's workspace."""
        core = self.place._core
        action = {"type": "button", "block_id": "b", "action_id": action_id, "value": value}
        where = Place(channel={"id": channel, "name": "incidents"}, message={"ts": "1.1"}, message_ts="1.1")
        trigger = core.views.trigger(person.id)
        payload = block_actions(core.team, person, where, action | {"action_ts": "1.1"}, trigger)
        payload["user"] |= {"team_id": team_id or core.team.id}
        assert (await core.link.ask("interactive", payload)).outcome == "acked"

    def hear(self, event: Mapping[str, object]) -> None:
        """An event that the workspace itself never makes, told to Vigie as Slack would."""
        core = self.place._core
        core.board.announce({"event_ts": core.board.timestamps.next(), **event})

    def rows(self, query: sa.Select[Any]) -> list[Any]:
        """Rows as they stand in the store."""
        with self.store._engine.connect() as connection:
            return list(connection.execute(query))

    def push_time(self, by: timedelta) -> None:
        """Move the newest stored time forward, as if a clock had been that far ahead once."""
        with self.store._engine.connect() as connection, connection.begin():
            connection.execute(sa.update(tables.high_water).values(at=datetime.now(UTC) + by))

    def tamper(self, statement: sa.Executable) -> None:
        """Change rows behind Vigie's back, as who owns the database can: the audit log's guard is off."""
        with self.store._engine.connect() as connection, connection.begin():
            unguard(connection, "audit")
            connection.execute(statement)
            guard(connection, "audit")

    def audited(self, action: str = "") -> list[Any]:
        """Audit events whose action holds these words."""
        with self.store.read() as tx:
            return [event for event in tx.audit.events() if action in event.action]

    async def settle(self, seconds: float = 1.5) -> None:
        """Give what must not happen the time to happen: longer than a sweep."""
        await asyncio.sleep(seconds)


@contextlib.asynccontextmanager
async def world(
    folder: Path,
    *,
    config: str = "",
    slack: str = "",
    environment: Mapping[str, str] | None = None,
    change_catalogue: Callable[[dict[str, Any]], None] | None = None,
    documents: tuple[Document, ...] = (PAST, PAST_RISKY),
    start: bool = True,
    store: str = "",
    **workspace: Any,  # noqa: ANN401  # passed on as it is
) -> AsyncIterator[World]:
    """A world of its own in `folder`. `config` is added to vigie.toml, `slack` to its section [slack].

    `store`: "sqlite" or "postgresql", default: what `--store` says; each world has a database of its own.
    """
    members = tuple(person.id for person in (*PEOPLE, BOT))
    place = Workspace(
        **{
            "people": (*PEOPLE, BOT),
            "channels": (Channel(CHANNEL, "incidents", members=members),),
            "user_groups": (UserGroup(GROUP, "n3", "N3", members=(N3_A.id, N3_B.id)),),
            "bot_token": f"xoxb-{secrets.token_hex(16)}",
            "app_token": f"xapp-1-{secrets.token_hex(16)}",
            "page_token": secrets.token_urlsafe(24),
            **PLACE,
            **workspace,
        }
    )
    await place.start()
    token = secrets.token_urlsafe(32)
    environment = _environment(place, token) | database(store) | dict(environment or {})
    made = World(folder, environment, place=place, token=token)
    write_config(folder, config, change_catalogue, slack)
    base = made.documents()
    for document in documents:
        base.add(document)
    base.close()
    try:
        if start:
            await made.start()
        yield made
    finally:
        if made._session is not None:
            await made._session.close()
        if made.serve is not None and made.serve.returncode is None:
            await made.stop()
        if made._store is not None:
            made._store.close()
        await place.stop()


def _environment(place: Workspace, token: str) -> dict[str, str]:
    ours = ("OPENAI_API_KEY", "VIGIE_STORE_URL")  # of whoever runs the tests
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and k not in ours}
    return kept | {
        "SLACK_API_URL": place.api_url,
        "SLACK_BOT_TOKEN": place.bot_token,
        "SLACK_APP_TOKEN": place.app_token,
        "VIGIE_INTAKE_TOKEN": token,
    }
