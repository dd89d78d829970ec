"""Modals that were submitted: a signature or a confirmed summary. What a modal carries is never believed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.errors import Refused, WordingRefused
from bot.sign_off.quorum import Judgement
from bot.sign_off.reasons import MIN_REASON, is_reason
from bot.slack.blocks import proposal as proposal_blocks
from bot.slack.blocks.signing import REASON
from bot.slack.edge import Body, Edge, guarded
from bot.slack.values import submission
from knowledge.text.redaction import redact

MIN_SUMMARY = 20
_PRIVATE_KEY = "It holds a private key: take it out, and revoke the key."
_CAUSE = re.compile(r"([a-z0-9][a-z0-9-]{0,59})?")


def register(app: AsyncApp, edge: Edge) -> None:
    async def sign(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """Sign what was shown: the digest in the modal must be the one that is recorded."""
        person = await edge.person(body)
        metadata = body["view"]["private_metadata"]
        proposal_id, digest = _shown(metadata, "proposal")
        reason, problem = _reason(body)
        if problem:
            await ack(response_action="errors", errors={REASON: problem})
            return
        alone = _is_alone(metadata)
        sign_it = edge.copilot.signing.sign
        await _answer(ack, await asyncio.to_thread(sign_it, person, proposal_id, digest, reason, alone))

    async def change(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """Sign a changed catalogue or policy under the digest that was shown."""
        person = await edge.person(body)
        offer_id, digest = _shown(body["view"]["private_metadata"], "change")
        await _answer(ack, await asyncio.to_thread(edge.copilot.changes.sign, person, offer_id, digest))

    async def reject_change(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """Reject a changed catalogue or policy, and say why."""
        person = await edge.person(body)
        offer_id, digest = _shown(body["view"]["private_metadata"], "change")
        reason, problem = _reason(body)
        if problem:
            await ack(response_action="errors", errors={REASON: problem})
            return
        await _answer(
            ack, await asyncio.to_thread(edge.copilot.changes.reject, person, offer_id, digest, reason)
        )

    async def summary(ack: Any, body: Body, client: Any, respond: Any) -> None:  # noqa: ANN401
        """Confirm the edited text."""
        person = await edge.person(body)
        values = body["view"]["state"]["values"]
        text, cause = _value(values, "summary").strip(), _value(values, "cause").strip().lower()
        if problem := _problem(text, cause):
            await ack(response_action="errors", errors=problem)
            return
        metadata = str(body["view"]["private_metadata"])
        if not metadata.isdigit():
            raise Refused("That modal is not one of ours.")
        confirm, event = edge.copilot.incidents.confirm_summary, f"event:{submission(body)}"
        try:
            await asyncio.to_thread(confirm, person, int(metadata), text, cause, event)
        except WordingRefused as error:
            await ack(response_action="errors", errors={error.field: str(error)})
            return
        await ack()

    app.view("sign")(guarded(edge, sign))
    app.view("change")(guarded(edge, change))
    app.view("change_reject")(guarded(edge, reject_change))
    app.view("summary")(guarded(edge, summary))


def _problem(text: str, cause: str) -> dict[str, str]:
    """What is wrong with a summary, by the field of the form."""
    if len(text) < MIN_SUMMARY:
        return {"summary": f"Write at least {MIN_SUMMARY} characters, so that it helps the next person."}
    if not _CAUSE.fullmatch(cause):
        told = "Use lower-case letters, digits and hyphens, such as stale-lock, or leave it empty."
        return {"cause": told}
    if redact(text).private_key:
        return {"summary": _PRIVATE_KEY}
    return {}


def _is_alone(metadata: str) -> bool:
    """Whether they were told that their signature alone would do; the copilot judges that again."""
    return json.loads(metadata).get("alone") is True


def _reason(body: Body) -> tuple[str, str]:
    """The reason that was given, and what is wrong with it where the form asked for one."""
    values = body["view"]["state"]["values"]
    if REASON not in values:
        return "", ""
    given = redact(_value(values, REASON).strip())
    if given.private_key:
        return "", _PRIVATE_KEY
    if not is_reason(given.text):
        return "", f"Say why in {MIN_REASON} characters or more."
    return given.text, ""


def _value(values: Mapping[str, Any], block: str) -> str:
    """What was entered in a block; empty where nothing was."""
    return str(((values.get(block) or {}).get("text") or {}).get("value") or "")


async def _answer(ack: Any, judgement: Judgement) -> None:  # noqa: ANN401  # bolt's own object
    if judgement.allowed:
        await ack()
        return
    told = proposal_blocks.told_view("Not signed", f":no_entry: {judgement.reason}")
    await ack(response_action="update", view=told)


def _shown(metadata: str, what: str) -> tuple[int, str]:
    try:
        shown = json.loads(metadata)
        return int(shown[what]), str(shown["digest"])
    except (ValueError, KeyError, TypeError):
        raise Refused("That modal is not one of ours.") from None
