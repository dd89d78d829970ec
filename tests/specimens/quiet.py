"""Mutes, absorbed alerts, regroupings and corrections: values, and everything that is shown of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from bot.copilot.mutes import MuteList
from bot.copilot.noise import Absorbed, Noise, Why
from bot.domain.alert import Alert, AlertStatus, Kind, Severity
from bot.domain.mute import LABEL, Matcher, Mute, MuteOrigin, Preview, Suggestion
from bot.domain.quiet import Correction, Regroup, Regrouping, StoredAlert, plain_reason
from bot.slack.blocks import mute as mute_blocks
from bot.slack.blocks import noise as noise_blocks
from bot.slack.blocks import regrouping as regrouping_blocks
from tests.specimens import values
from tests.specimens.alike import alike
from tests.specimens.desk import Desk
from tests.specimens.flags import flags
from tests.specimens.rows import Rows
from tests.specimens.specimen import Message, Specimen, View, ordinary, variants
from tests.specimens.voices import Voice

_KINDS = (Kind.DUPLICATE, Kind.JOINED, Kind.HELD, Kind.MUTED, Kind.FLAPPING)


def quiet() -> Iterator[Specimen]:
    """Messages, modals and commands."""
    yield from variants("message", "mute", _card)
    for state in ("planned", "over", "declared", "learned"):
        yield from ordinary("message", "mute", partial(_card, state=state), state)
    yield from variants("message", "regrouping", _note)
    for state in ("split", "into", "split off", "taken back"):
        yield from ordinary("message", "regrouping", partial(_note, state=state), state)
    yield from variants("message", "correction", _correction)
    yield from ordinary("message", "correction", partial(_correction, undone=True), "taken back")
    yield from variants("modal", "mute_open", _form)
    yield from variants("modal", "mute_confirm", _confirm)
    yield from ordinary("modal", "mute_confirm", partial(_confirm, critical=True), "critical")
    yield from variants("modal", "mute_extend", lambda voice: mute_blocks.extend_view(mute(voice)))
    yield from variants("modal", "absorbed_open", _absorbed)
    yield from variants("modal", "noise_look", lambda voice: noise_blocks.reason_view(deliveries(voice)))
    yield from variants("modal", "split_open", _split)
    yield from ordinary("modal", "split_open", _split_alike, "alike")
    yield from variants("modal", "merge_open", _merge)
    yield from variants("command", "noise", lambda voice: Desk(noise=noise(voice)).answer("noise"))
    yield from ordinary("command", "noise", _hidden, "hidden")
    yield from variants("command", "mute", lambda voice: Desk(mutes=listed(voice)).answer("mute", "list"))
    yield from ordinary("command", "mute", lambda _voice: Desk().answer("mute"), "form")
    yield from variants(
        "command", "mute", lambda voice: Desk(mutes=listed(voice)).answer("mute", "end"), "which one"
    )
    yield from ordinary("command", "mute", lambda _voice: Desk().answer("mute", "ende M9"), "mistyped")
    yield from ordinary("modal", "mute_open", lambda _voice: mute_blocks.form({"lasts": "90m"}), "90m")
    for words in ("mute", "split", "merge", "alerts"):
        yield from ordinary("told", f"spoken {words}", partial(_spoken, words), "")


def mute(voice: Voice, **changes: Any) -> Mute:  # noqa: ANN401  # fields of Mute, by name
    """In force for two hours."""
    matchers = (
        Matcher("service", voice.word("shop-orders")),
        Matcher(f"{LABEL}{voice.word('pod')}", voice.word("web-[0-9]+"), is_pattern=True),
    )
    made = Mute(
        3,
        MuteOrigin.PERSON,
        matchers,
        False,
        voice.text("new disks", 300),
        values.ON_CALL.key,
        values.ago(10),
        values.ago(10),
        values.NOW + timedelta(minutes=110),
        values.ago(10),
    )
    return replace(made, **changes)


def delivery(voice: Voice, number: int = 1, **changes: Any) -> StoredAlert:  # noqa: ANN401  # fields, by name
    """An absorbed one."""
    alert = Alert(
        "alertmanager",
        voice.word("OrderQueueGrows"),
        AlertStatus.FIRING,
        Severity.WARNING,
        voice.text("shop-orders", 300),
        "production",
        values.ago(9),
        summary=voice.text("47 orders wait, none was taken for 30 s"),
        description=voice.text("The queue grows although the pool lives."),
        labels={"instance": voice.text(f"pool-{number}", 300)},
        origin={"generatorURL": voice.text("https://prometheus.example/graph?g0.expr=orders_waiting")},
        flags=flags(voice),
    )
    shown = ("name", "severity", "service", "summary", "description", "labels", "origin", "flags")
    body = {name: getattr(alert, name) for name in shown}
    reason = f"It repeats an alert of #12 that still fires: {voice.text('OrderQueueGrows')}"
    kind = _KINDS[number % len(_KINDS)]
    made = StoredAlert(number, values.ago(9), f"{number:032x}", 12, kind, reason, body)
    return replace(made, **changes)


def deliveries(voice: Voice) -> list[StoredAlert]:
    return [delivery(voice, number) for number in range(voice.many(3, 10))]


def suggestions(voice: Voice) -> list[Suggestion]:
    count = voice.many(1, 9)
    return [Suggestion(n, mute(voice).matchers, 7, 2, values.ago(30)) for n in range(count)]


def correction(**changes: Any) -> Correction:  # noqa: ANN401  # fields of Correction, by name
    until = values.NOW + timedelta(days=7)
    made = Correction(2, 1, "1", Kind.HELD, "", values.ON_CALL.key, values.NOW, until, 13, True)
    return replace(made, **changes)


def noise(voice: Voice, **changes: Any) -> Noise:  # noqa: ANN401  # fields of Noise, by name
    """A day's figures."""
    count = voice.many(3, 40)
    found = deliveries(voice)
    made = Noise(
        values.NOW,
        values.ago(24 * 60),
        fired=voice.many(412, 1_000_000),
        told=voice.many(9, 10_000),
        seen=voice.many(288, 288),
        why=[Why(_KINDS[n % 5], plain_reason(delivery(voice, n).reason), 200 - n, n) for n in range(count)],
        names=[(voice.word("OrderQueueGrows"), 200 - n) for n in range(min(count, 8))],
        held=found,
        flapping=found,
        mutes=[mute(voice, id=n) for n in range(voice.many(1, 20))],
        corrections=[correction()] * voice.many(2, 20),
        suggestions=suggestions(voice),
    )
    return replace(made, **changes)


