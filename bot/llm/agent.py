"""The langchain agent: it reads while it may, then fills in a typed form; each turn within bounds.

Importing this takes about two seconds: only `diagnostician` does, in a thread.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import openai
from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    AgentState,
    ModelRequest,
    ModelResponse,
    hook_config,
)
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
from langgraph.errors import GraphRecursionError
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.runtime import Runtime
from langgraph.types import Command
from langsmith import set_runtime_overrides, tracing_context
from pydantic import SecretStr, ValidationError

from bot.domain.evidence import Evidence
from bot.domain.investigation import READ, Desk, Given
from bot.errors import ModelUnavailable
from bot.llm.answer import DiagnosisAnswer
from bot.llm.chat import Chat
from bot.llm.reading import Offer, told
from bot.llm.reasons import reason_of as _reason
from bot.llm.transport import AnswerTooLarge

REPAIRS = 1
ANSWER_TOKENS = 1500
LEAST_ANSWER_TOKENS = 250
LONGEST_PAUSE_S = 3.0
SHOWN_TURNS = 6
_FENCED = re.compile(r"^=== begin evidence (E\d+),", re.MULTILINE)
TOOL = DiagnosisAnswer.__name__
REPAIR = f"That was no usable answer. Answer only by calling the tool {TOOL}, with valid and shorter JSON."
REPAIR_READING = f"That was no usable call. Call a tool with valid JSON, or {TOOL} to end."
NOW_ANSWER = f"Nothing more can be read. Call {TOOL} with what you have; name in gaps what is missing."
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


async def _at_once(_in_a_thread: object, context: Context, work: Callable[..., Any], /, *given: Any, **named: Any) -> Any:  # noqa: ANN401  # as langsmith declares it
    """Tracing is off, so its hooks around each turn and each reading do nothing: they need no thread for that."""
    return context.run(work, *given, **named)


set_runtime_overrides(aio_to_thread=_at_once)


@dataclass(slots=True)
class Run:
    """What one diagnosis may still use, and what it has used. Never shown to the model.

    `desk` is what it may read from, with its own bounds; without one the form is all that is offered.
    `close_at` is when reading ends, by `monotonic`, in seconds. `incomplete` says why reading ended early;
    `shown` has the ids of the evidence that was read under way; `may_be_sent` judges each piece before that.
    """

    budget: int
    count: Callable[[str], int]
    tokens: int = 0
    turns: int = 0
    retries: int = 0
    unusable: int = 0
    desk: Desk | None = None
    offer: Offer | None = None
    close_at: float = math.inf
    incomplete: str = ""
    is_closed: bool = False
    may_be_sent: Callable[[Evidence], bool] = lambda _piece: True
    shown: set[str] = field(default_factory=set)
    counted: dict[str, int] = field(default_factory=dict)
    readings: dict[str, asyncio.Task[dict[str, str]]] = field(default_factory=dict)

    def size_of(self, message: AnyMessage) -> int:
        """Tokens of a message; each is counted once, however long the conversation gets."""
        name = message.id or ""
        if name not in self.counted:
            size = self.count(_text(message))
            if not name:
                return size
            self.counted[name] = size
        return self.counted[name]


def run_of(
    budget: int,
    count: Callable[[str], int],
    desk: Desk | None,
    service: str,
    timeout_s: float,
    may_be_sent: Callable[[Evidence], bool],
) -> Run:
    """A run with its bounds. With a desk they are the desk's, and reading ends in time for an answer."""
    if desk is None:
        return Run(budget, count)
    offer = Offer(desk.checks, desk.inventory, service)
    close_at = time.monotonic() + timeout_s * desk.bounds.share
    bounded = Run(max(budget, desk.bounds.tokens), count, desk=desk, offer=offer, close_at=close_at)
    bounded.may_be_sent = may_be_sent
    return bounded


