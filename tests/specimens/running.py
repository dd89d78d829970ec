"""What is told while an action runs, after it made things worse, and of a freeze."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from bot.copilot.switch import freeze
from bot.domain.proposal import Execution, Proposal, ProposalState
from bot.slack.blocks import parts
from bot.slack.blocks import running as running_blocks
from tests.specimens import values
from tests.specimens.rows import Rows
from tests.specimens.specimen import Message, Specimen, ordinary, variants
from tests.specimens.voices import Voice

LINE = "moved order 4711 back into the queue\n"


def running() -> Iterator[Specimen]:
    """Kind by kind."""
    yield from variants("message", "output", _output)
    yield from ordinary("message", "output", partial(_output, stopping=True), "being stopped")
    yield from ordinary("message", "output", partial(_output, is_over=True), "over")
    yield from variants("message", "output", _streamed, "streamed")
    yield from variants("message", "output_file", _file)
    yield from variants("message", "worse", _worse)
    yield from ordinary("message", "worse", partial(_worse, undone=True), "undo proposed")
    yield from ordinary("message", "worse", partial(_worse, undo=False), "no undo")
    yield from variants("message", "freeze", _freeze)
    yield from ordinary("message", "freeze", partial(_freeze, is_frozen=False), "lifted")


def run(voice: Voice, **changes: object) -> Execution:
    """A run that goes on."""
    going = replace(values.execution(voice), ended_at=None, exit_code=None, output="")
    return replace(going, **changes)  # type: ignore[arg-type]  # fields of Execution, by name


def _output(voice: Voice, *, stopping: bool = False, is_over: bool = False) -> Message:
    state = ProposalState.UNKNOWN if is_over else ProposalState.EXECUTING
    made = run(voice)
    if stopping or is_over:
        made = replace(made, stop_by=values.N3_A.key, stop_at=values.ago(1))
    if is_over:
        made = replace(made, ended_at=values.NOW, output=LINE)
    text = [voice.text(LINE)] * voice.many(2, 4)
    return Rows(proposals=[values.proposal(voice, state=state)], execution=made, pieces=text).snapshot(
        "output"
    )


def _streamed(voice: Voice) -> Message:
    """As it stands after its first piece, where Slack streams it."""
    made = values.proposal(voice, state=ProposalState.EXECUTING)
    piece = running_blocks.stream_piece(made, 1, voice.text(LINE, 5000) or " ")
    blocks = [*running_blocks.stream_head(made, run(voice)), *piece]
    return Message("P7 prints", parts.within_limits(blocks))


def _file(voice: Voice) -> Message:
    ended = replace(values.execution(voice), output=voice.text(LINE) or LINE)
    return Rows(proposals=[values.proposal(voice)], execution=ended).snapshot("output_file")


def _worse(voice: Voice, *, undone: bool = False, undo: bool = True) -> Message:
    made = values.proposal(voice, state=ProposalState.SUCCEEDED, worse=True, after=voice.text("false"))
    if not undo:
        assert made.plan is not None
        made = replace(made, plan={**made.plan, "undo": {"none": voice.text("a restart is what it is")}})
    undos = [replace(made, id=8, undo_of=7)] if undone else []
    return Rows(proposals=[made, *undos], execution=values.execution(voice)).snapshot("worse")


def _freeze(voice: Voice, *, is_frozen: bool = True) -> Message:
    under_way = [values.proposal(voice, state=ProposalState.EXECUTING)] * voice.many(1, 40)
    rows = Rows(proposals=under_way, execution=run(voice), is_frozen=is_frozen)
    freeze(rows.tx, values.ON_CALL.key, "<@U0ONCALL>", voice.text("deploy in progress"))
    return rows.announced("freeze")


def dark(voice: Voice) -> Proposal:
    """Nobody saw how it ended."""
    return values.proposal(voice, state=ProposalState.UNKNOWN, after=voice.text("false"))
