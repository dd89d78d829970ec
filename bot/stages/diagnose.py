"""Says what is probably wrong: by the model where one is configured, else by similar past incidents."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bot.domain.diagnosis import Diagnosis, Hindsight, Hypothesis, Method, Remedy, resolve_citations
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.incident import Incident
from bot.domain.investigation import Desk
from bot.domain.ports import Diagnostician
from bot.domain.tool import Inventory, Tool
from bot.errors import ModelNotAsked, ModelUnavailable
from bot.stages.calibrated import never_seen
from bot.stages.confidence import weigh
from bot.stages.grounding import ground
from bot.stages.grounds import without_outdated
from bot.stages.linked import Standing, actions_for, standings, suggest_arguments
from bot.stages.offering import REMEDIES, Validate, offer_of, offered, validated
from bot.stages.similar import (
    Passage,
    cause_key,
    fitting_passages,
    one_per_document,
    rank,
    refuted,
    undecided,
)
from bot.stages.stopping import Stopped, unless_stopped
from bot.stages.words import bounded, inert
from knowledge.causes.model import NOTHING, Judgement

__all__ = ["diagnose", "diagnose_by_similarity", "suggest_arguments"]

STEPS = 8
_STEP = re.compile(r"^ {0,3}\d{1,2}[.)]\s+(?P<text>\S.*)$")


async def diagnose(
    incident: Incident,
    evidence: Sequence[Evidence],
    tools: Sequence[Tool],
    inventory: Inventory,
    model: Diagnostician | None,
    deadline_s: float,
    validate: Validate,
    desk: Desk | None = None,
    outcomes: Sequence[Hindsight] = (),
    judged: Judgement = NOTHING,
) -> Diagnosis:
    """A grounded and bounded diagnosis: the model's, or that of similar incidents with the reason why.

    `validate` raises `ArgumentRefused` when arguments do not fit the tool, and may block. It judges every
    remedy, whoever wrote it. `judged`: what past incidents say, for when no model does. With a `desk`
    the model may read more, and what it read counts whatever becomes of the model.
    """
    # From what was gathered before the model was asked: what it wishes to read is no ground for an offer.
    found = diagnose_by_similarity(incident, evidence, tools, inventory, judged)
    ours = without_outdated(found, evidence)
    gone = {remedy.tool for remedy in found.remedies} - {remedy.tool for remedy in ours.remedies}
    offer = offer_of(ours, gone, incident, evidence, tools, inventory)
    made, caveat = await _ask(model, incident, evidence, tools, deadline_s, desk)
    evidence = desk.evidence() if desk is not None else evidence
    if made is None:
        cut = "" if desk is None or not caveat else caveat.partition(";")[0] + "."
        made = replace(ours, incomplete=cut)
    if caveat:
        made = replace(made, caveats=(caveat, *made.caveats))
    known = {piece.id for piece in evidence}
    cited = _without_loose_ends(resolve_citations(made, known), known)
    grounded = ground(cited, evidence, desk.whole) if desk is not None else ground(cited, evidence)
    grounded = without_outdated(grounded, evidence)
    if grounded.method is Method.MODEL:
        grounded = offered(grounded, offer, incident, tools)
    allowed = await asyncio.to_thread(validated, grounded, incident, tools, inventory, validate)
    return weigh(bounded(allowed), evidence, outcomes)


def diagnose_by_similarity(
    incident: Incident,
    evidence: Sequence[Evidence],
    tools: Sequence[Tool],
    inventory: Inventory,
    judged: Judgement = NOTHING,
) -> Diagnosis:
    """What similar past incidents, runbooks and checks say; no hypotheses when nothing fits."""
    passages = fitting_passages(incident, evidence)
    known = actions_for(incident, tools)
    seen = standings(known.values(), evidence)
    hypotheses = rank(passages, seen, judged)
    new = never_seen(judged)
    if undecided(hypotheses, passages, seen, judged):
        return Diagnosis(Method.SIMILAR, gaps=(*_considered(passages, seen), *new))
    runbook = _runbook(passages, hypotheses)
    gaps: list[str] = [*([] if hypotheses else [_gap(evidence, passages)]), *new]
    advice = _steps(runbook, passages) if runbook else []
    remedies: list[Remedy] = []
    if hypotheses:
        winning = _winning(hypotheses[0], passages, runbook)
        remedies, said, missing = _remedies(winning, seen, incident, known, inventory)
        advice, gaps = advice + said, gaps + missing
    return Diagnosis(Method.SIMILAR, tuple(hypotheses), tuple(remedies), tuple(advice), tuple(gaps))


async def _ask(
    model: Diagnostician | None,
    incident: Incident,
    evidence: Sequence[Evidence],
    tools: Sequence[Tool],
    deadline_s: float,
    desk: Desk | None,
) -> tuple[Diagnosis | None, str]:
    """The model's diagnosis, or None with the reason why there is none."""
    if model is None:
        return None, ""
    try:
        async with asyncio.timeout(deadline_s):
            if desk is None:
                return await model.diagnose(incident, evidence, tools), ""
            return await unless_stopped(model.diagnose(incident, evidence, tools, desk), desk), ""
    except Stopped:
        return None, "It was stopped while the model was reading; this comes from similar incidents alone."
    except TimeoutError:
        reason = f"The model did not answer within {deadline_s:g} s"
    except ModelNotAsked as error:
        reason = f"The model was not asked: {inert(error.detail, 200)}"
    except ModelUnavailable as error:
        detail = inert(error.detail, 200).rstrip(".")
        reason = "The model gave no usable answer" + (f" ({detail})" if detail else "")
    return None, f"{reason}; this comes from similar incidents alone."


