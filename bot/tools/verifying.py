"""What a verification means: whether it helped, whether it is worse than before, what follows from that."""

from __future__ import annotations

from collections.abc import Mapping

from bot.announcements import announce_undo_failed, announce_worse
from bot.domain.proposal import Execution, Outcome, Proposal, ProposalState
from bot.domain.store import Tx
from bot.domain.tool import CheckResult, Expectation, Verdict


def outcome_of(proposal: Proposal, result: CheckResult) -> tuple[Outcome, str]:
    """What a verification means, and what is told of it.

    "Fixed" needs all of it: the action ended well, the check was faulty just before it, and is healthy now.
    """
    if result.verdict is Verdict.FAULTY:
        return Outcome.NOT_FIXED, result.told
    if result.verdict is Verdict.UNKNOWN:
        return Outcome.CANNOT_TELL, result.told
    if proposal.state is not ProposalState.SUCCEEDED:
        reason = "it is as it should be now, but the action did not end well"
        return Outcome.CANNOT_TELL, f"{result.told} ({reason})"
    # An undo takes back what may have looked well; its own verification alone says whether it did.
    if proposal.undo_of is None and proposal.before_verdict != Verdict.FAULTY.value:
        reason = "it was as it should be before, too"
        if proposal.before_verdict != Verdict.HEALTHY.value:
            reason = "it is as it should be now, but how it was before is not known"
        return Outcome.CANNOT_TELL, f"{result.told} ({reason})"
    return Outcome.FIXED, result.told


def is_worse(
    proposal: Proposal, execution: Execution | None, result: CheckResult, expect: Expectation | None
) -> bool:
    """Whether the check says worse than just before: well no more, or further from what it should be."""
    if execution is None or result.verdict is not Verdict.FAULTY:
        return False
    if proposal.before_verdict == Verdict.HEALTHY.value:
        return True
    before, after = execution.before_value, result.value
    if expect is None or not (_is_number(before) and _is_number(after)):
        return False
    assert isinstance(before, int | float) and isinstance(after, int | float)
    return {"at_most": after > before, "at_least": after < before}.get(expect.operator, False)


def follow_verification(tx: Tx, proposal: Proposal) -> None:
    """Offer the signed undo where it is worse; where a compensating action failed, stop and call N3.

    An undo never leads to another: nothing is offered after it, people decide.
    """
    failed = proposal.state is not ProposalState.SUCCEEDED or proposal.outcome is Outcome.NOT_FIXED
    if proposal.undo_of is not None:
        if failed or proposal.worse:
            people = sorted(tx.n3.known(), key=lambda person: person.key)
            announce_undo_failed(tx, proposal, people)
            told = [person.key for person in people]
            tx.audit.append("executor", "undo failed; N3 called", proposal.label, {"people": told})
    elif proposal.worse:
        announce_worse(tx, proposal)
        undo = proposal.plan["undo"] if proposal.plan else {}
        named = undo.get("tool", "") if isinstance(undo, Mapping) else ""
        tx.audit.append("executor", "worse than before", proposal.label, {"undo": named})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
