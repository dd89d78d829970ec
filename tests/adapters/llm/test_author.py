"""Words from a real local endpoint: one client for all that ask at once, closed at the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.domain.conversation import Source, Task
from bot.domain.spending import Purpose
from bot.errors import ModelUnavailable
from bot.llm.author import ModelAuthor
from bot.llm.models import Models
from bot.llm.providers import Provider
from tests.scripted_model import ScriptedModel, prose

if TYPE_CHECKING:
    import openai

TASK = Task("answer", Purpose("answer"), "en", "What is stuck?", [Source("E1", "Orders wait.", kind="log")])


class Counted(Models):
    """Models that remember the clients that they have given, and break so many times before."""

    def __init__(self, base_url: str, breaks: int = 0) -> None:
        super().__init__([Provider("model", base_url, "scripted", "sk-test")], count=len)
        self.clients: list[openai.DefaultAsyncHttpxClient] = []
        self._breaks = breaks

    def client(self) -> openai.DefaultAsyncHttpxClient:
        if self._breaks:
            self._breaks -= 1
            raise FileNotFoundError("ca.pem")
        self.clients.append(super().client())
        return self.clients[-1]


async def test_all_that_ask_at_once_share_one_client() -> None:
    """Eight first questions in a row: one client is made, and none is left open."""
    async with ScriptedModel([prose("Orders wait [E1].")]) as model:
        models = Counted(model.base_url)
        author = ModelAuthor(models)
        written = await asyncio.gather(*(author.write(TASK) for _ in range(8)))
        await author.aclose()
    assert {one.text for one in written} == {"Orders wait [E1]."}
    assert [client.is_closed for client in models.clients] == [True]


async def test_a_question_that_is_given_up_costs_the_others_nothing() -> None:
    """The one that asked first is cancelled while the client is loaded: the rest get their words of it."""
    async with ScriptedModel([prose("Orders wait [E1].")]) as model:
        models = Counted(model.base_url)
        author = ModelAuthor(models)
        asked = [asyncio.create_task(author.write(TASK)) for _ in range(3)]
        await asyncio.sleep(0)
        asked[0].cancel()
        written = await asyncio.gather(*asked, return_exceptions=True)
        await author.aclose()
    assert isinstance(written[0], asyncio.CancelledError)
    assert not any(isinstance(one, BaseException) for one in written[1:])
    assert [client.is_closed for client in models.clients] == [True]


async def test_a_client_that_cannot_be_made_is_a_model_that_is_away() -> None:
    """It is said as that, and tried again at the next question."""
    async with ScriptedModel([prose("Orders wait [E1].")]) as model:
        author = ModelAuthor(Counted(model.base_url, breaks=1))
        with pytest.raises(ModelUnavailable, match=r"could not be set up \(FileNotFoundError: ca\.pem"):
            await author.write(TASK)
        assert (await author.write(TASK)).text == "Orders wait [E1]."
        await author.aclose()


async def test_closing_after_a_failed_start_is_no_error() -> None:
    """Nobody waited for it to the end, and there is nothing to close."""
    author = ModelAuthor(Counted("http://127.0.0.1:9", breaks=1))
    asking = asyncio.create_task(author.write(TASK))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await author.aclose()
