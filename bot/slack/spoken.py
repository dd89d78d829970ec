"""Words to Vigie that are no question, such as `@Vigie mute`; in threads too, where commands do not work."""

from __future__ import annotations

import asyncio
import re

from bot.domain.lasting import parse_span, take_span
from bot.domain.person import Person
from bot.slack import drafting
from bot.slack.absorbing import back_of
from bot.slack.blocks import mute as mute_blocks
from bot.slack.blocks import noise as noise_blocks
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.blocks.times import exactly
from bot.slack.edge import Edge
from bot.slack.muting import VERBS

_NOISE = re.compile(r"noise(?: ([0-9.]+ ?[a-z]+))?")
_MUTE = re.compile(
    r"(?:please |merci de |svp )?(?:mute|silence|snooze|mets?(?: ça| ca| la| les?)? en sourdine)"
    r"(?:[ ,]+([^?]{1,1000}))?"
)
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
    if found := _MUTE.fullmatch(said):
        return await _mute(edge, (found[1] or "").strip(), incident_id)
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


async def _mute(edge: Edge, words: str, incident_id: int | None) -> list[Block]:
    """The button to the form, filled in from the incident's alert or from what was said, with how long."""
    verb = VERBS.get(words.partition(" ")[0], "")
    if verb:
        seen = await asyncio.to_thread(edge.copilot.mutes.seen)
        return mute_blocks.which_one(verb, seen.mutes, seen.now)
    lasts, _ = take_span(words)
    if incident_id and "=" not in words:
        value = f"incident:{incident_id}:{lasts}".rstrip(":")
    else:
        value = f"typed:{words[:1000]}" if words else "new"
    for_long = f", for {exactly(parse_span(lasts))}" if lasts else ""
    return _button(f"A maintenance window{for_long}, by a form:", "Mute…", "mute_open", value)


_FORMS = {
    "split": ("Some alerts of *#{}* are another cause:", "split_open"),
    "merge": ("*#{}* is part of another incident:", "merge_open"),
    "alerts": ("All alerts of *#{}*, with what was decided of each:", "absorbed_open"),
}


def _button(text: str, label: str, action: str, value: str) -> list[Block]:
    return [parts.status(text), parts.buttons(parts.button(label, action, value))]
