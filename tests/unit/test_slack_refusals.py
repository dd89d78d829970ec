"""What becomes of a message that Slack refused: a pure rule, in which nothing is given up without a word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.records import Post
from bot.slack.refusals import AUTH, CONTENT, PERSON, PLACE, Course, course, known, plain_text

AT = datetime(2026, 3, 1, tzinfo=UTC)
CARD = Post(1, "incident:7", "incidents", "incident", 7, "", None, 1, 0, "1.1", "C1", False, 0, None, "", AT)
REPLY = replace(CARD, key="incident:7:evidence", kind="evidence", thread_of="incident:7")
NOTE = replace(CARD, key="freeze:1", kind="text", subject=0)
ANSWER = replace(CARD, key="answer:1", kind="answer", thread_of="ts:1.0", content={"user": "U1"})
DIRECT = replace(NOTE, channel="U1")
EVERY = (CARD, REPLY, NOTE, ANSWER, DIRECT)

HOME = replace(CARD, key="home:U1", channel="home:U1", kind="home")


@pytest.mark.parametrize(
    "post, code, wanted",
    [
        (CARD, "token_revoked", Course.UNAUTHORISED),
        (DIRECT, "account_inactive", Course.UNAUTHORISED),
        (CARD, "invalid_blocks", Course.PLAIN),
        (CARD, "message_not_found", Course.ANEW),
        (replace(CARD, kind="proposal"), "message_not_found", Course.ANEW),
        (NOTE, "message_not_found", Course.GIVE_UP),
        (NOTE, "edit_window_closed", Course.ANEW),
        (REPLY, "thread_not_found", Course.HEAD_ANEW),
        (ANSWER, "thread_not_found", Course.UNTHREADED),
        (replace(REPLY, attempts=3), "thread_not_found", Course.UNTHREADED),
        (CARD, "is_archived", Course.PLACE_GONE),
        (CARD, "is_inactive", Course.PLACE_GONE),
        (REPLY, "not_in_channel", Course.PLACE_GONE),
        (ANSWER, "channel_not_found", Course.ASKER),
        (DIRECT, "channel_not_found", Course.PERSON_GONE),
        (DIRECT, "messages_tab_disabled", Course.PERSON_GONE),
        (HOME, "user_disabled", Course.GIVE_UP),
        (HOME, "view_too_large", Course.GIVE_UP),
        (HOME, "internal_error", Course.WAIT),
        (CARD, "user_not_found", Course.WAIT),
        (CARD, "internal_error", Course.WAIT),
        (CARD, "", Course.WAIT),
    ],
)
def test_each_word_of_slack_has_its_course(post: Post, code: str, wanted: Course) -> None:
    """By the message's kind and place."""
    assert course(post, code) is wanted


@pytest.mark.parametrize("post", EVERY, ids=lambda post: post.key)
def test_a_word_that_nobody_knows_never_gives_a_message_up(post: Post) -> None:
    """Slack may say something new tomorrow: then it is tried again."""
    assert course(post, "something_new") is Course.WAIT


@pytest.mark.parametrize("post", EVERY, ids=lambda post: post.key)
@pytest.mark.parametrize("code", sorted(AUTH | CONTENT | PERSON | PLACE))
def test_only_what_somebody_deleted_is_given_up(post: Post, code: str) -> None:
    """Everything else is sent later, elsewhere or in other words."""
    assert course(post, code) is not Course.GIVE_UP


def test_a_plain_message_says_where_to_look() -> None:
    """In our own words alone, by kind; no code of Slack's but the known ones is counted by name."""
    assert "#7" in plain_text(CARD, "invalid_blocks") and "`/vigie status`" in plain_text(CARD, "no_text")
    proposal = replace(CARD, kind="proposal", subject=12)
    assert "P12" in plain_text(proposal, "no_text") and "`/vigie pending`" in plain_text(proposal, "no_text")
    assert (known("invalid_blocks"), known("made up")) == ("invalid_blocks", "other")
