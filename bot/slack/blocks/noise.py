"""What was absorbed and why: `/vigie noise`, the absorbed alerts of an incident, what was said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap

from bot.copilot.noise import Absorbed, Noise, Why
from bot.domain.alert import Kind
from bot.domain.mute import Mute, shown
from bot.domain.quiet import Correction, StoredAlert
from bot.domain.whereabouts import by_delivery, said, source_of
from bot.slack.blocks import parts
from bot.slack.blocks.mute import suggested
from bot.slack.blocks.parts import Block
from bot.slack.blocks.times import clock, span

_BAR, _REASONS, _NOW, _MUTES = 24, 8, 5, 4
_WIDE, _ROWS, _REASON = 78, 3, 600
_WAS = {
    Kind.JOINED: "joined an incident and was not told",
    Kind.DUPLICATE: "was taken for a repeat",
    Kind.HELD: "was held",
    Kind.MUTED: "was muted",
    Kind.FLAPPING: "was damped, as it flapped",
}
_WORDS = {
    Kind.JOINED: "joined an incident",
    Kind.DUPLICATE: "repeated",
    Kind.HELD: "held",
    Kind.MUTED: "muted",
    Kind.FLAPPING: "flapping",
    Kind.HEARTBEAT: "heartbeat",
    Kind.OPENED: "opened",
    Kind.RESOLVED: "resolved",
}


def report(noise: Noise) -> list[Block]:
    """The figures, a bar a reason with a button to look at one, and what is quiet right now."""
    lasts = span(noise.now - noise.since)
    if not noise.fired and not noise.seen:
        return [parts.status(f"*No alert came in within the last {lasts}.*"), *_quiet_now(noise)]
    hidden = f"*{noise.critical_hidden} critical alerts hidden*"
    icon = ":warning:" if noise.critical_hidden else ":white_check_mark:"
    head = f"*{noise.absorbed:.1%} absorbed* of {noise.fired} alerts in the last {lasts} · {icon} {hidden}"
    told = f"{noise.told} told · {noise.fired - noise.told} absorbed · {noise.seen} heartbeats seen"
    if noise.critical_muted:
        told += f" · {noise.critical_muted} critical muted, as somebody asked for"
    blocks = [parts.status(head), parts.note(told)]
    if noise.why:
        blocks += [parts.rich(parts.preformatted(chart(noise.why))), _look(noise.why)]
    if noise.names:
        most = [
            [parts.run(f"{count} × "), parts.run(parts.cut(name, 120), bold=True)]
            for name, count in noise.names
        ]
        heading = parts.line(parts.run("Most often", bold=True))
        blocks.append(parts.rich(heading, parts.listing(most)))
    return [*blocks, *_quiet_now(noise)]


def chart(why: Sequence[Why]) -> str:
    """A bar a reason, the longest first, all of one width: a picture that needs no picture."""
    most = max(one.count for one in why)
    lines = []
    for place, one in enumerate(why[:_REASONS], 1):
        bar = "█" * max(1, round(_BAR * one.count / most))
        lines.append(f"{place}. {bar:<{_BAR}} {one.count:>6}  {_WORDS[one.decision]}")
        said = wrap(one.reason, _WIDE, max_lines=_ROWS, placeholder=" … (all of it: look)")
        lines += [f"   {row}" for row in said]
    if len(why) > _REASONS:
        rest = sum(one.count for one in why[_REASONS:])
        lines.append(f"   and {rest} more for {len(why) - _REASONS} other reasons")
    return "\n".join(lines)


def reason_view(deliveries: Sequence[StoredAlert], corrected: frozenset[int] = frozenset()) -> Block:
    """Alerts that were absorbed for one reason, each with its buttons."""
    blocks = [parts.status("*Absorbed for this reason*, the newest of each alert.")]
    for delivery, where in zip(deliveries, by_delivery(deliveries), strict=True):
        blocks += _one(delivery, where, delivery.id in corrected)
    if not deliveries:
        blocks.append(parts.status("They are not there any more."))
    return _view("Absorbed alerts", blocks)


def absorbed_view(absorbed: Absorbed) -> Block:
    """A page of what an incident absorbed, with reasons, and what can be done about it."""
    counts = " · ".join(
        f"{count} {_WORDS[kind]}" for kind, count in absorbed.counts.items() if kind is not Kind.RESOLVED
    )
    head = f"*#{absorbed.incident_id}*: {parts.counted(absorbed.received, 'alert')}, {absorbed.shown} told"
    blocks = [parts.status(head), parts.note(counts or "Nothing was absorbed.")]
    incident = str(absorbed.incident_id)
    blocks.append(
        parts.buttons(
            parts.button("Split…", "split_open", incident),
            parts.button("Merge…", "merge_open", incident),
            parts.button("Mute alerts like this…", "mute_open", f"incident:{incident}"),
            parts.button("Resolve as noise", "dismiss", incident),
        )
    )
    for delivery, where in zip(absorbed.deliveries, by_delivery(absorbed.deliveries), strict=True):
        blocks += _one(delivery, where, delivery.id in absorbed.corrected)
    if absorbed.more:
        more = parts.button("Show more", "absorbed_more", f"{incident}:{absorbed.more}")
        blocks.append(parts.buttons(more))
    return _view(f"Alerts of #{incident}", parts.within_view(blocks))


def correction(made: Correction, delivery: StoredAlert | None) -> list[Block]:
    """What somebody said of a decision, as a message of its own, with the button that takes it back."""
    user = made.by.partition("/")[2]
    until = f"until {clock(made.until)}"
    where = f" It is *#{made.incident_id}*." if made.incident_id else ""
    text = f":bell: *Should have paged*, says <@{user}>: it {_WAS[made.decision]}.{where}"
    if made.undone_at is not None:
        by = made.undone_by.partition("/")[2]
        text = f":leftwards_arrow_with_hook: *Should have paged*, said <@{user}>; taken back by <@{by}>."
    blocks = [parts.status(text)]
    if delivery is not None:
        blocks.append(parts.foreign_note(f"{delivery.name}: {delivery.body.get('summary') or ''}"))
    blocks.append(parts.foreign_note(f"Why it was not told: {made.reason}"))
    if made.undone_at is None:
        blocks.append(parts.note(f"What would be decided like this again is told, {until}."))
        blocks.append(parts.buttons(parts.button("Take back", "correction_undo", str(made.id))))
    return blocks


def _quiet_now(noise: Noise) -> list[Block]:
    """What is held, flaps, is muted, was corrected, and is only suggested."""
    blocks = _deliveries("Held now", noise.held) + _deliveries("Flapping now", noise.flapping)
    for mute in noise.mutes[:_MUTES]:
        blocks += [
            parts.status(f":no_bell: *{mute.label}* mutes until {clock(mute.ends_at)}"),
            parts.foreign_note(_of_mute(mute)),
        ]
    if len(noise.mutes) > _MUTES:
        blocks.append(parts.note(f"and {len(noise.mutes) - _MUTES} more mutes; see `/vigie mute list`"))
    wrong = [one for one in noise.corrections if one.undone_at is None]
    if wrong:
        counts: dict[str, int] = {}
        for one in wrong:
            counts[_WORDS[one.decision]] = counts.get(_WORDS[one.decision], 0) + 1
        said = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
        blocks.append(parts.status(f":bell: *Should have paged*, people said: {said}."))
    return blocks + suggested(noise.suggestions)


def _of_mute(mute: Mute) -> str:
    return parts.cut(f"{shown(mute.matchers)} — {mute.reason}", 200)


def _deliveries(title: str, found: Sequence[StoredAlert]) -> list[Block]:
    if not found:
        return []
    items = [
        [parts.run(parts.cut(one.name, 120), bold=True), parts.run(f"  {parts.cut(one.reason, 200)}")]
        for one in found[:_NOW]
    ]
    heading = parts.line(
        parts.run(f"{title} ({len(found)}{' or more' if len(found) > _NOW else ''})", bold=True)
    )
    return [parts.rich(heading, parts.listing(items))]


def _look(why: Sequence[Why]) -> Block:
    buttons = [
        parts.button(f"Look at {place}", f"noise_look:{place}", str(one.newest))
        for place, one in enumerate(why[:_REASONS], 1)
    ]
    return parts.buttons(*buttons)


def _one(delivery: StoredAlert, where: Mapping[str, str], is_corrected: bool) -> list[Block]:
    """One absorbed delivery: what it was and where, what was decided, why."""
    when = f"{clock(delivery.received_at)} · *{delivery.severity.word}* · *{_WORDS[delivery.decision]}*"
    within = f" · #{delivery.incident_id}" if delivery.incident_id else ""
    summary, description = (str(delivery.body.get(part) or "") for part in ("summary", "description"))
    runs = [parts.run(parts.cut(f"{delivery.name}: {summary or description}", 200), bold=True)]
    runs += [parts.run(f"\n{parts.cut(said(where), 240)}")] if where else []
    runs += [parts.run(f"\n{parts.cut(description, 300)}")] if summary and description else []
    blocks = [
        parts.note(f"{when}{within}"),
        parts.rich(parts.line(*runs)),
        parts.foreign_note(parts.cut(f"{delivery.reason}{_flags(delivery)}", _REASON)),
    ]
    if source_of(delivery.origin):
        blocks.append(
            parts.foreign_note(f"Where it comes from: {parts.cut(source_of(delivery.origin), 250)}")
        )
    if is_corrected:
        return [*blocks, parts.note("Somebody said that it should have paged.")]
    page = parts.button("This should have paged", "should_have_paged", str(delivery.id))
    return [*blocks, parts.buttons(page, parts.button("Mute…", "mute_open", f"alert:{delivery.id}"))]


def _flags(delivery: StoredAlert) -> str:
    found = delivery.body.get("flags")
    return f" Noted of it: {'; '.join(map(str, found))}." if found and isinstance(found, list | tuple) else ""


def _view(title: str, blocks: Sequence[Block]) -> Block:
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": parts.short(title, parts.TITLE)},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": list(blocks),
    }
