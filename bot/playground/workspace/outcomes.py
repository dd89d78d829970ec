"""What comes of something that a person did."""

from dataclasses import dataclass, field

from bot.playground.workspace.errors import Json


@dataclass(frozen=True)
class CommandOutcome:
    """`error` is Slack's code (`operation_timeout`) or empty; `response` what the app or Slackbot said."""

    ok: bool
    error: str = ""
    response: str = ""


@dataclass(frozen=True)
class ClickOutcome:
    """`error` is Slack's code, or empty when the app acknowledged the click."""

    ok: bool
    error: str = ""


@dataclass(frozen=True)
class SubmitOutcome:
    """`errors` by block_id keep the modal open; `view` is what shows now, None when all modals are closed."""

    ok: bool
    errors: dict[str, str] = field(default_factory=dict)
    view: Json | None = None
    error: str = ""
