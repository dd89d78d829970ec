"""Each turn of the agent within its bounds: what it is offered, what it is shown, what it may cost.

All that it reads in one turn is read together, and a turn that led nowhere is asked once more.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import openai
from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.types import Command

from bot.domain.investigation import READ, Given
from bot.errors import ModelUnavailable
from bot.llm.answer import DiagnosisAnswer
from bot.llm.reading import told
from bot.llm.run import Run
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


class Bounds(AgentMiddleware[AgentState[Any], Run]):
    """Holds turns, retries and tokens within their bounds; asks again when no tool was called properly."""

    async def awrap_model_call(
        self,
        request: ModelRequest[Run],
        handler: Callable[[ModelRequest[Run]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """A turn, asked once more where it led nowhere: prose, broken JSON or an invented tool.

        Raises:
            ModelUnavailable: it led nowhere again, or the budget does not hold prompt and answer.
        """
        run = request.runtime.context
        in_vain: list[Any] = []
        while True:
            asked = request.override(messages=[*request.messages, *in_vain])
            response = await _turn(asked, handler, run)
            if response.structured_response is not None or _reads(response, run):
                return replace(response, result=[*in_vain, *_settled(response)])
            run.unusable += 1
            if run.unusable > REPAIRS:
                raise ModelUnavailable("It did not fill in the form, and did not after being asked again.")
            in_vain += [*response.result, *_repair(response.result, run)]

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


async def _turn(
    request: ModelRequest[Run],
    handler: Callable[[ModelRequest[Run]], Awaitable[ModelResponse[Any]]],
    run: Run,
) -> ModelResponse[Any]:
    """One question to the model within what is left of the budget."""
    messages = _recent(request.messages)
    prompt = run.count(FORM) + sum(run.count(_text(message)) for message in messages)
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


def _reads(response: ModelResponse[Any], run: Run) -> bool:
    """Whether all that it asks for is to be read."""
    calls = _last(response.result).tool_calls
    return run.may_read and bool(calls) and all(call["name"] != TOOL for call in calls)


def _settled(response: ModelResponse[Any]) -> list[BaseMessage]:
    """With the form filled in, what else was asked for in the same turn is not read any more."""
    if response.structured_response is None:
        return [*response.result]
    last = _last(response.result)
    form = [call for call in last.tool_calls if call["name"] == TOOL]
    return [last.model_copy(update={"tool_calls": form}), *response.result[1:]]


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


def _last(messages: Sequence[BaseMessage]) -> AIMessage:
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


def _repair(messages: Sequence[BaseMessage], run: Run) -> list[BaseMessage]:
    """One message asking again; open tool calls are answered first, as endpoints insist on that."""
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    last = _last(messages)
    open_calls = [call["id"] for call in (*last.tool_calls, *last.invalid_tool_calls)]
    refusals = [
        ToolMessage("Refused.", tool_call_id=call) for call in open_calls if call and call not in answered
    ]
    return [*refusals, HumanMessage(REPAIR_READING if run.may_read else REPAIR)]


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
