"""`/vigie mute`, its form, and the buttons on mutes. What a form holds is checked where the mute is made."""

from __future__ import annotations

import asyncio
import difflib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.copilot.mutes import Wish
from bot.domain.lasting import parse_span, take_span
from bot.domain.mute import LABEL, Matcher
from bot.domain.person import Person
from bot.errors import MuteRefused, Refused
from bot.slack.blocks import mute as mute_blocks
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.edge import Body, Edge, guarded
from bot.slack.pressing import Deed, View, listen
from bot.slack.values import Entered, chosen, entered, number, submission, text, ticked
from bot.triage import muting

_TEXTS = ("name", "service", "environment", "source")
VERBS = {"list": "list", "end": "end", "extend": "extend", "liste": "list", "fin": "end"}
VERBS |= {"lister": "list", "finir": "end", "terminer": "end", "prolonge": "extend", "prolonger": "extend"}
_NAMED = re.compile(r"[mM]?[0-9]{1,9}")


async def mute(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    """`/vigie mute`: the form; `list`, `end M3`, `extend M3 2h`; anything else fills the form in."""
    first, _, rest = words.strip().partition(" ")
    verb = VERBS.get(first.lower(), "")
    if not verb:
        near = _near(first)
        if near:
            return mute_blocks.meant(first, near, rest, words)
        await edge.open_view(body, mute_blocks.form(given_by(words)))
        return [parts.status("The form opens. `/vigie mute list` shows what is muted.")]
    mutes, event = edge.copilot.mutes, edge.event(body)
    name, _, by = rest.strip().partition(" ")
    if verb == "list" or not _NAMED.fullmatch(name):
        seen = await asyncio.to_thread(mutes.seen)
        if verb == "list":
            return mute_blocks.listing(seen.mutes, seen.suggestions, seen.now)
        return mute_blocks.which_one(verb, seen.mutes, seen.now)
    mute_id = int(name.lstrip("mM"))
    if verb == "end":
        return [parts.status(await asyncio.to_thread(mutes.end, person, mute_id, event))]
    lasts = _span(by.strip() or "1h")
    return [parts.status(await asyncio.to_thread(mutes.extend, person, mute_id, lasts, event))]


def _near(word: str) -> str:
    """The verb that was perhaps meant by the first word; empty where it is one of the form's."""
    if "=" in word or take_span(word)[0]:
        return ""
    near = difflib.get_close_matches(word.lower(), VERBS, n=1, cutoff=0.7)
    return VERBS[near[0]] if near else ""


async def open_form(edge: Edge, person: Person, value: str) -> Block:
    """The button that opens the form, empty or filled in: from what somebody typed (`typed:orders 2h`), from
    an alert or the first one of an incident, and how long (`incident:12:90m`).
    """
    what, _, row = value.partition(":")
    if what == "new":
        return mute_blocks.form({})
    if what == "typed":
        return mute_blocks.form(given_by(row))
    row, _, lasts = row.partition(":")

    def read() -> dict[str, str]:
        with edge.store.read() as tx:
            if what == "alert":
                found = tx.deliveries.get(number(row))
            else:
                first = tx.deliveries.series_of(number(row), 1)
                found = first[0] if first else None
        if found is None:
            raise Refused("There is no such alert any more.")
        alert = found.alert()
        given = {"name": alert.name, "service": alert.service, "environment": alert.environment}
        wanted, _ = take_span(lasts)
        return given | ({"lasts": wanted} if wanted else {})

    return mute_blocks.form(await asyncio.to_thread(read))


async def open_extend(edge: Edge, person: Person, value: str) -> Block:
    return mute_blocks.extend_view(await asyncio.to_thread(edge.copilot.mutes.to_extend, number(value)))


async def end(edge: Edge, person: Person, value: str, event: str) -> str:
    return await asyncio.to_thread(edge.copilot.mutes.end, person, number(value), event)


async def sign_suggestion(edge: Edge, person: Person, value: str, event: str) -> str:
    """Only N3 may, as dismissals never teach silence by themselves."""
    judged = await asyncio.to_thread(edge.copilot.suggestions.sign, person, number(value), event)
    return judged.reason


async def decline_suggestion(edge: Edge, person: Person, value: str, event: str) -> str:
    judged = await asyncio.to_thread(edge.copilot.suggestions.decline, person, number(value), event)
    return judged.reason


DEEDS: dict[str, Deed] = {
    "mute_end": end,
    "suggestion_sign": sign_suggestion,
    "suggestion_decline": decline_suggestion,
}
VIEWS: dict[str, View] = {"mute_open": open_form, "mute_extend": open_extend}


def register(app: AsyncApp, edge: Edge) -> None:
    async def asked(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """The form was filled in: nothing is muted yet, what it would have done is shown."""
        person = await edge.person(body)
        try:
            wish = _wish(entered(body))
            made, seen = await asyncio.to_thread(edge.copilot.mutes.ask, person, wish, submission(body))
        except MuteRefused as error:
            await ack(response_action="errors", errors={error.field: str(error)})
            return
        await ack(response_action="update", view=mute_blocks.confirm_view(made, seen, made.made_at))

    async def confirmed(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """The preview was read: from now on it mutes."""
        person = await edge.person(body)
        await asyncio.to_thread(edge.copilot.mutes.confirm, person, number(body["view"]["private_metadata"]))
        await ack()

    async def extended(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        person = await edge.person(body)
        mute_id, lasts = number(body["view"]["private_metadata"]), _span(chosen(entered(body), "lasts"))
        event = f"event:{submission(body)}"
        try:
            await asyncio.to_thread(edge.copilot.mutes.extend, person, mute_id, lasts, event)
        except MuteRefused as error:
            await ack(response_action="errors", errors={"lasts": str(error)})
            return
        await ack()

    listen(app, edge, DEEDS, VIEWS)
    app.view("mute")(guarded(edge, asked))
    app.view("mute_confirm")(guarded(edge, confirmed))
    app.view("mute_extend")(guarded(edge, extended))


def given_by(words: str) -> dict[str, str]:
    """What somebody typed behind the command, as far as it fills the form: `service=orders 2h new disks`."""
    lasts, words = take_span(words)
    given: dict[str, str] = {"lasts": lasts.lower()} if lasts else {}
    rest: list[str] = []
    labels: list[str] = []
    for word in words.split():
        name, sign, value = word.partition("=")
        if sign and name in _TEXTS:
            given[name] = value
        elif sign and name:
            labels.append(word)
        else:
            rest.append(word)
    return given | {"labels": "\n".join(labels), "reason": " ".join(rest)}


def _wish(values: Entered) -> Wish:
    matchers = [muting.parse(field, given) for field in _TEXTS if (given := text(values, field))]
    severity = chosen(values, "severity")
    if severity and severity != mute_blocks.ANY:
        matchers.append(Matcher("severity", severity))
    for line in filter(None, (line.strip() for line in text(values, "labels").splitlines())):
        name, sign, value = line.partition("=")
        if not sign or not name.strip():
            raise MuteRefused(f"Write one label a line, such as team=payments, not {line[:60]!r}.", "labels")
        matchers.append(muting.parse(f"{LABEL}{name.strip()}", value))
    start = ((values.get("start") or {}).get("text") or {}).get("selected_date_time")
    starts_at = datetime.fromtimestamp(int(start), UTC) if start else None
    lasts = _span(chosen(values, "lasts"))
    critical = "critical" in ticked(values, "critical")
    return Wish(tuple(matchers), critical, text(values, "reason"), lasts, starts_at)


def _span(said: str) -> timedelta:
    try:
        return parse_span(said)
    except ValueError as error:
        raise MuteRefused(str(error), "lasts") from None
