"""Asks a model behind an OpenAI-compatible endpoint for a diagnosis; nothing it answers is trusted here."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import prompts
from bot.announcements import INCIDENTS
from bot.domain.diagnosis import Diagnosis, resolve_citations
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.incident import Incident
from bot.domain.investigation import Desk
from bot.domain.spending import Purpose
from bot.domain.tool import Argument, Tool, ToolKind
from bot.errors import ModelNotAsked, ModelUnavailable
from bot.llm.asking import Asking, asking
from bot.llm.breaker import Breaker
from bot.llm.fitting import Count, fit
from bot.llm.loaded import Loaded
from bot.llm.models import Models
from bot.llm.providers import Provider
from bot.llm.run import run_of

if TYPE_CHECKING:
    from bot.llm.agent import Agent

PROMPT = "diagnose"
ACTION_TOKENS = 500


class ModelDiagnostician:
    """The `Diagnostician` port over a chat model.

    `models` are asked, or the one of `base_url`. `budget_tokens` holds for one whole diagnosis, prompt and
    answer, the repair turn too; `evidence_tokens` for the evidence in it; `timeout_s` (seconds) from the call
    to the answer, with the first import of the libraries. `count` gives the tokens of a text. `counts` says
    how often each outcome was met so far.
    """

    def __init__(
        self,
        *,
        count: Count,
        models: Models | None = None,
        api_key: str = "",
        base_url: str = "",
        model: str = "",
        budget_tokens: int = 6000,
        evidence_tokens: int = 1500,
        timeout_s: float = 20.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        one = [Provider("model", base_url, model, api_key)]
        self.models = models or Models(one, count=count, monotonic=monotonic)
        self._count = count
        self._budget = budget_tokens
        self._evidence_tokens = evidence_tokens
        self._timeout_s = timeout_s
        self._breaker = Breaker(monotonic)
        self._agent = Loaded(self._load)
        self.counts: Counter[str] = Counter()

    async def diagnose(
        self,
        incident: Incident,
        evidence: Sequence[Evidence],
        tools: Sequence[Tool],
        desk: Desk | None = None,
    ) -> Diagnosis:
        """The model's diagnosis, grounded in the evidence that was sent.

        Raises:
            ModelUnavailable: no usable answer, or none asked for as the last ones failed.
        """
        if not self._breaker.allows():
            self.counts["not asked"] += 1
            raise ModelUnavailable(
                f"It failed repeatedly and is left alone for {self._breaker.rests_s:.0f} s."
            )
        outcome = "failed"
        until = asyncio.get_running_loop().time() + self._timeout_s
        purpose = Purpose(PROMPT, f"{PROMPT}@{prompts.version(PROMPT)}", incident.id, INCIDENTS)
        try:
            with asking(purpose, until) as asked:
                async with asyncio.timeout(self._timeout_s):
                    diagnosis = await self._ask(incident, evidence, tools, asked, desk)
            outcome = "answered"
        except ModelUnavailable as error:
            if not asked.refused:
                raise
            outcome = "refused"  # which says nothing about how the model does
            raise ModelNotAsked(asked.refused) from error
        except TimeoutError as error:
            raise ModelUnavailable(f"It did not answer within {self._timeout_s:g} s.") from error
        finally:
            # Also when the caller's deadline ends this: a model that hangs must not cost each incident time.
            stopped = outcome == "failed" and desk is not None and desk.is_stopped
            outcome = "stopped" if stopped else outcome  # a person's wish says nothing of the model
            self.counts[outcome] += 1
            told = {"failed": self._breaker.failed, "answered": self._breaker.succeeded}
            told.get(outcome, _nothing)()
        return diagnosis

    async def warm(self) -> None:
        """Loads the libraries, two seconds in a thread, so that the first incident need not wait."""
        await self._agent.get()

    async def aclose(self) -> None:
        """Closes the connections; must run in the loop that used them."""
        if agent := await self._agent.give_up():
            await agent.aclose()

    async def _ask(
        self,
        incident: Incident,
        evidence: Sequence[Evidence],
        tools: Sequence[Tool],
        asked: Asking,
        desk: Desk | None,
    ) -> Diagnosis:
        agent = await self._agent.get()
        from bot.llm.answer import as_diagnosis
        from bot.llm.bounds import TOOL

        rules, case, sent = self.prompt(incident, evidence, tools, TOOL, desk is not None)
        run = run_of(self._budget, self._count, desk, incident.service, self._timeout_s, self._may_be_sent)
        try:
            answer = await agent.ask(rules, case, run)
        finally:
            self.counts["turns"] += run.turns
            self.counts["retries"] += run.retries
            self.counts["unusable answers"] += run.unusable
            self.counts["tokens"] += run.tokens
        made = as_diagnosis(
            answer,
            prompt=asked.purpose.prompt,
            model=asked.model,
            tokens=run.tokens,
            incomplete=run.incomplete,
        )
        return resolve_citations(made, sent | run.shown)

    def prompt(
        self,
        incident: Incident,
        evidence: Sequence[Evidence],
        tools: Sequence[Tool],
        answer_tool: str,
        reading: bool = False,
    ) -> tuple[str, str, frozenset[str]]:
        """What is sent: the rules, the case, and the ids of the evidence in it."""
        evidence = [piece for piece in evidence if self._may_be_sent(piece)]
        pieces, evidence_left = fit(evidence, self._evidence_tokens, self._count)
        actions, actions_left = self._actions(tools, evidence)
        variables: dict[str, object] = {
            "incident": _about(incident),
            "number": incident.id,
            "actions": actions,
            "actions_left_out": actions_left,
            "evidence": pieces,
            "evidence_left_out": evidence_left,
            "answer_tool": answer_tool,
            "reading": reading,
        }
        rules = prompts.render(PROMPT, block="rules", **variables)
        case = prompts.render(PROMPT, block="case", **variables)
        return rules, case, frozenset(piece.id for piece in pieces)

    def _may_be_sent(self, piece: Evidence) -> bool:
        """Documents about a service that no model sees stay here, whatever the incident is about."""
        is_document = piece.kind is EvidenceKind.PASSAGE
        return not is_document or self.models.may_be_sent(str(piece.facts.get("service", "")))

    def _actions(self, tools: Sequence[Tool], evidence: Sequence[Evidence]) -> tuple[list[str], int]:
        """One line for each action, those that documents link first, and how many did not fit."""
        linked = {str(name) for piece in evidence for name in _listed(piece.facts.get("actions"))}
        known = [tool for tool in tools if tool.kind is ToolKind.ACTION]
        order = sorted(known, key=lambda tool: tool.name not in linked)
        lines: list[str] = []
        left = ACTION_TOKENS
        for line in map(_line, order):
            left -= self._count(line)
            if left < 0:
                break
            lines.append(line)
        return lines, len(order) - len(lines)

    def _load(self) -> Agent:
        wire = self.models.wire()
        from bot.llm.agent import Agent

        return Agent(wire=wire, model=self.models.name)


def _nothing() -> None:
    """Neither better nor worse."""


def _about(incident: Incident) -> str:
    return "\n".join(
        (
            f"title: {incident.title[:200]}",
            f"service: {incident.service[:100]}",
            f"environment: {incident.environment[:100]}",
            f"severity: {incident.severity.word}",
            f"opened: {incident.opened_at:%Y-%m-%d %H:%M} UTC",
        )
    )


def _line(tool: Tool) -> str:
    arguments = ", ".join(f"{argument.name}: {_type(argument)}" for argument in tool.arguments)
    return f"{tool.name}({arguments}): {tool.does} Risk: {tool.risk.value}. {tool.expected_effect}".strip()


def _type(argument: Argument) -> str:
    if argument.type == "enum":
        return "one of " + "|".join(argument.choices[:8])
    if argument.type == "integer":
        return f"integer {argument.minimum} to {argument.maximum}"
    # A reference is a row of the inventory, which the model never sees: it is filled in afterwards.
    return "leave out" if argument.type == "reference" else argument.type


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()
