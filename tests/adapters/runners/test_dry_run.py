"""What an action would do: asked when it is proposed, signed with the rest, not asked again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.domain.proposal import Proposal, ProposalState
from bot.sign_off.policy import Policy
from bot.sign_off.rendering import parts
from bot.store.database import Store, sqlite_url
from bot.tools.executor import Executor
from bot.tools.secrets import Secrets
from tests.adapters.test_executor import N3, Case, Members

SECRET = "hunter-of-wolves"


@pytest.fixture
def orders(tmp_path: Path) -> Iterator[Case]:
    """The executor's case, with an action that can say what it would do."""
    store = Store.open(sqlite_url(tmp_path / "vigie.sqlite"))
    made = Case(tmp_path, store, Executor(store, Members(), Secrets({"TOKEN": SECRET})))
    made.value(9)
    made.change(dry(["/bin/cat", str(tmp_path / "wanted"), str(tmp_path / "preview")]))
    made.adopt("policy", Policy(pinned=frozenset({N3})).content())
    (tmp_path / "preview").write_text(f"would copy, token {SECRET}\n")
    yield made
    store.close()


def dry(argv: list[str]) -> Callable[[dict[str, Any]], object]:
    def change(whitelist: dict[str, Any]) -> None:
        whitelist["actions"]["fix"]["run"]["dry_run"] = argv

    return change


def tried(proposal: Proposal) -> Mapping[str, Any]:
    assert proposal.plan is not None
    found = proposal.plan["dry_run"]
    assert isinstance(found, Mapping)
    return found


async def test_what_it_would_do_is_part_of_what_is_signed(orders: Case) -> None:
    """Its call and what it said, without secrets; it stands where N3 reads, and nothing was done yet."""
    proposal = orders.proposal(await orders.signed())
    found = tried(proposal)
    assert found["call"]["argv"][0] == "/bin/cat"
    assert found["output"].endswith("would copy, token [secret TOKEN]\n")
    assert proposal.plan is not None
    assert "would copy" in parts(proposal.plan)[-1].text
    assert json.loads((orders.folder / "state").read_text())["value"] == 9


async def test_it_is_not_tried_again(orders: Case) -> None:
    """Whatever the target would say now: what was signed runs."""
    number = await orders.signed()
    (orders.folder / "preview").write_text("something else\n")
    await orders.executor.execute(number)
    assert orders.proposal(number).state is ProposalState.SUCCEEDED
    assert json.loads((orders.folder / "state").read_text())["value"] == 0


async def test_another_dry_run_is_another_plan(orders: Case) -> None:
    """Its call is part of the entry: changed after the signature, nothing runs."""
    number = await orders.signed()
    orders.change(dry(["/bin/echo", "all is well"]))
    await orders.executor.execute(number)
    assert orders.proposal(number).state is ProposalState.REJECTED
    assert json.loads((orders.folder / "state").read_text())["value"] == 9


async def test_one_that_fails_is_told_and_left_to_those_who_sign(orders: Case) -> None:
    """With its exit code; one that cannot even be tried says why."""
    (orders.folder / "preview").unlink()
    assert (
        "[the dry run failed: it ended with exit code 1.]"
        in tried(orders.proposal(await orders.signed()))["output"]
    )
    orders.change(dry(["/nowhere/program"]))
    assert (
        "[the dry run failed: /nowhere/program could not be started"
        in (tried(orders.proposal(await orders.signed()))["output"])
    )


@pytest.mark.attack("P11")
@pytest.mark.parametrize(("note", "tried_"), [("slow", True), ("../secret", False), ("/etc/shadow", False)])
async def test_a_free_text_chooses_no_path_before_it_is_signed(orders: Case, note: str, tried_: bool) -> None:
    """A dry run runs for whoever proposes; such a value is left for those who sign the action itself."""

    def change(whitelist: dict[str, Any]) -> None:
        note_ = {"type": "pattern", "pattern": "[a-z./]{1,20}", "default": note}
        fix = whitelist["actions"]["fix"]
        fix["arguments"] = {"note": note_}
        fix["run"]["dry_run"] = ["/bin/echo", "looked at", "{note}"]

    orders.change(change)
    output = tried(orders.proposal(await orders.signed()))["output"]
    assert ("looked at" in output) is tried_
    assert ("it was not tried: note: " in output) is not tried_


async def test_a_plan_without_one_says_nothing_of_it(orders: Case) -> None:
    """Where no entry declares it."""
    orders.change(lambda whitelist: None)
    plan = orders.proposal(await orders.signed()).plan
    assert plan is not None
    assert "dry_run" not in plan
