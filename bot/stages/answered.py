"""A question with all that its answer may rest on, what a model wrote, and what the message says of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.domain.conversation import Source, Turn
from bot.domain.incident import Incident
from bot.domain.records import Received
from bot.domain.tool import Tool
from bot.stages import telling
from bot.stages.backing import Judged
from bot.stages.fitting_checks import Wanted
from bot.stages.fresh import Fresh
from bot.stages.telling_fresh import shown_fresh

_DECIDED = 600


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with all that an answer may rest on; the sources that fit it best come first.

    `wanted` is to be read for it, `fresh` is what came of that; `draw`: a chart of it belongs where it was
    asked. `decided` is what became of alerts, where it asks for that.
    """

    received: Received
    incident: Incident | None
    language: str
    channel: str
    sources: Sequence[Source]
    earlier: Sequence[Turn] = ()
    actions: Sequence[Tool] = ()
    listed: Sequence[Source] = ()
    since: str = ""
    wanted: Sequence[Wanted] = ()
    draw: bool = False
    decided: Sequence[Source] = ()
    fresh: Sequence[Fresh] = ()

    @property
    def question(self) -> str:
        return str(self.received.payload["question"])


@dataclass(frozen=True, slots=True)
class Words:
    """What a model wrote, judged; without text `why_not` says why there is none."""

    sentences: Sequence[Judged] = ()
    model: str = ""
    prompt: str = ""
    why_not: str = ""
    text: str = ""
    sent: frozenset[str] = field(default_factory=frozenset)


def content_of(asked: Asked, words: Words | None) -> dict[str, object]:
    """What the message says beside the passages; `words` is None while the model still writes."""
    said = [one for one in words.sentences if not one.doubt] if words else []
    cited = {name for one in said for name in one.citations}
    number = asked.incident.id if asked.incident else 0
    return {
        "language": asked.language,
        "looking": words is None,
        "said": [{"text": one.text, "citations": list(one.citations)} for one in said],
        "doubted": [one.text for one in words.sentences if one.doubt] if words else [],
        "cited": [_shown(source) for source in asked.sources if source.id in cited],
        **shown_fresh(asked.wanted, asked.fresh, asked.language),
        "since": asked.since,
        "listed": [_shown(source) for source in asked.listed],
        "decided": [_shown(source, _DECIDED) for source in asked.decided],
        "actions": [
            {
                "title": tool.title,
                "risk": tool.risk.value,
                "does": tool.does,
                "value": f"{tool.name}:{number}",
            }
            for tool in asked.actions
        ],
        "model": words.model if words else "",
        "note": words.why_not if words else "",
    }


def _shown(source: Source, most: int = 300) -> dict[str, str]:
    when = telling.clock(source)
    return {"id": source.id, "at": when, "text": source.text[:most], "opens": source.opens}
