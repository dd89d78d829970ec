"""The chat model of the agent: langchain's own, but plain JSON goes to the wire and comes back from it.

The wire reads every answer with care anyway. The types that openai's client gives to all messages of a
conversation at each turn, and to the answer, would be a third of what a turn costs this process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import httpx2
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_openai import ChatOpenAI
from pydantic import PrivateAttr


class Chat(ChatOpenAI):
    """`ChatOpenAI` for turns that end in a tool call; it neither streams nor types what it carries."""

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
        answer = await self.root_async_client.post("/chat/completions", cast_to=httpx2.Response, body=body)
        return self._create_chat_result(answer.json())

    def _description(self, tool: object) -> Any:  # noqa: ANN401  # any tool or its description
        if not isinstance(tool, BaseTool):
            return tool
        if tool.name not in self._described:
            self._described[tool.name] = convert_to_openai_tool(tool)
        return self._described[tool.name]
