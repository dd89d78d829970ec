"""The executor judges every rule of a standing sign-off again, on what it reads itself at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.copilot.standing_watch import StandingWatch
from bot.domain.alert import Alert, AlertStatus, Decision, Kind, Severity
from bot.domain.incident import IncidentState
from bot.domain.noise import Delivery, Series
from bot.domain.person import Person
from bot.domain.proposal import Outcome, Proposal, ProposalState
from bot.domain.records import NewProposal
from bot.domain.standing import NewStanding, StandingSignOff, StandingState, Terms, Trigger
from bot.domain.tool import Risk
from bot.sign_off.digest import digest
from bot.sign_off.policy import DEFAULT_RULES, Policy, Rule
from bot.stages import stand
from bot.store.database import Store, sqlite_url
from bot.tools.executor import Executor
from bot.tools.in_force import Adopted
from bot.tools.secrets import Secrets
from bot.triage.fingerprint import fingerprint
from tests.adapters.test_executor import ALICE, N3, Case

OTHER = Person("T1", "UOTHER")


class Members:
    """N3 as a test says."""

    def __init__(self) -> None:
        self.people = frozenset({N3, OTHER})

    def n3(self) -> frozenset[Person]:
        return self.people


class Desk(Case):
    """The executor's case with somebody who gives standing sign-offs, and alerts."""

    members: Members

    def give(self, by: Person = N3, **terms: object) -> StandingSignOff:
        """One in force for the action `fix`, given by one person."""
        now = datetime.now(UTC)
        trigger = Trigger("alertmanager", "High", Severity.CRITICAL, {})
        whole: dict[str, object] = {"tool": "fix", "arguments": {}, "services": ("orders",)}
        whole |= {"environments": ("test",), "trigger": trigger, "per_hour": 5, "in_all": 5}
        made_of = Terms(**(whole | {"ends_at": now + timedelta(days=1)} | terms))  # type: ignore[arg-type]  # by name
        with self.store.begin() as tx:
            plan, basis = Adopted().standing_plan(tx, made_of)
            new = NewStanding(made_of, Risk.LOW, ALICE, "", now, digest(plan), plan, basis, 0)
            made = tx.standing.add(new)
            tx.standing.sign(made, by, True)
            force = StandingState.IN_FORCE
            tx.standing.move(made.id, (StandingState.PROPOSED,), force, active_at=tx.now, given_by=[by.key])
        return made

    def fire(self, status: AlertStatus = AlertStatus.FIRING) -> int:
        """The alert in an incident of its own (or ends); the incident's number."""
        now = datetime.now(UTC)
        alert = Alert("alertmanager", "High", status, Severity.CRITICAL, "orders", "test", now)
        with self.store.begin() as tx:
            found = tx.incidents.open_now()
            incident = found[0] if found else tx.incidents.open(alert, "High", None)
            mark = fingerprint(alert)
            tx.alerts.add([Delivery(alert, mark, Decision(Kind.OPENED, ""), incident.id, None)])
            series = Series(mark, alert.status, alert.severity, now, now, incident.id)
            tx.triage.save([(series, 1)], [], {}, {})
        return incident.id

    def uses(self) -> list[Proposal]:
        """What is proposed by standing sign-offs once the lifecycle has looked."""
        with self.store.read() as tx:
            works = stand.due(tx)
        for work in works:
            standing, incident = work.split(":")
            stand.use(self.store, Adopted(), int(standing), int(incident))
        with self.store.read() as tx:
            every = tx.proposals.in_states(*ProposalState)
        return [proposal for proposal in every if proposal.standing is not None]

    async def prepared(self) -> Proposal:
        """The one use that the alert has led to, ready to be executed."""
        (made,) = self.uses()
        await self.executor.prepare(made.id)
        now = self.proposal(made.id)
        assert now.state is ProposalState.SIGNED, now.reason
        return now

    def standing(self, made: StandingSignOff) -> StandingSignOff:
        with self.store.read() as tx:
            found = tx.standing.get(made.id)
        assert found is not None
        return found

    def watch(self) -> None:
        """What the sweep does of standing sign-offs."""
        StandingWatch(self.store, Adopted(), self.members, lambda verb, subject: None).look_after()

    def value_now(self) -> str:
        return (self.folder / "state").read_text()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    store, members = Store.open(sqlite_url(tmp_path / "vigie.sqlite")), Members()
    made = Desk(tmp_path, store, Executor(store, members, Secrets({})))
    made.members = members
    made.value(9)
    made.change(lambda whitelist: whitelist["actions"]["fix"]["precondition"].update(expect={"at_least": 6}))
    made.adopt("policy", Policy(pinned=frozenset({N3, OTHER})).content())
    with store.begin() as tx:
        tx.n3.joined(members.people, None)
    yield made
    store.close()


