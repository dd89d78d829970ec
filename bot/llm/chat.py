"""The chat model of the agent: langchain's own, but it asks the wire itself and not through openai's client.

The wire reads every answer with care anyway. To type all messages of a conversation at each turn, and to wrap
them in a request only to take them out of it again, would be a third of what a turn costs this process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_openai import ChatOpenAI
from pydantic import Field, PrivateAttr

from bot.llm.wire import Wire


class Chat(ChatOpenAI):
    """`ChatOpenAI` for turns that end in a tool call; it neither streams nor types what it carries."""

    wire: Wire = Field(exclude=True)
    _described: dict[str, dict[str, Any]] = PrivateAttr(default_factory=dict)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        **kwargs: Any,  # noqa: ANN401  # as the library declares them
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """A form is described once, and not at each turn."""
        return super().bind_tools([self._description(tool) for tool in tools], **kwargs)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # noqa: ANN401  # as the library declares them
    ) -> ChatResult:
        body = self._get_request_payload(messages, stop=stop, **kwargs)
        return self._create_chat_result((await self.wire.ask(body)).read())

    def _description(self, tool: object) -> Any:  # noqa: ANN401  # any tool or its description
        if not isinstance(tool, BaseTool):
            return tool
        if tool.name not in self._described:
            self._described[tool.name] = convert_to_openai_tool(tool)
        return self._described[tool.name]
