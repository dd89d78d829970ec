"""`/vigie mute`, its form, and the buttons on mutes. What a form holds is checked where the mute is made."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.copilot.mutes import Wish
from bot.domain.lasting import parse_span
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


async def mute(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    """`/vigie mute`: the form; `list`, `end M3`, `extend M3 2h`; anything else fills the form in."""
    verb, _, rest = words.partition(" ")
    if verb == "list":
        seen = await asyncio.to_thread(edge.copilot.mutes.seen)
        return mute_blocks.listing(seen.mutes, seen.suggestions, seen.now)
    if verb == "end":
        said = await asyncio.to_thread(edge.copilot.mutes.end, person, _named(rest), edge.event(body))
        return [parts.status(said)]
    if verb == "extend":
        name, _, by = rest.partition(" ")
        lasts = _span(by or "1h")
        said = await asyncio.to_thread(
            edge.copilot.mutes.extend, person, _named(name), lasts, edge.event(body)
        )
        return [parts.status(said)]
    await edge.open_view(body, mute_blocks.form(given_by(words)))
    return [parts.status("The form opens. `/vigie mute list` shows what is muted.")]


async def open_form(edge: Edge, person: Person, value: str) -> Block:
    """The button that opens the form, empty or filled in from an alert or the first one of an incident."""
    what, _, row = value.partition(":")
    if what == "new":
        return mute_blocks.form({})

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
        return {"name": alert.name, "service": alert.service, "environment": alert.environment}

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
    given: dict[str, str] = {}
    rest: list[str] = []
    labels: list[str] = []
    for word in words.split():
        name, sign, value = word.partition("=")
        if sign and name in _TEXTS:
            given[name] = value
        elif sign and name:
            labels.append(word)
        elif word in mute_blocks.LASTS:
            given["lasts"] = word
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


def _named(said: str) -> int:
    """`M3`, `m3` or `3`."""
    return number(said.strip().lstrip("mM"))
