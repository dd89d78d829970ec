"""The HTTP client under the model: it follows no redirect and reads no answer above a bound."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import openai

ANSWER_BYTES = 256 * 1024


class AnswerTooLarge(openai.OpenAIError):
    """The endpoint sent more than an answer can be; nothing of it was used."""


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends with an error as soon as it has more than `ANSWER_BYTES` bytes."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for chunk in self._stream:
            seen += len(chunk)
            if seen > ANSWER_BYTES:
                raise AnswerTooLarge(f"the answer has more than {ANSWER_BYTES // 1024} KB")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    # A packed body of a few bytes could become gigabytes, and none was asked for.
    if response.headers.get("content-encoding", "identity") != "identity":
        raise AnswerTooLarge("the answer is compressed, which was not asked for")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream)


def client() -> openai.DefaultAsyncHttpxClient:
    """A client for the running event loop; it must be closed in that loop."""
    return openai.DefaultAsyncHttpxClient(
        follow_redirects=False,  # evidence goes to the configured endpoint and nowhere else
        headers={"accept-encoding": "identity"},
        event_hooks={"response": [_bound]},
    )
