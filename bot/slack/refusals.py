"""What becomes of a message that Slack refused. Pure: the message and Slack's word in, the course out."""

from __future__ import annotations

from enum import StrEnum

from bot.domain.records import Post

_INSTALL = "Install the app again under Install App, and copy the Bot User OAuth Token into vigie.env."
_COPY = "Copy it anew from OAuth & Permissions, Bot User OAuth Token, into vigie.env."
# The token is no good, and what to do: nothing can be said in Slack until it works or a new one is given.
TOKEN_REMEDIES = {
    "invalid_auth": _COPY,
    "not_authed": _COPY,
    "not_allowed_token_type": "It is of another kind: the Bot User OAuth Token begins with xoxb-.",
    "account_inactive": f"The app or its user was removed. {_INSTALL}",
    "token_revoked": _INSTALL,
    "token_expired": _INSTALL,
    "team_access_not_granted": "An owner of the workspace has to approve the app.",
}
AUTH = frozenset(TOKEN_REMEDIES)
# Slack will refuse these again however often they are sent as they are.
CONTENT = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_too_long",
        "msg_blocks_too_long",
        "no_text",
        "invalid_arguments",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "metadata_too_large",
    }
)
# Vigie cannot write there, for as long as people leave it so.
PLACE = frozenset(
    {
        "not_in_channel",
        "channel_not_found",
        "is_archived",
        "is_inactive",  # what an edit in an archived channel is told
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
    }
)
PERSON = frozenset(
    {
        "user_not_found",
        "user_disabled",
        "users_not_found",
        "user_not_visible",
        "cannot_dm_bot",
        "messages_tab_disabled",
    }
)
# The app has no Home tab, or this Home is more than Slack takes.
_NO_HOME = frozenset({"not_enabled", "view_too_large"})
_NOT_EDITABLE = frozenset({"cant_update_message", "edit_window_closed"})
# What people need to go on; a deleted note stays deleted, as whoever deleted it meant it.
_NEEDED = frozenset({"incident", "proposal", "change"})
_HEADS = 3  # tries after which a reply stands without its thread
_PERSON_PREFIXES = ("U", "W")


class Course(StrEnum):
    """What to do with a refused message."""

    WAIT = "it is tried again later"
    UNAUTHORISED = "it waits until the token works"
    PLAIN = "a plain short one takes its place"
    ANEW = "it is posted anew"
    HEAD_ANEW = "the head of its thread is posted anew, then it follows"
    UNTHREADED = "it is posted beside the thread"
    ASKER = "it goes to the person who asked"
    PLACE_GONE = "it waits for the channel, and people are told"
    PERSON_GONE = "the channel is told that the person cannot be"
    GIVE_UP = "somebody deleted it, or the app has no such place: it is sent no more"


def course(post: Post, code: str) -> Course:
    """What becomes of `post` now that Slack has said `code`."""
    if code in AUTH:
        return Course.UNAUTHORISED
    if code in CONTENT:
        return Course.PLAIN
    if post.kind == "home" and code in PERSON | CONTENT | _NO_HOME:
        return Course.GIVE_UP  # it is drawn anew when it would show something else
    if code == "message_not_found":
        return Course.ANEW if post.kind in _NEEDED else Course.GIVE_UP
    if code in _NOT_EDITABLE:
        return Course.ANEW
    if code == "thread_not_found":
        # A new head each time would fill the channel, should Slack never take the thread.
        is_ours = not post.thread_of.startswith("ts:") and post.attempts < _HEADS
        return Course.HEAD_ANEW if is_ours else Course.UNTHREADED
    if code in PERSON or code in PLACE:
        return _elsewhere(post, code)
    return Course.WAIT


def _elsewhere(post: Post, code: str) -> Course:
    if post.channel.startswith(_PERSON_PREFIXES):
        return Course.PERSON_GONE
    if code in PERSON:
        return Course.WAIT
    return Course.ASKER if (post.content or {}).get("user") else Course.PLACE_GONE


def known(code: str) -> str:
    """The code, or `other`: what is counted has a bounded number of names."""
    return code if code in CONTENT | PLACE | PERSON | _NOT_EDITABLE else "other"


def plain_text(post: Post, code: str) -> str:
    """What stands in the place of a message that Slack refuses as it is: our own words, and where to look."""
    named = f"Incident *#{post.subject}*" if post.kind in _OF_INCIDENTS else "This message"
    if post.kind == "proposal":
        named = f"Proposal *P{post.subject}*"
    look = "`/vigie pending`" if post.kind in ("proposal", "change") else "`/vigie status`"
    what = _OF_INCIDENTS.get(post.kind, "this")
    return f":warning: {named}: Slack refused to show {what} (`{code}`). Look at {look}; nothing was lost."


_OF_INCIDENTS = {
    "incident": "its card",
    "evidence": "its evidence",
    "diagnosis": "its diagnosis",
    "summary": "its summary",
}
