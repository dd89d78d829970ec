"""Maintenance windows: their card, the form with its preview, the list, and what dismissals suggest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.domain.lasting import parse_span
from bot.domain.mute import Mute, MuteOrigin, MuteState, Preview, Suggestion, shown
from bot.domain.person import Person
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.blocks.times import clock, exactly

LASTS = {"30m": "30 minutes", "1h": "1 hour", "2h": "2 hours", "4h": "4 hours", "8h": "8 hours"}
LASTS |= {"24h": "24 hours", "3d": "3 days", "7d": "7 days", "14d": "14 days"}
LONGER = {"30m": "30 minutes", "1h": "1 hour", "4h": "4 hours", "24h": "24 hours"}
ANY = "any"
_ICONS = {MuteState.ACTIVE: ":no_bell:", MuteState.PLANNED: ":hourglass:", MuteState.OVER: ":bell:"}
_LISTED = 12
_PLAIN = re.compile(r"[A-Za-z0-9 .]{1,40}")
_FIELDS = {
    "name": "Name of the alert",
    "service": "Service",
    "environment": "Environment",
    "source": "Source",
}


def card(mute: Mute, now: datetime, kept: int) -> list[Block]:
    """One message per mute, edited in place: what it fits, until when, why, by whom."""
    state = mute.state(now)
    blocks = [
        parts.status(
            f"{_ICONS.get(state, ':memo:')} *{mute.label}* · *{_words(mute, state)}* · {_who(mute)}"
        ),
        parts.foreign_note(shown(mute.matchers)),
        parts.foreign_note(mute.reason),
    ]
    critical = "critical alerts too, each shown once" if mute.critical else "critical alerts come through"
    blocks.append(parts.note(f"{parts.counted(kept, 'alert')} kept quiet so far · {critical}"))
    return [*blocks, *_choices(mute, state)]


def listing(mutes: Sequence[Mute], suggestions: Sequence[Suggestion], now: datetime) -> list[Block]:
    """`/vigie mute list`: what is muted now and what will be, each with its buttons."""
    blocks = [parts.status("*Muted now, and planned*" if mutes else "*Nothing is muted.*")]
    for mute in mutes[:_LISTED]:
        state = mute.state(now)
        text = f"{_ICONS.get(state, ':memo:')} *{mute.label}* · {_words(mute, state)} · {_who(mute)}"
        said = parts.cut(f"{shown(mute.matchers)} — {mute.reason}", 300)
        blocks += [parts.status(text), parts.foreign_note(said)]
        blocks += _choices(mute, state)
    if len(mutes) > _LISTED:
        blocks.append(parts.note(f"and {len(mutes) - _LISTED} more"))
    blocks += suggested(suggestions)
    return [*blocks, parts.buttons(parts.button("Mute…", "mute_open", "new"))]


def which_one(verb: str, mutes: Sequence[Mute], now: datetime) -> list[Block]:
    """How to say which mute is meant, and which there are."""
    example = {"extend": "extend M3 2h"}.get(verb, f"{verb} M3")
    how = parts.status(f"Say which one, such as `/vigie mute {example}`, or press its button.")
    return [how, *listing(mutes, (), now)]


def meant(word: str, near: str, rest: str, typed: str) -> list[Block]:
    """What was perhaps mistyped; the form with all of it as the reason is a button away."""
    known = rest if _PLAIN.fullmatch(rest) else ""
    command = f"/vigie mute {near} {known}".strip()
    text = f"There is no `{parts.escape(word[:40])}`. Did you mean `{command}`?"
    form = parts.button("No, open the form", "mute_open", parts.short(f"typed:{typed}", 2000))
    return [parts.status(text), parts.buttons(form)]


def suggested(suggestions: Sequence[Suggestion]) -> list[Block]:
    """Mutes that were never asked for: each does nothing until somebody of N3 signs it."""
    blocks = []
    for one in suggestions[:3]:
        people = "one person" if one.people == 1 else f"{one.people} people"
        said = f"dismissed {one.dismissals} times by {people}"
        blocks.append(
            parts.status(f":bulb: *Suggested mute* for N3: {said}. Until it is signed it mutes nothing.")
        )
        blocks.append(parts.foreign_note(parts.cut(shown(one.matchers), 300)))
        sign = parts.button("Sign for 7 days", "suggestion_sign", str(one.id), "primary")
        blocks.append(parts.buttons(sign, parts.button("Decline", "suggestion_decline", str(one.id))))
    if len(suggestions) > 3:
        blocks.append(parts.note(f"and {len(suggestions) - 3} more suggested mutes"))
    return blocks


def form(given: Mapping[str, str]) -> Block:
    """The modal; `given` are the values that it begins with, by field, `labels` as lines."""
    blocks = [
        parts.note(
            "Alerts are muted that fit *all* that you fill in. Write a value word for word,"
            " or `~` and a pattern that has to fit all of it, such as `~web-[0-9]+`."
        )
    ]
    blocks += [_text(field, label, given.get(field, "")) for field, label in _FIELDS.items()]
    blocks.append(
        _text("labels", "Labels, one a line, such as team=payments", given.get("labels", ""), lines=True)
    )
    blocks.append(_severity(given.get("severity", ANY)))
    blocks.append(_text("reason", "Reason", given.get("reason", ""), optional=False, most=300))
    blocks.append(_lasts(given.get("lasts", "2h")))
    start = {"type": "datetimepicker", "action_id": "text"}
    blocks.append(_input("start", "From when on; empty: from now on", start, optional=True))
    box = {"text": _plain("Mute critical alerts too; each is still shown once"), "value": "critical"}
    boxes = {"type": "checkboxes", "action_id": "text", "options": [box]}
    blocks.append(_input("critical", "Critical alerts", boxes, optional=True))
    return parts.modal("mute", "Mute alerts", "Preview", blocks)


def confirm_view(mute: Mute, seen: Preview, now: datetime) -> Block:
    """What the form asked for, and what it would have done; its submit button puts it in force."""
    start = "now" if mute.starts_at <= now else clock(mute.starts_at)
    lasts = exactly(mute.ends_at - mute.starts_at)
    blocks = [
        parts.status(
            f"*Would have muted {seen.muted} of the last 24 hours' {seen.total} alerts*, {_critical(seen)}."
        ),
        parts.note(f"From {start}, for {lasts}. It ends by itself."),
        parts.foreign_note(shown(mute.matchers)),
        parts.foreign_note(mute.reason),
    ]
    if seen.names:
        most = [
            [parts.run(f"{count} × "), parts.run(parts.cut(name, 120), bold=True)]
            for name, count in seen.names
        ]
        blocks.append(parts.rich(parts.listing(most)))
    if mute.critical:
        blocks.append(
            parts.status(":warning: *Critical alerts are muted too.* Each is shown in the channel once.")
        )
    elif seen.left:
        blocks.append(
            parts.note(f"{seen.left} critical alert(s) that fit would have come through all the same.")
        )
    if not seen.muted:
        blocks.append(
            parts.note(":warning: Nothing of the last 24 hours fits. Is it written as the alerts have it?")
        )
    return parts.modal("mute_confirm", "Mute alerts", "Mute", blocks, str(mute.id))


def extend_view(mute: Mute) -> Block:
    """How much longer."""
    blocks = [
        parts.status(f"*{mute.label}* ends at {clock(mute.ends_at)}."),
        parts.foreign_note(f"{shown(mute.matchers)} — {mute.reason}"),
        _select("lasts", "How much longer", LONGER, "1h"),
    ]
    return parts.modal("mute_extend", f"Extend {mute.label}", "Extend", blocks, str(mute.id))


def _words(mute: Mute, state: MuteState) -> str:
    if state is MuteState.ACTIVE:
        return f"muted until {clock(mute.ends_at)}"
    if state is MuteState.PLANNED:
        return f"planned from {clock(mute.starts_at)} to {clock(mute.ends_at)}"
    if state is MuteState.DRAFT:
        return "not confirmed"
    return f"over since {clock(mute.ends_at)}{f', ended by {_name(mute.ended_by)}' if mute.ended_by else ''}"


def _who(mute: Mute) -> str:
    how = {
        MuteOrigin.LEARNED: "suggested, signed by",
        MuteOrigin.FILE: "declared in",
        MuteOrigin.PERSON: "by",
    }
    return f"{how[mute.origin]} {_name(mute.by)}"


def _name(by: str) -> str:
    return f"<@{Person.from_key(by).user_id}>" if "/" in by else f"`{by}`"


def _choices(mute: Mute, state: MuteState) -> list[Block]:
    if state not in (MuteState.ACTIVE, MuteState.PLANNED):
        return []
    buttons = [parts.button("End now", "mute_end", str(mute.id), "danger")]
    if mute.origin is not MuteOrigin.LEARNED:
        buttons.append(parts.button("Extend…", "mute_extend", str(mute.id)))
    return [parts.buttons(*buttons)]


def _critical(seen: Preview) -> str:
    return f"{seen.critical} of them critical" if seen.critical else "0 critical"


def _lasts(given: str) -> Block:
    """The menu, with what was asked for as one more option where it is none of them."""
    wanted = parse_span(given)
    known = {value: text for value, text in LASTS.items() if parse_span(value) == wanted}
    chosen = next(iter(known), given)
    options = LASTS if known else LASTS | {given: exactly(wanted)}
    ordered = dict(sorted(options.items(), key=lambda option: parse_span(option[0])))
    return _select("lasts", "How long", ordered, chosen)


def _severity(given: str) -> Block:
    words = {
        ANY: "any that may be muted",
        "info": "info alone",
        "warning": "warning alone",
        "critical": "critical alone",
    }
    return _select("severity", "Severity", words, given)


def _text(
    name: str, label: str, given: str, *, lines: bool = False, optional: bool = True, most: int = 1000
) -> Block:
    element: dict[str, Any] = {"type": "plain_text_input", "action_id": "text", "max_length": most}
    if lines:
        element["multiline"] = True
    if given:
        element["initial_value"] = parts.short(parts.visible(given), most)
    return _input(name, label, element, optional)


def _select(name: str, label: str, options: Mapping[str, str], given: str) -> Block:
    made = {value: {"text": _plain(text), "value": value} for value, text in options.items()}
    element: dict[str, Any] = {"type": "static_select", "action_id": "text", "options": list(made.values())}
    element["initial_option"] = made.get(given, next(iter(made.values())))
    return _input(name, label, element)


def _input(name: str, label: str, element: Mapping[str, object], optional: bool = False) -> Block:
    block = {"type": "input", "block_id": name, "label": _plain(label), "element": dict(element)}
    return block | {"optional": True} if optional else block


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
