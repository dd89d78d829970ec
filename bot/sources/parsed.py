"""What a delivery gives: its alerts, and what of it cannot be read, which takes nothing else with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.domain.alert import Alert
from bot.errors import BadInput

MAX_ALERTS = 10_000  # more do not fit into the default web.max_body, however short each is


@dataclass(frozen=True, slots=True)
class Refusal:
    """One alert of a delivery that was not taken: which field it is about, and what is wrong with it."""

    place: str
    reason: str

    @classmethod
    def of(cls, error: BadInput) -> Refusal:
        """What a parser says; it begins with the place."""
        place, _, reason = error.detail.partition(": ")
        return cls(place, reason)


@dataclass(frozen=True, slots=True)
class Parsed:
    """The alerts of one delivery, in order, and those that were refused alone."""

    alerts: list[Alert]
    refused: tuple[Refusal, ...] = ()


def gathered(raws: Sequence[object], place: str, read: Callable[[object, str], Parsed]) -> Parsed:
    """What `read` gives for each by itself; it is told where each stands, such as `alerts[3]`."""
    alerts: list[Alert] = []
    refused: list[Refusal] = []
    for index, raw in enumerate(raws):
        try:
            found = read(raw, f"{place}[{index}]")
        except BadInput as error:
            refused.append(Refusal.of(error))
        else:
            alerts += found.alerts
            refused += found.refused
    return Parsed(alerts, tuple(refused))


def each(raws: Sequence[object], place: str, read: Callable[[object, str], Parsed]) -> Parsed:
    """The alerts of a list.

    Raises:
        BadInput: there is none, there are too many, or not one can be read; the first says why.
    """
    if not 1 <= len(raws) <= MAX_ALERTS:
        raise BadInput(
            f"{place}: expected 1 to {MAX_ALERTS} of them, got {len(raws)}."
            " Send fewer at once: Alertmanager and Grafana have max_alerts for it."
        )
    found = gathered(raws, place, read)
    if found.refused and not found.alerts:
        first, others = found.refused[0], len(found.refused) - 1
        rest = "one" if others == 1 else str(others)
        more = f" Nor can the other {rest} be read." if others else ""
        raise BadInput(f"{first.place}: {first.reason}{more}")
    return found
