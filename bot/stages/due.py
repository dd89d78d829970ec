"""What the rows say is due, verb by verb: each a function that gives the subjects that wait for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bot.domain.inbox import InboxKind
from bot.domain.proposal import ProposalState
from bot.domain.store import Tx
from bot.stages import stand

Subjects = Iterable[object]


def due(tx: Tx) -> list[str]:
    """Everything that waits for work now, each as `verb:subject`."""
    frozen = tx.n3.freeze() is not None
    return [work for work in unfinished(tx) if not (frozen and work.startswith(("execute:", "stand:")))]


def unfinished(tx: Tx) -> list[str]:
    """The same, whether execution is frozen or not."""
    return [f"{verb}:{subject}" for verb, subjects in _DUE.items() for subject in subjects(tx)]


def is_unfinished(tx: Tx, work: str) -> bool:
    """Whether this work is still due, asking for its verb alone."""
    verb, _, subject = work.partition(":")
    return verb in _DUE and subject in map(str, _DUE[verb](tx))


def _investigate(tx: Tx) -> Subjects:
    return [f"{incident.id}:{incident.rounds}" for incident in tx.incidents.to_investigate()]


def _prepare(tx: Tx) -> Subjects:
    return [one.id for one in tx.proposals.in_states(ProposalState.PROPOSED) if not one.digest]


def _resolve(tx: Tx) -> Subjects:
    """Incidents that need their summary, once no action in them is under way."""
    for incident_id in tx.summaries.missing():
        if not any(proposal.is_under_way for proposal in tx.proposals.of_incident(incident_id)):
            yield incident_id


_DUE: dict[str, Callable[[Tx], Subjects]] = {
    "investigate": _investigate,
    "prepare": _prepare,
    "stand": stand.due,
    "execute": lambda tx: [one.id for one in tx.proposals.in_states(ProposalState.SIGNED)],
    "verify": lambda tx: [one.id for one in tx.proposals.to_verify()],
    "look": lambda tx: [f"{look.proposal_id}:{look.id}" for look in tx.settling.looks_due()],
    "stop": lambda tx: tx.executions.to_stop(),
    "resolve": _resolve,
    "learn": lambda tx: [summary.incident_id for summary in tx.summaries.to_learn()],
    "keep": lambda tx: tx.library.to_keep(),
    "forget": lambda tx: tx.library.to_forget(),
    "answer": lambda tx: tx.inbox.pending(InboxKind.ASK),
    "draft": lambda tx: tx.inbox.pending(InboxKind.DRAFT),
}
