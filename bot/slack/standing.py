"""Standing sign-offs: command, buttons and modals. What a form carries is looked up, never believed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.copilot.standing_draft import Wish
from bot.domain.person import Person
from bot.errors import ArgumentRefused, CatalogueError, Refused
from bot.slack.blocks import parts
from bot.slack.blocks import proposal as proposal_blocks
from bot.slack.blocks import standing as blocks
from bot.slack.blocks.parts import Block
from bot.slack.blocks.standing_form import ARGUMENT, form_view
from bot.slack.edge import Body, Edge, guarded

_NEW = re.compile(r"new(?:\s+P?(\d{1,15}))?", re.IGNORECASE)
_REVOKE = re.compile(r"revoke\s+S?(\d{1,15})\s+(\S.{2,299})", re.IGNORECASE | re.DOTALL)
_HOW = (
    "Write `/vigie standing`, `/vigie standing new`, `/vigie standing new P12`, or"
    " `/vigie standing revoke S3` and why."
)


async def command(edge: Edge, person: Person, body: Body, words: str) -> list[Block]:
    """`/vigie standing`: the list; `new` opens the form, `revoke` ends one at once."""
    core = edge.copilot.standing
    if not words:
        now, every = await asyncio.to_thread(core.listing)
        return blocks.listing(every, now)
    if revoked := _REVOKE.fullmatch(words):
        number, reason = int(revoked[1]), revoked[2]
        judgement = await asyncio.to_thread(core.revoke, person, number, reason, edge.event(body))
        return [parts.status(judgement.reason)]
    asked = _NEW.fullmatch(words)
    if asked is None:
        return [parts.status(_HOW)]
    if not asked[1]:
        return blocks.candidates(await asyncio.to_thread(core.candidates))
    await edge.open_view(body, form_view(await asyncio.to_thread(core.draft, int(asked[1]))))
    return [parts.status("The form is open. Nothing is stored before you submit it.")]


async def form(edge: Edge, person: Person, value: str) -> Block:
    """Opened from an action that helped."""
    return form_view(await asyncio.to_thread(edge.copilot.standing.draft, _number(value)))


async def sheet(edge: Edge, person: Person, value: str) -> Block:
    """All that is signed, with the button that signs it; refused to whoever may not."""
    return blocks.sheet(
        await asyncio.to_thread(edge.copilot.standing.open, person, _number(value)), sign=True
    )


async def look(edge: Edge, person: Person, value: str) -> Block:
    """The same for whoever only looks."""
    return blocks.sheet(await asyncio.to_thread(edge.copilot.standing.look, _number(value)), sign=False)


async def revoke_form(edge: Edge, person: Person, value: str) -> Block:
    """Asks why before it ends."""
    found = await asyncio.to_thread(edge.copilot.standing.look, _number(value))
    return blocks.revoke_view(found.standing)


async def reject(edge: Edge, person: Person, value: str, event: str) -> str:
    """One that was never in force."""
    return (await asyncio.to_thread(edge.copilot.standing.reject, person, _number(value), event)).reason


DEEDS = {"standing_reject": reject}
VIEWS: dict[str | re.Pattern[str], Callable[[Edge, Person, str], Awaitable[Block]]] = {
    "standing_new": form,
    "standing_open": sheet,
    "standing_look": look,
    "standing_revoke": revoke_form,
}


def register(app: AsyncApp, edge: Edge) -> None:
    async def propose(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """Propose what the form says, each choice looked up anew."""
        person = await edge.person(body)
        view = body["view"]
        number = _numbers(view["private_metadata"], "proposal")["proposal"]
        values = view["state"]["values"]
        wrong = dict.fromkeys(("per_hour", "in_all", "days"), "A whole number, please.")
        wrong = {name: told for name, told in wrong.items() if _whole(values, name) is None}
        if wrong:
            await ack(response_action="errors", errors=wrong)
            return
        try:
            made = await asyncio.to_thread(
                edge.copilot.standing.propose, person, number, _wish(values), f"view:{view['id']}"
            )
        except (Refused, ArgumentRefused, CatalogueError) as error:
            await ack(response_action="errors", errors={"why": parts.short(error.detail, 300)})
            return
        told = (
            f":memo: *{made.label}* is proposed. N3 were told; it counts once they have signed it, not you."
        )
        await ack(response_action="update", view=proposal_blocks.told_view("Proposed", told))

    async def sign(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """Sign what was shown: the digest in the modal must be the one that is recorded."""
        person = await edge.person(body)
        shown = _numbers(body["view"]["private_metadata"], "standing")
        sign_it = edge.copilot.standing.sign
        judgement = await asyncio.to_thread(sign_it, person, shown["standing"], str(shown["digest"]))
        title = "Signed" if judgement.allowed else "Not signed"
        icon = ":pencil2:" if judgement.allowed else ":no_entry:"
        told = proposal_blocks.told_view(title, f"{icon} {judgement.reason}")
        await ack(response_action="update", view=told)

    async def revoke(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """End it at once."""
        person = await edge.person(body)
        view = body["view"]
        number = _numbers(view["private_metadata"], "standing")["standing"]
        reason = str(_entry(view["state"]["values"], "why", "text").get("value") or "")
        judgement = await asyncio.to_thread(
            edge.copilot.standing.revoke, person, number, reason, f"view:{view['id']}"
        )
        title = "Revoked" if judgement.allowed else "Not revoked"
        await ack(response_action="update", view=proposal_blocks.told_view(title, judgement.reason))

    app.view("standing_new")(guarded(edge, propose))
    app.view("standing")(guarded(edge, sign))
    app.view("standing_revoke")(guarded(edge, revoke))


def _wish(values: Mapping[str, Any]) -> Wish:
    """What was chosen, by the keys of the choices."""
    names = [name.removeprefix(ARGUMENT) for name in values if name.startswith(ARGUMENT)]
    return Wish(
        alert=_chosen(values, "alert"),
        severity=_chosen(values, "severity"),
        labels=_several(values, "labels"),
        services=_several(values, "services"),
        environments=_several(values, "environments"),
        arguments={name: _several(values, f"{ARGUMENT}{name}") for name in names},
        per_hour=_whole(values, "per_hour") or 0,
        in_all=_whole(values, "in_all") or 0,
        days=_whole(values, "days") or 0,
        why=str(_entry(values, "why").get("value") or "").strip(),
    )


def _entry(values: Mapping[str, Any], block: str, action: str = "value") -> Mapping[str, Any]:
    found = (values.get(block) or {}).get(action)
    return found if isinstance(found, Mapping) else {}


def _chosen(values: Mapping[str, Any], block: str) -> str:
    return str((_entry(values, block).get("selected_option") or {}).get("value") or "")


def _several(values: Mapping[str, Any], block: str) -> list[str]:
    return [str(option["value"]) for option in _entry(values, block).get("selected_options") or []]


def _whole(values: Mapping[str, Any], block: str) -> int | None:
    text = str(_entry(values, block).get("value") or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _numbers(metadata: object, name: str) -> dict[str, Any]:
    """What a modal of ours carries: a number of that name, and perhaps a digest."""
    try:
        shown = json.loads(str(metadata))
        return {name: int(shown[name]), "digest": shown.get("digest", "")}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("That modal is not one of ours.") from None


def _number(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise Refused("That button is not one of ours.")
    return int(value)