class Bounds(AgentMiddleware[AgentState[Any], Run]):
    """Holds turns, retries and tokens within their bounds; asks again when no tool was called properly."""

    async def awrap_model_call(
        self,
        request: ModelRequest[Run],
        handler: Callable[[ModelRequest[Run]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """One turn: refused when the budget does not hold prompt and answer."""
        run = request.runtime.context
        if run.unusable > REPAIRS:
            raise ModelUnavailable("It did not fill in the form, and did not after being asked again.")
        messages = _recent(request.messages)
        prompt = run.count(FORM) + sum(run.size_of(message) for message in messages)
        tools = _offered(run, prompt)
        prompt += run.count(run.offer.form) if run.offer and tools else 0
        room = run.budget - run.tokens - prompt
        if room < LEAST_ANSWER_TOKENS:
            raise ModelUnavailable(f"The budget of {run.budget} tokens does not hold another turn.")
        run.turns += 1
        if run.is_closed and run.desk is not None:
            messages = [*messages, HumanMessage(NOW_ANSWER)]
        settings = {"max_completion_tokens": min(room, ANSWER_TOKENS)}
        bounded = request.override(tools=[*tools], messages=messages, model_settings=settings)
        response = await _once_more(bounded, handler, run)
        run.tokens += _used(response.result, prompt, run.count)
        return response

    async def awrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]],
    ) -> ToolMessage | Command[Any]:
        """All calls of one turn are read together: their evidence is numbered as it was asked for."""
        run: Run = request.runtime.context  # type: ignore[assignment]  # typed for agents without one
        last = _last(request.state["messages"])
        key = last.id or ""
        if key not in run.readings:
            run.readings[key] = asyncio.create_task(_read(run, last))
        texts = await run.readings[key]
        call = request.tool_call
        return ToolMessage(texts[call["id"] or ""], tool_call_id=call["id"], name=call["name"])

    @hook_config(can_jump_to=["model", "end"])
    async def aafter_model(self, state: AgentState[Any], runtime: Runtime[Run]) -> dict[str, Any] | None:
        """Prose, unparsable JSON or an invented tool end the run silently otherwise."""
        if state.get("structured_response") is not None:
            return {"jump_to": "end"}
        run = runtime.context
        last = _last(state["messages"])
        reads = [call for call in last.tool_calls if call["name"] != TOOL]
        if run.offer is not None and not run.is_closed and reads and len(reads) == len(last.tool_calls):
            return None
        run.unusable += 1
        text = REPAIR_READING if run.offer is not None and not run.is_closed else REPAIR
        return {"messages": _repair(state["messages"], text), "jump_to": "model"}


def _offered(run: Run, prompt: int) -> list[dict[str, Any]]:
    """The tools that read; none on the last turn, so that what is left of the budget holds an answer."""
    if run.desk is None or run.offer is None:
        return []
    bounds = run.desk.bounds
    reserve = 2 * (prompt + ANSWER_TOKENS) + run.count(run.offer.form) + bounds.characters
    if run.turns >= bounds.turns - 1:
        run.incomplete = (
            run.incomplete or f"Reading ended after {run.turns} turns, the most that it may take."
        )
    elif run.turns and run.budget - run.tokens < reserve:
        run.incomplete = run.incomplete or f"Reading ended at its budget of {run.budget} tokens."
    elif time.monotonic() >= run.close_at:
        run.incomplete = run.incomplete or "Reading ended as its time was over."
    run.is_closed = bool(run.incomplete)
    return [] if run.is_closed else run.offer.tools


async def _read(run: Run, message: AIMessage) -> dict[str, str]:
    """What came of each call of one turn, by its id."""
    assert run.desk is not None and run.offer is not None
    calls = [call for call in message.tool_calls if call["name"] != TOOL]
    given = await run.desk.read([run.offer.wish(call["name"], call["args"]) for call in calls])
    bounds = run.desk.bounds
    sent = [_sendable(one, run) for one in given]
    run.shown.update(piece.id for one in sent for piece in one.pieces)
    return {call["id"] or "": told(one, bounds) for call, one in zip(calls, sent, strict=True)}


def _sendable(given: Given, run: Run) -> Given:
    """What of it a model may see; people see all of it in the thread."""
    pieces = tuple(piece for piece in given.pieces if run.may_be_sent(piece))
    withheld = "What was found is not for a model to see." if given.pieces and not pieces else given.said
    return replace(given, pieces=pieces, said=withheld)


def _recent(messages: list[AnyMessage]) -> list[AnyMessage]:
    """The case and the last turns; what was read before is one line, so that no turn costs more and more."""
    turns = [
        at for at, message in enumerate(messages) if isinstance(message, AIMessage) and message.tool_calls
    ]
    if len(turns) <= SHOWN_TURNS:
        return messages
    first, begin = turns[0], turns[-SHOWN_TURNS]
    gone = [_text(message) for message in messages[first:begin] if isinstance(message, ToolMessage)]
    names = dict.fromkeys(name for text in gone for name in _FENCED.findall(text))
    note = f"Read before, not shown any more: {', '.join(names)}. {READ} gives lines of each."
    return [*messages[:first], HumanMessage(note), *messages[begin:]]


def _last(messages: Sequence[AnyMessage]) -> AIMessage:
    return next(message for message in reversed(messages) if isinstance(message, AIMessage))


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


def _repair(messages: list[AnyMessage], text: str) -> list[BaseMessage]:
    """One message asking again; open tool calls are answered first, as endpoints insist on that."""
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    last = _last(messages)
    open_calls = [call["id"] for call in (*last.tool_calls, *last.invalid_tool_calls)]
    refusals = [
        ToolMessage("Refused.", tool_call_id=call) for call in open_calls if call and call not in answered
    ]
    return [*refusals, HumanMessage(text)]


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
        chat = Chat(
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
        turns = run.desk.bounds.turns if run.desk is not None else 1
        try:
            with tracing_context(enabled=False):  # evidence goes to the endpoint and nowhere else
                result = await self._graph.ainvoke(
                    {"messages": messages}, {"recursion_limit": 4 * (turns + REPAIRS + 1)}, context=run
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
