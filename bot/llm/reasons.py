"""Why there is no answer, in words that repeat nothing of what an endpoint sent."""

from __future__ import annotations

import httpx2
import openai

from bot.llm.transport import AnswerTooLarge

# What a hostile or broken endpoint can make the libraries raise while they take its answer apart.
MALFORMED = (httpx2.HTTPError, ValueError, TypeError, LookupError, AttributeError, RecursionError)


def reason_of(error: openai.OpenAIError) -> str:
    """One sentence for people."""
    large = next((e for e in (error, error.__cause__) if isinstance(e, AnswerTooLarge)), None)
    if large is not None:
        return f"Refused: {large}."
    if isinstance(error, openai.APITimeoutError):
        return "Its endpoint did not answer in time."
    if isinstance(error, openai.APIStatusError):
        return f"Its endpoint answered HTTP {error.status_code}{_HINTS.get(error.status_code, '')}."
    if isinstance(error, openai.APIConnectionError):
        return "The connection to its endpoint failed."
    return f"Its endpoint failed ({type(error).__name__})."


_HINTS = {
    401: "; check its key",
    403: "; check its key",
    404: "; check its base_url and name",
    429: "; it is busy or its quota is used up",
}
