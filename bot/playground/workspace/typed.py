"""What a person types, turned into what Slack stores: escaped text, mentions, links, rich text."""

import html
import re

from bot.playground.workspace.errors import Json
from bot.playground.workspace.identifiers import random_id
from bot.playground.workspace.team import Team

_CONTROL = re.compile(r"<(?:@[UWB][A-Z0-9]+|#[CDG][A-Z0-9]+(?:\|[^<>]*)?|![^<>]+|https?://[^<>\s]+)>")
_URL = re.compile(r"https?://[^\s<>]+[^\s<>.,;:!?)\]}'\"]")


def stored_text(text: str, team: Team) -> str:
    """The text as it is stored: @names become ids, addresses become links, the rest is escaped."""
    text = _with_mentions(text, team)
    parts: list[str] = []
    end = 0
    for match in _CONTROL.finditer(text):
        parts += [_with_links(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, _with_links(text[end:])])


def rich_text(text: str) -> list[Json]:
    """The blocks that Slack's own client sends beside a stored text."""
    elements: list[Json] = []
    end = 0
    for match in _CONTROL.finditer(text):
        elements += _plain(text[end : match.start()])
        elements.append(_element(match[0][1:-1]))
        end = match.end()
    elements += _plain(text[end:])
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": random_id("", 5), "elements": [section]}]


def _with_mentions(text: str, team: Team) -> str:
    names: dict[str, str] = {"here": "<!here>", "channel": "<!channel>"}
    names |= {group.handle.lower(): f"<!subteam^{group.id}>" for group in team.groups.values()}
    for person in team.people.values():
        names |= {person.handle: f"<@{person.id}>", person.name.lower(): f"<@{person.id}>"}
    longest_first = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w<@.])@({longest_first})(?!\w)", re.IGNORECASE)
    return pattern.sub(lambda match: names[match[1].lower()], text)


def _with_links(text: str) -> str:
    parts: list[str] = []
    end = 0
    for match in _URL.finditer(text):
        parts += [
            html.escape(text[end : match.start()], quote=False),
            f"<{html.escape(match[0], quote=False)}>",
        ]
        end = match.end()
    return "".join([*parts, html.escape(text[end:], quote=False)])


def _plain(text: str) -> list[Json]:
    return [{"type": "text", "text": html.unescape(text)}] if text else []


def _element(control: str) -> Json:
    if control.startswith("@"):
        return {"type": "user", "user_id": control[1:]}
    if control.startswith("#"):
        return {"type": "channel", "channel_id": control[1:].partition("|")[0]}
    if control.startswith("!subteam^"):
        return {"type": "usergroup", "usergroup_id": control[9:].partition("|")[0]}
    if control.startswith("!"):
        return {"type": "broadcast", "range": control[1:]}
    return {"type": "link", "url": html.unescape(control)}
