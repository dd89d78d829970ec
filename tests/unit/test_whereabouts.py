"""People see which alert is which: where it is, what it says, and where its sender shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alert import Kind
from bot.domain.evidence import EvidenceKind
from bot.domain.quiet import StoredAlert
from bot.domain.records import SeenAlert
from bot.domain.whereabouts import MOST, PLACES, source_of, whereabouts
from bot.reach.wording import alert_line
from bot.slack.blocks import incident as incident_blocks
from bot.slack.blocks import noise as noise_blocks
from bot.slack.blocks import parts
from bot.slack.blocks import regrouping as regrouping_blocks
from bot.slack.blocks.fired import which
from bot.stages.investigate import number
from knowledge.model import SearchResult
from tests.slack_limits import faults_of_message, faults_of_view, mrkdwn, texts
from tests.specimens import values
from tests.specimens.quiet import delivery
from tests.specimens.values import NOW
from tests.specimens.voices import ORDINARY

LINK = "https://prometheus.example/graph?g0.expr=up"
FULL = {"alertname": "NodeFull", "instance": "db-1:9100", "mountpoint": "/data", "team": "storage"}
labels = st.dictionaries(st.sampled_from(["host", "team", "severity", "x"]), st.text(max_size=3), max_size=4)


def full(**changes: Any) -> SeenAlert:  # noqa: ANN401  # fields, by name
    """A critical one as Prometheus sends it."""
    (made,) = values.alerts(ORDINARY)[:1]
    given: dict[str, Any] = {"name": "NodeFull", "summary": "99% full", "labels": FULL}
    given |= {"description": "Look for old dumps first.", "origin": {"generatorURL": LINK}}
    return replace(made, **given | changes)


def down(count: int) -> list[SeenAlert]:
    """Alike, but for the instance."""
    named = {"alertname": "InstanceDown", "job": "node"}
    return [
        full(id=n + 1, name="InstanceDown", summary="Down", labels=named | {"instance": f"web-{n}:9100"})
        for n in range(count)
    ]


def stored(seen: SeenAlert) -> StoredAlert:
    parts_of = ("name", "severity", "summary", "description", "labels", "annotations", "origin")
    body = {name: getattr(seen, name) for name in parts_of}
    return replace(delivery(ORDINARY, seen.id), body=body, decision=Kind.JOINED)


def shown(blocks: object) -> str:
    """Every text of it, in order, as one."""
    return "\n".join(texts(blocks))


def card(alerts: list[SeenAlert]) -> list[parts.Block]:
    sent = parts.within_limits(incident_blocks.card(values.incident(ORDINARY), alerts, []))
    assert faults_of_message("", sent) == []
    return sent


@given(st.lists(labels, max_size=6))
def test_alerts_whose_labels_differ_are_told_apart(found: list[dict[str, str]]) -> None:
    """Whatever labels there are: two that differ in a label read differently; five labels each at most."""
    where = whereabouts(found)
    for one, own in zip(where, found, strict=True):
        assert len(one) <= MOST and one.items() <= own.items()
        for other, its in zip(where, found, strict=True):
            plain, its_plain = ({k: v for k, v in part.items() if v} for part in (own, its))
            assert (one != other) == (plain != its_plain)


def test_one_alone_says_where_it_is() -> None:
    """Places, and none of what is said elsewhere or says nothing of where."""
    assert whereabouts([FULL]) == [{"instance": "db-1:9100", "mountpoint": "/data"}]
    assert whereabouts([dict.fromkeys(PLACES, "x")])[0] == dict.fromkeys(PLACES[:MOST], "x")


def test_what_is_shared_stands_once_behind_what_differs() -> None:
    where = whereabouts([FULL, FULL | {"mountpoint": "/var"}, FULL | {"mountpoint": "/tmp"}])
    assert which(where) == "mountpoint: /data, /var, /tmp · instance=db-1:9100"
    assert which([{"host": "a", "device": "sda"}, {"host": "b"}]) == "host, device: a sda; b –"
    assert which([{"host": str(n)} for n in range(9)]) == "host: 0, 1, 2, 3, 4, 5, 6, 7 and 1 more"


def test_the_card_says_where_what_and_where_to_look() -> None:
    """Host, description and link of a critical alert; the link as text that does not come alive."""
    sent = card([full()])
    for text in ("instance=db-1:9100, mountpoint=/data", "Look for old dumps first.", LINK):
        assert text in shown(sent)
    assert not any(LINK in text for text in mrkdwn(sent))
    assert source_of({"url": "b", "generatorURL": "a"}) == "a" and source_of({"fingerprint": "x"}) == ""


def test_what_is_cut_is_said_to_be() -> None:
    assert "more characters]" in shown(card([full(description="d" * 900)]))


def test_alike_alerts_are_one_line_that_names_each() -> None:
    (line,) = [text for text in texts(card(down(6))) if "web-0" in text]
    assert all(f"web-{n}:9100" in line for n in range(6))


def test_alerts_of_one_name_that_say_different_things_are_told_apart_too() -> None:
    text = shown(card([full(id=1), full(id=2, summary="97% full", labels=FULL | {"team": "search"})]))
    assert "team=storage" in text and "team=search" in text


def test_evidence_says_which_alert_it_is_and_what_it_says() -> None:
    found = number(values.incident(ORDINARY), [*down(6), full(id=9)], [], SearchResult((), fits=False), NOW)
    assert {piece.kind for piece in found} == {EvidenceKind.ALERT}
    lines = [text for text in texts(incident_blocks.evidence(found)) if "Down" in text or "Full" in text]
    assert len(set(lines)) == 7
    assert lines[-1] == " NodeFull: instance=db-1:9100, mountpoint=/data; 99% full"


def test_the_form_to_split_offers_alerts_that_can_be_told_apart() -> None:
    """As many as there are; each option says which it is, and below it what it says."""
    view = regrouping_blocks.split_view(values.incident(ORDINARY), [stored(one) for one in down(100)])
    assert faults_of_view(view) == []
    options = view["blocks"][1]["element"]["options"]
    assert len({option["text"]["text"] for option in options}) == 100
    assert options[5]["text"]["text"] == "InstanceDown · web-5:9100"
    assert options[5]["description"]["text"] == "Down"


def test_absorbed_alerts_say_where_what_and_where_to_look() -> None:
    view = noise_blocks.reason_view([stored(full())])
    assert faults_of_view(view) == []
    for text in ("instance=db-1:9100, mountpoint=/data", "Look for old dumps first.", LINK):
        assert text in shown(view["blocks"])


def test_a_letter_says_where() -> None:
    (where,) = whereabouts([FULL])
    assert alert_line(full(), where).endswith("99% full [instance=db-1:9100, mountpoint=/data]")
