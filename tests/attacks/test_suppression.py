"""Group O, what people do to silence alerts: wide mutes, muted heartbeats, silence that is learned."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.alert import Kind
from bot.domain.inbox import InboxKind
from bot.domain.incident import Incident
from bot.domain.mute import MuteState
from bot.playground.workspace import Person, SubmitOutcome
from tests.world import BOT, CHANNEL, N3_A, ON_CALL, SECOND, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def quiet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A running Vigie that sends canaries."""
    async with world(tmp_path_factory.mktemp("quiet"), config='[canary]\nevery = "1h"\n') as running:
        await running.until("the first canary", lambda: _last(running))
        yield running


async def form(quiet: World, person: Person, words: str = "") -> dict[str, Any]:
    """`/vigie mute`: the form that opens."""
    before = len(quiet.place.views_of(person.id))
    outcome = await quiet.place.command(person.id, CHANNEL, f"/vigie mute {words}")
    assert outcome.ok, outcome
    await quiet.until("the form", lambda: len(quiet.place.views_of(person.id)) > before)
    return dict(quiet.place.views_of(person.id)[-1])


async def ask(quiet: World, **fields: object) -> SubmitOutcome:
    """On-call fills the form in and submits it."""
    person, view = ON_CALL, await form(quiet, ON_CALL)
    values = {name: {"text": value} for name, value in fields.items()}
    outcome = await quiet.place.submit(person.id, view["id"], values)
    if not outcome.ok:
        await quiet.place.close_view(person.id, view["id"])
    return outcome


async def mute(quiet: World, **fields: object) -> tuple[int, str]:
    """Ask for a mute, read its preview, confirm it; its number and the preview's text."""
    preview = await ask(quiet, **fields)
    assert preview.ok and preview.view is not None, preview
    assert (await quiet.place.submit(ON_CALL.id, preview.view["id"], {})).ok
    with quiet.store.read() as tx:
        return max(mute.id for mute in tx.mutes.to_come()), text_of(preview.view)


def mutes(quiet: World) -> int:
    with quiet.store.read() as tx:
        return len(tx.mutes.to_come())


@pytest.mark.attack("O7")
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "~.*"},
        {"service": "~.+"},
        {"labels": "pod=~[^x]*"},
        {"name": "~(a|.*)", "environment": "test"},
        {"source": "alertmanager"},
        {"severity": "warning"},
        {"service": "~(?s).{1,900}"},
        {"service": "~("},
    ],
    ids=str,
)
async def test_what_fits_everything_is_refused_in_the_form(quiet: World, fields: dict[str, str]) -> None:
    """The person reads why, and nothing is muted."""
    before = mutes(quiet)
    outcome = await ask(quiet, reason="deploy", **fields)
    assert not outcome.ok
    assert len("".join(outcome.errors.values())) > 20
    assert mutes(quiet) == before


async def test_a_mute_is_previewed_confirmed_shown_and_ends(quiet: World) -> None:
    """Nothing is muted before the preview was confirmed; critical comes through; the end tells what fires."""
    await calm(quiet)
    service = quiet.break_target()
    warning = quiet.alert(service, name="QueueGrows", severity="warning")
    number, preview = await mute(quiet, service=service, reason="new disks")
    assert "Would have muted 0 of the last 24 hours'" in preview and "0 critical" in preview
    card = await quiet.message(f"mute:{number}", "muted until")
    assert service in text_of(card) and "new disks" in text_of(card)
    assert await quiet.fire(warning) == ["muted"]
    assert quiet.open_incident(service) is None
    assert await quiet.fire(quiet.alert(service)) == ["opened"], "critical comes through"
    assert (await quiet.place.click(SECOND.id, CHANNEL, card["ts"], "mute_end")).ok
    await quiet.message(f"mute:{number}:end", "has ended. It kept 1 alert quiet. 1 alert still fires")
    await quiet.message(f"mute:{number}", "ended by")
    with quiet.store.read() as tx:
        ended = tx.mutes.get(number)
        assert ended is not None and ended.state(tx.now) is MuteState.OVER
        series = [d for d, _ in tx.deliveries.series_since(ended.made_at) if d.name == "QueueGrows"]
    assert series[-1].mute_id is None, "what still fires was decided anew"
    assert [event.actor for event in quiet.audited("ended a mute")] == [
        f"{quiet.place._core.team.id}/{SECOND.id}"
    ]


