"""What came of asking one provider: an answer that was looked through, or why there is none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx2
import openai

from bot.llm.answers import Usage, as_events

_REQUEST = httpx2.Request("POST", "http://provider/v1/chat/completions")


@dataclass(frozen=True, slots=True)
class Tried:
    """`answer` is None where there is none: then `status` and `headers`, `error` or `problem` say why.

    `said` is what was answered, as text; `echoed` names what was taken out of it.
    """

    status: int = 0
    headers: dict[str, str] | None = None
    error: Exception | None = None
    problem: str = ""
    answer: dict[str, Any] | None = None
    usage: Usage | None = None
    said: str = ""
    echoed: tuple[str, ...] = ()

    @property
    def worked(self) -> bool:
        return self.answer is not None

    @property
    def may_be_billed(self) -> bool:
        """Whether it may have worked on it although nothing usable came back."""
        if isinstance(self.error, httpx2.ConnectError | httpx2.ConnectTimeout):
            return False
        return self.error is not None or self.status == 200

    @property
    def told(self) -> str:
        if self.error is not None:
            return f"{type(self.error).__name__}: {self.error}"[:300]
        return self.problem or ("" if self.worked else f"HTTP {self.status}")

    def response(self, request: httpx2.Request, streamed: bool) -> httpx2.Response:
        """For a client that speaks HTTP. What was not looked through does not get there.

        Raises:
            AnswerTooLarge, httpx2.HTTPError: what came of asking.
        """
        if self.error is not None:
            raise self.error
        body, headers = json.dumps(self.answer or {}).encode(), dict(self.headers or {})
        if streamed and self.worked:
            body, headers = as_events(body), {"content-type": "text/event-stream"}
        return httpx2.Response(self.status, headers=headers, content=body, request=request)

    def read(self) -> dict[str, Any]:
        """The answer, for who asks the wire itself.

        Raises:
            openai.OpenAIError: why there is none, as openai's own client says it.
            ValueError: what came is no answer.
        """
        if self.answer is not None:
            return self.answer
        if isinstance(self.error, httpx2.TimeoutException):
            raise openai.APITimeoutError(_REQUEST) from self.error
        if isinstance(self.error, httpx2.HTTPError):
            raise openai.APIConnectionError(request=_REQUEST) from self.error
        if self.error is not None:
            raise self.error
        if self.problem:
            raise ValueError(self.problem)
        known = openai.RateLimitError if self.status == 429 else openai.APIStatusError
        kind = openai.InternalServerError if self.status >= 500 else known
        raise kind(self.told, response=self.response(_REQUEST, streamed=False), body=None)
