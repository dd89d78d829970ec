"""What each fault's storm consists of: its own alerts, symptoms elsewhere, and when each is told. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from bot.playground.faults import FAULTS
from bot.playground.watcher_rules import RULES

REPEAT, FLAP = 0.2, 0.12
"""How long until an alert is told again and until a flapping one is over, as shares of the storm."""
SERIES = 0.4
"""Share of the deliveries that are the first of their alert; the others repeat, end or flap."""
TOGETHER = 0.03
"""Alerts of one service within this share of the storm come in one notification."""
FEW = 3
"""Where more places than these raise an alert, the last one is over for good after a while."""
ALONE = 7
"""Each seventh notification is broken up: some senders do not group."""


@dataclass(frozen=True)
class Symptom:
    """One alert that many places raise: `places` is a label and its values' beginning, as `pod=orders`."""

    name: str
    severity: str
    service: str
    summary: str
    places: str
    weight: int
    starts: float
    flaps: bool = False


@dataclass(frozen=True)
class Series:
    """One alert of the storm: its labels never change, `starts` is a share of the storm."""

    labels: Mapping[str, str]
    place: str
    summary: str
    starts: float
    flaps: bool
    ends: bool


@dataclass(frozen=True)
class Telling:
    """One alert in one notification; `at` is a share of the storm."""

    at: float
    series: Series
    firing: bool


@dataclass(frozen=True)
class Notice:
    """One notification; `service` is None for one that its sender did not group."""

    at: float
    service: str | None
    tellings: tuple[Telling, ...]


CALLS: Mapping[str, list[str]] = {
    "shop-web": ["shop-cart", "shop-checkout", "shop-accounts"],
    "shop-cart": ["shop-checkout", "shop-stock"],
    "shop-checkout": ["shop-orders", "shop-mail"],
    "shop-orders": ["shop-database", "shop-stock"],
    "shop-stock": ["shop-database"],
    "shop-accounts": ["shop-database", "shop-mail"],
    "shop-mail": ["shop-orders"],
    "shop-care": ["shop-orders", "shop-mail"],
}
"""Which part of the shop calls which: what a fault of one does to others."""

_W, _C, _I = "warning", "critical", "info"
_WEB_SLOW = Symptom("ShopWebSlow", _W, "shop-web", "Pages take longer than 3 s", "pod=front", 9, 0.2, True)
_PROBES = Symptom("ShopProbeFailed", _W, "shop-web", "An outside probe failed", "path=page", 3, 0.3)
_CHECKOUTS = (
    Symptom("ShopCheckoutPodErrors", _W, "shop-checkout", "A pod fails checkouts", "pod=pay", 9, 0.05),
    Symptom("ShopPaymentRetries", _W, "shop-checkout", "Payments are repeated", "pod=pay", 5, 0.12, True),
    Symptom("ShopCartsAbandoned", _W, "shop-cart", "Carts are left at the checkout", "pod=cart", 5, 0.25),
    Symptom("ShopMailRateLow", _I, "shop-mail", "Fewer confirmations than usual", "pod=mailer", 2, 0.35),
    _WEB_SLOW,
    _PROBES,
)  # fmt: skip

SYMPTOMS: Mapping[str, tuple[Symptom, ...]] = {
    "stale_lock": (
        Symptom("ShopWorkerWaiting", _W, "shop-orders", "A worker waits for the lock", "pod=ord", 9, 0.05),
        Symptom("ShopOrdersTurnedAway", _C, "shop-orders", "Orders are turned away", "pod=ord", 3, 0.4),
        Symptom("ShopCheckoutRateLow", _W, "shop-checkout", "Fewer checkouts than usual", "pod=pay", 6, 0.15),
        Symptom("ShopReservationsLate", _W, "shop-stock", "Stock is reserved late", "store=w", 3, 0.25, True),
        Symptom("ShopMailRateLow", _I, "shop-mail", "Fewer confirmations than usual", "pod=mailer", 2, 0.35),
        _WEB_SLOW,
        _PROBES,
    ),
    "bad_config": _CHECKOUTS,
    "lost_receipts": _CHECKOUTS,
    "poison_mail": (
        Symptom("ShopMailLate", _W, "shop-mail", "Mails of this kind are late", "kind=mail", 9, 0.05),
        Symptom("ShopMailerIdle", _W, "shop-mail", "A mailer sends nothing", "pod=mailer", 6, 0.1, True),
        Symptom("ShopOrdersTwice", _W, "shop-orders", "Customers order twice", "country=c", 4, 0.35),
        Symptom("ShopCallsMany", _W, "shop-care", "Customer care is called often", "line=desk", 6, 0.3, True),
        Symptom("ShopResetMailsLate", _C, "shop-accounts", "Password mails are late", "pod=accounts", 4, 0.2),
    ),
    "leaked_connections": (
        Symptom("ShopPodNoConnection", _W, "shop-database", "A pod gets no connection", "pod=ord", 9, 0.05),
        Symptom("ShopOrdersGivenUp", _C, "shop-orders", "Orders are given up", "pod=ord", 6, 0.1),
        Symptom("ShopStockReadsFail", _W, "shop-stock", "Stock cannot be read", "store=w", 4, 0.2, True),
        Symptom("ShopLoginErrors", _W, "shop-accounts", "Logins fail", "pod=accounts", 3, 0.3),
        _WEB_SLOW,
        _PROBES,
    ),
}  # fmt: skip


