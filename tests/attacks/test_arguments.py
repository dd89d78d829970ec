"""Group I: tools and arguments that the catalogue does not know, from a hostile model and tampered rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
import yaml

from bot.domain.diagnosis import Diagnosis
from bot.domain.incident import Incident
from bot.domain.proposal import ProposalState
from bot.store import tables
from tests.scripted_model import Reply, ScriptedModel, call
from tests.world import CHANNEL, N3_A, ON_CALL, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

WANTED: Mapping[str, Any] = {"target": "target-0", "note": "fine", "value": 0}


@dataclass
class Hostile:
    """A Vigie with a model that proposes whatever the test puts into `remedies`."""

    vigie: World
    remedies: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, _asked: dict[str, Any]) -> Reply:
        cited = [{"why": "do it", "citations": ["E1"]} | remedy for remedy in self.remedies]
        guess = {"cause": "hostile", "statement": "s", "confidence": 0.9, "citations": ["E1"]}
        return call({"hypotheses": [guess], "remedies": cited})

    async def diagnosed(self, *remedies: dict[str, Any]) -> tuple[str, Incident, Diagnosis]:
        """A fresh incident for which the model has proposed this."""
        self.remedies = list(remedies)
        service = self.vigie.break_target()
        incident = await self.vigie.incident(service)
        with self.vigie.store.read() as tx:
            made = tx.diagnoses.latest(incident.id)
        assert made is not None
        assert made.model
        return service, incident, made


def _free_note(whitelist: dict[str, Any]) -> None:
    """The note may hold anything that its owner's pattern can allow, so that no pattern helps.

    The pattern of `host` is not anchored, and one that a backtracking engine would never come to the end of.
    """
    for name in ("fix", "fix_risky"):
        arguments = whitelist["actions"][name]["arguments"]
        arguments["note"]["pattern"] = "(?s).*"
        arguments["host"] = {"type": "pattern", "pattern": "^web|db|(a|aa|a+)+b", "default": "web"}
    # What the catalogue leaves open is what a model may fill in.
    whitelist["actions"]["fix_risky"] = deepcopy(whitelist["actions"]["fix_risky"]) | {"risk": "low"}
    del whitelist["actions"]["fix_risky"]["arguments"]["note"]["default"]


def _elsewhere(folder: Path) -> None:
    """One target is in another environment, and says so."""
    path = folder / "inventory.yaml"
    rows = yaml.safe_load(path.read_text())
    rows["targets"]["target-39"]["environments"] = ["production"]
    path.write_text(yaml.safe_dump(rows))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hostile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hostile]:
    """One for the module."""
    folder = tmp_path_factory.mktemp("hostile")
    made: list[Hostile] = []
    async with ScriptedModel(lambda asked: made[0].answer(asked)) as model:
        environment = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "sk-test"}
        async with world(
            folder, environment=environment, change_catalogue=_free_note, start=False
        ) as running:
            _elsewhere(folder)
            await running.start()
            made.append(Hostile(running))
            await running.until("the model", lambda: "the model is ready" in running.logged(), 50)
            yield made[0]


def plant(vigie: World, incident: Incident, tool: str, arguments: Mapping[str, Any], *, signed: bool) -> int:
    """A row that no code of Vigie wrote: a proposal, with a signature of N3 if `signed`; its id."""
    now = datetime.now(UTC)
    values = {
        "incident_id": incident.id,
        "tool": tool,
        "arguments": dict(arguments),
        "proposer": f"T0VIGIE/{ON_CALL.id}",
        "state": "expired",
        "risk": "low",
        "signatures_needed": 1,
        "created_at": now,
        "sign_by": now + timedelta(hours=1),
        "execute_by": now + timedelta(hours=1),
        "digest": "0" * 64 if signed else "",
    }
    vigie.tamper(sa.insert(tables.proposals).values(values))
    number = vigie.proposals(incident)[-1].id
    if signed:
        signature = {"person": f"T0VIGIE/{N3_A.id}", "digest": "0" * 64, "signed": True, "at": now}
        vigie.tamper(sa.insert(tables.sign_offs).values({"proposal_id": number, **signature}))
    # Last, so that the executor never meets the row without its signature.
    state = "signed" if signed else "proposed"
    vigie.tamper(sa.update(tables.proposals).where(tables.proposals.c.id == number).values(state=state))
    return number


async def check_rows_are_refused(
    vigie: World, incident: Incident, tool: str, reason: str, *arguments: Mapping[str, Any]
) -> None:
    """Planted in the table, unsigned and signed: the executor refuses it, audits that, runs nothing."""
    own = {"target": incident.service.replace("svc", "target")}
    given = [({**WANTED, **own, **one}, signed) for one in arguments for signed in (False, True)]
    planted = [plant(vigie, incident, tool, one, signed=signed) for one, signed in given]
    for number in planted:
        proposal = await vigie.over(vigie.proposal(number))
        assert proposal.state is ProposalState.REJECTED
        assert reason in proposal.reason
        events = [e for e in vigie.audited("refused") if e.subject == proposal.label]
        assert [(e.actor, e.action) for e in events] == [("executor", "refused: rejected")]
    assert vigie.ledger(incident.service) == []


async def check_model_is_refused(
    hostile: Hostile, tool: str, reason: str, *arguments: Mapping[str, Any]
) -> Incident:
    """Proposed by the model it is no remedy: people read that it was refused and why; a sound one stays."""
    sound = {"tool": "fix", "arguments": {}}
    refused = [{"tool": tool, "arguments": dict(one)} for one in arguments]
    _, incident, made = await hostile.diagnosed(*refused, sound)
    assert [(r.tool, r.arguments["note"]) for r in made.remedies] == [("fix", "fixed by vigie")]
    told = text_of(await hostile.vigie.message(f"incident:{incident.id}:diagnosis"))
    lines = [line for line in told.splitlines() if f"“{tool}” was refused" in line and reason in line]
    assert len(lines) == len(arguments)
    return incident


async def check_model_is_not_heard(hostile: Hostile, *arguments: Mapping[str, Any]) -> Incident:
    """What catalogue and inventory settle is theirs, whatever the model says; people read that."""
    remedies = [{"tool": "fix", "arguments": dict(one)} for one in arguments]
    service, incident, made = await hostile.diagnosed(*remedies)
    own = {"target": service.replace("svc", "target"), "note": "fixed by vigie", "value": 0, "host": "web"}
    assert [(r.tool, r.arguments) for r in made.remedies] == [("fix", own)]
    told = text_of(await hostile.vigie.message(f"incident:{incident.id}:diagnosis"))
    assert "“fix”: its arguments follow from the catalogue; the model's are not used." in told
    return incident


@pytest.mark.attack("I1")
async def test_an_unknown_tool_is_refused(hostile: Hostile) -> None:
    """From the model, from rows that were planted, and from a tampered diagnosis behind the button."""
    vigie = hostile.vigie
    incident = await check_model_is_refused(hostile, "drop_database", "has no such action", {})
    await check_rows_are_refused(vigie, incident, "drop_database", "is not in the catalogue", {})
    query = sa.select(tables.diagnoses.c.body).where(tables.diagnoses.c.incident_id == incident.id)
    body = vigie.rows(query)[0].body
    body["remedies"][0]["tool"] = "drop_database"
    of_incident = tables.diagnoses.c.incident_id == incident.id
    vigie.tamper(sa.update(tables.diagnoses).where(of_incident).values(body=body))
    message = await vigie.message(f"incident:{incident.id}:diagnosis")
    before = len(vigie.proposals(incident))
    assert (await vigie.place.click(ON_CALL.id, CHANNEL, message["ts"], "propose")).ok
    await vigie.until("the refusal", lambda: "no tool named 'drop_database'" in _last(vigie))
    assert len(vigie.proposals(incident)) == before
    assert vigie.ledger(incident.service) == []


@pytest.mark.attack("I1")
async def test_a_check_is_no_action(hostile: Hostile) -> None:
    """A name that the catalogue knows, but only to read, cannot be proposed or executed."""
    incident = await check_model_is_refused(hostile, "look", "has no such action", {})
    await check_rows_are_refused(hostile.vigie, incident, "look", "only actions can be proposed", {})


@pytest.mark.attack("I1")
async def test_a_button_that_is_not_ours_does_nothing(hostile: Hostile) -> None:
    """Ids that do not exist, or are none, lead to a refusal and to no proposal."""
    vigie = hostile.vigie
    for action, value, reason in (
        ("propose", "999999:1:0", "newer diagnosis"),
        ("propose", "1:1", "not one of ours"),
        ("propose", "1:1:0:0", "not one of ours"),
        ("propose", "1;DROP TABLE proposals:1:0", "not one of ours"),
        ("propose", "-1:1:0", "not one of ours"),
        ("sign_open", "999999", "no proposal P999999"),
        ("sign_open", "١", "not one of ours"),
        ("reject", "9" * 400, "not one of ours"),
        ("undo", "", "not one of ours"),
    ):
        told = len(vigie.told(N3_A))
        await vigie.forge_click(N3_A, action, value)
        await told_more(vigie, told)
        assert reason in vigie.told(N3_A)[-1], value
    assert vigie.rows(sa.select(tables.proposals).where(tables.proposals.c.incident_id == 999999)) == []


@pytest.mark.attack("I2")
async def test_an_extra_key_is_refused(hostile: Hostile) -> None:
    """A known tool with one argument too many is not run without it: it is refused."""
    reason = "fix has no such argument"
    extra: list[dict[str, Any]] = [{"shell": "true"}, {"note ": "fine"}, {"": "x"}, {"timeout_s": 9}]
    incident = await check_model_is_not_heard(hostile, *extra)
    await check_rows_are_refused(hostile.vigie, incident, "fix", reason, *extra)


@pytest.mark.attack("I3")
async def test_shell_text_is_one_literal_argument(hostile: Hostile) -> None:
    """What a shell would take apart arrives as one argument, byte for byte, and nothing else happens."""
    vigie = hostile.vigie
    marker = vigie.folder / "was-here"
    note = f"x; touch {marker} `touch {marker}` $(touch {marker}) && touch {marker} | 'a' \"b\" > {marker} *"
    service, incident, _ = await hostile.diagnosed({"tool": "fix_risky", "arguments": {"note": note}})
    proposal = await vigie.propose(incident)
    assert proposal.arguments["note"] == note
    assert (await vigie.sign(N3_A, proposal)).ok
    await vigie.over(proposal)
    assert vigie.ledger(service) == [[str(vigie.target(service)), note, "0"]]
    assert not marker.exists()


@pytest.mark.attack("I4")
async def test_an_option_is_refused(hostile: Hostile) -> None:
    """A value that a program could read as an option is refused, though the pattern would let it pass."""
    reason = "must not begin with '-'"
    options = [{"note": "-rf"}, {"note": "--kubeconfig=/tmp/evil"}, {"note": "-"}]
    incident = await check_model_is_not_heard(hostile, *options)
    await check_rows_are_refused(hostile.vigie, incident, "fix", reason, *options)


@pytest.mark.attack("I10")
async def test_a_control_character_is_refused(hostile: Hostile) -> None:
    """NUL, line ends and their like are refused, though the pattern would let them pass."""
    reason = "control and non-ASCII characters are not allowed"
    notes = [{"note": f"fine{c}second line"} for c in "\x00\r\n\u2028\x7f"]
    incident = await check_model_is_not_heard(hostile, *notes)
    await check_rows_are_refused(hostile.vigie, incident, "fix", reason, *notes)


@pytest.mark.attack("I7")
@pytest.mark.attack("I8")
async def test_a_pattern_is_matched_whole_and_in_linear_time(hostile: Hostile) -> None:
    """A beginning that fits is not enough; what makes other engines hang is refused like the rest."""
    reason = "must match ^web|db|(a|aa|a+)+b as a whole"
    hosts = ("webshell", "web; rm -rf x", "evil-db", "db.evil.example", "a" * 500, "a" * 500 + "c")
    values = [{"host": host} for host in hosts]
    incident = await check_model_is_not_heard(hostile, *values)
    await check_rows_are_refused(hostile.vigie, incident, "fix", reason, *values)
    long = {"host": "a" * 100_000 + "c"}
    await check_rows_are_refused(hostile.vigie, incident, "fix", "text of at most 512", long)


@pytest.mark.attack("I9")
async def test_a_name_that_looks_like_a_row_is_not_that_row(hostile: Hostile) -> None:
    """Another script, full width, another case, something hidden: refused, and told which name it apes."""
    reason = "only looks like target-0; it is another text."
    names = ("t\u0430rget-0", "\uff54arget-0", "TARGET-0", "target-0\u200b", "target-O", "t\u00adarget-0")
    values = [{"target": name} for name in names]
    incident = await check_model_is_not_heard(hostile, *values)
    await check_rows_are_refused(hostile.vigie, incident, "fix", reason, *values)


@pytest.mark.attack("I11")
async def test_a_value_of_another_type_is_not_made_to_fit(hostile: Hostile) -> None:
    """ "5" is no number, 5.5 no whole one, true neither, and none of them becomes one."""
    reason = "must be a whole number from 0 to 9"
    values = [{"value": value} for value in ("5", True, 10**18, "", "5 ")]
    incident = await check_model_is_not_heard(hostile, *values)
    stored = [{"value": value} for value in ("5", 5.0, 5.5, True, [5])]
    await check_rows_are_refused(hostile.vigie, incident, "fix", reason, *stored)


@pytest.mark.attack("I12")
async def test_too_much_too_little_and_everything_are_refused(hostile: Hostile) -> None:
    """A number out of bounds; and a selector that is empty or a wildcard, though its pattern lets it pass."""
    numbers = [{"value": value} for value in (100_000, 10, -1, -(10**18))]
    incident = await check_model_is_not_heard(hostile, *numbers)
    bounds = "must be a whole number from 0 to 9"
    await check_rows_are_refused(hostile.vigie, incident, "fix", bounds, *numbers[:2])
    everything = "which could mean everything"
    texts = [{"note": note} for note in ("", " ", "*", "**", " * ", "%", "?*")]
    incident = await check_model_is_not_heard(hostile, *texts)
    await check_rows_are_refused(hostile.vigie, incident, "fix", everything, *texts[:3])


@pytest.mark.attack("I13")
async def test_a_target_of_another_environment_is_refused(hostile: Hostile) -> None:
    """The incident is in test, the row says production: no remedy, no proposal; where it is, is signed."""
    reason = "target-39 is in production, and the incident is in 'test'"
    values = [{"target": "target-39"}]
    incident = await check_model_is_not_heard(hostile, *values)
    await check_rows_are_refused(hostile.vigie, incident, "fix", reason, *values)
    _, sound = await hostile.vigie.proposed()
    assert sound.plan is not None
    target = sound.plan["target"]
    assert isinstance(target, Mapping)
    assert target["environment"] == "test"


async def told_more(vigie: World, before: int) -> None:
    """Wait until N3 A was told something more."""
    await vigie.until("the refusal", lambda: len(vigie.told(N3_A)) > before)


def _last(vigie: World) -> str:
    return (vigie.told(ON_CALL) or [""])[-1]
