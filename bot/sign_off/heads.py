"""Signed heads of the audit chain, kept outside the database: what a chain alone cannot show.

A chain holds in itself however much of its end is gone. A head says how long it was at a time, so a cut-off
end, a roll-back and a fork show, each against the first head that does not fit.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bot.domain.records import AuditEvent
from bot.sign_off.digest import canonical

RESTORED, KEY_MADE = "restored", "audit key made"
_CONTEXT = b"vigie audit head 1\n"
_TOLD = 32  # characters of the hash that are posted: too many to be found again by trying
_POSTED = re.compile(
    r"vigie-head seq=(\d{1,12}) hash=([0-9a-f]{12,64}) epoch=(\d{1,6}) at=([0-9TZ:.+-]{10,40})"
    r" installation=([0-9a-f]{0,64}) key=(SHA256:[A-Za-z0-9+/]{20,64})"
)


@dataclass(frozen=True, slots=True)
class Head:
    """The chain had event `seq` with this hash at its end. `epoch` counts restores, from 1.

    `previous` is the sha256 of the line of the head before it in its file. What was posted has only the
    beginning of the hash, and neither `previous` nor a signature: Slack vouches for it.
    """

    seq: int
    hash: str
    at: str
    installation: str
    epoch: int
    previous: str = ""
    key: str = ""
    signature: str = ""
    where: str = field(default="", compare=False)

    def line(self) -> str:
        """As it stands in the file of heads."""
        return canonical(self._signed_part() | {"signature": self.signature})

    def posted(self) -> str:
        """As it is posted: short, and read again by `parse`."""
        return (
            f"vigie-head seq={self.seq} hash={self.hash[:_TOLD]} epoch={self.epoch} at={self.at}"
            f" installation={self.installation} key={self.key}"
        )

    def _signed_part(self) -> dict[str, object]:
        names = ("seq", "hash", "at", "installation", "epoch", "previous", "key")
        return {name: getattr(self, name) for name in names}

    def signed_bytes(self) -> bytes:
        return _CONTEXT + canonical(self._signed_part()).encode()


@dataclass(frozen=True, slots=True)
class Chain:
    """What of a chain is compared with heads: its hashes, its restores with their details, its keys."""

    hashes: Mapping[int, str]
    restores: Sequence[AuditEvent]
    keys: frozenset[str]

    @property
    def newest(self) -> int:
        return max(self.hashes, default=0)

    @property
    def installation(self) -> str:
        """Which installation it is: its first event tells, and a backup brings that back."""
        return self.hashes.get(1, "")[:16]

    @property
    def epoch(self) -> int:
        return len(self.restores) + 1

    @classmethod
    def of(cls, events: Iterable[AuditEvent]) -> Chain:
        """Read once."""
        hashes: dict[int, str] = {}
        restores, keys = [], set()
        for event in events:
            hashes[event.seq] = event.hash
            if event.action == RESTORED:
                restores.append(event)
            elif event.action == KEY_MADE:
                keys.add(str(event.detail.get("key", "")))
        return cls(hashes, tuple(restores), frozenset(keys))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What heads say of a chain: what does not fit, in order, and what an honest restore has lost."""

    fitting: int = 0
    wrong: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