def _without_loose_ends(made: Diagnosis, known: Collection[str]) -> Diagnosis:
    """What is said to contradict a hypothesis must be there too; the hypothesis itself may stay."""
    kept = (
        replace(h, contradicted_by=tuple(i for i in h.contradicted_by if i in known)) for h in made.hypotheses
    )
    return replace(made, hypotheses=tuple(kept))


def _considered(passages: Sequence[Passage], seen: Sequence[Standing]) -> list[str]:
    """What resembles this and why it names no cause: for a person who has to find out."""
    said = [
        "Nothing fits: this resembles past incidents, but what was read now does not bear out any of them."
    ]
    for cause, is_refuted in refuted(passages, seen).items():
        votes = [p for p in passages if p.kind == "incident" and cause_key(p.cause) == cause_key(cause)]
        linked = {name for p in votes for name in p.actions}
        why = [s.says for s in seen if s.bars and s.action in linked] if is_refuted else []
        about = f"{cause} ({', '.join(p.id for p in one_per_document(votes))})"
        said.append(" ".join([f"{about} does not fit.", *why]) if why else f"No check speaks for {about}.")
    return said


def _runbook(passages: Sequence[Passage], ranked: Sequence[Hypothesis]) -> Passage | None:
    """The runbook that the most likely cause cites, else the one that fits best."""
    runbooks = [p for p in passages if p.kind == "runbook"]
    cited = [p for p in runbooks if ranked and p.id in ranked[0].citations]
    return next(iter([*cited, *runbooks]), None)


def _gap(evidence: Sequence[Evidence], passages: Sequence[Passage]) -> str:
    if not any(piece.kind is EvidenceKind.PASSAGE for piece in evidence):
        return "Nothing of the knowledge base was found for this incident; add a runbook or a past incident."
    if not passages:
        return "What was found in the knowledge base fits too badly to say a cause from it."
    return "No past incident with a known cause fits; what was found are documents only."


def _winning(lead: Hypothesis, passages: Sequence[Passage], runbook: Passage | None) -> list[Passage]:
    """The documents behind the most likely cause, then the runbook that fits best."""
    votes = [p for p in passages if p.kind == "incident" and cause_key(p.cause) == cause_key(lead.cause)]
    return [*one_per_document(votes), *([runbook] if runbook else [])]


def _remedies(
    winning: Sequence[Passage],
    seen: Sequence[Standing],
    incident: Incident,
    known: Mapping[str, Tool],
    inventory: Inventory,
) -> tuple[list[Remedy], list[str], list[str]]:
    """Remedies, then advice and gaps for the linked actions that are not proposed."""
    remedies: list[Remedy] = []
    advice: list[str] = []
    gaps: list[str] = []
    for name in dict.fromkeys(name for p in winning for name in p.actions if name in known):
        sources = [p for p in winning if name in p.actions]
        about = [s for s in seen if s.action == name]
        barred = next((s for s in about if s.bars), None)
        cited = ", ".join(dict.fromkeys(p.id for p in sources))
        if barred:
            gaps.append(f"{name} is not proposed. {barred.says}")
            continue
        arguments = suggest_arguments(known[name], incident, inventory)
        if arguments is None:
            advice.append(f"{name} may help ({cited}); a person must choose its arguments.")
        elif len(remedies) == REMEDIES:
            advice.append(f"{name} may help too ({cited}).")
        else:
            remedies.append(_remedy(known[name], arguments, sources, about))
    return remedies, advice, gaps


def _remedy(
    tool: Tool, arguments: dict[str, object], sources: Sequence[Passage], about: Sequence[Standing]
) -> Remedy:
    titles = ", ".join(dict.fromkeys(f"“{p.title}”" for p in sources[:2]))
    supports = [s for s in about if s.speaks_for]
    why = " ".join([f"Linked by {titles}.", *(s.says for s in supports)])
    citations = (*(p.id for p in sources), *(s.evidence for s in supports))
    return Remedy(tool.name, arguments, why, tuple(dict.fromkeys(citations)))


def _numbered(text: str) -> list[str]:
    """The items of a numbered list, each with the indented lines that carry it on."""
    steps: list[str] = []
    going_on = False
    for line in text.splitlines():
        item = _STEP.match(line)
        going_on = bool(item) or (going_on and line.startswith(" ") and bool(line.strip()))
        if item:
            steps.append(item["text"].strip())
        elif going_on:
            steps[-1] = f"{steps[-1]} {line.strip()}"
    return steps


def _steps(runbook: Passage, passages: Sequence[Passage]) -> list[str]:
    """The numbered steps of the best runbook, behind a line that names it."""
    for part in (p for p in passages if p.document == runbook.document):
        steps = _numbered(part.text)
        if steps:
            where = f", section “{part.heading}”" if part.heading else ""
            numbered = [f"{number}. {step}" for number, step in enumerate(steps[:STEPS], 1)]
            return [f"Runbook “{part.title}”{where} ({part.id}):", *numbered]
    return [f"Read the runbook “{runbook.title}” ({runbook.id})."]
