"""`vigie transcript`: what was sent to models for an incident, word for word, and what came back."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from bot import settings as settings_module
from bot.commands.store import existing
from bot.domain.spending import Exchange
from bot.errors import BadInput
from bot.store.database import Store


def run(config: Path, incident: str, *, as_json: bool) -> int:
    """Print every exchange; 0 in place of an incident: those outside of any. Exit 1 where there is none."""
    number = incident.removeprefix("#")
    if not number.isascii() or not number.isdecimal() or len(number) > 15:
        raise BadInput(f"{incident[:40]!r} is no incident's number. Write for example `vigie transcript 12`.")
    store = Store(existing(settings_module.load(config, only=())))
    with store.read() as tx:
        known = int(number) == 0 or tx.incidents.get(int(number)) is not None
        found = tx.exchanges.of_incident(int(number) or None)
    store.close()
    if not known:
        raise BadInput(f"There is no incident #{number}.")
    if as_json:
        exchanges = [asdict(one) | {"at": one.at.isoformat()} for one in found]
        print(json.dumps({"incident": int(number), "total": _total(found), "exchanges": exchanges}))
    elif found:
        print("\n\n".join([*map(_told, found), _sum(found)]))
    else:
        print("No model was asked for it.")
    return 0 if found else 1


def _told(one: Exchange) -> str:
    head = f"== {one.id}  {one.at:%Y-%m-%d %H:%M:%S} UTC  {one.what}  {one.state}"
    used = f"{one.tokens_in} tokens in, {one.tokens_out} out, {one.money:.6g} {one.currency}"
    lines = [
        head,
        f"{one.provider}, {one.model}  prompt {one.prompt or 'none'}",
        f"{used}, {one.seconds:.1f} s",
    ]
    if one.problem:
        lines.append(f"problem: {_shown(one.problem)}")
    if one.redacted:
        lines.append(f"taken out before it was sent: {', '.join(map(_shown, one.redacted))}")
    if one.echoed:
        lines.append(f"taken out of the answer: {', '.join(map(_shown, one.echoed))}")
    if one.sent:
        lines += ["-- sent", *_messages(one.sent)]
    if one.answer:
        lines += ["-- answered", *_messages(one.answer)]
    if not one.sent and one.state != "refused":
        lines.append("(its text is not kept any more)")
    return "\n".join(lines)


def _messages(text: str) -> list[str]:
    """Messages by role, their calls as they are; what was capped is no JSON any more and shown as it is."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return [_lines(text)]
    messages = parsed.get("messages", []) if isinstance(parsed, dict) else parsed
    lines = []
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict):
            lines.append(f"[{_shown(str(message.get('role', '?')))}]")
            lines.append(_lines(str(message.get("content") or "")))
            if message.get("tool_calls"):
                lines.append(_lines(json.dumps(message["tool_calls"], ensure_ascii=False)))
    return [line for line in lines if line]


def _total(found: list[Exchange]) -> dict[str, object]:
    return {
        "tokens": sum(one.tokens_in + one.tokens_out for one in found),
        "money": sum(one.money for one in found),
        "currency": next((one.currency for one in found if one.currency), ""),
        "seconds": round(sum(one.seconds for one in found), 3),
    }


def _sum(found: list[Exchange]) -> str:
    total = _total(found)
    return f"In all: {total['tokens']} tokens, {total['money']:.6g} {total['currency']}, {total['seconds']} s"


def _lines(text: str) -> str:
    return "\n".join(_shown(line) for line in text.splitlines())


def _shown(text: str) -> str:
    """Foreign text in a terminal, steering nothing."""
    return "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in text)
