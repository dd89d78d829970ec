"""Forms to propose an action: opened by command, button or shortcut, checked when they are submitted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.copilot.proposals import Place
from bot.domain.proposal import Proposal
from bot.errors import ArgumentRefused, Refused
from bot.slack.blocks import forms as form_blocks
from bot.slack.blocks import running as running_blocks
from bot.slack.blocks.parts import Block
from bot.slack.blocks.proposal import told_view
from bot.slack.edge import Body, Edge, guarded
from bot.slack.filled import arguments_of, entered, known_of, number_of, place_of

SHORTCUT = "propose_action"


def register(app: AsyncApp, edge: Edge) -> None:
    async def shortcut(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """On any message: which action? In an incident's thread only those that may touch it."""
        await ack()
        await edge.person(body)
        view = await asyncio.to_thread(_chooser, edge, body)
        await edge.open_view(body, view)

    async def chosen(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """An action was chosen: its form takes the place of the list."""
        await edge.person(body)
        known = known_of(body["view"]["private_metadata"])
        tool = entered(body["view"]["state"]["values"], "tool")
        view = await asyncio.to_thread(form_view, edge, tool, number_of(known.get("incident")))
        await ack(response_action="update", view=view)

    async def run(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """A filled form: each wrong field is told beside it, else it is proposed."""
        person = await edge.person(body)
        known, values = known_of(body["view"]["private_metadata"]), body["view"]["state"]["values"]

        def propose() -> Proposal | Mapping[str, str]:
            return _propose(edge, person, known, values, edge.event(body))

        try:
            made = await asyncio.to_thread(propose)
        except Refused as error:
            text = f":no_entry: {error.detail}"
            await ack(response_action="update", view=told_view("Not proposed", text))
            return
        if isinstance(made, Proposal):
            await ack(response_action="update", view=told_view("Proposed", _proposed(made)))
        else:
            await ack(response_action="errors", errors=dict(made))

    async def settle(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """N3 says how an execution ended that nobody saw end."""
        person = await edge.person(body)
        view = body["view"]
        known, reason = known_of(view["private_metadata"]), entered(view["state"]["values"], "reason")
        number, took_effect = number_of(known.get("proposal")), known.get("took_effect")
        if number is None or not isinstance(took_effect, bool):
            raise Refused("That form is not one of ours.")
        settled = edge.copilot.running.settle
        judgement = await asyncio.to_thread(settled, person, number, took_effect, reason, edge.event(body))
        if judgement.allowed:
            await ack()
        else:
            view = told_view("Not settled", f":no_entry: {judgement.reason}")
            await ack(response_action="update", view=view)

    app.message_shortcut(SHORTCUT)(guarded(edge, shortcut))
    app.view("choose_action")(guarded(edge, chosen))
    app.view("run")(guarded(edge, run))
    app.view("settle")(guarded(edge, settle))


def form_view(edge: Edge, tool: str, incident_id: int | None = None) -> Block:
    """The form of one action.

    Raises:
        Refused: there is no such action, or it may not touch that incident.
    """
    return form_blocks.form(edge.copilot.forms.form(tool, incident_id))


def edit_view(edge: Edge, proposal_id: int) -> Block:
    """The form of a proposal, with its arguments.

    Raises:
        Refused: it does not wait for signatures any more.
    """
    return form_blocks.form(edge.copilot.forms.edit(proposal_id))


async def settle_view(edge: Edge, person: Any, proposal_id: int, took_effect: bool) -> Block:  # noqa: ANN401
    """The modal in which N3 settles how an execution ended.

    Raises:
        Refused: they are not N3, or there is nothing to settle.
    """
    opened = await asyncio.to_thread(edge.copilot.running.open_settling, person, proposal_id)
    return running_blocks.settle_view(*opened, took_effect)


def incident_of(edge: Edge, channel: str, ts: str) -> int | None:
    """The incident in whose thread, or on whose card, a message stands."""
    with edge.store.read() as tx:
        post = tx.posts.by_ts(channel, ts) if ts else None
    return post.subject if post is not None and post.kind == "incident" else None


def _chooser(edge: Edge, body: Body) -> Block:
    message, channel = body.get("message") or {}, (body.get("channel") or {}).get("id", "")
    found = incident_of(edge, channel, str(message.get("thread_ts") or message.get("ts") or ""))
    incident, tools = edge.copilot.forms.actions_for(found)
    if not tools:
        where = f"{incident.service} in {incident.environment}" if incident else "anything"
        raise Refused(f"The catalogue has no action that may touch {where}.")
    return form_blocks.chooser(incident, tools)


def _propose(
    edge: Edge,
    person: Any,  # noqa: ANN401  # a Person
    known: Mapping[str, Any],
    values: Mapping[str, Any],
    event: str,
) -> Proposal | Mapping[str, str]:
    """The proposal, or what is wrong by the id of the block that it stands in."""
    forms, proposals = edge.copilot.forms, edge.copilot.proposals
    edits, incident = number_of(known.get("edits")), number_of(known.get("incident"))
    form = forms.form(str(known.get("tool", "")), incident)
    place = Place(incident) if incident is not None else place_of(entered(values, "place"))
    given, wrong = arguments_of(form.tool, values)
    problems = dict(forms.problems(form.tool.name, place, given)) | wrong
    why = entered(values, "why").strip()
    found = {f"arg:{name}": text for name, text in problems.items()}
    if len(why) < form_blocks.MIN_WHY:
        found["why"] = f"Say in at least {form_blocks.MIN_WHY} characters why it is wanted."
    if found:
        return found
    try:
        if edits is not None:
            return proposals.edit(person, edits, given, why, event)
        return proposals.propose_by_form(person, form.tool.name, place, given, why, event)
    except ArgumentRefused as error:
        raise Refused(error.detail) from None


def _proposed(proposal: Proposal) -> str:
    label = f"*{proposal.label}* is proposed for incident *#{proposal.incident_id}*"
    return f":memo: {label}: see its thread. Somebody of N3 has to sign it, not you."
