"""`vigie noise`: what was absorbed and why, from the rows, whether `serve` runs or not."""

from __future__ import annotations

import json
from pathlib import Path

from bot import settings as settings_module
from bot.commands.store import existing
from bot.copilot.noise import Noise, as_json, noise_of
from bot.domain.lasting import parse_span
from bot.errors import BadInput
from bot.slack.blocks.noise import chart
from bot.store.database import Store


def run(config: Path, since: str, *, as_one_object: bool) -> int:
    """Print the figures; exit 1 when a critical alert was hidden that nobody had asked to be."""
    try:
        back = parse_span(since)
    except ValueError as error:
        raise BadInput(f"--since: {error}") from None
    store = Store(existing(settings_module.load(config, only=())))
    with store.read() as tx:
        found = noise_of(tx, tx.now - back)
    store.close()
    if as_one_object:
        print(json.dumps(as_json(found)))
    else:
        print("\n".join(_lines(found, since)))
    return 1 if found.critical_hidden else 0


def _lines(noise: Noise, since: str) -> list[str]:
    hidden = f"{noise.critical_hidden} critical alerts hidden"
    asked = f"{noise.critical_muted} critical muted as somebody asked for"
    absorbed = noise.fired - noise.told
    lines = [
        f"{noise.absorbed:.1%} absorbed of {noise.fired} alerts in the last {since}, {hidden}",
        f"{noise.told} told, {absorbed} absorbed, {noise.seen} heartbeats seen, {asked}",
    ]
    if noise.why:
        lines += ["", chart(noise.why), "", "Most often:"]
        lines += [f"{count:>8}  {_shown(name)}" for name, count in noise.names]
    for title, found in (("Held now:", noise.held), ("Flapping now:", noise.flapping)):
        if found:
            lines += ["", title, *(f"    {_shown(one.name)}: {_shown(one.reason)}" for one in found)]
    if noise.mutes:
        lines += ["", "Muted now:"]
        until = ((mute, f"{mute.ends_at:%d %b %H:%M} UTC") for mute in noise.mutes)
        lines += [f"    {mute.label} until {end}: {_shown(mute.reason)}" for mute, end in until]
    wrong = [one for one in noise.corrections if one.undone_at is None]
    if wrong:
        lines += ["", f"Should have paged, people said: {len(wrong)}"]
        lines += [f"    alert {one.alert_id}, {one.decision.value}: {_shown(one.reason)}" for one in wrong]
    return lines


def _shown(text: str) -> str:
    """Foreign text on one line of a terminal, steering nothing."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)[:200]
