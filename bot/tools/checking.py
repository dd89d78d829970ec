"""Runs a check and reads its value, its verdict, and the identity of what it looked at."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.tool import CheckResult, Expectation, Tool, Verdict
from bot.tools.catalogue import Catalogue
from bot.tools.json_text import parsed
from bot.tools.plan import resolve_call
from bot.tools.runners import RUNNERS
from bot.tools.runners.base import RunResult, Secret


async def run_check(
    catalogue: Catalogue,
    tool: Tool,
    arguments: Mapping[str, object],
    secret: Secret,
    expect: Expectation | None = None,
) -> CheckResult:
    """Run a check with validated arguments; whatever goes wrong is a result, not an error."""
    resolved = resolve_call(catalogue, tool, arguments)
    result = await RUNNERS[tool.runner].run(resolved, tool.timeout_s, tool.output_cap, secret)
    return read(tool, result, expect)


def read(tool: Tool, result: RunResult, expect: Expectation | None = None) -> CheckResult:
    """Judge a check's output by its `reads`, or by `expect` in its place."""

    def unknown(problem: str) -> CheckResult:
        return CheckResult(tool.name, Verdict.UNKNOWN, None, "", "", result.output, problem)

    if not result.ok:
        return unknown(result.problem)
    if tool.reads is None:
        return CheckResult(
            tool.name, Verdict.UNKNOWN, None, "", "", result.output, "it has no value to read."
        )
    try:
        document = parsed(result.output)
    except ValueError:
        return unknown("its output is not JSON.")
    value = _at(document, tool.reads.value)
    if not isinstance(value, bool | int | float | str):
        return unknown(f"its output has no value at {tool.reads.value}.")
    identity = _at(document, tool.reads.identity) if tool.reads.identity else ""
    if tool.reads.identity and not isinstance(identity, str):
        return unknown(f"its output has no identity at {tool.reads.identity}.")
    healthy = (expect or tool.reads.healthy).holds(value)
    verdict = Verdict.HEALTHY if healthy else Verdict.FAULTY
    return CheckResult(tool.name, verdict, value, tool.reads.unit, str(identity), result.output)


def _at(document: object, pointer: str) -> object:
    """The value at a JSON pointer, None where there is none."""
    for part in pointer.removeprefix("/").split("/"):
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document
