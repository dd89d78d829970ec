"""What is probably wrong: short in the thread, all of it with its quotes behind a button."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.domain.diagnosis import Claim, Diagnosis, Hypothesis, Quote
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.incident import Incident
from bot.domain.investigation import Investigation
from bot.domain.person import Person
from bot.in_force import Preview
from bot.slack.blocks import parts
from bot.slack.blocks.incident import open_button
from bot.slack.blocks.knowledge import warnings
from bot.slack.blocks.parts import Block
from bot.slack.blocks.times import span
from bot.slack.blocks.votes import vote_buttons

_CITATIONS, _VOTED = 8, 2
# Few enough that the remedies below them, and their buttons, always fit the message.
_HYPOTHESES = 4
_LINES, _STEPS = 3, 15


def diagnosis(
    made: Diagnosis,
    pieces: Sequence[Evidence],
    previews: Sequence[Preview | None],
    incident: Incident,
    round_: int,
) -> list[Block]:
    """Ranked hypotheses with citations, what is missing, and remedies with all that they would do."""
    how = "the model" if made.model else "similar incidents, without a model"
    title = f"*Diagnosis* from {how}"
    more = parts.button("Details…", "diagnosis_open", str(incident.id))
    blocks = [parts.status_with(title, more) if made.model else parts.status(title)]
    if made.incomplete:
        blocks.append(parts.status(":warning: *Incomplete*: the investigation ended before it was done."))
        blocks.append(parts.foreign_note(made.incomplete))
    blocks += [parts.foreign_note(caveat) for caveat in made.caveats]
    if not made.hypotheses:
        blocks.append(parts.status("*Not enough evidence* to name a cause."))
    by_id = {piece.id: piece for piece in pieces}
    if made.known_error in by_id:
        known = by_id[made.known_error]
        blocks.append(parts.foreign_note(f"Seen before: {parts.cut(known.title, 160)} ({known.id})"))
    for rank, hypothesis in enumerate(made.hypotheses[:_HYPOTHESES], 1):
        blocks += _hypothesis(rank, hypothesis, by_id)
    blocks += _votes(made.hypotheses[:_HYPOTHESES], by_id)
    left_out = len(made.hypotheses) - _HYPOTHESES
    if left_out > 0:
        what = parts.counted(left_out, "less likely cause")
        blocks.append(parts.note(f"_{what} not shown._"))
    blocks += _claims("Ruled out", made.ruled_out) + _claims("Affected", made.reach)
    for index, remedy in enumerate(made.remedies):
        preview = previews[index] if index < len(previews) else None
        if preview is not None:
            blocks += _remedy(preview, remedy.why, f"{incident.id}:{round_}:{index}")
    if made.gaps:
        gaps = [parts.prose(parts.cut(gap, 300)) for gap in made.gaps]
        blocks.append(parts.rich(parts.line(parts.run("Missing", bold=True)), parts.listing(gaps)))
    if made.advice:
        steps = [parts.prose(parts.cut(step, 300)) for step in made.advice[:8]]
        blocks.append(parts.rich(_advice_heading(made), parts.listing(steps)))
        blocks += warnings("\n".join(made.advice))
    return blocks


def details_view(made: Diagnosis, pieces: Sequence[Evidence], incident: Incident) -> Block:
    """All of a diagnosis: what each statement quotes, how sure it is and why, and what was not shown."""
    by_id = {piece.id: piece for piece in pieces}
    blocks: list[Block] = []
    for title, claims in (("What is seen", made.symptoms), ("Affected", made.reach)):
        blocks += _quoted(title, claims, by_id)
    for rank, one in enumerate(made.hypotheses, 1):
        blocks.append(parts.rich(parts.line(parts.run(f"{rank}. {parts.cut(one.cause, 120)}", bold=True))))
        if one.component:
            blocks.append(parts.foreign_note(f"Component: {one.component}"))
        blocks.append(parts.note(_why_so_sure(one)))
        blocks += _quotes(one.quotes, by_id)
        against = [name for name in one.contradicted_by if name in by_id]
        if against:
            blocks.append(parts.foreign_note(f"Against it: {', '.join(against[:_CITATIONS])}"))
    blocks += _quoted("Ruled out", made.ruled_out, by_id)
    if made.next_checks:
        asked = [parts.prose(parts.cut(line, 300)) for line in made.next_checks]
        blocks.append(parts.rich(parts.line(parts.run("To look at next", bold=True)), parts.listing(asked)))
    blocks.append(parts.note(_made_by(made)))
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": parts.short(f"Diagnosis of {incident.label}", parts.TITLE)},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": blocks[: parts.MAX_VIEW_BLOCKS],
    }


def investigation(known: Investigation) -> list[Block]:
    """What is being read, line by line, with the button that ends it; afterwards what was read."""
    is_over = known.ended_at is not None
    blocks = [parts.status(_state(known))]
    if known.plan:
        lines = [[parts.run(parts.cut(line, 200))] for line in known.plan]
        blocks.append(parts.rich(parts.line(parts.run("Plan of the model", bold=True)), parts.listing(lines)))
    if known.steps:
        shown = known.steps[-_STEPS:]
        lines = [
            [parts.run(parts.cut(step.what, 160)), parts.run(f"  {parts.cut(step.said or '…', 160)}")]
            for step in shown
        ]
        if len(known.steps) > len(shown):
            earlier = parts.counted(len(known.steps) - len(shown), "earlier step")
            blocks.append(parts.note(f"_{earlier} not shown._"))
        blocks.append(parts.rich(parts.listing(lines)))
    if known.note:
        blocks.append(parts.foreign_note(known.note))
    if not is_over and not known.stopped_by:
        blocks.append(parts.buttons(parts.button("Stop", "stop_reading", str(known.incident_id))))
    return blocks


def _state(known: Investigation) -> str:
    read = parts.counted(len(known.steps), "step")
    by = f" by <@{Person.from_key(known.stopped_by).user_id}>" if known.stopped_by else ""
    if known.ended_at is None:
        return f":hourglass: *Being stopped*{by}" if by else ":mag: *Investigating*"
    lasted = f"{read}, {span(known.ended_at - known.started_at)}"
    if by:
        return f":raised_hand: *Stopped*{by}: {lasted}. What was found is below."
    return f":mag: *{'Investigated in part' if known.note else 'Investigated'}*: {lasted}"


def _hypothesis(rank: int, hypothesis: Hypothesis, by_id: Mapping[str, Evidence]) -> list[Block]:
    sure = "unsupported" if hypothesis.unsupported else f"{hypothesis.confidence:.0%}"
    # Cited twice is shown once: Slack refuses a message with two buttons of one name.
    citations = list(dict.fromkeys(hypothesis.citations))
    runs = [
        parts.run(f"{rank}. "),
        parts.run(parts.cut(hypothesis.cause, 120), bold=True),
        parts.run(f"  {sure}  "),
        *parts.prose(parts.cut(hypothesis.statement, 400)),
    ]
    for cited_id in citations[:_CITATIONS]:
        runs += [parts.run(" "), parts.run(cited_id, code=True)]
    if len(citations) > _CITATIONS:
        runs.append(parts.run(f" and {len(citations) - _CITATIONS} more"))
    blocks = [parts.rich(parts.line(*runs))]
    if hypothesis.unsupported:
        blocks.append(parts.note(":grey_question: A guess: it quotes nothing of what it cites."))
    cited = [by_id[name] for name in citations if name in by_id]
    sources = [piece for piece in cited if piece.kind is EvidenceKind.PASSAGE]
    if sources:
        blocks.append(parts.buttons(*(open_button(piece) for piece in sources[:5])))
    return blocks


def _votes(hypotheses: Sequence[Hypothesis], by_id: Mapping[str, Evidence]) -> list[Block]:
    """Was it useful? For the passages that the diagnosis rests on most, each once."""
    cited = dict.fromkeys(name for one in hypotheses for name in one.citations if name in by_id)
    sources = {by_id[name].source: by_id[name] for name in cited}
    passages = [piece for piece in sources.values() if piece.kind is EvidenceKind.PASSAGE]
    choices = []
    for piece in passages[:_VOTED]:
        yes, no = vote_buttons(piece.id, piece.source)
        yes["text"]["text"], no["text"]["text"] = f"{piece.id} useful", f"{piece.id} not useful"
        choices += [yes, no]
    return [parts.note("Did these passages help?"), parts.buttons(*choices)] if choices else []


def _claims(title: str, claims: Sequence[Claim]) -> list[Block]:
    """Statements in one line each, with what they cite."""
    if not claims:
        return []
    items = []
    for claim in claims[:_LINES]:
        cited = [run for name in claim.citations[:4] for run in (parts.run(" "), parts.run(name, code=True))]
        items.append([*parts.prose(parts.cut(claim.text, 200)), *cited])
    return [parts.rich(parts.line(parts.run(title, bold=True)), parts.listing(items))]


def _quoted(title: str, claims: Iterable[Claim], by_id: Mapping[str, Evidence]) -> list[Block]:
    blocks: list[Block] = []
    for claim in claims:
        text = parts.prose(parts.cut(claim.text, 300))
        blocks.append(parts.rich(parts.line(parts.run(f"{title}: ", bold=True), *text)))
        blocks += _quotes(claim.quotes, by_id)
    return blocks


def _quotes(quotes: Sequence[Quote], by_id: Mapping[str, Evidence]) -> list[Block]:
    lines = [
        f"{quote.evidence} ({by_id[quote.evidence].kind.value}): {quote.text}"
        for quote in quotes
        if quote.evidence in by_id
    ]
    return [parts.rich(parts.preformatted("\n".join(lines), 1200))] if lines else []


def _why_so_sure(one: Hypothesis) -> str:
    if one.unsupported:
        return "No confidence is given: it quotes nothing of what it cites."
    text = f"*{one.confidence:.0%}*, on {parts.counted(one.sources, 'independent source')}"
    if one.claimed:
        text += f"; the writer said {one.claimed:.0%}"
    if abs(one.confidence - one.earned) >= 0.005:
        text += f"; {one.earned:.0%} before the outcomes of earlier diagnoses"
    return text


def _made_by(made: Diagnosis) -> str:
    text = "Confidence is our own: it rises with independent sources and past outcomes alone."
    if made.rejected:
        text += f" {parts.counted(made.rejected, 'statement')} left out, as quote or citation did not hold."
    if made.model:
        name = parts.escape(parts.cut(made.model, 100))
        text += f" Written by {name} with {parts.escape(made.prompt)}, {made.tokens} tokens."
    return text


def _advice_heading(made: Diagnosis) -> Block:
    """A model's advice is words that nothing stands behind, and is never shown as a runbook's."""
    if made.model:
        return parts.line(
            parts.run("Advice of the model", bold=True), parts.run(", which nobody has checked")
        )
    return parts.line(parts.run("From the runbook", bold=True), parts.run(", for a person to do"))


def _remedy(preview: Preview, why: str, value: str) -> list[Block]:
    lines = "\n".join(f"{label}: {text}" for label, text in preview.lines)
    return [
        parts.divider(),
        parts.status(f"*Remedy* · risk {preview.risk}"),
        parts.rich(
            parts.line(parts.run(preview.title, bold=True), parts.run(f"\n{parts.cut(why, 300)}")),
            parts.preformatted(lines, 1500),
        ),
        parts.buttons(parts.button("Propose", "propose", value, "primary")),
    ]