async def test_critical_alerts_are_muted_only_where_the_box_is_ticked_and_shown_once(quiet: World) -> None:
    """Each critical alert that is kept quiet stands in the channel once, however often it comes."""
    service = quiet.break_target()
    number, _ = await mute(quiet, service=service, reason="fire drill", critical=["critical"])
    for _ in range(3):
        assert await quiet.fire(quiet.alert(service)) == ["muted"]
    shown = await quiet.message(f"mute:{number}:critical:0", "kept quiet by")
    assert "ValueTooHigh" in text_of(shown)
    assert quiet.posted().count(f"mute:{number}:critical:0") == 1
    assert f"mute:{number}:critical:1" not in quiet.posted()


@pytest.mark.attack("O8")
async def test_a_heartbeat_cannot_be_muted(quiet: World) -> None:
    """By its name it is refused; by anything else the mute does not reach it."""
    for fields in (
        {"name": "Watchdog"},
        {"name": "~Watch.*", "service": "x"},
        {"labels": "alertname=Watchdog"},
    ):
        outcome = await ask(quiet, reason="noise", **fields)
        assert "heartbeat" in "".join(outcome.errors.values()), fields
    number, _ = await mute(quiet, environment="beats", reason="noise")
    labels = {"environment": "beats"}
    assert await quiet.fire(quiet.alert("", name="Watchdog", severity="none", labels=labels)) == ["heartbeat"]
    assert await quiet.fire(quiet.alert("x", name="Other", severity="info", labels=labels)) == ["muted"]
    assert number


async def test_noise_says_what_was_absorbed_and_why(quiet: World) -> None:
    """Figures, reasons and a look at one; split and merge from the incident's own alerts."""
    await calm(quiet)
    service = quiet.break_target()
    incident = await quiet.incident(service)
    await quiet.fire(quiet.alert(service, name="OtherFault"), quiet.alert(service))
    said = await quiet.place.command(ON_CALL.id, CHANNEL, "/vigie noise 2h")
    assert said.ok
    await quiet.until(
        "the figures", lambda: "absorbed* of" in "".join(map(text_of, quiet.place.ephemerals(ON_CALL.id)))
    )
    card = await quiet.message(f"incident:{incident.id}", "absorbed")
    assert (await quiet.place.click(ON_CALL.id, CHANNEL, card["ts"], "absorbed_open")).ok
    page = await quiet.until("the page", lambda: next(iter(quiet.place.views_of(ON_CALL.id)[-1:]), None))
    assert "OtherFault" in text_of(page) and "This should have paged" in text_of(page)


