"""What was absorbed and why: the figures of `/vigie noise`, and the absorbed alerts of an incident."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.alert import Kind, Severity
from bot.domain.mute import Mute, Suggestion
from bot.domain.quiet import Correction, StoredAlert, Tally, plain_reason
from bot.domain.store import Store, Tx

ABSORBED = (Kind.JOINED, Kind.DUPLICATE, Kind.HELD, Kind.MUTED, Kind.FLAPPING, Kind.HEARTBEAT)
TOP = 8
PAGE = 10


@dataclass(frozen=True, slots=True)
class Why:
    """One reason, with its numbers taken out: how many deliveries it absorbed, and the newest of them."""

    decision: Kind
    reason: str
    count: int
    newest: int


@dataclass(frozen=True, slots=True)
class Noise:
    """The figures since `since`. All counts are firing deliveries; heartbeats are in `seen` alone.

    `told` are those of which people were told. `critical_hidden` counts critical alerts that are in no
    incident that people know of, and must be 0; `critical_muted` those whose mute includes critical ones.
    """

    now: datetime
    since: datetime
    fired: int = 0
    told: int = 0
    seen: int = 0
    critical_hidden: int = 0
    critical_muted: int = 0
    why: Sequence[Why] = ()
    names: Sequence[tuple[str, int]] = ()
    held: Sequence[StoredAlert] = ()
    flapping: Sequence[StoredAlert] = ()
    mutes: Sequence[Mute] = ()
    corrections: Sequence[Correction] = ()
    suggestions: Sequence[Suggestion] = ()

    @property
    def absorbed(self) -> float:
        """The share of firing deliveries of which nobody had to be told; 0 where nothing fired."""
        return 1 - self.told / self.fired if self.fired else 0.0


@dataclass(frozen=True, slots=True)
class Absorbed:
    """A page of an incident's absorbed deliveries; `more` is the number after which the next page begins."""

    incident_id: int
    received: int
    shown: int
    counts: dict[Kind, int] = field(default_factory=dict)
    deliveries: Sequence[StoredAlert] = ()
    corrected: frozenset[int] = frozenset()
    more: int = 0


class NoiseFigures:
    """Reads; changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def since(self, back: timedelta) -> Noise:
        """The figures of that long a time until now."""
        with self._store.read() as tx:
            return noise_of(tx, tx.now - back)

    def of_incident(self, incident_id: int, after: int = 0) -> Absorbed:
        """A page of what was absorbed into an incident, from the number `after` on."""
        with self._store.read() as tx:
            return absorbed_of(tx, incident_id, after)

    def of_reason(self, alert_id: int, back: timedelta) -> Sequence[StoredAlert]:
        """The newest deliveries, one a series, that were decided like this one for the same reason."""
        with self._store.read() as tx:
            one = tx.deliveries.get(alert_id)
            if one is None:
                return ()
            found = tx.deliveries.newest_with(one.decision, tx.now - back, 200)
            same = plain_reason(one.reason)
            return [other for other in found if plain_reason(other.reason) == same][:PAGE]


def noise_of(tx: Tx, since: datetime) -> Noise:
    """The figures since then, from the rows alone."""
    tallies = tx.deliveries.tallies(since)
    fired = [tally for tally in tallies if tally.decision is not Kind.HEARTBEAT]
    absorbed = [tally for tally in fired if not tally.told]
    critical = [t for t in absorbed if t.severity is Severity.CRITICAL]
    muted = sum(t.count for t in critical if t.decision is Kind.MUTED)
    hidden = sum(t.count for t in critical if t.decision is not Kind.MUTED and t.unseen)
    names = Counter[str]()
    for tally in absorbed:
        names[tally.name] += tally.count
    return Noise(
        tx.now,
        since,
        fired=sum(t.count for t in fired),
        told=sum(t.count for t in fired if t.told),
        seen=sum(t.count for t in tallies if t.decision is Kind.HEARTBEAT),
        critical_hidden=hidden,
        critical_muted=muted,
        why=_why(absorbed),
        names=sorted(names.items(), key=lambda item: (-item[1], item[0]))[:TOP],
        held=tx.deliveries.held_now(PAGE),
        flapping=tx.deliveries.quiet_now(Kind.FLAPPING, tx.now - timedelta(hours=1), PAGE),
        mutes=tx.mutes.in_force(),
        corrections=tx.corrections.since(since),
        suggestions=tx.mutes.suggestions(),
    )


def absorbed_of(tx: Tx, incident_id: int, after: int) -> Absorbed:
    """See `NoiseFigures.of_incident`."""
    counts = tx.deliveries.count_of(incident_id)
    page = tx.deliveries.page(incident_id, ABSORBED, after, PAGE + 1)
    shown = page[:PAGE]
    said = {one.id: tx.corrections.of_alert(one.id) for one in shown}
    corrected = frozenset(number for number, c in said.items() if c is not None and c.undone_at is None)
    received = sum(count for kind, count in counts.items() if kind is not Kind.RESOLVED)
    told = tx.deliveries.told_of(incident_id)
    more = shown[-1].id if len(page) > PAGE else 0
    return Absorbed(incident_id, received, told, counts, shown, corrected, more)


def _why(absorbed: Sequence[Tally]) -> list[Why]:
    """Reasons by how much they absorbed, without the alert's name, as names have a list of their own."""
    counts: dict[tuple[Kind, str], tuple[int, int]] = {}
    for tally in absorbed:
        key = tally.decision, plain_reason(tally.reason.replace(tally.name, "…"))
        count, newest = counts.get(key, (0, 0))
        counts[key] = count + tally.count, max(newest, tally.newest)
    found = [Why(kind, reason, count, newest) for (kind, reason), (count, newest) in counts.items()]
    return sorted(found, key=lambda why: (-why.count, why.decision, why.reason))


def as_json(noise: Noise) -> dict[str, object]:
    """The same for programs: `vigie noise --json`."""
    return {
        "since": noise.since.isoformat(),
        "until": noise.now.isoformat(),
        "fired": noise.fired,
        "told": noise.told,
        "absorbed": round(noise.absorbed, 4),
        "critical_hidden": noise.critical_hidden,
        "critical_muted": noise.critical_muted,
        "heartbeats": noise.seen,
        "why": [
            {"decision": why.decision.value, "reason": why.reason, "count": why.count, "newest": why.newest}
            for why in noise.why
        ],
        "names": [{"name": name, "count": count} for name, count in noise.names],
        "held_now": [_one(delivery) for delivery in noise.held],
        "flapping_now": [_one(delivery) for delivery in noise.flapping],
        "mutes": [
            {"mute": mute.label, "reason": mute.reason, "by": mute.by, "until": mute.ends_at.isoformat()}
            for mute in noise.mutes
        ],
        "should_have_paged": [
            {
                "alert": one.alert_id,
                "decision": one.decision.value,
                "reason": one.reason,
                "by": one.by,
                "at": one.at.isoformat(),
                "undone": one.undone_at is not None,
            }
            for one in noise.corrections
        ],
        "suggested_mutes": len(noise.suggestions),
    }


def _one(delivery: StoredAlert) -> dict[str, object]:
    return {
        "alert": delivery.id,
        "name": delivery.name,
        "severity": delivery.severity.word,
        "incident": delivery.incident_id,
        "reason": delivery.reason,
        "at": delivery.received_at.isoformat(),
    }
