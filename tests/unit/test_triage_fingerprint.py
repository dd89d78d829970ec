"""A fingerprint stands for source, name and labels; no trick with separators makes two alerts one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.triage.fingerprint import fingerprint

NOW = datetime(2026, 3, 1, tzinfo=UTC)
# Few characters and short texts, among them what other programs join with: close calls are common.
tricky = st.text(alphabet="ab=,;|\"'{}\\\n\x00\x08é\ud800", max_size=4)
labels = st.dictionaries(tricky, tricky, max_size=3)


def alert(source: str, name: str, labels: dict[str, str]) -> Alert:
    return Alert(
        source, name, AlertStatus.FIRING, Severity.WARNING, "orders", "production", NOW, labels=labels
    )


@given(st.tuples(tricky, tricky, labels), st.tuples(tricky, tricky, labels))
@example(("s", "n", {"a": "b", "c": "d"}), ("s", "n", {"a": "bcd"}))
@example(("s", "na", {"b": ""}), ("s", "n", {"ab": ""}))
@example(("s", "n", {"a": "b"}), ("s", "n", {"a": "b", "": ""}))
@example(("s", "n", {"a": "", "b": ""}), ("s", "n", {"a": "b"}))
@example(("sn", "", {}), ("s", "n", {}))
def test_two_alerts_share_one_only_when_they_are_the_same(
    one: tuple[str, str, dict[str, str]], other: tuple[str, str, dict[str, str]]
) -> None:
    """Equal fingerprints mean equal source, name and labels, whatever characters are in them."""
    assert (fingerprint(alert(*one)) == fingerprint(alert(*other))) == (one == other)


@pytest.mark.parametrize("separator", [*"=,;:|/&\n\t\x00\x1f ", "", "=\n", '":"', "\ue000"])
def test_no_separator_moves_a_border(separator: str) -> None:
    """A name that spells a label, a value that spells another one, a key that spells its value."""
    plain = alert("s", "n", {"a": "b", "c": "d"})
    for name, drawn in (
        (separator.join(["n", "a", "b", "c", "d"]), {}),
        (separator.join(["n", "a", "b"]), {"c": "d"}),
        ("n", {"a": separator.join(["b", "c", "d"])}),
        ("n", {separator.join(["a", "b", "c"]): "d"}),
    ):
        assert fingerprint(alert("s", name, drawn)) != fingerprint(plain)
    assert fingerprint(alert(f"s{separator}n", "", {"a": "b", "c": "d"})) != fingerprint(plain)


@given(labels, st.randoms(use_true_random=False), st.sampled_from(Severity))
def test_order_of_labels_severity_and_texts_do_not_matter(
    drawn: dict[str, str], random: object, severity: Severity
) -> None:
    """The same alert at another severity, resolved, with other words: the same series."""
    plain = alert("s", "n", drawn)
    keys = list(drawn)
    random.shuffle(keys)  # type: ignore[attr-defined]  # Hypothesis gives a random.Random
    changed = replace(
        plain,
        labels={key: drawn[key] for key in keys} | {"severity": severity.word},
        severity=severity,
        status=AlertStatus.RESOLVED,
        summary="17 orders wait",
        annotations={"x": "y"},
        ends_at=NOW,
    )
    assert fingerprint(changed) == fingerprint(plain)
