"""How long Slack waits, and how long what it hands out is good for; tests make it shorter."""

from dataclasses import dataclass
from typing import TypedDict


@dataclass(frozen=True)
class Waits:
    """Seconds. The pauses stand before each further delivery of an event that was not answered."""

    ack_seconds: float = 3.0
    trigger_seconds: float = 3.0
    retry_pauses: tuple[float, ...] = (1.0, 3.0, 10.0)
    http_retry_pauses: tuple[float, ...] = (0.0, 60.0, 300.0)
    warning_seconds: float = 10.0
    response_url_seconds: float = 1800.0
    stream_seconds: float = 300.0


class OtherWaits(TypedDict, total=False):
    """Any of them, as arguments of a workspace."""

    ack_seconds: float
    trigger_seconds: float
    retry_pauses: tuple[float, ...]
    http_retry_pauses: tuple[float, ...]
    warning_seconds: float
    response_url_seconds: float
    stream_seconds: float
