"""A changed catalogue or policy over a real store: who may sign it, what exactly, and how often it counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.domain.diagnosis import Diagnosis, Method, Remedy
from bot.domain.person import Person
from bot.errors import Refused
from bot.sign_off.policy import Policy
from bot.tools.in_force import CATALOGUE, POLICY, adopt_or_offer
from tests.desk import LATE, N3_A, N3_B, ON_CALL, Desk
from tests.proof.gate import Gate, catalogue
from tests.proof.outside import ON_CALL as ASKING


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Two of N3, both of whom must sign a change."""
    made = Desk(tmp_path)
    made.group.people = frozenset({N3_A, N3_B})
    with made.store.begin() as tx:
        content = Policy(change_signatures=2).content()
        tx.n3.adopt(POLICY, "two", content)
    made.copilot.signing.look_at_n3()
    return made


def offered(desk: Desk, text: str = "# another\n") -> int:
    """The catalogue's file holds `text` now; the number of what is offered."""
    content = json.dumps({"catalogue": f"version: 1\n{text}", "inventory": ""})
    with desk.store.begin() as tx:
        adopt_or_offer(tx, CATALOGUE, content)
        return tx.n3.offers()[-1].id


def digest_of(desk: Desk, offer: int) -> str:
    with desk.store.read() as tx:
        found = tx.n3.offered(offer)
    assert found is not None
    return found.digest


def in_force(desk: Desk) -> str:
    with desk.store.read() as tx:
        found = tx.n3.adopted(CATALOGUE)
    assert found is not None
    return found.content


def test_two_people_put_a_change_in_force(desk: Desk) -> None:
    """The first signature changes nothing, nor does the same person's second; another's puts it in force."""
    offer = offered(desk)
    digest = digest_of(desk, offer)
    before = in_force(desk)
    assert desk.copilot.changes.sign(N3_A, offer, digest).allowed
    again = desk.copilot.changes.sign(N3_A, offer, digest)
    assert not again.allowed and "counts once" in again.reason
    assert in_force(desk) == before
    assert desk.copilot.changes.sign(N3_B, offer, digest).allowed
    assert "# another" in in_force(desk)


def test_what_was_shown_must_be_what_is_offered(desk: Desk) -> None:
    """The digest of an older difference signs nothing."""
    stale = digest_of(desk, offered(desk, "# first\n"))
    offer = offered(desk, "# second\n")
    answer = desk.copilot.changes.sign(N3_A, offer, stale)
    assert not answer.allowed and "not what is offered" in answer.reason


def test_an_earlier_signer_who_left_does_not_count(desk: Desk) -> None:
    """The first signer leaves N3: the second signature is the first one that counts."""
    offer = offered(desk)
    digest = digest_of(desk, offer)
    assert desk.copilot.changes.sign(N3_A, offer, digest).allowed
    desk.group.people = frozenset({N3_B})
    before = in_force(desk)
    answer = desk.copilot.changes.sign(N3_B, offer, digest)
    assert answer.allowed and "1 more" in answer.reason
    assert in_force(desk) == before


@pytest.mark.parametrize("who", [ON_CALL, LATE])
def test_nobody_else_signs_or_opens_it(desk: Desk, who: Person) -> None:
    """Not of N3, or new to it: neither shown nor signed, and audited."""
    if who is LATE:
        desk.group.people |= {LATE}
    offer = offered(desk)
    assert not desk.copilot.changes.sign(who, offer, digest_of(desk, offer)).allowed
    with pytest.raises(Refused):
        desk.copilot.changes.open(who, offer)
    with desk.store.read() as tx:
        assert [e.action for e in tx.audit.events(f"change {offer}")] == [
            "refused to sign a change",
            "refused to open a change",
        ]


def test_only_actions_are_proposed() -> None:
    """A remedy that is a check, in a diagnosis that was tampered with, makes no proposal."""
    gate = Gate(1, catalogue())
    with gate.played():
        with gate.store.begin() as tx:
            remedies = (Remedy("look", {}, "why", ("E1",)),)
            tx.diagnoses.put(gate.incident, 2, Diagnosis(Method.SIMILAR, remedies=remedies))
        with pytest.raises(Refused, match="only reads"):
            gate.copilot.proposals.propose_remedy(ASKING, gate.incident, 2, 0)
    gate.close()
