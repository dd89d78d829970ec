"""The edge with values behind it: what commands answer, and what is told to one person."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from bot.copilot.by_hand import Offered
from bot.copilot.forms import Form
from bot.copilot.mutes import MuteList
from bot.copilot.noise import Noise
from bot.copilot.overview import Overview
from bot.domain.curation import Finding, Question
from bot.domain.person import Person
from bot.domain.proposal import Proposal
from bot.domain.tool import Tool
from bot.sign_off.quorum import Judgement
from bot.slack import by_hand
from bot.slack.blocks import parts
from bot.slack.commands import COMMANDS
from bot.slack.edge import Edge
from bot.slack.spoken import spoken
from knowledge.model import Passage, SearchResult
from tests.specimens import values
from tests.specimens.specimen import Block, Message
from tests.specimens.voices import ORDINARY

_LIFTED = Judgement(True, "The freeze is lifted.")


@dataclass(frozen=True)
class Desk:
    """What the copilot and the knowledge base know."""

    overview: Overview | None = None
    passages: Sequence[Passage] = ()
    judgement: Judgement = _LIFTED
    tools: Sequence[Tool] = ()
    form: Form | None = None
    standing: Sequence[Any] = ()
    candidates: Sequence[Proposal] = ()
    noise: Noise | None = None
    mutes: MuteList | None = None
    gaps: Sequence[Question] = ()
    stale: Sequence[Finding] = ()
    said: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, command: str, words: str = "", person: Person = values.ON_CALL) -> Message:
        """What `/vigie command words` answers."""
        return self._answer(command, words, {"channel_id": "C1", "trigger_id": "1.2"}, person)

    def mention(self, command: str, words: str = "") -> Message:
        """The same in a thread, where no form can be opened at once."""
        return self._answer(
            command, words, {"channel_id": "C1", "event_key": "message:C1:1.2"}, values.ON_CALL
        )

    def _answer(self, command: str, words: str, body: Mapping[str, str], person: Person) -> Message:
        async def ask() -> list[Block]:
            return await COMMANDS[command][2](self._edge, person, body, words)

        blocks = asyncio.run(ask())
        return Message(f"/vigie {command}", parts.within_limits(blocks))

    def tell(self, text: str, action: Mapping[str, str] | None = None) -> Message:
        """What one person is told where they are."""
        asyncio.run(self._edge.tell({"channel_id": "C1", "user_id": values.ON_CALL.user_id}, text, action))
        return Message(self.said[-1]["text"], self.said[-1]["blocks"])

    def speak(self, words: str, incident_id: int) -> Message:
        """What a mention of these words in an incident's thread is answered."""
        blocks = asyncio.run(spoken(self._edge, values.ON_CALL, words, incident_id, "event:1"))
        assert blocks is not None
        return Message(words, parts.within_limits(blocks))

    def report(self, words: str) -> Message:
        """What a mention of these words is answered that is about an incident by hand."""
        blocks = asyncio.run(by_hand.said(self._edge, values.ON_CALL, words, [], None, "event:1"))
        assert blocks is not None
        return Message(words, parts.within_limits(blocks))

    @property
    def _edge(self) -> Edge:
        found = SearchResult(tuple(self.passages), bool(self.passages))
        copilot = SimpleNamespace(
            questions=SimpleNamespace(overview=lambda: self.overview, ask=lambda *_asked: True),
            forms=SimpleNamespace(catalogue=lambda *_asked: list(self.tools), form=lambda *_asked: self.form),
            standing=SimpleNamespace(
                listing=lambda: (values.NOW, list(self.standing)),
                candidates=lambda: list(self.candidates),
                revoke=lambda *_by: Judgement(True, "S3 is revoked; nothing more runs by it."),
            ),
            switch=SimpleNamespace(freeze=lambda *_by: None, unfreeze=lambda *_by: self.judgement),
            noise=SimpleNamespace(since=lambda _back: self.noise),
            mutes=SimpleNamespace(seen=lambda: self.mutes),
            gaps=SimpleNamespace(seen=lambda _readers: list(self.gaps), missed=lambda *_asked: None),
            upkeep=SimpleNamespace(seen=lambda _readers: list(self.stale)),
            incidents=SimpleNamespace(resolve=lambda *_by: True),
            by_hand=SimpleNamespace(
                offered=lambda: Offered([], [], []),
                one=lambda _incident: values.incident(ORDINARY),
                change=lambda *_by: "#12 is critical now.",
            ),
            drafts=SimpleNamespace(ask=lambda *_asked: None, incident_of=lambda _words: 12),
        )
        knowledge = SimpleNamespace(search=lambda *_asked: found)
        client = SimpleNamespace(chat_postEphemeral=self._post, views_open=self._open)
        ports: Any = (copilot, None, knowledge, None, client)
        return Edge(*ports)

    async def _open(self, **view: Any) -> None:  # noqa: ANN401
        """A form opens beside the answer; it has a specimen of its own."""

    async def _post(self, **message: Any) -> None:  # noqa: ANN401  # whatever Slack would be sent
        self.said.append(message)


async def _opened(**_view: Any) -> None:  # noqa: ANN401  # whatever Slack would be sent
    """Slack opens the form."""
