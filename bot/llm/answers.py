"""What an endpoint sent, taken apart as carefully as anything from outside."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

MOST_TOKENS = 10_000_000
"""No call takes more; who says so is not believed."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call."""

    sent: int
    answered: int


def choices_of(raw: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """The answer and its choices, each with a message; None where it is no answer of the protocol."""
    try:
        # Twice: JSON can spell half a character, which can be neither stored nor sent on.
        parsed = json.loads(json.dumps(json.loads(raw), ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    choices = parsed.get("choices") if isinstance(parsed, dict) else None
    if not isinstance(choices, list) or not choices:
        return None
    if not all(isinstance(c, dict) and isinstance(c.get("message"), dict) for c in choices):
        return None
    return parsed, choices


def usage_of(parsed: dict[str, Any]) -> Usage | None:
    """Tokens as the endpoint says; None where it says nothing sensible."""
    usage = parsed.get("usage")
    if not isinstance(usage, dict):
        return None
    sent, answered = usage.get("prompt_tokens"), usage.get("completion_tokens")
    numbers = [n for n in (sent, answered) if isinstance(n, int) and not isinstance(n, bool)]
    if len(numbers) != 2 or not all(0 <= n <= MOST_TOKENS for n in numbers) or not sum(numbers):
        return None
    return Usage(*numbers)


def as_events(body: bytes) -> bytes:
    """A whole answer for a client that asked for a stream: one piece with everything, then the end."""
    parsed = json.loads(body)
    pieces = []
    for number, choice in enumerate(parsed["choices"]):
        delta = dict(choice["message"])
        calls = delta.get("tool_calls")
        if isinstance(calls, list):
            delta["tool_calls"] = [
                {**call, "index": at} for at, call in enumerate(calls) if isinstance(call, dict)
            ]
        index = choice.get("index", number)
        pieces.append({"index": index, "delta": delta, "finish_reason": None})
        pieces.append({"index": index, "delta": {}, "finish_reason": choice.get("finish_reason")})
    common = {k: v for k, v in parsed.items() if k not in ("choices", "usage", "object")}
    common["object"] = "chat.completion.chunk"
    chunks = [{**common, "choices": [piece]} for piece in pieces]
    chunks.append({**common, "choices": [], "usage": parsed.get("usage")})
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()