async def test_split_merge_and_taking_back(quiet: World) -> None:
    """Alerts move between incidents with their cards and threads; a second press changes nothing."""
    await calm(quiet)
    service, other = quiet.break_target(), quiet.break_target()
    incident = await quiet.incident(service)
    assert await quiet.fire(quiet.alert(service, name="OtherFault")) == ["joined"]
    card = await quiet.message(f"incident:{incident.id}")
    view = await opened(quiet, ON_CALL, card["ts"], "absorbed_open", "split_open")
    (offered,) = [e["options"] for e in (b.get("element", {}) for b in view["blocks"]) if "options" in e]
    (wanted,) = [o["value"] for o in offered if "OtherFault" in o["text"]["text"]]
    assert (await quiet.place.submit(ON_CALL.id, view["id"], {"series": {"text": [wanted]}})).ok
    new = quiet.open_incident(service)
    assert new is not None and new.id != incident.id and new.title == "The value is too high"
    await quiet.message(f"regrouping:1:{incident.id}", f"went to *#{new.id}*")
    await quiet.message(f"incident:{new.id}:diagnosis")
    assert await quiet.fire(quiet.alert(service, name="OtherFault")) == ["duplicate"]
    assert alerts_of(quiet, new.id) == {"OtherFault"} and alerts_of(quiet, incident.id) == {"ValueTooHigh"}

    proposal = await quiet.propose(incident)
    target = await quiet.incident(other, name="DiskIsGone", labels={"environment": "staging"})
    view = await opened(quiet, ON_CALL, card["ts"], "absorbed_open", "merge_open")
    assert proposal.label in text_of(view)
    assert (await quiet.place.submit(ON_CALL.id, view["id"], {"target": {"text": str(target.id)}})).ok
    await quiet.message(f"incident:{incident.id}", f"part of #{target.id}")
    pointer = await quiet.message(f"regrouping:2:{incident.id}", f"This is part of *#{target.id}* now")
    assert alerts_of(quiet, target.id) == {"ValueTooHigh", "DiskIsGone"}
    signed = await quiet.sign(N3_A, proposal)
    assert signed.ok and (await quiet.over(proposal)).state.value == "succeeded", (
        "it acts where it was to act"
    )
    assert len(quiet.ledger(service)) == 1 and quiet.ledger(other) == []

    for _ in range(2):  # the second press finds nothing to do
        await quiet.place.click(SECOND.id, CHANNEL, pointer["ts"], "regroup_undo")
    await quiet.message(f"regrouping:2:{target.id}", "was taken back")
    with quiet.store.read() as tx:
        again = tx.incidents.get(incident.id)
    assert again is not None and again.state.is_open
    assert len(quiet.audited("took back: merged")) == 1


async def test_what_should_have_paged_is_told_at_once_and_from_then_on(quiet: World) -> None:
    """It opens, is counted by reason, and holds for the series until it is taken back."""
    await calm(quiet)
    service = quiet.break_target()
    warning = quiet.alert(service, name="SlowDisk", severity="warning")
    await mute(quiet, service=service, reason="new disks")
    assert await quiet.fire(warning) == ["muted"]
    with quiet.store.read() as tx:
        delivery = tx.deliveries.newest_with(Kind.MUTED, tx.now - timedelta(minutes=5), 1)[0]
    for _ in range(2):
        await quiet.forge_click(ON_CALL, "should_have_paged", str(delivery.id))
    incident = quiet.open_incident(service)
    assert incident is not None
    with quiet.store.read() as tx:
        (made,) = tx.corrections.since(tx.now - timedelta(minutes=5))
    told = await quiet.message(f"correction:{made.id}", "Should have paged")
    assert 'vigie_should_have_paged_total{decision="muted"} 1.0' in (await quiet.get("/metrics"))[1]
    await quiet.fire(quiet.alert(service, name="SlowDisk", status="resolved", severity="warning"))
    assert await quiet.fire(warning) != ["muted"]
    assert (await quiet.place.click(SECOND.id, CHANNEL, told["ts"], "correction_undo")).ok
    await quiet.message(f"correction:{made.id}", "taken back by")
    await quiet.fire(quiet.alert(service, name="SlowDisk", status="resolved", severity="warning"))
    assert await quiet.fire(warning) == ["muted"]


async def test_a_mention_in_a_thread_is_as_good_as_a_command(quiet: World) -> None:
    """Slash commands do not work in threads: a word opens the same forms, and no question is answered."""
    await calm(quiet)
    incident = await quiet.incident(quiet.break_target())
    card = await quiet.message(f"incident:{incident.id}")
    for words, action in (("mute", "mute_open"), ("split", "split_open"), ("noise 7d", "absorbed* of")):
        before = len(quiet.place.ephemerals(ON_CALL.id))
        await quiet.place.say(ON_CALL.id, CHANNEL, f"<@{BOT.id}> {words}", card["ts"])
        await quiet.until(words, lambda n=before: len(quiet.place.ephemerals(ON_CALL.id)) > n)  # type: ignore[misc]
        assert action in str(quiet.place.ephemerals(ON_CALL.id)[-1]["blocks"])
    with quiet.store.read() as tx:
        assert tx.inbox.pending(InboxKind.ASK) == []


async def calm(quiet: World) -> None:
    """End what other tests have opened, so that nothing of it explains what comes now."""
    with quiet.store.read() as tx:
        incidents = tx.incidents.open_now()
    for incident in incidents:
        await quiet.forge_click(ON_CALL, "resolve", str(incident.id))


