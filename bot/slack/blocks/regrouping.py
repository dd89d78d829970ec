"""Split and merge: the forms, and the pointer that stands in both threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.incident import Incident
from bot.domain.quiet import Regroup, Regrouping, StoredAlert
from bot.domain.whereabouts import by_delivery
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block

_OPTIONS, _LINE, _NAME = 100, 75, 30


def note(made: Regrouping, incident_id: int, proposals: str) -> list[Block]:
    """What was done, as it reads in the thread of one of the two; `proposals` says what became of those."""
    by = f"<@{made.by.partition('/')[2]}>"
    series = parts.counted(len(made.moved), "alert")
    if made.undone_at is not None:
        back = f"<@{made.undone_by.partition('/')[2]}>"
        what = "split" if made.kind is Regroup.SPLIT else "merge"
        both = f"*#{made.source}* and *#{made.target}*"
        return [parts.status(f":leftwards_arrow_with_hook: The {what} of {both} was taken back by {back}.")]
    if made.kind is Regroup.SPLIT:
        here = (
            f"{series} went to *#{made.target}*"
            if incident_id == made.source
            else f"Split from *#{made.source}*"
        )
    elif incident_id == made.source:
        here = f"This is part of *#{made.target}* now: look there"
    else:
        here = f"*#{made.source}* is part of this now, with {series}"
    blocks = [parts.status(f":point_right: {here}. By {by}.")]
    if proposals and made.kind is Regroup.MERGED:
        blocks.append(parts.note(proposals.strip()))
    return [*blocks, parts.buttons(parts.button("Take back", "regroup_undo", str(made.id)))]


def split_view(incident: Incident, series: Sequence[StoredAlert]) -> Block:
    """Which alerts become an incident of their own."""
    options = [
        _option(one, where) for one, where in zip(series[:_OPTIONS], by_delivery(series), strict=False)
    ]
    blocks = [
        parts.note(
            "They become an incident of their own, told and investigated at once. It can be taken back."
        ),
        _input("series", "Alerts that are another cause", _select("multi_static_select", options)),
    ]
    if len(series) >= _OPTIONS:
        blocks.append(parts.note(f"The first {_OPTIONS} alerts are offered."))
    return parts.modal("split", f"Split {incident.label}", "Split", blocks, str(incident.id))


def merge_view(incident: Incident, others: Sequence[Incident], proposals: str) -> Block:
    """Of which incident this one becomes part."""
    options = [
        {"text": _label(f"{one.label} {one.title}"), "value": str(one.id)} for one in others[:_OPTIONS]
    ]
    blocks = [
        parts.note(
            f"All alerts of *{incident.label}* move there, new ones follow. It can be taken back for a day."
        ),
        _input("target", "Part of", _select("static_select", options)),
    ]
    if proposals:
        blocks.append(parts.note(proposals.strip()))
    return parts.modal("merge", f"Merge {incident.label}", "Merge", blocks, str(incident.id))


def _option(delivery: StoredAlert, where: Mapping[str, str]) -> Block:
    """One alert: which it is, as far as a line holds it, and below it what it says."""
    place = " ".join(where.values())
    name = parts.short(delivery.name, _NAME if place else _LINE)
    text = f"{name} · {place}" if place else name
    option: Block = {"text": _label(text), "value": delivery.fingerprint}
    says = str(delivery.body.get("summary") or delivery.body.get("service") or "")
    return option | {"description": _label(says)} if says else option


def _label(text: str) -> Block:
    return _plain(parts.short(parts.visible(text), _LINE))


def _select(kind: str, options: Sequence[Block]) -> Block:
    return {"type": kind, "action_id": "text", "options": list(options)}


def _input(name: str, label: str, element: Block) -> Block:
    return {"type": "input", "block_id": name, "label": _plain(label), "element": element}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
