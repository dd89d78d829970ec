"""Notes who joined and left N3 against what was seen before, so that nobody new signs unnoticed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from bot.announcements import announce_text
from bot.domain.person import Members, Person
from bot.domain.store import Tx
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import N3


def known_n3(tx: Tx) -> N3:
    """N3 as it was seen last: enough to show, never to decide."""
    return N3(tx.n3.known(), tx.n3.groups())


def note_membership(tx: Tx, current: frozenset[Person], policy: Policy) -> N3:
    """Record the membership that was read just now and return it with since when each is in.

    The first one ever seen is taken as it is; who joins later is announced and waits as the policy says. The
    same holds for each group of the policy.
    """
    if tx.n3.is_new() and not any(tx.audit.events("n3")):  # an empty group was seen, too
        tx.n3.joined(current, None)
        announce_text(tx, "n3:first", f":memo: N3 was taken as it was found: {_shown(current)}.")
        tx.audit.append("vigie", "N3 found at the first start", "n3", {"people": _keys(current)})
    known = tx.n3.known()
    joined, left = current - known.keys(), known.keys() - current
    if joined:
        tx.n3.joined(joined, tx.now)
        announce_text(tx, f"n3:joined:{tx.now.isoformat()}", _told_joined(joined, "N3", policy))
        tx.audit.append("vigie", "N3 joined", "n3", {"people": _keys(joined)})
    if left:
        tx.n3.left(left)
        tx.audit.append("vigie", "N3 left", "n3", {"people": _keys(left)})
    if policy.groups:
        _note_groups(tx, current.groups if isinstance(current, Members) else {}, policy)
    return N3(tx.n3.known() if joined or left else known, _groups_now(tx, policy))


def _note_groups(tx: Tx, current: Mapping[str, frozenset[Person]], policy: Policy) -> None:
    seen = tx.n3.groups()
    for name in policy.groups:
        subject, members = f"n3 group {name}", current.get(name, frozenset())
        known = seen.get(name, {})
        joined, left = members - known.keys(), known.keys() - members
        if not joined and not left:
            continue
        # N3 signed that there is such a group, so who is in it then is as they found it.
        is_first = not known and not any(tx.audit.events(subject))
        tx.n3.joined_group(name, joined, None if is_first else tx.now)
        tx.n3.left_group(name, left)
        if is_first:
            text = f":memo: The group {name} of N3 was taken as it was found: {_shown(members)}."
            announce_text(tx, f"n3:group:{name}:first", text)
        elif joined:
            text = _told_joined(joined, f"the group {name} of N3", policy)
            announce_text(tx, f"n3:group:{name}:{tx.now.isoformat()}", text)
        happened = {"joined": _keys(joined), "left": _keys(left)}
        tx.audit.append("vigie", "N3 group found" if is_first else "N3 group changed", subject, happened)


def _groups_now(tx: Tx, policy: Policy) -> Mapping[str, Mapping[Person, datetime | None]]:
    if not policy.groups:
        return {}
    return {name: members for name, members in tx.n3.groups().items() if name in policy.groups}


def _told_joined(joined: Iterable[Person], what: str, policy: Policy) -> str:
    hours = policy.newcomer_wait.total_seconds() / 3600
    mentions = ", ".join(f"<@{person.user_id}>" for person in sorted(joined, key=lambda p: p.key))
    surprise = "If this is a surprise: `/vigie freeze`."
    return f"{mentions} joined {what} and may sign in {hours:g} hours. {surprise}"


def _shown(people: Iterable[Person]) -> str:
    return ", ".join(f"`{key}`" for key in _keys(people)) or "nobody yet"


def _keys(people: Iterable[Person]) -> list[str]:
    return sorted(person.key for person in people)
