"""The langchain agent: one question, one typed answer, one repair and one retry at most, within a budget.

Importing this takes about two seconds: only `diagnostician` does, in a thread.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import openai
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse, hook_config
from langchain.agents.structured_output import (
    StructuredOutputError,
    StructuredOutputValidationError,
    ToolStrategy,
)
from langchain_core.exceptions import LangChainException
from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_openai import ChatOpenAI
from langgraph.errors import GraphRecursionError
from langgraph.runtime import Runtime
from langsmith import tracing_context
from pydantic import SecretStr, ValidationError

from bot.errors import ModelUnavailable
from bot.llm.answer import DiagnosisAnswer
from bot.llm.reasons import reason_of as _reason
from bot.llm.transport import AnswerTooLarge

TURNS = 2
ANSWER_TOKENS = 1000
LEAST_ANSWER_TOKENS = 250
LONGEST_PAUSE_S = 3.0
TOOL = DiagnosisAnswer.__name__
REPAIR = f"That was no usable answer. Answer only by calling the tool {TOOL}, with valid and shorter JSON."
FORM = json.dumps(convert_to_openai_tool(DiagnosisAnswer), separators=(",", ":"))

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


@dataclass(slots=True)
class Run:
    """What one diagnosis may still use, and what it has used. Never shown to the model."""

    budget: int
    count: Callable[[str], int]
    tokens: int = 0
    turns: int = 0
    retries: int = 0
    unusable: int = 0


class Bounds(AgentMiddleware[AgentState[Any], Run]):
    """Holds turns, retries and tokens within their bounds; asks again when the form was not filled in."""

    async def awrap_model_call(
        self,
        request: ModelRequest[Run],
        handler: Callable[[ModelRequest[Run]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """One turn: refused when the budget does not hold prompt and answer."""
        run = request.runtime.context
        if run.turns == TURNS:
            raise ModelUnavailable("It did not fill in the form, and did not after being asked again.")
        prompt = run.count(FORM) + sum(run.count(_text(message)) for message in request.messages)
        room = run.budget - run.tokens - prompt
        if room < LEAST_ANSWER_TOKENS:
            raise ModelUnavailable(f"The budget of {run.budget} tokens does not hold another turn.")
        run.turns += 1
        bounded = request.override(model_settings={"max_completion_tokens": min(room, ANSWER_TOKENS)})
        response = await _once_more(bounded, handler, run)
        run.tokens += _used(response.result, prompt, run.count)
        return response

    @hook_config(can_jump_to=["model"])
    async def aafter_model(self, state: AgentState[Any], runtime: Runtime[Run]) -> dict[str, Any] | None:
        """Prose, unparsable JSON or an invented tool end the run silently otherwise."""
        if state.get("structured_response") is not None:
            return None
        runtime.context.unusable += 1
        return {"messages": _repair(state["messages"]), "jump_to": "model"}


async def _once_more(
    request: ModelRequest[Run],
    handler: Callable[[ModelRequest[Run]], Awaitable[ModelResponse[Any]]],
    run: Run,
) -> ModelResponse[Any]:
    """Calls the model; what may pass by itself (429, 5xx, a reset) is tried again once in a whole run."""
    try:
        return await handler(request)
    except (openai.RateLimitError, openai.InternalServerError, openai.APIConnectionError) as error:
        pause = _pause(error)
        if run.retries or pause is None:
            raise
        run.retries += 1
    await asyncio.sleep(pause)
    return await handler(request)


def _pause(error: openai.APIError) -> float | None:
    """Seconds to wait before the retry; None when there is no point in one."""
    if isinstance(error, openai.APITimeoutError) or isinstance(error.__cause__, AnswerTooLarge):
        return None
    asked = error.response.headers.get("retry-after", "") if isinstance(error, openai.APIStatusError) else ""
    seconds = float(asked) if asked.isascii() and asked.isdecimal() else 0.2
    return seconds if seconds <= LONGEST_PAUSE_S else None


def _repair(messages: list[AnyMessage]) -> list[BaseMessage]:
    """One message asking again; open tool calls are answered first, as endpoints insist on that."""
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    last = next(message for message in reversed(messages) if isinstance(message, AIMessage))
    open_calls = [call["id"] for call in (*last.tool_calls, *last.invalid_tool_calls)]
    refusals = [
        ToolMessage("Refused.", tool_call_id=call) for call in open_calls if call and call not in answered
    ]
    return [*refusals, HumanMessage(REPAIR)]


def _used(result: list[BaseMessage], prompt: int, count: Callable[[str], int]) -> int:
    """Tokens that the endpoint says a turn took; our own count when it says nothing sensible."""
    for message in result:
        if isinstance(message, AIMessage):
            said = message.usage_metadata["total_tokens"] if message.usage_metadata else 0
            return said if said > 0 else prompt + count(_text(message))
    return prompt


def _text(message: BaseMessage) -> str:
    calls = [*message.tool_calls, *message.invalid_tool_calls] if isinstance(message, AIMessage) else []
    return f"{message.content}{[call['args'] for call in calls] or ''}"


def _what_is_wrong(error: Exception) -> str:
    """For the model: which fields do not fit. Its own values are not repeated."""
    source = error.source if isinstance(error, StructuredOutputValidationError) else error
    cause = source.__cause__
    if isinstance(cause, ValidationError):
        places = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in cause.errors()[:5])
        return "These fields do not fit. " + "; ".join(places)[:500]
    return "Call the tool once."


class Agent:
    """A ready agent for one event loop."""

    def __init__(self, *, http: openai.DefaultAsyncHttpxClient, model: str, timeout_s: float) -> None:
        self._http = http
        chat = ChatOpenAI(
            api_key=SecretStr("of the wire"),  # which puts in address, model and key of each provider
            base_url="http://provider/v1",
            model=model,
            timeout=timeout_s,
            max_retries=0,
            disable_streaming=True,
            use_responses_api=False,
            http_async_client=self._http,
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
        try:
            with tracing_context(enabled=False):  # evidence goes to the endpoint and nowhere else
                result = await self._graph.ainvoke(
                    {"messages": messages}, {"recursion_limit": 4 * TURNS}, context=run
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
        await self._http.aclose()
