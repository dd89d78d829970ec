"""The outbox's rows: which version is wanted and which one was sent, on both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.records import Post
from bot.store.database import Store


def want(store: Store, key: str = "card", text: str = "one") -> Post:
    """Want one message, or one more version of it."""
    with store.begin() as tx:
        tx.posts.want(key, "incidents", "text", 1, "", {"text": text})
        post = tx.posts.get(key)
    assert post is not None
    return post


def waiting(store: Store) -> list[str]:
    """The keys of what waits."""
    with store.read() as tx:
        return [post.key for post in tx.posts.unsent()]


def test_a_wanted_message_waits_until_it_was_sent(store: Store) -> None:
    """It waits from the moment it is wanted, and no more once that version was sent."""
    post = want(store)
    assert waiting(store) == ["card"]
    with store.begin() as tx:
        tx.posts.sent(tx.posts.sending(post), "C1", "1.1")
    assert waiting(store) == []
    with store.read() as tx:
        found = tx.posts.by_ts("C1", "1.1")
    assert found is not None
    assert (found.key, found.in_doubt, found.attempts) == ("card", False, 0)


def test_a_version_wanted_while_another_was_on_its_way_is_sent_too(store: Store) -> None:
    """The sender notes the version that it had drawn, not the newest: what came between still waits."""
    first = want(store)
    second = want(store, text="two")
    assert (first.id, second.wanted) == (second.id, first.wanted + 1)
    with store.begin() as tx:
        tx.posts.sent(first, "C1", "1.1")
    assert waiting(store) == ["card"]
    with store.read() as tx:
        left = tx.posts.get("card")
    assert left is not None
    assert (left.sent, left.wanted, left.ts, left.content) == (1, 2, "1.1", {"text": "two"})


def test_a_call_that_was_begun_is_in_doubt_until_it_was_answered(store: Store) -> None:
    """The trace of a crash: the row says that Slack may have taken it, and how often it was tried."""
    post = want(store)
    with store.begin() as tx:
        tx.posts.sending(post)
    with store.read() as tx:
        (found,) = tx.posts.unsent()
    assert found.in_doubt and found.attempts == 1


@pytest.mark.parametrize("in_doubt", [False, True])
def test_a_message_that_must_wait_says_why_and_until_when(store: Store, in_doubt: bool) -> None:
    """Problem, doubt and time are kept, also for a newer version: what Slack asked for holds for it too."""
    post = want(store)
    with store.begin() as tx:
        tx.posts.later(post, timedelta(seconds=30), "rate_limited", in_doubt)
        due = tx.now + timedelta(seconds=30)
    with store.read() as tx:
        (found,) = tx.posts.unsent()
    assert (found.not_before, found.problem, found.in_doubt) == (due, "rate_limited", in_doubt)
    assert want(store, text="two").not_before == due


def test_what_slack_refuses_for_good_is_kept_and_not_sent(store: Store) -> None:
    """The row and the reason stay, nothing waits, and the lag does not count it."""
    post = want(store)
    with store.begin() as tx:
        tx.posts.give_up(post, "invalid_blocks")
    assert waiting(store) == []
    with store.read() as tx:
        assert tx.posts.lag() == (0, None)
        kept = tx.posts.get("card")
    assert kept is not None and kept.problem == "invalid_blocks"


def test_a_newer_version_of_what_was_refused_is_tried(store: Store) -> None:
    """What Slack refused for good as it was may be taken as it is now."""
    post = want(store)
    with store.begin() as tx:
        tx.posts.give_up(post, "invalid_blocks")
    want(store, text="two")
    assert waiting(store) == ["card"]


def test_a_version_wanted_while_another_was_refused_is_sent(store: Store) -> None:
    """Slack refused the version that it was shown: the edit that came meanwhile still waits."""
    first = want(store)
    want(store, text="two")
    with store.begin() as tx:
        tx.posts.give_up(tx.posts.sending(first), "invalid_blocks")
    assert waiting(store) == ["card"]
    with store.read() as tx:
        assert tx.posts.lag()[0] == 1


def test_messages_wait_in_the_order_in_which_they_were_first_wanted(store: Store) -> None:
    """An edit does not move a message behind a newer one; the lag says how many and since when."""
    first = want(store, "a")
    want(store, "b")
    want(store, "a", "two")
    assert waiting(store) == ["a", "b"]
    with store.read() as tx:
        count, since = tx.posts.lag()
    assert count == 2
    assert since is not None and since >= first.wanted_at


def test_one_more_version_of_many_names_those_that_no_message_has(store: Store) -> None:
    """Known ones get one version more, what was refused for good too; unknown ones are named, not made."""
    kept, refused = want(store, "kept"), want(store, "refused")
    with store.begin() as tx:
        tx.posts.sent(tx.posts.sending(kept), "C1", "1.1")
        tx.posts.give_up(tx.posts.sending(refused), "no such channel")
        assert tx.posts.want_again(["kept", "unknown", "refused"]) == {"unknown"}
        assert tx.posts.want_again([]) == set()
        assert tx.posts.get("unknown") is None
    assert waiting(store) == ["kept", "refused"]
