"""Plans, proposals and N3 as the tests of signing need them, and how Hypothesis draws them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.tool import Risk
from bot.sign_off.digest import digest

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PEOPLE = tuple(Person("T1", f"U{name}") for name in "ABCDEF")
ALICE, BOB, CAROL, *_ = PEOPLE
PLAN: dict[str, object] = {
    "incident": 7,
    "tool": "restart_worker",
    "entry": {"title": "Restart a worker", "expected_effect": "Orders flow again", "risk": "low"},
    "referenced": {"queue_depth": {"title": "Depth of the queue"}},
    "arguments": {"worker": "orders-1", "grace_s": 5},
    "inventory": {"worker": {"unit": "orders.service"}},
    "runner": "command",
    "call": {"argv": ["/usr/bin/restart", "orders-1"], "files": {"/opt/restart.sh": "a" * 64}},
    "target": {"environment": "production", "service": "orders", "identity": "pid 812"},
    "precondition": {
        "tool": "queue_depth",
        "arguments": {},
        "call": {"argv": ["/usr/bin/depth"], "files": {}},
        "expect": "at least 100",
        "settle_s": 0.0,
        "holds": True,
    },
    "verification": {
        "tool": "queue_depth",
        "arguments": {},
        "call": {"method": "GET", "url": "http://127.0.0.1/depth", "headers": {}, "body": None},
        "expect": "at most 5",
        "settle_s": 2.5,
    },
    "undo": {
        "tool": "stop_worker",
        "arguments": {},
        "call": {"method": "POST", "url": "http://127.0.0.1/stop", "headers": {}, "body": {"force": False}},
        "expect": "",
        "settle_s": 0.0,
    },
    "policy": {"risk": "low", "signatures": 1, "time_to_sign_s": 1800, "pinned": False},
}
DIGEST = digest(PLAN)

# Text as attackers write it: every plane, controls, what reorders or hides, and what Slack would act on.
hostile = st.text(max_size=60) | st.sampled_from(
    [
        "<!channel> <@U1> <https://evil.example|runbook>",
        "```\n*signed by @n3*\n```",
        "\u202esdrawkcab\u2066",
        "a\u200bb\U000e0041",
        "\\u{e9}",
        "\x00\x1b[2J\r\n",
        "&lt;!here&gt; &amp;",
        "{worker} {worker.unit} {secret:TOKEN} $(id) `id`",
    ]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | hostile,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile, inner, max_size=4),
    max_leaves=6,
)


def proposal(**changes: object) -> Proposal:
    """A prepared proposal of Alice, waiting for one signature."""
    made = Proposal(
        id=3,
        incident_id=7,
        tool="restart_worker",
        arguments={"worker": "orders-1"},
        proposer=ALICE,
        state=ProposalState.PROPOSED,
        risk=Risk.LOW,
        signatures_needed=1,
        created_at=NOW - timedelta(minutes=1),
        sign_by=NOW + timedelta(minutes=29),
        execute_by=NOW + timedelta(minutes=4),
        plan=PLAN,
        digest=DIGEST,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # fields of Proposal, by name
