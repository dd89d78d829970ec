"""The form in which a standing sign-off is proposed: menus of what catalogue and alert offer."""

from __future__ import annotations

import json
from typing import Any

from bot.copilot.standing_draft import Choice, Draft, Field
from bot.domain.tool import shown
from bot.sign_off.standing import MOST_DAYS, MOST_IN_ALL, MOST_PER_HOUR
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block

ARGUMENT = "argument:"
_OPTION = 75
_PER_HOUR, _IN_ALL, _DAYS = 1, 10, 30


def form_view(draft: Draft) -> Block:
    """Filled in from the action that helped; what has one value only is shown and cannot be chosen."""
    proposal = draft.proposal
    intro = (
        f"What {proposal.label} did, by itself whenever this alert fires. *Only these fields decide*: no"
        " text, no diagnosis, no model. N3 sign it before it counts; you cannot."
    )
    blocks = [parts.status(intro), _one("alert", "When this alert fires", draft.alerts)]
    blocks.append(_one("severity", "and is at least this severe", draft.severity))
    if draft.labels.choices:
        optional = _several("labels", "and has exactly these labels", draft.labels)
        blocks.append(optional | {"optional": True})
    blocks.append(_several("services", "for these services", draft.services))
    blocks.append(_several("environments", "in these environments", draft.environments))
    blocks += _arguments(draft)
    for name, label, value, most in (
        ("per_hour", "Uses in an hour, at most", _PER_HOUR, MOST_PER_HOUR),
        ("in_all", "Uses in all, at most", _IN_ALL, MOST_IN_ALL),
        ("days", "Ends after so many days", _DAYS, MOST_DAYS),
    ):
        element: Block = {"type": "number_input", "action_id": "value", "is_decimal_allowed": False}
        element |= {"min_value": "1", "max_value": str(most), "initial_value": str(value)}
        blocks.append(_input(name, label, element))
    field = {"type": "plain_text_input", "action_id": "value", "max_length": 300, "min_length": 3}
    blocks.append(_input("why", "Why it may run without asking", field))
    return {
        "type": "modal",
        "callback_id": "standing_new",
        "title": {"type": "plain_text", "text": "By itself next time"},
        "submit": {"type": "plain_text", "text": "Propose it to N3"},
        "close": {"type": "plain_text", "text": "Not now"},
        "private_metadata": json.dumps({"proposal": proposal.id}),
        "blocks": blocks,
    }


def _arguments(draft: Draft) -> list[Block]:
    blocks: list[Block] = []
    for argument in draft.tool.arguments:
        field = draft.arguments[argument.name]
        if len(field.choices) == 1:
            fixed = f"{argument.title or argument.name}: always {shown(field.choices[0].value)}"
            blocks.append(parts.foreign_note(fixed))
            continue
        label = f"{argument.title or argument.name}, one of"
        block = _several(f"{ARGUMENT}{argument.name}", label, field)
        if argument.type == "reference":
            hint = (
                "Of several, the row of the alert's service is taken; where that is not one, people decide."
            )
        else:
            hint = (
                f"Of several, the alert's label {argument.name} says which; where it does not, people decide."
            )
        blocks.append(block | {"hint": _plain(hint, 150)})
    return blocks


def _one(name: str, label: str, field: Field) -> Block:
    element: Block = {
        "type": "static_select",
        "action_id": "value",
        "options": [_option(c) for c in field.choices],
    }
    if field.chosen:
        element["initial_option"] = _option(field.chosen[0])
    return _input(name, label, element)


def _several(name: str, label: str, field: Field) -> Block:
    element: Block = {"type": "multi_static_select", "action_id": "value"}
    element["options"] = [_option(choice) for choice in field.choices]
    if field.chosen:
        element["initial_options"] = [_option(choice) for choice in field.chosen]
    return _input(name, label, element)


def _input(name: str, label: str, element: Block) -> Block:
    return {"type": "input", "block_id": name, "label": _plain(label, 150), "element": element}


def _option(choice: Choice) -> Block:
    return {"text": _plain(choice.text, _OPTION), "value": choice.key}


def _plain(text: str, most: int) -> dict[str, Any]:
    """Foreign text in a field: plain, and with a mark for what would deceive the eye."""
    return {"type": "plain_text", "text": parts.visible(parts.short(text, most)), "emoji": False}
