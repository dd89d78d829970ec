"""All that listens to Slack, registered in one place, so that the app manifest can be derived from it."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from bot.slack import (
    absorbing,
    buttons,
    by_hand,
    citing,
    commands,
    curating,
    drafting,
    forms,
    home,
    mentions,
    muting,
    standing,
    upkeeping,
    views,
)
from bot.slack.edge import Edge

PARTS = (
    *(commands, mentions, buttons, views, forms, standing, home),
    *(muting, absorbing, citing, curating, upkeeping, drafting, by_hand),
)


def register(app: AsyncApp, edge: Edge) -> None:
    """Have the app hear what people say, press and submit."""
    for part in PARTS:
        part.register(app, edge)
