"""Documents that somebody should look at: the weekly message to their owner, the list, and each whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.curation import Finding, Removal, Votes
from bot.slack.blocks import parts
from bot.slack.blocks.curating import take_back_button, taken_out
from bot.slack.blocks.parts import Block
from knowledge.model import Document
from knowledge.upkeep import Kept

ORIGINS = {"import": "imported", "person": "written by a person", "resolution": "learned from an incident"}
_LISTED, _SHOWN = 10, 20_000


def digest(documents: Mapping[str, str], findings: Mapping[str, Finding], group: str = "") -> list[Block]:
    """One message a week at most: each document with why, and what its owner can say; edited as they do."""
    waits = sum(1 for id in documents if id in findings)
    what = parts.counted(len(documents), "document")
    owners = f"<!subteam^{group}> " if group else ""
    head = f"{owners}:books: *{what} to look at again*: are they still right?"
    blocks = [parts.status(head if waits else f":white_check_mark: *{what} looked at.* Thanks.")]
    for id, title in documents.items():
        blocks += _entry(id, findings[id].title, findings[id]) if id in findings else _over(id, title)
    blocks.append(parts.note("All of them: `/vigie stale`. You hear of such things once a week at most."))
    return blocks


def listing(findings: Sequence[Finding]) -> list[Block]:
    """`/vigie stale`."""
    if not findings:
        return [parts.status(":white_check_mark: *Nothing is to be looked at again.*")]
    blocks = [
        parts.status(f"*{parts.counted(len(findings), 'document')} to look at again*, the oldest first")
    ]
    for one in findings[:_LISTED]:
        blocks += _entry(one.document_id, one.title, one)
    if len(findings) > _LISTED:
        left = len(findings) - _LISTED
        blocks.append(parts.note(f"and {left} more; `vigie documents list --stale` lists all"))
    return blocks


def document_view(
    document: Document,
    kept: Kept,
    votes: Votes,
    finding: Finding | None = None,
    removal: Removal | None = None,
) -> Block:
    """A whole document, as far as a modal holds it, with all that is known of it."""
    blocks = [parts.header(document.title), *facts(kept)]
    said = f"{parts.counted(votes.useful, 'person')} found it useful, {votes.not_useful} did not"
    blocks.append(parts.note(said.replace("persons", "people")))
    blocks += [parts.foreign_note(f"Not useful: {reason}") for reason in votes.reasons]
    if finding is not None:
        blocks.append(parts.note(f":warning: To be looked at again: {'; '.join(finding.reasons)}."))
    if removal is not None:
        blocks += taken_out(removal)
    text = document.text[:_SHOWN]
    pieces = [text[start : start + parts.RICH] for start in range(0, len(text), parts.RICH)] or [" "]
    blocks += [parts.rich(parts.preformatted(piece)) for piece in pieces]
    if len(document.text) > _SHOWN:
        blocks.append(parts.note(f"_{len(document.text) - _SHOWN} more characters: `vigie documents show`._"))
    if removal is None:
        choices = _choices(document.id) if finding is not None else []
        blocks.append(parts.buttons(*choices, take_back_button(document.id, kept.origin)))
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": parts.short(parts.visible(document.title), parts.TITLE)},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": parts.within_view(blocks),
    }


def facts(kept: Kept) -> list[Block]:
    """Whose it is, where it comes from, who looked at it last, and who may see it."""
    reviewed = f"last review {kept.reviewed}" if kept.reviewed else "never reviewed"
    if kept.reviewed_by:
        reviewed += f" by <@{kept.reviewed_by.rpartition('/')[2]}>"
    origin = ORIGINS.get(kept.origin, "imported")
    access = "for everybody" if not kept.access else "for a few alone"
    owner = kept.owner or "nobody"
    return [
        parts.note(f"{origin} · {reviewed} · {access}"),
        parts.foreign_note(f"{kept.kind} · {kept.id} · version {kept.version} · owner {owner}"),
    ]


def _entry(id: str, title: str, finding: Finding) -> list[Block]:
    later = f" · comes again on {finding.later_until:%d %b}" if finding.later_until else ""
    open_ = parts.button("Open", "document_open", id)
    return [
        parts.rich(
            parts.line(parts.run(parts.cut(title, 160), bold=True), parts.run(parts.cut(f"  {id}", 200)))
        ),
        parts.note(f"{'; '.join(finding.reasons)}{later}"),
        parts.buttons(*_choices(id), open_),
    ]


def _over(id: str, title: str) -> list[Block]:
    return [parts.note(":white_check_mark: settled"), parts.foreign_note(parts.cut(f"{title} ({id})", 300))]


def _choices(id: str) -> list[Block]:
    right = parts.button("Still right", "still_right", id, "primary")
    return [right, parts.button("Remind me later", "review_later", id)]
