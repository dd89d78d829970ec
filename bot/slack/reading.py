"""A message or a thread as text to be saved: who said what, by name; files, bots and guests stay out."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.errors import Refused
from bot.slack.answers import NO_ANSWER, code_of
from bot.slack.edge import Edge
from knowledge.text.redaction import redact, without_private_keys

MOST = 3000
"""Characters that a field of a form holds."""
_PAGES, _PAGE = 5, 200
_LINK = re.compile(r"<([^<>]+)>")
_REMEMBER = re.compile(
    r"(?:please |stp |svp )?(?:remember|save|keep|learn|retiens|retenez|note|garde|sauvegarde|apprends)"
    r"(?: (?:this|that|it|ceci|cela|ca|ça))(?: thread| fil)?[ .!]*(?::\s*(.*))?",
    re.IGNORECASE | re.DOTALL,
)
_FRENCH = re.compile(r"\b(?:le|la|les|des|est|une|dans|pour|avec|que|sur|pas|du|au|il|nous)\b", re.IGNORECASE)
_ENGLISH = re.compile(r"\b(?:the|is|a|of|to|in|and|for|with|that|on|not|it|we|was|by)\b", re.IGNORECASE)
Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """What was read: the text for the form, a title, its language, and in our words what is not in it."""

    text: str
    title: str
    language: str
    left_out: tuple[str, ...] = ()


def asked_to_remember(words: str) -> tuple[bool, str]:
    """Whether somebody asks to save what was said, and the text that they give with it, if any."""
    found = _REMEMBER.fullmatch(words.strip())
    return found is not None, (found[1] or "").strip() if found else ""


async def read_thread(edge: Edge, channel: str, root_ts: str, own: str = "") -> Words:
    """A whole thread; `own`: the message that asked for it, which is none of it.

    Raises:
        Refused: Vigie cannot read it, or nothing of it can be saved.
    """
    messages: list[Message] = []
    cursor = ""
    try:
        for _ in range(_PAGES):
            page = await edge.client.conversations_replies(
                channel=channel, ts=root_ts, limit=_PAGE, cursor=cursor
            )
            messages += page["messages"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                break
    except SlackApiError as error:
        raise Refused(_unreadable(code_of(error))) from None
    except NO_ANSWER:
        raise Refused("Slack did not give the thread. Nothing was saved: try again in a moment.") from None
    return await words_of(edge, [one for one in messages if one.get("ts") != own], more=bool(cursor))


async def words_of(edge: Edge, messages: Sequence[Message], more: bool = False) -> Words:
    """The messages as text.

    Raises:
        Refused: nothing of it can be saved.
    """
    lines: list[str] = []
    bots = guests = files = 0
    first = ""
    for message in messages:
        files += len(message.get("files") or ())
        if message.get("bot_id") or message.get("subtype") not in (
            None,
            "",
            "file_share",
            "thread_broadcast",
        ):
            bots += bool(message.get("bot_id"))
            continue
        said = await _plain(edge, str(message.get("text") or ""))
        if not said or asked_to_remember(re.sub(r"^@\S+\s*", "", said)) == (True, ""):
            continue
        name = await _author(edge, message)
        if not name:
            guests += 1
            continue
        first = first or said
        lines.append(f"**{name}** ({_clock(message)}): {said}")
    if not lines:
        raise Refused("There is nothing to save: messages of guests and of other bots are left out.")
    text, cut = fitting(lines)
    left = [f"{files} file(s)"] * bool(files) + [f"{bots} message(s) of bots"] * bool(bots)
    left += [f"{guests} message(s) of guests"] * bool(guests) + [f"{cut} message(s) in the middle"] * bool(
        cut
    )
    left += ["what came after the first thousand messages"] * more
    redacted = redact(without_private_keys(text))
    left += [f"secrets ({', '.join(redacted.found)})"] * bool(redacted.found)
    return Words(redacted.text[:MOST], _title(first), language_of(first + text), tuple(left))


def fitting(lines: Sequence[str]) -> tuple[str, int]:
    """As many of them as the form holds, the first and the last ones, and how many are left out between."""
    lines = [line if len(line) <= MOST // 3 else f"{line[: MOST // 3 - 20]} […cut here]" for line in lines]
    whole = "\n\n".join(lines)
    if len(whole) <= MOST:
        return whole, 0
    room = MOST - len(lines[0]) - 80
    last: list[str] = []
    for line in reversed(lines[1:]):
        room -= len(line) + 2
        if room < 0:
            break
        last.insert(0, line)
    left = len(lines) - 1 - len(last)
    return "\n\n".join([lines[0], f"[… {left} message(s) are left out here …]", *last]), left


def language_of(text: str) -> str:
    """French where it has more of its small words than English."""
    return "fr" if len(_FRENCH.findall(text)) > len(_ENGLISH.findall(text)) else "en"


async def _author(edge: Edge, message: Message) -> str:
    """Their name; empty for who is no full member, and while Slack does not say."""
    user, team = str(message.get("user") or ""), str(message.get("user_team") or message.get("team") or "")
    if not user or not await edge.people.standing(team or edge.people.own_team, user):
        return ""
    return await edge.people.name(user)


async def _plain(edge: Edge, text: str) -> str:
    """Slack's own marks as words: mentions by name, links with their address."""
    pieces = []
    at = 0
    for found in _LINK.finditer(text):
        pieces += [text[at : found.start()], await _word(edge, found[1])]
        at = found.end()
    return html.unescape("".join([*pieces, text[at:]])).strip()


async def _word(edge: Edge, inside: str) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return f"@{await edge.people.name(target[1:])}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or f"@{target[1:].partition('^')[0]}"
    return f"{label} ({target})" if label and label != target else target


def _title(first: str) -> str:
    line = next((line.strip() for line in first.splitlines() if line.strip()), "")
    line = redact(without_private_keys(line)).text
    return line if len(line) <= 80 else f"{line[:79]}…"


def _clock(message: Message) -> str:
    at = datetime.fromtimestamp(float(message.get("ts") or 0), UTC)
    return f"{at:%d %b %Y, %H:%M} UTC"


def _unreadable(code: str) -> str:
    if code in ("not_in_channel", "channel_not_found", "missing_scope"):
        return "Vigie cannot read this thread: invite it into the channel, and ask again."
    return f"Slack did not give the thread ({code}). Nothing was saved: try again in a moment."
