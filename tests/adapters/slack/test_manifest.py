"""The app manifest asks for what the code uses: every scope and event, each with its reason, and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from bot.slack.by_hand import SHORTCUT as OPEN
from bot.slack.commands import COMMANDS
from bot.slack.connection import SCOPES
from bot.slack.curating import SHORTCUT as SAVE
from bot.slack.forms import SHORTCUT
from bot.slack.manifest import AGENT_SCOPES, FILE_SCOPES, ROOM_SCOPES, SCOPE_REASONS, listened, manifest

BOT = Path(__file__).parents[3] / "bot"

# What Slack documents: the scopes of each method that a bot token may call, any one of them.
METHODS = {
    "auth_test": (),
    "apps_connections_open": (),
    "chat_postMessage": ("chat:write",),
    "chat_update": ("chat:write",),
    "chat_delete": ("chat:write",),
    "chat_postEphemeral": ("chat:write",),
    "chat_startStream": ("chat:write",),
    "chat_appendStream": ("chat:write",),
    "chat_stopStream": ("chat:write",),
    "conversations_history": ("channels:history", "groups:history", "im:history"),
    "conversations_replies": ("channels:history", "groups:history", "im:history"),
    "conversations_info": ("channels:read", "groups:read", "im:read"),
    "conversations_list": ("channels:read", "groups:read", "im:read"),
    "conversations_members": ("channels:read", "groups:read", "im:read"),
    "conversations_open": ("im:write",),
    "files_upload_v2": ("files:write",),
    "files_getUploadURLExternal": ("files:write",),
    "files_completeUploadExternal": ("files:write",),
    "reactions_add": ("reactions:write",),
    "usergroups_list": ("usergroups:read",),
    "usergroups_users_list": ("usergroups:read",),
    "users_info": ("users:read",),
    "users_list": ("users:read",),
    "users_conversations": ("channels:read", "groups:read", "im:read"),
    "views_open": (),
    "views_push": (),
    "views_update": (),
    "views_publish": (),
}
EVENTS = {
    "app_home_opened": (),
    "app_mention": ("app_mentions:read",),
    "app_uninstalled": (),
    "channel_archive": ("channels:read",),
    "channel_deleted": ("channels:read",),
    "channel_left": ("channels:read",),
    "channel_rename": ("channels:read",),
    "channel_unarchive": ("channels:read",),
    "member_joined_channel": ("channels:read", "groups:read"),
    "member_left_channel": ("channels:read", "groups:read"),
    "message.im": ("im:history",),
    "subteam_members_changed": ("usergroups:read",),
    "subteam_updated": ("usergroups:read",),
    "tokens_revoked": (),
}


def called() -> set[str]:
    """Every method of Slack's client that the bot calls, by attribute or by name."""
    found = set()
    for path in BOT.rglob("*.py"):
        if "playground" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and re.match(
                r"(auth|apps|chat|conversations|files|reactions|usergroups|users|views)_[a-z]", node.attr
            ):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                name = node.value.replace(".", "_")
                if "." in node.value and name in METHODS:
                    found.add(name)
    return found


def test_every_method_that_is_called_has_its_scope() -> None:
    """A scope that is missing is found here, not by somebody's first incident."""
    methods = called()
    assert {"chat_postMessage", "conversations_list", "usergroups_users_list", "users_info"} <= methods
    assert methods <= set(METHODS), "add what Slack documents for it to METHODS"
    lacking = {m for m in methods if METHODS[m] and not set(METHODS[m]) & {*SCOPES, *FILE_SCOPES}}
    assert lacking == set()


def test_every_scope_is_used() -> None:
    """Nothing is asked for that no call, event or command needs; the agent view's own is said to be that."""
    used = {scope for method in called() for scope in METHODS[method]} | {"commands"}
    used |= {scope for event in listened()[1] for scope in EVENTS[event]}
    assert [scope for scope in SCOPES if scope not in used] == []
    assert set(AGENT_SCOPES).isdisjoint(SCOPES)


@pytest.mark.parametrize("url", ["", "https://vigie.example.com/"])
def test_the_manifest_is_what_the_code_listens_to(url: str) -> None:
    """Scopes with a reason, events with their scopes, the command; in HTTP mode one address for all."""
    made = manifest(url)
    scopes = made["oauth_config"]["scopes"]["bot"]
    assert set(scopes) == {*SCOPES, *AGENT_SCOPES, *FILE_SCOPES, *ROOM_SCOPES}
    assert [scope for scope in scopes if not SCOPE_REASONS.get(scope)] == []
    events = made["settings"]["event_subscriptions"]["bot_events"]
    assert {"app_mention", "message.im"} <= set(events)
    assert [event for event in events if EVENTS[event] and not set(EVENTS[event]) & set(scopes)] == []
    assert [command["command"] for command in made["features"]["slash_commands"]] == ["/vigie"]
    shortcuts = made["features"]["shortcuts"]
    assert {shortcut["callback_id"] for shortcut in shortcuts} == {SHORTCUT, SAVE, OPEN}
    assert {shortcut["type"] for shortcut in shortcuts} == {"message"}
    assert all(len(one["name"]) <= 24 and len(one["description"]) <= 150 for one in shortcuts)
    assert made["settings"]["socket_mode_enabled"] is (url == "")
    assert set(addresses(made)) == ({"https://vigie.example.com/slack/events"} if url else set())


def addresses(value: Any) -> list[str]:  # noqa: ANN401
    """Every URL in it."""
    if isinstance(value, dict):
        return [url for inner in value.values() for url in addresses(inner)]
    if isinstance(value, list):
        return [url for inner in value for url in addresses(inner)]
    return [value] if isinstance(value, str) and "://" in value else []


def test_the_manifest_keeps_slack_s_limits() -> None:
    """Names 35 characters, descriptions 140 and 300; hints name every sub-command that fits."""
    made = manifest()
    about, features = made["display_information"], made["features"]
    assert len(about["name"]) <= 35 and len(about["description"]) <= 140
    assert len(features["agent_view"]["agent_description"]) <= 300
    (command,) = features["slash_commands"]
    assert len(command["description"]) <= 2000 and len(command["usage_hint"]) <= 1000
    assert [name for name in list(COMMANDS)[:4] if name not in command["usage_hint"]] == []
    assert features["app_home"]["home_tab_enabled"] is (
        "app_home_opened" in made["settings"]["event_subscriptions"]["bot_events"]
    )
