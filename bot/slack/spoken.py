"""Words to Vigie that are no question, such as `@Vigie mute`; in threads too, where commands do not work."""

from __future__ import annotations

import asyncio
import re

from bot.domain.person import Person
from bot.slack import drafting
from bot.slack.absorbing import back_of
from bot.slack.blocks import mute as mute_blocks
from bot.slack.blocks import noise as noise_blocks
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.edge import Edge

_NOISE = re.compile(r"noise(?: ([0-9.]+ ?[a-z]+))?")
_MERGE = re.compile(r"merge(?: (?:with|into))? #?([0-9]{1,9})")


async def spoken(
    edge: Edge, person: Person, words: str, incident_id: int | None, event: str
) -> list[Block] | None:
    """What to answer, to this person alone; None where it is not one of these, and so a question.

    A form needs somebody to press a button, so where one is asked for, the answer is that button.
    """
    said = " ".join(words.lower().split())
    if found := _NOISE.fullmatch(said):
        return noise_blocks.report(await asyncio.to_thread(edge.copilot.noise.since, back_of(found[1] or "")))
    if said in ("mutes", "mute list"):
        seen = await asyncio.to_thread(edge.copilot.mutes.seen)
        return mute_blocks.listing(seen.mutes, seen.suggestions, seen.now)
    if said == "mute":
        value = f"incident:{incident_id}" if incident_id else "new"
        return _button("A maintenance window, by a form:", "Mute…", "mute_open", value)
    if incident_id is None:
        return None
    if wanted := drafting.wanted(said):
        return await drafting.ask(edge, person, incident_id, *wanted, event)
    if said in ("split", "merge", "alerts"):
        text, action = _FORMS[said]
        return _button(text.format(incident_id), f"{said.capitalize()}…", action, str(incident_id))
    if found := _MERGE.fullmatch(said):
        merge = edge.copilot.regroupings.merge
        return [parts.status(await asyncio.to_thread(merge, person, incident_id, int(found[1]), event))]
    return None


_FORMS = {
    "split": ("Some alerts of *#{}* are another cause:", "split_open"),
    "merge": ("*#{}* is part of another incident:", "merge_open"),
    "alerts": ("All alerts of *#{}*, with what was decided of each:", "absorbed_open"),
}


def _button(text: str, label: str, action: str, value: str) -> list[Block]:
    return [parts.status(text), parts.buttons(parts.button(label, action, value))]
