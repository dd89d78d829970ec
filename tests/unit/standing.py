"""A standing sign-off, an alert that fires it, and its tool, as the unit tests need them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.alert import AlertStatus, Severity
from bot.domain.incident import Incident, IncidentState
from bot.domain.standing import By, Pattern, StandingSignOff, StandingState, Terms, Trigger, TypedAlert
from bot.domain.tool import Argument, Risk, Tool, ToolKind
from tests.unit.plans import ALICE, BOB, NOW

INVENTORY = {
    "workers": {
        "orders-1": {"services": ["orders"]},
        "orders-2": {"services": ["orders"]},
        "billing-1": {"services": ["billing"]},
        "nowhere": {},
    }
}
TRIGGER = Trigger("alertmanager", "QueueStuck", Severity.WARNING, {"queue": "slow"})
ARGUMENTS = {
    "worker": Pattern(("orders-1", "billing-1"), By.SERVICE),
    "size": Pattern(("small", "large"), By.LABEL),
    "grace_s": Pattern((5,), By.FIXED),
}
TERMS = Terms(
    "restart", ARGUMENTS, ("orders", "billing"), ("production",), TRIGGER, 2, 5, NOW + timedelta(days=30)
)


def tool(**changes: Any) -> Tool:  # noqa: ANN401  # fields of Tool, by name
    """Restarts a worker of a service."""
    made = Tool(
        name="restart",
        kind=ToolKind.ACTION,
        title="Restart",
        does="Restarts it.",
        runner="command",
        call={"argv": ["/bin/restart", "{worker}"], "files": []},
        arguments=(
            Argument("worker", "reference", inventory="workers"),
            Argument("size", "enum", choices=("small", "large", "huge")),
            Argument("grace_s", "integer", minimum=0, maximum=60),
        ),
        timeout_s=10,
        output_cap=1000,
        environments=("production", "test"),
        services=("orders", "billing", "mail"),
        owner="us",
        entry={},
        risk=Risk.LOW,
    )
    return replace(made, **changes)


def standing(**changes: Any) -> StandingSignOff:  # noqa: ANN401  # fields of StandingSignOff, by name
    """In force since an hour, given by Bob."""
    made = StandingSignOff(
        id=3,
        terms=TERMS,
        risk=Risk.LOW,
        proposer=ALICE,
        why="It has always helped.",
        state=StandingState.IN_FORCE,
        created_at=NOW - timedelta(hours=2),
        sign_by=NOW + timedelta(days=1),
        round=1,
        active_at=NOW - timedelta(hours=1),
        uses_left=5,
        reason="",
        digest="d" * 64,
        plan={},
        basis="b" * 64,
        given_by=(BOB.key,),
        from_proposal=1,
    )
    return replace(made, **changes)


def delivery(**changes: Any) -> TypedAlert:  # noqa: ANN401  # fields of TypedAlert, by name
    """The alert that it is for, a minute ago."""
    made = TypedAlert(
        id=9,
        source="alertmanager",
        name="QueueStuck",
        status=AlertStatus.FIRING,
        severity=Severity.CRITICAL,
        service="orders",
        environment="production",
        labels={"queue": "slow", "size": "large", "pod": "a"},
        flags=(),
        received_at=NOW - timedelta(minutes=1),
        firing=True,
    )
    return replace(made, **changes)


def incident(**changes: Any) -> Incident:  # noqa: ANN401  # fields of Incident, by name
    """The one that it opened."""
    opened = NOW - timedelta(minutes=1)
    critical, state = Severity.CRITICAL, IncidentState.TRIGGERED
    made = Incident(12, "Stuck", "orders", "production", critical, state, opened, opened)
    return replace(made, **changes)
