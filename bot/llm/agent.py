"""The langchain agent: it reads while it may, then fills in a typed form.

Importing this takes about two seconds: only `diagnostician` does, in a thread.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import Any

import httpx2
import openai
from langchain.agents import create_agent
from langchain.agents.structured_output import (
    StructuredOutputError,
    StructuredOutputValidationError,
    ToolStrategy,
)
from langchain_core.exceptions import LangChainException
from langchain_core.messages import AnyMessage, HumanMessage, SystemMessage
from langgraph.errors import GraphRecursionError
from langsmith import set_runtime_overrides, tracing_context
from pydantic import SecretStr, ValidationError

from bot.errors import ModelUnavailable
from bot.llm.answer import DiagnosisAnswer
from bot.llm.bounds import REPAIRS, Bounds
from bot.llm.chat import Chat
from bot.llm.reasons import reason_of as _reason
from bot.llm.run import Run
from bot.llm.wire import Wire, client

# What a hostile or broken endpoint can make the libraries raise while they take its answer apart.
MALFORMED = (
    LangChainException,
    StructuredOutputError,
    GraphRecursionError,
    httpx2.HTTPError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
)


async def _at_once(
    _in_a_thread: object, context: Context, work: Callable[..., object], /, *given: object, **named: object
) -> object:
    """Tracing is off: what its hooks do around each turn and each reading is nothing, and needs no thread."""
    return context.run(work, *given, **named)


set_runtime_overrides(aio_to_thread=_at_once)


class Agent:
    """A ready agent for one event loop."""

    def __init__(self, *, wire: Wire, model: str) -> None:
        self._wire = wire
        chat = Chat(
            wire=wire,
            api_key=SecretStr("of the wire"),  # which puts in address, model and key of each provider
            base_url="http://provider/v1",
            model=model,
            max_retries=0,
            disable_streaming=True,
            use_responses_api=False,
            http_async_client=client(wire),  # whatever the library asks by itself goes this way, too
        )
        self._graph = create_agent(
            chat,
            [],
            middleware=[Bounds()],
            response_format=ToolStrategy(DiagnosisAnswer, handle_errors=_what_is_wrong),
            context_schema=Run,
        )

    async def ask(self, rules: str, case: str, run: Run) -> DiagnosisAnswer:
        """The filled-in form.

        Raises:
            ModelUnavailable: there is none; the detail says why without repeating what the endpoint sent.
        """
        messages: list[AnyMessage | dict[str, Any]] = [SystemMessage(rules), HumanMessage(case)]
        turns = run.desk.bounds.turns if run.desk is not None else 1
        try:
            with tracing_context(enabled=False):  # evidence goes to the endpoint and nowhere else
                result = await self._graph.ainvoke(
                    {"messages": messages},
                    {"recursion_limit": 4 * (turns + REPAIRS + 1)},
                    context=run,
                )
        except openai.OpenAIError as error:
            raise ModelUnavailable(_reason(error)) from error
        except MALFORMED as error:
            raise ModelUnavailable(f"Its answer was malformed ({type(error).__name__}).") from error
        answer = result.get("structured_response")
        if not isinstance(answer, DiagnosisAnswer):
            raise ModelUnavailable("It did not fill in the form.")
        return answer

    async def aclose(self) -> None:
        await self._wire.aclose()


def _what_is_wrong(error: Exception) -> str:
    """For the model: which fields do not fit. Its own values are not repeated."""
    source = error.source if isinstance(error, StructuredOutputValidationError) else error
    cause = source.__cause__
    if isinstance(cause, ValidationError):
        places = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in cause.errors()[:5])
        return "These fields do not fit. " + "; ".join(places)[:500]
    return "Call the tool once."
