"""The terms by which noise is judged, over deliveries whose truth is known."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import comb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.evaluate.stream import Truth

CRITICAL_WITHIN = timedelta(seconds=60)
OTHERS_WITHIN = timedelta(minutes=15)
NOISE = frozenset({"transient", "flapping", "watchdog", "heartbeat"})


@dataclass(frozen=True, slots=True)
class Judged:
    """One delivery, what is true of it, and what was decided. `notified_at` may be later than `at`."""

    id: str
    at: datetime
    fires: bool
    series: tuple[object, ...]
    truth: Truth | None
    incident: int | None
    decision: str
    reason: str
    notified_at: datetime | None


def scores(judged: Sequence[Judged]) -> dict[str, object]:
    """All terms; None for each that nothing is known about."""
    known = [one for one in judged if one.truth is not None]
    if not known:
        return dict.fromkeys(
            ("causes", "missed", "missed_causes", "unheard", "percause", "noiseshare", "ari")
        )
    causes: dict[str, list[Judged]] = defaultdict(list)
    for one in known:
        if one.truth and one.truth.cause is not None and one.fires:
            causes[one.truth.cause].append(one)
    told: dict[str | None, list[datetime]] = defaultdict(list)
    noise = 0
    for one in known:
        if one.notified_at is not None and one.truth:
            noise += one.truth.kind in NOISE
            told[one.truth.cause].append(max(one.notified_at, one.at))
    notifications = sum(len(times) for times in told.values())
    missed = sorted(cause for cause, found in causes.items() if _missed(found, told[cause]))
    quiet = {cause: found for cause, found in causes.items() if not _critical(found)}
    unheard = [c for c, found in quiet.items() if not _within(told[c], found[0].at + OTHERS_WITHIN)]
    for_causes = sum(len(times) for cause, times in told.items() if cause is not None)
    return {
        "causes": len(causes),
        "missed": len(missed),
        "missed_causes": missed,
        "unheard": len(unheard) / len(quiet) if quiet else 0.0,
        "percause": for_causes / len(causes) if causes else None,
        "noiseshare": noise / notifications if notifications else 0.0,
        "ari": adjusted_rand(first_of_series(known)),
    }


def first_of_series(judged: Iterable[Judged]) -> list[tuple[int | None, str]]:
    """(incident, cause) of the first firing delivery of each series that has a cause."""
    first: dict[tuple[object, ...], Judged] = {}
    for one in sorted(judged, key=lambda j: j.at):
        if one.fires:
            first.setdefault(one.series, one)
    return [(j.incident, j.truth.cause) for j in first.values() if j.truth and j.truth.cause is not None]


def adjusted_rand(pairs: Sequence[tuple[object, object]]) -> float | None:
    """Agreement of two partitions: 1 the same, 0 as good as chance."""
    if not pairs:
        return None
    both, ours, theirs = _pairs(pairs), _pairs(p[0] for p in pairs), _pairs(p[1] for p in pairs)
    expected = ours * theirs / max(1, comb(len(pairs), 2))
    most = (ours + theirs) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def pairwise_f1(pairs: Sequence[tuple[object, object]]) -> float:
    """How well pairs that we put together are pairs that belong together, and the other way round."""
    both, ours, theirs = _pairs(pairs), _pairs(p[0] for p in pairs), _pairs(p[1] for p in pairs)
    return 2 * both / (ours + theirs) if ours + theirs else 0.0


def _pairs(labels: Iterable[object]) -> int:
    return sum(comb(many, 2) for many in Counter(labels).values())


def _critical(found: Sequence[Judged]) -> list[datetime]:
    return [one.at for one in found if one.truth and one.truth.critical]


def _missed(found: Sequence[Judged], told: Sequence[datetime]) -> bool:
    critical = _critical(found)
    return bool(critical) and not _within(told, min(critical) + CRITICAL_WITHIN)


def _within(told: Sequence[datetime], until: datetime) -> bool:
    return any(at <= until for at in told)