async def refused(desk: Desk, proposal: Proposal, why: str) -> None:
    """Executed now it does not run, and says why."""
    await desk.executor.execute(proposal.id)
    ended = desk.proposal(proposal.id)
    assert ended.state is ProposalState.REJECTED
    assert why in ended.reason
    assert '"value": 9' in desk.value_now()


async def test_it_runs_once_for_one_incident(desk: Desk) -> None:
    """Prepared, run, verified without anybody; no second time for the same incident, and a count less."""
    made = desk.give()
    desk.fire()
    use = await desk.prepared()
    await desk.executor.execute(use.id)
    await desk.executor.verify(use.id)
    assert desk.proposal(use.id).outcome is Outcome.FIXED
    desk.value(9)
    desk.fire()
    assert [p.id for p in desk.uses()] == [use.id]
    assert desk.standing(made).uses_left == 4
    with desk.store.read() as tx:
        actions = [(e.actor, e.action) for e in tx.audit.events() if e.subject == use.label]
    assert (made.actor, "proposed") in actions and (made.actor, "signed") in actions


async def test_its_limit_holds_and_the_rest_is_left_to_people(desk: Desk) -> None:
    """Once in an hour: the second incident's use is refused with the reason, and does not suspend it."""
    made = desk.give(per_hour=1)
    first = desk.fire()
    use = await desk.prepared()
    await desk.executor.execute(use.id)
    await desk.executor.verify(use.id)
    with desk.store.begin() as tx:
        tx.incidents.move(first, IncidentState.RESOLVED, "source")
    desk.value(9)
    desk.fire()
    later = next(p for p in desk.uses() if p.id != use.id)
    await desk.executor.prepare(later.id)
    await refused(desk, desk.proposal(later.id), "1 times within the hour")
    assert desk.standing(made).state is StandingState.IN_FORCE


async def test_a_pre_condition_that_fails_is_told_once(desk: Desk) -> None:
    """The alert fires and nothing is wrong: rejected with the reason, not tried again."""
    made = desk.give()
    desk.value(3)
    desk.fire()
    (use,) = desk.uses()
    await desk.executor.prepare(use.id)
    ended = desk.proposal(use.id)
    assert (ended.state, ended.reason[:17]) == (ProposalState.REJECTED, "Its pre-condition")
    desk.fire()
    assert [p.id for p in desk.uses()] == [use.id]
    assert desk.standing(made).state is StandingState.IN_FORCE


async def test_a_changed_catalogue_suspends_it(desk: Desk) -> None:
    """What it stands for is not what was signed: this use is refused, and no other begins."""
    made = desk.give()
    desk.fire()
    use = await desk.prepared()
    desk.change(lambda whitelist: whitelist["actions"]["fix"].update(title="Another"))
    await refused(desk, use, "not what N3 signed")
    assert desk.standing(made).state is StandingState.SUSPENDED


def test_a_changed_catalogue_suspends_it_before_any_use(desk: Desk) -> None:
    """The sweep finds it; a change that does not touch it leaves it in force."""
    made = desk.give()
    desk.change(
        lambda whitelist: (
            whitelist["actions"]["fix"]["precondition"].update(expect={"at_least": 6}),
            whitelist["checks"].update(other=whitelist["checks"]["look"]),
        )
    )
    desk.watch()
    assert desk.standing(made).state is StandingState.IN_FORCE
    desk.change(lambda whitelist: None)  # the pre-condition is another one now
    desk.watch()
    assert desk.standing(made).state is StandingState.SUSPENDED


async def test_a_stricter_policy_suspends_it(desk: Desk) -> None:
    """Two must sign now, one has: it was signed under another rule."""
    made = desk.give()
    desk.fire()
    use = await desk.prepared()
    low = Rule(2, timedelta(minutes=30), timedelta(minutes=5))
    rules = {**DEFAULT_RULES, Risk.LOW: low}
    desk.adopt("policy", Policy(rules, pinned=frozenset({N3, OTHER})).content())
    await refused(desk, use, "was not run")
    assert desk.standing(made).state is StandingState.SUSPENDED


async def test_who_left_n3_takes_what_they_alone_gave_with_them(desk: Desk) -> None:
    """Read afresh at the use; the sweep suspends it then, and it does not come back with the person."""
    made = desk.give()
    desk.fire()
    use = await desk.prepared()
    desk.members.people = frozenset({OTHER})
    await refused(desk, use, "fewer than 1 valid signature")
    desk.watch()
    assert desk.standing(made).state is StandingState.SUSPENDED


async def test_who_proposed_it_does_not_count(desk: Desk) -> None:
    """A row that says that its proposer gave it: the rules of who may sign hold for it, too."""
    desk.members.people = frozenset({N3, ALICE})
    with desk.store.begin() as tx:
        tx.n3.joined([ALICE], None)
    desk.give(by=ALICE)
    desk.fire()
    await refused(desk, await desk.prepared(), "fewer than 1 valid signature")


