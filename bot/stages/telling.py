"""Drafts from recorded rows alone, without a model: for us, for others, for later."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.conversation import Source
from bot.domain.diagnosis import Diagnosis
from bot.domain.drafts import DraftKind
from bot.domain.incident import Incident, IncidentState
from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.store import Tx
from bot.stages.backing import Judged
from bot.stages.phrases import Say, lasted, phrases
from bot.stages.resolve import cause_of
from bot.stages.timeline import timeline_of

SECTIONS = ("summary", "impact", "cause", "response", "lessons", "actions")
NEWEST, LONGEST = 8, 9000
_RUN = (ProposalState.SUCCEEDED, ProposalState.FAILED, ProposalState.UNKNOWN)
_HEADING = re.compile(r"^\s*#{1,4}\s*([a-z]+)\s*:?\s*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Story:
    """One incident as its rows tell it."""

    incident: Incident
    diagnosis: Diagnosis | None
    proposals: Sequence[Proposal]
    alerts: int
    events: Sequence[Source]
    language: str
    lasting: timedelta

    @property
    def say(self) -> Say:
        return phrases(self.language)


def story_of(tx: Tx, incident: Incident, language: str) -> Story:
    """All that drafts are made of, read at once."""
    ended = incident.resolved_at or tx.now
    return Story(
        incident,
        tx.diagnoses.latest(incident.id),
        tx.proposals.of_incident(incident.id),
        incident.alerts_received,
        timeline_of(tx, incident, language),
        language,
        ended - incident.opened_at,
    )


def draft(kind: DraftKind, story: Story) -> str:
    """The text of rows alone."""
    return _bounded(_DRAFTS[kind](story))


def with_model(kind: DraftKind, story: Story, sections: dict[str, list[Judged]]) -> str:
    """The text with what a model wrote; what happened when is always that of the rows.

    `sections` has the sentences by section, under "" those of no section.
    """
    say = story.say
    if kind is DraftKind.UPDATE:
        body = " ".join(_sentence(one, say, cited=False) for one in sections.get("", []))
        return _bounded([_state_of(story), body])
    if kind is DraftKind.CATCHUP:
        lines = [f"- {_sentence(one, say)}" for one in sections.get("", [])]
        return _bounded([_stands(story), *lines, "", say("newest"), *_events(story.events[-NEWEST:])])
    lines = [f"# {story.incident.label} {story.incident.title[:200]}"]
    for name in SECTIONS:
        said = [f"- {_sentence(one, say)}" for one in sections.get(name, [])]
        lines += ["", f"## {say(name)}", *(said or [say("to write")])]
    return _bounded([*lines, "", f"## {say('timeline')}", *_events(story.events)])


def split(text: str) -> dict[str, str]:
    """A model's text by the headings of ours that it uses; any other heading is a sentence like any."""
    found: dict[str, str] = {}
    at, name = 0, ""
    for heading in _HEADING.finditer(text):
        if heading[1].lower() not in SECTIONS:
            continue
        found[name] = found.get(name, "") + text[at : heading.start()]
        at, name = heading.end(), heading[1].lower()
    found[name] = found.get(name, "") + text[at:]
    return {name: part for name, part in found.items() if part.strip()}


def clock(source: Source) -> str:
    """When it happened, as one line begins."""
    return f"{source.at:%Y-%m-%d %H:%M:%S} UTC" if source.at else ""


def _catchup(story: Story) -> list[str]:
    say, incident = story.say, story.incident
    who = Person.from_key(incident.assignee).user_id if incident.assignee else say("nobody")
    lines = [_stands(story), say("who has it", who=who), _cause(story)]
    lines += _did(story)
    for one in story.proposals:
        if one.state is ProposalState.PROPOSED:
            lines.append(say("waits", name=f"{one.label} {one.tool}"))
        elif one.state in (ProposalState.SIGNED, ProposalState.EXECUTING):
            lines.append(say("runs", name=f"{one.label} {one.tool}"))
    return [*lines, "", say("newest"), *_events(story.events[-NEWEST:])]


