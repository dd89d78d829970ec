"""Notes who joined and left N3 against what was seen before, so that nobody new signs unnoticed."""

from __future__ import annotations

from bot.announcements import announce_text
from bot.domain.person import Person
from bot.domain.store import Tx
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import N3


def note_membership(tx: Tx, current: frozenset[Person], policy: Policy) -> N3:
    """Record the membership that was read just now and return it with since when each is in.

    The first one ever seen is taken as it is; who joins later is announced and waits as the policy says.
    """
    if tx.n3.is_new() and not any(tx.audit.events("n3")):  # an empty group was seen, too
        tx.n3.joined(current, None)
        people = ", ".join(f"`{key}`" for key in _keys(current)) or "nobody yet"
        announce_text(tx, "n3:first", f":memo: N3 was taken as it was found: {people}.")
        tx.audit.append("vigie", "N3 found at the first start", "n3", {"people": _keys(current)})
    known = tx.n3.known()
    joined, left = current - known.keys(), known.keys() - current
    if joined:
        tx.n3.joined(joined, tx.now)
        hours = policy.newcomer_wait.total_seconds() / 3600
        mentions = ", ".join(f"<@{person.user_id}>" for person in sorted(joined, key=lambda p: p.key))
        text = (
            f"{mentions} joined N3 and may sign in {hours:g} hours. If this is a surprise: `/vigie freeze`."
        )
        announce_text(tx, f"n3:joined:{tx.now.isoformat()}", text)
        tx.audit.append("vigie", "N3 joined", "n3", {"people": _keys(joined)})
    if left:
        tx.n3.left(left)
        tx.audit.append("vigie", "N3 left", "n3", {"people": _keys(left)})
    return N3(tx.n3.known() if joined or left else known)


def _keys(people: frozenset[Person] | set[Person]) -> list[str]:
    return sorted(person.key for person in people)
