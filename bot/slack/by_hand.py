"""`/vigie open`, `resolve`, `severity` and `assign`; the same by words in a thread, by buttons and forms."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.domain.alert import Severity
from bot.domain.by_hand import MOST_TITLE, Report, Wish
from bot.domain.person import Person
from bot.errors import Refused, ReportRefused
from bot.slack.blocks import by_hand as blocks
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.blocks.proposal import told_view
from bot.slack.edge import Body, Edge, guarded
from bot.slack.filled import entered
from bot.slack.pressing import View, listen
from bot.slack.reading import words_of
from bot.slack.values import number, submission

SHORTCUT = "open_incident"
_NUMBERED = re.compile(r"#?([0-9]{1,9})(?:\s+(.*))?", re.DOTALL)
_MENTIONED = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
_WANTED = re.compile(
    r"(?:open|declare|start|ouvre|ouvrir|d[ée]clare|d[ée]clarer)(?: an?| un| new| nouvel)? incident"
    r"(?:\s*[:,-]?\s*(.+))?|(?:new|nouvel) incident(?:\s*[:,-]?\s*(.+))?",
    re.IGNORECASE | re.DOTALL,
)
_RESOLVE = re.compile(r"(?:resolve|r[ée]soudre)(?: #?([0-9]{1,9}))?", re.IGNORECASE)
_RATE = re.compile(
    r"(?:severity|gravit[ée])(?: #?([0-9]{1,9}))?(?: (?:is |to |est )?([\w-]+))?", re.IGNORECASE
)
_GIVE = re.compile(
    r"(?:assign|give|attribue|donne)(?: #?([0-9]{1,9}))?(?: (?:to |à )?(me|moi|nobody|personne|@))",
    re.IGNORECASE,
)
_ME, _NOBODY = ("me", "moi"), ("nobody", "personne")
_WHICH = "Say which incident, by its number: for example `/vigie {} 12`; `/vigie status` lists what is open."


async def open_(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    """The form, with what was typed as the title."""
    await edge.open_view(body, await _open_form(edge, words[:MOST_TITLE]))
    return [parts.status("The form opens. Nothing is told before you press *Open*.")]


async def resolve(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    incident, _ = _numbered(words, "resolve")
    return await _resolve(edge, person, incident, edge.event(body))


async def severity(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    """How grave it is, or the form that asks."""
    incident, word = _numbered(words, "severity")
    if not word:
        return await _open_change(edge, body, incident)
    return await _change(edge, person, incident, Wish(severity=_severity(word)), edge.event(body))


async def assign(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    """Who has it; a name that is typed is only a text here, so the form asks for the person."""
    incident, word = _numbered(words, "assign")
    named = _MENTIONED.fullmatch(word)
    if not named and word.lower() not in (*_ME, *_NOBODY):
        return await _open_change(edge, body, incident)
    to = await _to(edge, person, named[1] if named else word.lower())
    return await _change(edge, person, incident, Wish(assignee=to), edge.event(body))


async def said(
    edge: Edge, person: Person, text: str, own: Sequence[str], incident_id: int | None, event: str
) -> list[Block] | None:
    """What words to Vigie are answered, to this person alone; None where they are about something else.

    `text` has its mentions still, as one may say who is meant; `own` are the ids of Vigie itself.
    """
    named = [user for user in _MENTIONED.findall(text) if user not in own]
    words = " ".join(_MENTIONED.sub(lambda m: "" if m[1] in own else "@", text).split()).rstrip(".!")
    if found := _WANTED.fullmatch(words):
        return blocks.open_button((found[1] or found[2] or "").strip())
    if found := _RESOLVE.fullmatch(words):
        incident = _meant(found[1], incident_id, "resolve")
        return await _resolve(edge, person, incident, event)
    if (found := _RATE.fullmatch(words)) and (found[2] or "").lower() in Severity.words():
        incident = _meant(found[1], incident_id, "severity")
        return await _change(edge, person, incident, Wish(severity=_severity(found[2])), event)
    if (found := _GIVE.fullmatch(words)) and len(named) == (found[2] == "@"):
        incident = _meant(found[1], incident_id, "assign")
        to = await _to(edge, person, named[0] if named else found[2].lower())
        return await _change(edge, person, incident, Wish(assignee=to), event)
    return None


async def _open_form(edge: Edge, title: str, details: str = "") -> Block:
    return blocks.open_view(await asyncio.to_thread(edge.copilot.by_hand.offered), title, details)


async def _open_change(edge: Edge, body: Body, incident: int) -> list[Block]:
    view = blocks.change_view(await asyncio.to_thread(edge.copilot.by_hand.one, incident))
    await edge.open_view(body, view)
    return [parts.status("The form opens.")]


async def _resolve(edge: Edge, person: Person, incident: int, event: str) -> list[Block]:
    await asyncio.to_thread(edge.copilot.by_hand.one, incident)
    moved = await asyncio.to_thread(edge.copilot.incidents.resolve, person, incident, event)
    return [parts.status(f"#{incident} is resolved." if moved else f"#{incident} was resolved already.")]


async def _change(edge: Edge, person: Person, incident: int, wish: Wish, event: str) -> list[Block]:
    told = await asyncio.to_thread(edge.copilot.by_hand.change, person, incident, wish, event)
    return [parts.status(told)]


async def _to(edge: Edge, person: Person, whom: str) -> str:
    """The key of who is meant; only a full member can have an incident.

    Raises:
        Refused: it is a guest, a bot or somebody else's account.
    """
    if whom in _NOBODY:
        return ""
    if whom in _ME or whom == person.user_id:
        return person.key
    standing = await edge.people.standing(person.team_id, whom)
    if standing is None:
        raise Refused("Slack cannot say who that is right now. Nothing was done: try again.")
    if not standing:
        raise Refused("Only a full member of this workspace can have an incident, not a guest or a bot.")
    return Person(person.team_id, whom).key


def _numbered(words: str, command: str) -> tuple[int, str]:
    found = _NUMBERED.fullmatch(words.strip())
    if not found:
        raise Refused(_WHICH.format(command))
    return int(found[1]), (found[2] or "").strip()


def _meant(named: str | None, here: int | None, command: str) -> int:
    """The incident that is named, or the one in whose thread it was said."""
    if named is None and here is None:
        raise Refused(_WHICH.format(command))
    return int(named) if named is not None else here or 0


def _severity(word: str) -> Severity:
    known = Severity.known(word)
    if known is None:
        raise Refused(f"There is no severity {word!r}: say info, warning or critical.")
    return known


async def _press_open(edge: Edge, person: Person, value: str) -> Block:
    return await _open_form(edge, "" if value == "new" else value)


async def _press_change(edge: Edge, person: Person, value: str) -> Block:
    return blocks.change_view(await asyncio.to_thread(edge.copilot.by_hand.one, number(value)))


VIEWS: dict[str, View] = {"incident_open": _press_open, "incident_change": _press_change}


def register(app: AsyncApp, edge: Edge) -> None:
    async def shortcut(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """On any message: its first line is the title, all of it the details."""
        await ack()
        await edge.person(body)
        words = await words_of(edge, [body["message"]])
        title = parts.short(" ".join(words.title.split()), MOST_TITLE)
        await edge.open_view(body, await _open_form(edge, title, words.text))

    async def opened(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """The form was filled in: the incident is a row first, then it is told."""
        person, event = await edge.person(body), f"event:{submission(body)}"
        try:
            report = _report(body["view"]["state"]["values"])
            made = await asyncio.to_thread(edge.copilot.by_hand.open, person, report, event)
        except ReportRefused as error:
            await ack(response_action="errors", errors={error.field: str(error)})
            return
        await ack(response_action="update", view=blocks.opened_view(made))

    async def changed(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """How grave it is and who has it, as the form says now."""
        person, event = await edge.person(body), f"event:{submission(body)}"
        incident, values = number(body["view"]["private_metadata"]), body["view"]["state"]["values"]
        try:
            to = await _to(edge, person, entered(values, "assignee") or _NOBODY[0])
            wish = Wish(_severity(entered(values, "severity")), to)
            told = await asyncio.to_thread(edge.copilot.by_hand.change, person, incident, wish, event)
        except Refused as error:
            await ack(response_action="errors", errors={"assignee": str(error)})
            return
        await ack(response_action="update", view=told_view("Changed", told))

    listen(app, edge, {}, VIEWS)
    app.message_shortcut(SHORTCUT)(guarded(edge, shortcut))
    app.view("open_incident")(guarded(edge, opened))
    app.view("change_incident")(guarded(edge, changed))


def _report(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Report:
    service, environment = (entered(values, block) for block in ("service", "environment"))
    return Report(
        entered(values, "title"),
        "" if service == blocks.NONE else service,
        "" if environment == blocks.NONE else environment,
        _severity(entered(values, "severity")),
        entered(values, "details"),
    )
