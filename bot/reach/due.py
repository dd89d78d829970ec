"""Whether an incident has to go out by a second way now. Pure: rows of this moment in, a reason out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.alert import Severity
from bot.domain.incident import Incident
from bot.domain.records import News, Notice, Post


@dataclass(frozen=True, slots=True)
class Rule:
    """From which severity on, and how long Slack has to confirm a message."""

    severity: Severity = Severity.CRITICAL
    after: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Known:
    """An incident, its messages in Slack (the card, and one for each rise), and its notices by one way.

    `trouble` is what keeps the channel or the whole of Slack away, as far as that is known.
    """

    incident: Incident
    card: Post | None = None
    rises: Mapping[Severity, Post] = field(default_factory=dict)
    notices: Sequence[Notice] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`news` is None when nothing is to be sent; the reason says why, or why Slack does not have it."""

    news: News | None
    reason: str


def decide(known: Known, rule: Rule, now: datetime) -> Verdict:
    """What is due by one way, one piece of news at a time; what was wanted before is not due again."""
    if not known.incident.state.is_open:
        return _end(known)
    if known.incident.severity < rule.severity:
        return Verdict(None, f"It is {known.incident.severity.word}: Slack's messages wait for Slack.")
    if not _is_told(known.card):
        return _opening(known, rule, now)
    return _rise(known, rule, now)


def _end(known: Known) -> Verdict:
    if any(notice.news is News.RESOLVED or notice.over for notice in known.notices):
        return Verdict(None, "Its end was told.")
    if any(notice.sent_at is not None for notice in known.notices):
        return Verdict(News.RESOLVED, "who was told of it this way is told of its end")
    return Verdict(None, "It is over, and this way was told nothing of it.")


def _opening(known: Known, rule: Rule, now: datetime) -> Verdict:
    if _covers(known, known.incident.severity):
        return Verdict(None, "It was told already.")
    if now - known.incident.opened_at < rule.after:
        return Verdict(None, f"Slack has {rule.after.total_seconds():g} s to confirm it.")
    # Told once, and worse since: the same incident, so it is a rise.
    news = News.ROSE if known.notices else News.OPENED
    return Verdict(news, _because(known.card, known, rule))


def _rise(known: Known, rule: Rule, now: datetime) -> Verdict:
    post = known.rises.get(known.incident.severity)
    if _is_told(post) or post is None:
        return Verdict(None, "Slack was told.")
    if _covers(known, known.incident.severity):
        return Verdict(None, "It was told already.")
    if now - post.wanted_at < rule.after:
        return Verdict(None, f"Slack has {rule.after.total_seconds():g} s to confirm it.")
    return Verdict(News.ROSE, _because(post, known, rule))


def _is_told(post: Post | None) -> bool:
    """Whether Slack ever confirmed it; a card that somebody deleted was told."""
    return post is not None and (bool(post.ts) or post.sent > 0)


def _covers(known: Known, severity: Severity) -> bool:
    return any(notice.severity >= severity for notice in known.notices)


def _because(post: Post | None, known: Known, rule: Rule) -> str:
    # What stands before it in the channel's queue says why, where it was not tried itself.
    said = (post.problem if post is not None else "") or known.trouble
    return said or f"Slack did not confirm a message within {rule.after.total_seconds():g} s"
