"""Which documents somebody should look at, why, and who hears of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from bot.announcements import N3_CHANNEL
from bot.domain.curation import Finding, Strike, StrikeKind, UpkeepRule, Votes
from bot.domain.store import Tx
from knowledge.model import FOLLOWED
from knowledge.upkeep import Kept

# One confirmed cause that is another one may be the fault of the search; two are the document's.
BACK = timedelta(days=365)
OTHER_CAUSES, FAILURES, COMPLAINTS = 2, 1, 3
_PLACE = re.compile(r"[UWSCGD][A-Z0-9]{2,30}")


def findings(
    every: Sequence[Kept],
    strikes: Sequence[Strike],
    votes: Mapping[str, Votes],
    rule: UpkeepRule,
    now: datetime,
) -> list[Finding]:
    """All documents that are followed and that somebody should look at now.

    `strikes` and `votes` hold what was said since the document was written and looked at last (`counts`).
    """
    against: dict[str, list[Strike]] = defaultdict(list)
    for strike in strikes:
        against[strike.document_id].append(strike)
    found = []
    for kept in every:
        if kept.kind in FOLLOWED:
            reasons = _reasons(kept, against[kept.id], votes.get(kept.id, Votes()), rule, now.date())
            if reasons:
                found.append(Finding(kept.id, kept.title, tuple(reasons), addressee(kept, rule), now))
    return found


def reasons_of(every: Sequence[Kept], tx: Tx | None, rule: UpkeepRule) -> dict[str, list[str]]:
    """By id of a document why somebody should look at it; without a store by its age alone."""
    now = tx.now if tx is not None else datetime.now(UTC)
    found = found_now(every, tx, rule) if tx is not None else findings(every, [], {}, rule, now)
    return {one.document_id: list(one.reasons) for one in found}


def found_now(every: Sequence[Kept], tx: Tx, rule: UpkeepRule) -> list[Finding]:
    """What is to be looked at, by these documents and all that was said of them since they were last."""
    known = {kept.id: kept for kept in every}

    def is_counted(id: str, at: datetime) -> bool:
        return id in known and counts(known[id], at.date())

    strikes = [one for one in tx.upkeep.strikes(tx.now - BACK) if is_counted(one.document_id, one.at)]
    return findings(every, strikes, tx.library.votes(is_counted), rule, tx.now)


def counts(kept: Kept, on: date) -> bool:
    """Whether what was said on that day is about this version, and nobody has looked at it since."""
    return not (kept.written and on < kept.written) and not (kept.reviewed and on <= kept.reviewed)


def owner(kept: Kept, rule: UpkeepRule) -> str:
    """The Slack id of a document's owner, empty where nobody named one."""
    named = (rule.owners or {}).get(kept.owner, kept.owner)
    return named if _PLACE.fullmatch(named) else ""


def addressee(kept: Kept, rule: UpkeepRule) -> str:
    """Who hears of it: its owner, else the channel of N3; of a limited one the first who may see it.

    Empty: nobody; a title tells something, too, and a user group is told in the channel of N3.
    """
    named = owner(kept, rule)
    if not kept.access:
        return named or N3_CHANNEL
    return next((one for one in (named, *kept.access) if one and not one.startswith("S")), "")


def _reasons(kept: Kept, strikes: Sequence[Strike], votes: Votes, rule: UpkeepRule, today: date) -> list[str]:
    found = []
    due = kept.due(rule.every_days)
    if due is not None and due <= today and kept.looked_at is not None:
        days = (today - kept.looked_at).days
        verb = "looked at" if kept.reviewed else "written or looked at"
        found.append(f"last {verb} {days} days ago, wanted every {kept.review_every or rule.every_days}")
    causes = [one for one in strikes if one.kind is StrikeKind.ANOTHER_CAUSE]
    if len(causes) >= OTHER_CAUSES:
        found.append(f"it was cited, and another cause was confirmed, in {_incidents(causes)}")
    failed = [one for one in strikes if one.kind is StrikeKind.ACTION_FAILED]
    if len(failed) >= FAILURES:
        found.append(f"the action that it led to did not help in {_incidents(failed)}")
    if votes.not_useful >= COMPLAINTS and votes.not_useful > votes.useful:
        found.append(f"{votes.not_useful} people found it not useful")
    return found


def _incidents(strikes: Sequence[Strike]) -> str:
    numbers = [f"#{one.incident_id}" for one in strikes[-3:]]
    more = len(strikes) - len(numbers)
    return ", ".join(numbers) + (f" and {more} more" if more > 0 else "")
