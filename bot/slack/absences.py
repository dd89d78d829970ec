"""Tells people that a channel, or one of them, cannot be reached any more, and what to do: once a day."""

from __future__ import annotations

from bot.announcements import announce_text
from bot.domain.person import Person
from bot.domain.records import Post
from bot.domain.store import Tx
from bot.slack.blocks.parts import escape

_GONE = {
    "not_in_channel": "Vigie is no member of it. Invite it there: `/invite` and its name",
    "is_archived": "it was archived. Unarchive it",
    "channel_not_found": "it was deleted or renamed, or it is private and Vigie is no member of it",
}
_OTHERWISE = "`{code}`. Let Vigie post there"


def tell_channel_gone(tx: Tx, name: str, code: str) -> None:
    """Tell N3, and whoever has an open incident, which channel is gone and what brings it back."""
    people = {person.user_id for person in tx.n3.known()}
    people |= {Person.from_key(i.assignee).user_id for i in tx.incidents.open_now() if i.assignee}
    waiting, _ = tx.posts.lag()
    why = _GONE.get(code, _OTHERWISE.format(code=code))
    text = (
        f":warning: *Vigie cannot post in {escape(name)}*: {why}, or set `slack.incidents_channel` in"
        f" vigie.toml to another channel and start Vigie anew. {waiting} message(s) wait and are posted in"
        " order then; alerts are taken in all the while."
    )
    for user in sorted(people):
        key = f"channel_gone:{tx.now:%Y-%m-%d}:{user}"
        if tx.posts.get(key) is None:
            tx.posts.want(key, user, "text", content={"text": text})


def tell_person_gone(tx: Tx, post: Post, code: str) -> None:
    """Say in the incidents channel that a person could not be told directly, and where what they miss is."""
    key = f"unreachable:{tx.now:%Y-%m-%d}:{post.channel}"
    if tx.posts.get(key) is None:
        text = (
            f":warning: <@{post.channel}> cannot be told by direct message (`{code}`)."
            " `/vigie pending` shows what waits for a signature, `/vigie status` what is open."
        )
        announce_text(tx, key, text)