def open_one(quiet: World, service: str) -> Incident | None:
    found = quiet.open_incident(service)
    return found if found is not None and found.state.is_open else None


async def opened(quiet: World, person: Person, ts: str, *presses: str) -> dict[str, Any]:
    """The modal that opens after a button of a message and then, on top of it, one of each modal."""
    for place, press in enumerate(presses):
        before = {view["id"] for view in quiet.place.views_of(person.id)}
        if place:
            await quiet.place.click_view(person.id, quiet.place.views_of(person.id)[-1]["id"], press)
        else:
            assert (await quiet.place.click(person.id, CHANNEL, ts, press)).ok

        def on_top(before: set[str] = before) -> dict[str, Any] | None:
            views = quiet.place.views_of(person.id)
            return dict(views[-1]) if views and views[-1]["id"] not in before else None

        view = await quiet.until(press, on_top)
    return view


def alerts_of(quiet: World, incident_id: int) -> set[str]:
    with quiet.store.read() as tx:
        return {one.name for one in tx.deliveries.series_of(incident_id, 100)}


async def test_a_canary_comes_through_and_is_counted_nowhere(quiet: World) -> None:
    """/health and /metrics say so; no figure of alerts has it; a forged one is an alert like any other."""
    await quiet.until("the canary", lambda: _last(quiet))
    await quiet.message("canary", "The alert path works")
    assert '"canary": {"last_success"' in (await quiet.get("/health"))[1]
    metrics = (await quiet.get("/metrics"))[1]
    assert "vigie_canary_success_timestamp_seconds" in metrics
    with quiet.store.read() as tx:
        assert not [
            d for d, _ in tx.deliveries.series_since(tx.now.replace(year=2000)) if d.name == "VigieCanary"
        ]
    forged = quiet.alert("svc-forged", name="VigieCanary", labels={"vigie_canary": "0" * 32})
    assert await quiet.fire(forged) != ["heartbeat"]


def _last(quiet: World) -> object:
    with quiet.store.read() as tx:
        return tx.canaries.last_told()


@pytest.mark.attack("O2")
async def test_dismissals_only_ask_n3(quiet: World) -> None:
    """However often people dismiss it, it opens again; only an N3 makes a mute of it, which has an end."""
    service = quiet.break_target()
    await calm(quiet)
    for hours in range(1, 7):
        await quiet.fire(quiet.alert(service, name="DiskFills", severity="warning"))
        quiet.push_time(timedelta(hours=hours, minutes=10))  # it is held for a while, as it is not critical
        incident = await quiet.until("it opens again", partial(open_one, quiet, service))
        await quiet.forge_click(ON_CALL, "dismiss", str(incident.id))
        await quiet.fire(quiet.alert(service, name="DiskFills", severity="warning", status="resolved"))
        quiet.push_time(timedelta(hours=hours + 1))
    before = mutes(quiet)
    with quiet.store.read() as tx:
        (suggested,) = tx.mutes.suggestions()
    assert suggested.dismissals == 6
    told = len(quiet.told(ON_CALL))
    await quiet.forge_click(ON_CALL, "suggestion_sign", str(suggested.id))
    await quiet.until("the refusal", lambda: len(quiet.told(ON_CALL)) > told)
    assert "Only N3" in quiet.told(ON_CALL)[-1]
    assert mutes(quiet) == before
    await quiet.forge_click(N3_A, "suggestion_sign", str(suggested.id))
    await quiet.until("the mute", lambda: mutes(quiet) == before + 1)
    with quiet.store.read() as tx:
        learned = tx.mutes.to_come()[-1]
    assert (learned.ends_at - learned.starts_at).days == 7 and not learned.critical
    await quiet.fire(quiet.alert(service, name="DiskFills", status="resolved", severity="warning"))
    assert await quiet.fire(quiet.alert(service, name="DiskFills", severity="warning")) == ["muted"]
    assert await quiet.fire(quiet.alert(service, name="DiskFills")) != ["muted"], "critical comes through"
