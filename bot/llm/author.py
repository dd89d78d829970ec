"""Asks a model for words: an answer in a thread, or a draft; what of it stands is judged afterwards."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import prompts
from bot.domain.conversation import Source, Task, Turn, Written
from bot.errors import ModelNotAsked, ModelUnavailable
from bot.llm.asking import asking
from bot.llm.breaker import Breaker
from bot.llm.fitting import SHORTENED
from bot.llm.loaded import Loaded
from bot.llm.models import Models

if TYPE_CHECKING:
    from openai import AsyncOpenAI

QUESTION = 2000
LANGUAGES = {"en": "English", "fr": "French"}
EVENT = "event"
_LONG = 400
"""Tokens that one source may have before it is shortened."""


@dataclass(frozen=True, slots=True)
class Room:
    """Tokens of one call: for its sources, for what was said before, for the answer."""

    sources: int = 2500
    earlier: int = 800
    answer: int = 700


class ModelAuthor:
    """The `Author` port over all models; `timeout_s` (seconds) from the call to the text."""

    def __init__(
        self,
        models: Models,
        *,
        room: Room = Room(),  # frozen
        timeout_s: float = 20.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.models = models
        self._room = room
        self._timeout_s = timeout_s
        self._breaker = Breaker(monotonic)
        self._client = Loaded(self._load)
        self.counts: Counter[str] = Counter()

    async def write(self, task: Task) -> Written:
        """The model's text, not judged.

        Raises:
            ModelUnavailable: no text, or none asked for as the last ones failed.
        """
        if not self._breaker.allows():
            raise ModelUnavailable(
                f"It failed repeatedly and is left alone for {self._breaker.rests_s:.0f} s."
            )
        until = asyncio.get_running_loop().time() + self._timeout_s
        name = f"{task.prompt}@{prompts.version(task.prompt)}"
        rules, case, sent = self.prompt(task)
        outcome = "failed"
        try:
            with asking(replace(task.purpose, prompt=name), until) as asked:
                async with asyncio.timeout(self._timeout_s):
                    text = await self._ask(rules, case)
            outcome = "answered"
        except ModelUnavailable as error:
            if not asked.refused:
                raise
            outcome = "refused"  # which says nothing about how the model does
            raise ModelNotAsked(asked.refused) from error
        except TimeoutError as error:
            raise ModelUnavailable(f"It did not answer within {self._timeout_s:g} s.") from error
        finally:
            self.counts[outcome] += 1
            if outcome != "refused":
                (self._breaker.succeeded if outcome == "answered" else self._breaker.failed)()
        return Written(text, sent, asked.model, name)

    def prompt(self, task: Task) -> tuple[str, str, frozenset[str]]:
        """What is sent: the rules, the case, and the ids of the sources in it."""
        allowed = [s for s in task.sources if not s.service or self.models.may_be_sent(s.service)]
        sources = self._fitting(allowed)
        variables: dict[str, object] = {
            "language": LANGUAGES[task.language],
            "question": task.question[:QUESTION],
            "sources": _fences(sources),
            "left_out": len(allowed) - len(sources),
            "earlier": self._earlier(task.earlier),
        }
        rules = prompts.render(task.prompt, block="rules", **variables)
        case = prompts.render(task.prompt, block="case", **variables)
        return rules, case, frozenset(source.id for source in sources)

    async def aclose(self) -> None:
        """Closes the connections; must run in the loop that used them."""
        if client := await self._client.give_up():
            await client.close()

    def _fitting(self, sources: Sequence[Source]) -> list[Source]:
        """The first of them within their room, in the order of what they are worth; long ones shortened."""
        left, kept = self._room.sources, []
        for source in sources:
            cut = self._shortened(source)
            left -= self.models.count(_line(cut) if cut.kind == EVENT else _fenced(cut)) + 2
            if left < 0:
                break
            kept.append(cut)
        return kept

    def _shortened(self, source: Source) -> Source:
        text = source.text
        while len(text) > 40 and self.models.count(text) > _LONG:
            text = text[: int(len(text) * 0.8)]
        return source if text == source.text else replace(source, text=f"{text} {SHORTENED}")

    def _earlier(self, turns: Sequence[Turn]) -> list[dict[str, str]]:
        """The newest turns within their room, oldest first."""
        left, kept = self._room.earlier, []
        for turn in reversed(turns):
            pieces = {
                "question": prompts.fence(turn.question[:500], "question before"),
                "answer": prompts.fence(turn.answer[:1500], "answer before"),
            }
            left -= sum(map(self.models.count, pieces.values()))
            if left < 0:
                break
            kept.append(pieces)
        return kept[::-1]

    async def _ask(self, rules: str, case: str) -> str:
        client = await self._client.get()
        import openai

        from bot.llm.reasons import MALFORMED, reason_of

        try:
            answer = await client.chat.completions.create(
                model=self.models.name,
                messages=[{"role": "system", "content": rules}, {"role": "user", "content": case}],
                max_completion_tokens=self._room.answer,
            )
            text = answer.choices[0].message.content
        except openai.OpenAIError as error:
            raise ModelUnavailable(reason_of(error)) from error
        except MALFORMED as error:
            raise ModelUnavailable(f"Its answer was malformed ({type(error).__name__}).") from error
        if not isinstance(text, str) or not text.strip():
            raise ModelUnavailable("It wrote nothing.")
        return text

    def _load(self) -> AsyncOpenAI:
        http = self.models.client()
        from openai import AsyncOpenAI

        # Address, model and key of each provider are put in by the wire.
        return AsyncOpenAI(
            api_key="of the wire", base_url="http://provider/v1", http_client=http, max_retries=1
        )


def _fences(sources: Sequence[Source]) -> list[str]:
    """Each source in a fence of its own, but for events: one fence has them all, a line each."""
    events = sorted((s for s in sources if s.kind == EVENT), key=lambda s: int(s.id[1:]))
    fenced = [_fenced(source) for source in sources if source.kind != EVENT]
    if events:
        fenced.append(prompts.fence("\n".join(map(_line, events)), "recorded events, each behind its id"))
    return fenced


def _fenced(source: Source) -> str:
    return prompts.fence(_dated(source), f"{source.id}, {source.kind}")


def _line(source: Source) -> str:
    return f"{source.id} {prompts.line(_dated(source), 300)}"


def _dated(source: Source) -> str:
    return f"{source.at:%Y-%m-%d %H:%M:%S} UTC {source.text}" if source.at else source.text
