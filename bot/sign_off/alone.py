"""When one N3 alone may sign what asks for more: nobody else has answered, and the rule says how long.

Time signs nothing: it only lets the one who is awake do so, by a deed of theirs and with a reason. It is said
on the card, audited, and looked at by others the next day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.person import Person
from bot.domain.proposal import Proposal, SignOff
from bot.sign_off.calling import Call, Why, in_turn
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import N3, Judgement, valid_signers

REVIEW_HOUR = 9
"""UTC."""


def may_sign_alone(
    proposal: Proposal,
    person: Person,
    sign_offs: Sequence[SignOff],
    called: Sequence[Call],
    n3: N3,
    policy: Policy,
    now: datetime,
) -> Judgement:
    """Whether this person's signature alone is enough now; the reason is for them, empty where it never is.

    Says nothing about whether they may sign at all.
    """
    wait = policy.rule_of(proposal).when_alone
    if wait is None or proposal.signatures_needed < 2:
        return Judgement(False, "")
    human = policy.human(person)
    if policy.humans(valid_signers(proposal, sign_offs, n3, policy, now)) - {human}:
        return Judgement(False, "Somebody else of N3 has signed, so it is not left to you alone.")
    opens = proposal.created_at + wait
    if now < opens:
        return Judgement(False, f"Should nobody else answer until {opens:%H:%M} UTC, yours alone will do.")
    others = [other for other in in_turn(proposal, n3, policy, now) if policy.human(other) != human]
    uncalled = [other for other in others if not _is_silent(other, called, wait / 2, now)]
    if uncalled:
        return Judgement(False, f"{len(uncalled)} more of N3 may answer still: they were called just now.")
    silent = f"{len(others)} of N3 were called and have not answered" if others else "nobody else may sign"
    return Judgement(True, f"You are alone: {silent}. Your signature will do; others look at it tomorrow.")


def _is_silent(person: Person, called: Sequence[Call], for_: timedelta, now: datetime) -> bool:
    """Whether they were told long enough ago, or Slack refuses to tell them."""
    told = [call for call in called if call.person == person and call.why is not Why.REMINDER]
    return any(not call.reached or now - call.at >= for_ for call in told)


def review_due(signed_at: datetime) -> datetime:
    """When others are asked to look at it: the next day, when people are up again."""
    next_day = signed_at + timedelta(days=1)
    return next_day.replace(hour=REVIEW_HOUR, minute=0, second=0, microsecond=0)