def plan(fault: str, count: int) -> list[Notice]:
    """The storm of one fault: exactly `count` alerts (10 or more) in the order in which they are sent.

    KeyError for a name that is not in FAULTS, ValueError for a count that is too small to be a storm.
    """
    if count < 10:
        raise ValueError(f"{count} alerts are no storm; give 10 or more")
    series = list(_series(fault, max(5, int(count * SERIES))))
    tellings = sorted(_tellings(series, count), key=lambda one: (one.at, sorted(one.series.labels.items())))
    longest = tellings[-1].at
    spread = [replace(one, at=one.at / longest) for one in tellings]
    return sorted(_notices(spread), key=lambda notice: notice.at)


def still_firing(notices: Sequence[Notice]) -> list[Series]:
    """The alerts that were not told to be over, in the order in which they began."""
    last = {id(t.series): t for notice in notices for t in notice.tellings}
    return [one.series for one in last.values() if one.firing]


def _series(fault: str, count: int) -> Iterator[Series]:
    """The fault's own alerts first; the symptoms share the rest by weight, each on at least one place."""
    own = [rule for rule in RULES if rule.name in FAULTS[fault].alerts]
    for number, rule in enumerate(own):
        labels = {"alertname": rule.name, "severity": rule.severity, "service": rule.service}
        place = "shop-1.shop.example:8080"
        yield Series(
            _placed(labels, "instance", place), place, rule.summary, 0.02 * number, flaps=False, ends=False
        )
    symptoms = SYMPTOMS[fault]
    total, left = sum(s.weight for s in symptoms), count - len(own)
    for symptom in symptoms:
        label, _, stem = symptom.places.partition("=")
        many = max(1, left * symptom.weight // total)
        for number in range(1, many + 1):
            labels = {"alertname": symptom.name, "severity": symptom.severity, "service": symptom.service}
            starts = symptom.starts + 0.25 * number / many
            place = f"{stem}-{number}"
            # The first place stays: what fires again after all of it was over is another incident.
            flaps, ends = symptom.flaps and number > 1, number == many > FEW
            yield Series(_placed(labels, label, place), place, symptom.summary, starts, flaps, ends)


def _placed(labels: dict[str, str], label: str, value: str) -> dict[str, str]:
    return {**labels, label: value, "environment": "demo", "cluster": "shop-1"}


def _tellings(series: Sequence[Series], count: int) -> list[Telling]:
    """The first of each, then rounds of what follows, until there are `count`."""
    told = [Telling(one.starts, one, firing=True) for one in series]
    after = [(one, _after(one)) for one in series]
    # A flapping one says twice as much: that it is over, and that it is not.
    follow = [later for one, later in after for _ in range(2 if one.flaps else 1)]
    while len(told) < count:
        round_ = [next(later, None) for later in follow]
        told += [one for one in round_ if one is not None]
    return told[:count]


def _after(one: Series) -> Iterator[Telling]:
    """What follows the first telling: repeats; a flapping one ends and begins; a few end for good."""
    at, firing = one.starts, True
    while True:
        at += (FLAP if one.flaps else REPEAT) * (1 - at)
        firing = not firing if one.flaps else not one.ends
        yield Telling(at, one, firing)
        if one.ends and not one.flaps:
            return


def _notices(tellings: Sequence[Telling]) -> Iterator[Notice]:
    """Alerts of one service close in time come together; each seventh notification is broken up."""

    def bucket(one: Telling) -> tuple[int, str]:
        return int(one.at / TOGETHER), one.series.labels["service"]

    groups = [tuple(group) for _, group in groupby(sorted(tellings, key=bucket), key=bucket)]
    for number, group in enumerate(groups):
        if number % ALONE == ALONE - 1:
            yield from (Notice(one.at, None, (one,)) for one in group)
        else:
            yield Notice(group[-1].at, group[0].series.labels["service"], _newest(group))


def _newest(group: Sequence[Telling]) -> tuple[Telling, ...]:
    """In one notification an alert stands once, as it is at that time."""
    return tuple({id(one.series): one for one in group}.values())
