"""Reads what an endpoint sends within bounds: nothing packed, and no answer above a size."""

from __future__ import annotations

import httpx2
import openai

ANSWER_BYTES = 256 * 1024


class AnswerTooLarge(openai.OpenAIError):
    """The endpoint sent more than an answer can be; nothing of it was used."""


async def read_bounded(response: httpx2.Response) -> bytes:
    """All of the body.

    Raises:
        AnswerTooLarge: it has more than `ANSWER_BYTES` bytes, or is packed; what comes after is not read.
    """
    # A packed body of a few bytes could become gigabytes, and none was asked for.
    if response.headers.get("content-encoding", "identity") != "identity":
        raise AnswerTooLarge("the answer is compressed, which was not asked for")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    kept = bytearray()
    async for chunk in response.stream:
        kept += chunk
        if len(kept) > ANSWER_BYTES:
            raise AnswerTooLarge(f"the answer has more than {ANSWER_BYTES // 1024} KB")
    return bytes(kept)