async def test_a_freeze_holds_it(desk: Desk) -> None:
    """Nothing begins, and what was prepared does not run."""
    desk.give()
    desk.fire()
    use = await desk.prepared()
    with desk.store.begin() as tx:
        tx.n3.set_freeze("somebody", "")
    await desk.executor.execute(use.id)
    assert desk.proposal(use.id).state is ProposalState.SIGNED
    assert '"value": 9' in desk.value_now()


async def test_a_revoked_one_does_not_run_what_was_prepared(desk: Desk) -> None:
    """Revoked between the preparation and the start."""
    made = desk.give()
    desk.fire()
    use = await desk.prepared()
    with desk.store.begin() as tx:
        tx.standing.move(made.id, (StandingState.IN_FORCE,), StandingState.REVOKED)
    await refused(desk, use, "it is revoked")


async def test_an_alert_that_has_ended_is_not_answered(desk: Desk) -> None:
    """Its source says that it is over before anything has started."""
    desk.give()
    desk.fire()
    use = await desk.prepared()
    desk.fire(AlertStatus.RESOLVED)
    await refused(desk, use, "does not fire any more")


async def test_a_pre_condition_that_no_longer_holds_is_seen_again(desk: Desk) -> None:
    """It held when the use was prepared; it runs again just before."""
    desk.give()
    desk.fire()
    use = await desk.prepared()
    desk.value(3)
    await desk.executor.execute(use.id)
    assert desk.proposal(use.id).state is ProposalState.REJECTED
    assert '"value": 3' in desk.value_now()


async def test_what_ended_unknown_suspends_it(desk: Desk) -> None:
    """Nobody knows whether it took effect: the next use is refused even before the sweep has looked."""
    made = desk.give()
    first = desk.fire()
    use = await desk.prepared()
    with desk.store.begin() as tx:
        assert tx.proposals.claim(use.id, "fence")
    desk.executor.settle_interrupted()
    with desk.store.begin() as tx:
        tx.incidents.move(first, IncidentState.RESOLVED, "source")
    desk.fire()
    later = next(p for p in desk.uses() if p.id != use.id)
    await desk.executor.prepare(later.id)
    await refused(desk, desk.proposal(later.id), "is suspended")
    assert desk.standing(made).state is StandingState.SUSPENDED


async def test_the_next_use_waits_for_the_verification_of_the_one_before(desk: Desk) -> None:
    """Two incidents at once: the second waits, and runs once the first has helped."""
    desk.give()
    first = desk.fire()
    use = await desk.prepared()
    await desk.executor.execute(use.id)
    with desk.store.begin() as tx:
        tx.incidents.move(first, IncidentState.RESOLVED, "source")
    desk.value(9)
    desk.fire()
    later = next(p for p in desk.uses() if p.id != use.id)
    await desk.executor.prepare(later.id)
    await desk.executor.execute(later.id)
    assert desk.proposal(later.id).state is ProposalState.SIGNED
    desk.value(0)
    await desk.executor.verify(use.id)
    desk.value(9)
    await desk.executor.execute(later.id)
    assert desk.proposal(later.id).state is ProposalState.SUCCEEDED


def test_what_people_have_in_hand_is_left_to_them(desk: Desk) -> None:
    """Somebody proposed the same action here, or rejected it: it does not begin beside or after them."""
    desk.give()
    incident = desk.fire()
    with desk.store.begin() as tx:
        minutes = timedelta(minutes=30)
        mine = tx.proposals.add(NewProposal(incident, "fix", {}, ALICE, Risk.LOW, 1, minutes))
        tx.proposals.move(mine.id, (ProposalState.PROPOSED,), ProposalState.REJECTED)
    assert desk.uses() == []


def test_a_restore_voids_it(desk: Desk) -> None:
    """Nothing that a backup brings back runs by itself."""
    made = desk.give()
    with desk.store.begin() as tx:
        assert tx.standing.void() == 1
    desk.fire()
    assert desk.uses() == []
    assert (desk.standing(made).state, desk.standing(made).uses_left) == (StandingState.VOID, 0)


def test_it_ends_by_time_and_by_use(desk: Desk) -> None:
    """The sweep says so; one that nobody has signed in time expires."""
    used_up, late = desk.give(), desk.give()
    with desk.store.begin() as tx:
        force = StandingState.IN_FORCE
        tx.standing.move(used_up.id, (force,), force, uses_left=0)
        tx.standing.move(late.id, (force,), StandingState.PROPOSED)
    desk.watch()
    assert desk.standing(used_up).state is StandingState.ENDED
    assert desk.standing(late).state is StandingState.EXPIRED