def listed(voice: Voice) -> MuteList:
    return MuteList(values.NOW, [mute(voice, id=n) for n in range(voice.many(2, 40))], suggestions(voice))


def _card(voice: Voice, state: str = "") -> Message:
    changes: dict[str, dict[str, Any]] = {
        "": {},
        "planned": {"starts_at": values.NOW + timedelta(hours=1)},
        "over": {"ends_at": values.ago(1), "ended_by": values.N3_A.key},
        "declared": {"origin": MuteOrigin.FILE, "by": "vigie.toml", "critical": True},
        "learned": {"origin": MuteOrigin.LEARNED, "by": values.N3_A.key},
    }
    return Rows(mute=mute(voice, **changes[state])).snapshot("mute")


def _note(voice: Voice, state: str = "") -> Message:
    split = state.startswith("split")
    kind = Regroup.SPLIT if split else Regroup.MERGED
    source = 12 if state not in ("into", "split off") else 13
    target = 25 - source
    moved = tuple(str(n) for n in range(voice.many(2, 900)))
    made = Regrouping(4, kind, source, target, moved, "identified", values.ON_CALL.key, values.ago(1))
    if state == "taken back":
        made = replace(made, undone_at=values.NOW, undone_by=values.N3_A.key)
    waiting = [values.proposal(voice)] * voice.many(1, 30)
    return Rows(regrouping=made, proposals=waiting).snapshot("regrouping", {"incident": 12})


def _correction(voice: Voice, *, undone: bool = False) -> Message:
    changes: dict[str, Any] = {"reason": voice.text("It is held for 3 min, as it mostly ends by itself.")}
    if undone:
        changes |= {"undone_at": values.NOW, "undone_by": values.N3_A.key}
    return Rows(correction=correction(**changes), delivery=delivery(voice)).snapshot("correction")


def _form(voice: Voice) -> View:
    given = {"name": voice.text("OrderQueueGrows"), "labels": voice.text("team=payments"), "lasts": "4h"}
    return mute_blocks.form(given)


def _confirm(voice: Voice, *, critical: bool = False) -> View:
    count = voice.many(37, 100_000)
    names = tuple((voice.word("OrderQueueGrows"), 30) for _ in range(voice.many(2, 5)))
    seen = Preview(values.ago(24 * 60), count, 412, 2 if critical else 0, 1, names, 2, 5)
    return mute_blocks.confirm_view(mute(voice, critical=critical), seen, values.NOW)


def _absorbed(voice: Voice) -> View:
    found = deliveries(voice)
    counts = dict.fromkeys(_KINDS, 40) if found else {}
    page = Absorbed(12, voice.many(214, 10_000), 3, counts, found, frozenset({1}), voice.many(9, 9))
    return noise_blocks.absorbed_view(page)


def _split(voice: Voice) -> View:
    series = [delivery(voice, n) for n in range(voice.many(2, 100) or 2)]
    return regrouping_blocks.split_view(values.incident(voice), series)


def _split_alike(voice: Voice) -> View:
    shown = ("name", "summary", "labels")
    series = [
        replace(delivery(voice, one.id), body={name: getattr(one, name) for name in shown}) for one in alike()
    ]
    return regrouping_blocks.split_view(values.incident(voice), series)


def _merge(voice: Voice) -> View:
    others = [values.incident(voice, id=100 + n) for n in range(voice.many(2, 300) or 1)]
    said = "P7 stays in the thread of #12, and valid as shown there."
    return regrouping_blocks.merge_view(values.incident(voice), others, said)


def _spoken(words: str, _voice: Voice) -> Message:
    return Desk().speak(words, 12)


def _hidden(voice: Voice) -> Message:
    return Desk(noise=noise(voice, critical_hidden=1, critical_muted=2)).answer("noise", "7d")
