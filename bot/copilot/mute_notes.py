"""What the channel is told of mutes: a card each, their ends, and a critical alert that one keeps quiet."""

from __future__ import annotations

from collections.abc import Sequence

from bot.announcements import INCIDENTS, announce_text
from bot.domain.alert import Alert, Decision, Severity
from bot.domain.mute import Mute, MuteState, shown
from bot.domain.store import Tx
from bot.errors import Refused

_CRITICAL_SHOWN = 10  # critical series of one mute, each shown once


def mute_of(tx: Tx, mute_id: int) -> Mute:
    mute = tx.mutes.get(mute_id)
    if mute is None:
        raise Refused(f"There is no mute M{mute_id}.")
    return mute


def put_in_force(tx: Tx, mute_id: int, by: str) -> None:
    """Announce and audit a mute that was confirmed just now."""
    mute = mute_of(tx, mute_id)
    tx.triage.touch()
    tx.audit.append(by, "muted", f"mute {mute.label}", detail(mute))
    if mute.state(tx.now) is MuteState.ACTIVE:
        tx.mutes.told(mute.id, end=False)
    announce_mute(tx, mute.id)


def announce_mute(tx: Tx, mute_id: int) -> None:
    """Its card in the channel, edited in place from then on."""
    tx.posts.want(card_key(mute_id), INCIDENTS, "mute", mute_id)


def announce_start(tx: Tx, mute: Mute) -> None:
    """The card where there is none yet; else a message, as Slack tells nobody of an edit."""
    if tx.posts.get(card_key(mute.id)) is not None:
        text = f":no_bell: *{mute.label}* begins now and ends at {mute.ends_at:%d %b %H:%M} UTC."
        announce_text(tx, f"{card_key(mute.id)}:start", text, foreign=_said(mute))
    announce_mute(tx, mute.id)


def announce_end(tx: Tx, mute: Mute, kept: int, decided: Sequence[Decision]) -> None:
    """What it kept quiet, and what was decided of that which still fires."""
    text = f":bell: *{mute.label}* has ended. It kept {_counted(kept, 'alert')} quiet. {_still(decided)}"
    announce_text(tx, f"{card_key(mute.id)}:end", text, foreign=_said(mute))
    if tx.posts.get(card_key(mute.id)) is not None:
        announce_mute(tx, mute.id)


def _still(decided: Sequence[Decision]) -> str:
    if not decided:
        return "Nothing of it fires any more."
    told = sum(decision.notifies for decision in decided)
    until = [decision.hold_until for decision in decided if decision.hold_until is not None]
    parts = [f"{told} told now"] if told else []
    parts += [f"{len(until)} held until {max(until):%H:%M} UTC, as if begun now"] if until else []
    known = len(decided) - told - len(until)
    parts += [f"{known} people know of"] if known else []
    fire = "1 alert still fires" if len(decided) == 1 else f"{len(decided)} alerts still fire"
    return f"{fire}: {', '.join(parts)}."


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def show_critical(tx: Tx, alert: Alert, fingerprint: str, decision: Decision) -> None:
    """A critical alert that a mute keeps quiet is shown once all the same, within bounds."""
    mute_id = decision.mute
    if mute_id is None or alert.severity is not Severity.CRITICAL:
        return
    keys = [f"{card_key(mute_id)}:critical:{number}" for number in range(_CRITICAL_SHOWN)]
    shown_of = {str((post.content or {}).get("series")) for post in tx.posts.by_keys(keys).values()}
    if fingerprint in shown_of or len(shown_of) == len(keys):
        return
    more = " No more of them are shown; see `/vigie noise`." if len(shown_of) + 1 == len(keys) else ""
    text = f":no_bell: A *critical* alert is kept quiet by *M{mute_id}*. It is shown this once.{more}"
    said = f"{alert.name}: {alert.summary or alert.description}"
    content = {"text": text, "foreign": said, "series": fingerprint}
    tx.posts.want(keys[len(shown_of)], INCIDENTS, "text", content=content)


def card_key(mute_id: int) -> str:
    return f"mute:{mute_id}"


def _said(mute: Mute) -> str:
    return f"{shown(mute.matchers)} — {mute.reason}"


def detail(mute: Mute) -> dict[str, object]:
    return {
        "matchers": shown(mute.matchers),
        "critical": mute.critical,
        "reason": mute.reason,
        "from": mute.starts_at.isoformat(),
        "until": mute.ends_at.isoformat(),
        "origin": mute.origin.value,
    }
