"""What became of something that was sent to the app, and what a person is told when it went wrong."""

from dataclasses import dataclass
from typing import Literal

from bot.playground.workspace.errors import Json

Outcome = Literal["acked", "timeout", "no_connection", "client_error", "service_error"]

ERRORS: dict[Outcome, str] = {
    "timeout": "operation_timeout",
    "no_connection": "dispatch_failed",
    "client_error": "http_client_error",
    "service_error": "http_service_error",
}


@dataclass(frozen=True)
class Ack:
    """`payload` is what the app answered in its ack, if anything."""

    outcome: Outcome
    payload: Json | None = None
