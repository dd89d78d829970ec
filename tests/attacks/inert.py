"""Judges everything that was sent to Slack: whether foreign text could have come alive in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.world import GUEST, PEOPLE, SECOND, World, text_of

EVIL = "evil.example"
VICTIMS = (SECOND.id, GUEST.id)
"""People that only the attacker's texts mention; nobody acts as them where these texts are shown."""
HOSTILE = (
    f"<!channel> <!here> <!everyone> <@{SECOND.id}> <@{GUEST.id}|N3 B> <!subteam^S0N3|@n3> <#C0INCIDENTS>"
    f" <https://{EVIL}/masked|runbook> https://{EVIL}/?q=stolen ![chart](https://{EVIL}/pixel.png)"
    f" [runbook](https://{EVIL}/md) ``` *signed by N3* ``` </pre> :white_check_mark: `x` &lt;!channel&gt;"
)
MARK = "<!channel>"

_PERSON = re.compile(r"<@([A-Z0-9]+)>")
_BLOCKS = {"section", "header", "context", "divider", "actions", "input", "rich_text"}
_RUNS = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}


def sent_to_slack(world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every message and view ever sent, those that were edited since too, and what commands answered."""
    for call in world.place.calls():
        if call.method.startswith(("chat.", "views.")):
            yield call.method, _decoded(call.args)
    for person in PEOPLE:
        for message in world.place.ephemerals(person.id):
            yield "ephemeral", message


def check_inert(world: World) -> str:
    """Fail where something foreign is alive; gives the whole text that people see, as it is shown."""
    seen = []
    for method, message in sent_to_slack(world):
        assert not {"attachments", "markdown_text"} & message.keys(), (method, message)
        if method == "chat.postMessage":
            assert [message[name] for name in ("unfurl_links", "unfurl_media")] == [False, False], message
        view = message.get("view") or {}
        blocks = [*(message.get("blocks") or []), *view.get("blocks", [])]
        # With blocks, the text is only what a notification shows; without them, it is the message.
        _judge_mrkdwn(str(message.get("text") or ""), may_hold_links=bool(blocks))
        for block in blocks:
            assert block["type"] in _BLOCKS, block
            _judge(block)
        seen.append(text_of(blocks))
    return "\n".join(seen)


def shows(world: World, text: str) -> bool:
    """Whether people see this text, character by character, and nothing foreign is alive anywhere."""
    return text in check_inert(world)


def _judge(value: object) -> None:
    if isinstance(value, list):
        for inner in value:
            _judge(inner)
    elif isinstance(value, Mapping):
        _judge_element(value)
        for inner in value.values():
            _judge(inner)


def _judge_element(element: Mapping[str, Any]) -> None:
    assert not {"image_url", "slack_file", "url", "user_id", "usergroup_id", "range"} & element.keys(), (
        element
    )
    if element.get("type") == "mrkdwn":
        _judge_mrkdwn(element["text"])
    elif element.get("type") == "rich_text":
        for run in element["elements"]:
            _judge_runs(run)


def _judge_runs(run: Mapping[str, Any]) -> None:
    if run["type"] in _RUNS:
        for inner in run["elements"]:
            _judge_runs(inner)
    else:
        assert run["type"] == "text", run


def _judge_mrkdwn(text: str, *, may_hold_links: bool = False) -> None:
    """Our own words: they may mention who acted, and hold nothing else that Slack would bring to life."""
    acted = {person.id for person in PEOPLE} - set(VICTIMS)
    rest = _PERSON.sub(lambda match: "" if match[1] in acted else match[0], text)
    assert not set("<>") & set(rest), text
    assert may_hold_links or EVIL not in rest, text
    assert may_hold_links or "```" not in rest, text


def _decoded(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _json(value) for name, value in args.items()}


def _json(value: object) -> Any:  # noqa: ANN401  # whatever the app sent
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