def _update(story: Story) -> list[str]:
    say = story.say
    return [_state_of(story), *([say("update next")] if story.incident.state.is_open else [])]


def _postmortem(story: Story) -> list[str]:
    say, incident = story.say, story.incident
    where = {"service": incident.service or say("a service"), "environment": incident.environment or "?"}
    impact = say(
        "impact measured",
        **where,
        since=f"{incident.opened_at:%Y-%m-%d %H:%M} UTC",
        lasted=lasted_of(story),
        count=story.alerts,
        severity=say(incident.severity.word),
    )
    parts = {
        "summary": [_stands(story)],
        "impact": [impact],
        "cause": [_cause(story)],
        "response": _did(story) or [say("no action")],
        "lessons": [say("to write")],
        "actions": [say("to write")],
    }
    lines = [f"# {incident.label} {incident.title[:200]}"]
    for name in SECTIONS:
        lines += ["", f"## {say(name)}", *parts[name]]
    return [*lines, "", f"## {say('timeline')}", *_events(story.events)]


_DRAFTS: dict[DraftKind, Callable[[Story], list[str]]] = {
    DraftKind.CATCHUP: _catchup,
    DraftKind.UPDATE: _update,
    DraftKind.POSTMORTEM: _postmortem,
}


def lasted_of(story: Story) -> str:
    """How long it has lasted, or did."""
    return lasted(story.lasting)


def _stands(story: Story) -> str:
    incident, say = story.incident, story.say
    known = {"label": incident.label, "lasted": lasted_of(story), "title": incident.title[:200]}
    if not incident.state.is_open:
        return say("where it ended", **known)
    state, severity = say(_word(incident)), say(incident.severity.word)
    return say("where it stands", **known, state=state, severity=severity)


def _state_of(story: Story) -> str:
    incident, say = story.incident, story.say
    known = {
        "service": incident.service or say("a service"),
        "environment": incident.environment or "?",
        "since": f"{incident.opened_at:%H:%M} UTC",
        "severity": say(incident.severity.word),
        "lasted": lasted_of(story),
    }
    if not incident.state.is_open:
        return say("update over", **known)
    return f"{say('update open', **known)} {say('update state', state=say(_word(incident)))}"


def _word(incident: Incident) -> str:
    return "resolved state" if incident.state is IncidentState.RESOLVED else incident.state.value


def _cause(story: Story) -> str:
    say, made = story.say, story.diagnosis
    if proven := cause_of(made, story.proposals):
        return say("proven", cause=proven)
    guess = made.hypotheses[0] if made and made.hypotheses else None
    if story.incident.state.is_open:
        return say("likely", cause=guess.cause, sure=f"{guess.confidence:.0%}") if guess else say("not known")
    return say("first guess", cause=guess.cause) if guess else say("never known")


def _did(story: Story) -> list[str]:
    say = story.say
    lines = []
    for one in story.proposals:
        name = f"{one.label} {one.tool}"
        if one.helped:
            lines.append(say("helped", name=name))
        elif one.state in _RUN:
            outcome = say(f"outcome {one.outcome.value}") if one.outcome else one.state.value
            lines.append(say("did not help", name=name, outcome=outcome))
    return lines


def _events(events: Sequence[Source]) -> list[str]:
    return [f"- {clock(source)} [{source.id}] {source.text}" for source in events]


def _sentence(one: Judged, say: Say, *, cited: bool = True) -> str:
    if one.doubt:
        return f"{say('unbacked')} {one.text}"
    return f"{one.text} [{', '.join(one.citations)}]" if cited else one.text


def _bounded(lines: Sequence[str]) -> str:
    """Whole lines up to what one message can show; what is left out is said."""
    kept: list[str] = []
    size = 0
    for line in lines:
        size += len(line) + 1
        if size > LONGEST:
            return "\n".join([*kept, f"… (+{len(lines) - len(kept)})"])
        kept.append(line)
    return "\n".join(kept).strip()
