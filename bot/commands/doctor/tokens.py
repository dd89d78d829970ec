"""The tokens: filled in, accepted by Slack, with the scopes that the code needs."""

from __future__ import annotations

from bot.commands.doctor.check import Result, away, failed, ok, skipped
from bot.commands.doctor.ground import SLACK_AWAY, Ground, SlackAway, SlackNotAsked, SlackRefused
from bot.errors import Misconfigured

_APP_HINT = (
    "Make one under Basic Information, App-Level Tokens, with connections:write, and put it into vigie.env."
)


UNTOLD = (Misconfigured, SlackRefused, SlackAway, SlackNotAsked)


def untold(error: Exception) -> Result:
    """What the checks say that rest on the bot token."""
    first = "not asked of Slack" if isinstance(error, SlackNotAsked) else "the bot token has to work first"
    return skipped(first)


async def bot_token(ground: Ground) -> Result:
    """`auth.test` accepts it."""
    if ground.asks_nobody:
        return skipped("SLACK_API_URL has to be right first")
    try:
        who = await ground.identity()
    except Misconfigured as error:
        return failed(*parted(error.detail))
    except SlackRefused as error:
        from bot.slack.refusals import TOKEN_REMEDIES

        remedy = TOKEN_REMEDIES.get(error.code, TOKEN_REMEDIES["token_revoked"])
        return failed(f"SLACK_BOT_TOKEN is not valid, Slack says {error.code}", remedy)
    except SlackAway as error:
        return away(f"Slack does not answer: {error}", SLACK_AWAY)
    except SlackNotAsked:
        return ok("filled in; not asked of Slack")
    return ok(f"workspace {who.team} ({who.team_id}), user {who.user} ({who.user_id})")


async def scopes(ground: Ground) -> Result:
    """All that the code asks for are granted."""
    from bot.slack.connection import SCOPES, missing_scopes
    from bot.slack.manifest import ROOM_SCOPES

    try:
        granted = (await ground.identity()).scopes
    except UNTOLD as error:
        return untold(error)
    if missing := missing_scopes(granted):
        remedy = "Add them under OAuth & Permissions, Bot Token Scopes, and install the app again."
        return failed(f"missing: {', '.join(missing)}", remedy)
    told = f"{len(SCOPES)} of {len(SCOPES)}"
    if optional := [scope for scope in ROOM_SCOPES if scope not in granted]:
        told += f"; without {', '.join(optional)} what is saved in a private channel is told directly"
    return ok(told)


async def app_token(ground: Ground) -> Result:
    """`apps.connections.open` takes it; in HTTP mode the signing secret is there instead."""
    if not ground.settings.uses_socket:
        return _signing_secret(ground)
    if ground.asks_nobody:
        return skipped("SLACK_API_URL has to be right first")
    try:
        await ground.open_connection()
    except Misconfigured as error:
        return failed(*parted(error.detail))
    except SlackRefused as error:
        return failed(f"SLACK_APP_TOKEN is not valid, Slack says {error.code}", _APP_HINT)
    except SlackAway as error:
        return away(f"Slack does not answer: {error}", SLACK_AWAY)
    except SlackNotAsked:
        return ok("filled in; not asked of Slack")
    return ok("Socket Mode opens")


def _signing_secret(ground: Ground) -> Result:
    try:
        there = ground.settings.signing_secret
    except Misconfigured as error:
        return failed(*parted(error.detail))
    if not there:
        remedy = "Copy it from Basic Information, Signing Secret, into vigie.env."
        return failed("SLACK_SIGNING_SECRET is not filled in", remedy)
    return ok("not needed in HTTP mode; the signing secret is set")


async def intake_token(ground: Ground) -> Result:
    """Senders of alerts can be told from strangers."""
    try:
        return ok(f"{len(ground.settings.intake_token)} characters")
    except Misconfigured as error:
        return failed(*parted(error.detail))


async def sources(ground: Ground) -> Result:
    """Each source has a secret of its own, and a way back that could work."""
    from bot.reach.configured import backs_of
    from bot.web.senders import senders_of

    try:
        _ = ground.settings.intake_token
    except Misconfigured:
        return skipped("the intake token has to be right first")
    try:
        named = sorted(senders_of(ground.settings))
        told = [way.name for way in backs_of(ground.settings)]
    except Misconfigured as error:
        return failed(*parted(error.detail))
    rooms = [name for name, one in ground.settings.file.sources.items() if one.kind == "slack"]
    heard = f"; bots heard for: {', '.join(rooms)} (needs the event message.channels)" if rooms else ""
    back = f"; told back: {', '.join(told)}" if told else ""
    return ok(f"{', '.join(named)}{back}{heard}")


def parted(sentences: str) -> tuple[str, str]:
    """The first sentence, and what to do, which follows."""
    found, _, remedy = sentences.partition(". ")
    return found.rstrip("."), remedy