def fingerprint(public: bytes) -> str:
    """How people compare a key, from its 32 bytes: as ssh writes it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(public).digest()).decode().rstrip("=")


def sign(head: Head, private: bytes) -> Head:
    """The head with its key and signature."""
    key = Ed25519PrivateKey.from_private_bytes(private)
    named = replace(head, key=fingerprint(key.public_key().public_bytes_raw()), signature="")
    return replace(named, signature=base64.b64encode(key.sign(named.signed_bytes())).decode())


def is_signed_by(head: Head, public: bytes) -> bool:
    """Whether this key signed exactly this head."""
    try:
        signature = base64.b64decode(head.signature, validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, head.signed_bytes())
    except (InvalidSignature, ValueError):
        return False
    return True


def line_hash(line: str) -> str:
    """What the next head and a restore remember a line by."""
    return hashlib.sha256(line.strip().encode()).hexdigest()


def parse(text: str, where: str = "") -> list[Head]:
    """Every head in a text: lines of the file, an export of the log, or what was copied out of Slack."""
    found: list[Head] = []
    for number, line in enumerate(text.splitlines(), start=1):
        place = f"{where}:{number}" if where else f"line {number}"
        head = _from_json(line, place)
        found += [head] if head else _from_slack(line, place)
    return found


def judge(chain: Chain, heads: Sequence[Head], public: Mapping[str, bytes]) -> Verdict:
    """Compare each head with the chain; `public` are the keys that are known, by fingerprint."""
    wrong: list[str] = []
    lost: dict[str, None] = {}
    fitting, proofs = 0, {line_hash(head.line()) for head in heads if head.signature}
    for head in heads:
        problem = _forged(head, chain, public)
        if not problem and _fits(head, chain):
            fitting += 1
            continue
        restore = None if problem else _restored_over(head, chain, proofs)
        if restore is not None:
            lost[_told_loss(restore)] = None
        else:
            wrong.append(f"{head.where}: {problem or _misfit(head, chain)}")
    return Verdict(fitting, tuple(wrong), tuple(lost))


def gaps(lines: Sequence[str]) -> Iterator[str]:
    """Lines of a file of heads that do not follow the one before."""
    previous = ""
    for number, line in enumerate(lines, start=1):
        head = _from_json(line, "")
        if head is None:
            yield f"line {number} is not a head"
        elif head.previous != previous:
            yield f"line {number} does not follow the one before it: a line was taken out, put in or changed"
        previous = line_hash(line)


def _forged(head: Head, chain: Chain, public: Mapping[str, bytes]) -> str:
    """Why nobody should believe this head; empty when nothing speaks against it."""
    known = head.key in public or head.key in chain.keys
    if head.key and not known:
        return f"it names the key {head.key}, which is none of this installation"
    if head.signature and head.key not in public:
        return ""  # an older key, whose public part is not at hand: the chain names it, so it is compared
    if head.signature and not is_signed_by(head, public[head.key]):
        return "its signature does not fit: it was changed, or made by somebody else"
    if head.installation and chain.installation and head.installation != chain.installation:
        return "it is a head of another installation"
    return ""


def _fits(head: Head, chain: Chain) -> bool:
    return chain.hashes.get(head.seq, "").startswith(head.hash) and bool(head.hash)


def _restored_over(head: Head, chain: Chain, proofs: set[str]) -> AuditEvent | None:
    """The restore after which what this head saw is honestly gone: it knew the newest signed head."""
    for restore in chain.restores:
        seen = restore.detail.get("head_seen")
        if not isinstance(seen, Mapping) or seen.get("line") not in proofs:
            continue
        if restore.seq <= head.seq <= int(str(seen.get("seq", 0))):
            return restore
    return None


def _misfit(head: Head, chain: Chain) -> str:
    saw = f"at {head.at or 'some time'} the log had event {head.seq} ({head.hash[:12]})"
    if head.seq > chain.newest:
        gone = f"{chain.newest + 1} to {head.seq}" if head.seq > chain.newest + 1 else f"{head.seq}"
        told = f"{saw}, and now it ends at {chain.newest}: cut off or rolled back, {gone} missing"
    else:
        told = f"{saw}, and now that is another one: the log was rolled back, forked or written anew"
    before = [restore for restore in chain.restores if restore.seq <= head.seq]
    if before:
        told += f" (it was restored at event {before[0].seq}, without the file of heads at hand)"
    return told


def _told_loss(restore: AuditEvent) -> str:
    seen = restore.detail.get("head_seen")
    assert isinstance(seen, Mapping)
    first, last = restore.seq, int(str(seen["seq"]))
    events = f"events {first} to {last} of the time before are" if last > first else f"event {first} is"
    taken = restore.detail.get("backup_taken", "?")
    return f"restored on {restore.at:%Y-%m-%d %H:%M} UTC from a backup of {taken}: {events} lost"


def _from_json(line: str, place: str) -> Head | None:
    try:
        raw = json.loads(line)
        raw = raw.get("head", raw)
        names = ("at", "installation", "previous", "key", "signature")
        texts = {name: str(raw.get(name, "")) for name in names}
        if "actor" in raw:  # an event of an export: as good as a head that nobody signed
            texts |= {"installation": "", "previous": ""}
        return Head(int(raw["seq"]), str(raw["hash"]), epoch=int(raw.get("epoch", 0)), where=place, **texts)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _from_slack(line: str, place: str) -> list[Head]:
    return [
        Head(int(m[1]), m[2], m[4], m[5], int(m[3]), key=m[6], where=place) for m in _POSTED.finditer(line)
    ]


def head_of(chain: Chain, at: datetime, previous: str) -> Head:
    """The head of a chain as it is now, to be signed."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    newest = chain.newest
    return Head(newest, chain.hashes[newest], moment, chain.installation, chain.epoch, previous)
