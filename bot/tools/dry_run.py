"""What an action would do, asked of its target when it is proposed; N3 reads it beside what they sign."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.tool import Tool
from bot.errors import ArgumentRefused, BadInput
from bot.tools.arguments import rows_of
from bot.tools.catalogue import Catalogue
from bot.tools.runners import RUNNERS
from bot.tools.runs.reach import refuse_dry_run_elsewhere
from bot.tools.scripts import refuse_changed
from bot.tools.secrets import Secrets
from bot.tools.template import fill

MOST_BYTES = 2_000


async def dry_run(
    catalogue: Catalogue,
    tool: Tool,
    arguments: Mapping[str, object],
    secrets: Secrets,
    recorded: Mapping[str, object] | None,
) -> dict[str, object] | None:
    """The dry call and what it gave, for the plan; None where the tool has none.

    It runs once, for a proposal that has no plan yet. Afterwards what it gave is part of what was signed:
    `recorded` is that plan; its output is taken over, whatever a target would say now. The call is anew.
    """
    if tool.dry_run is None:
        return None
    filled = fill(tool.dry_run, arguments, rows_of(tool, arguments, catalogue.inventory))
    assert isinstance(filled, dict)
    call = RUNNERS[tool.runner].resolve(filled)
    refuse_changed(catalogue.scripts, call)
    if recorded is not None:
        given = recorded.get("dry_run")
        return {"call": call, "output": given.get("output", "") if isinstance(given, Mapping) else ""}
    try:
        refuse_dry_run_elsewhere(tool, arguments)
    except ArgumentRefused as error:
        return {"call": call, "output": f"[it was not tried: {error.detail}]"}
    return {"call": call, "output": await _output(tool, call, secrets)}


async def _output(tool: Tool, call: Mapping[str, object], secrets: Secrets) -> str:
    """What it said; that it failed is said too, and left to those who sign."""
    try:
        secret = await secrets.of(tool.secrets)
        result = await RUNNERS[tool.runner].run(call, tool.timeout_s, MOST_BYTES, secret)
    except BadInput as error:
        return f"[it could not be tried: {error.detail}]"
    output = secrets.clean(result.output)
    return (
        output if result.ok else f"{output}\n[the dry run failed: {secrets.clean(result.problem)}]".lstrip()
    )
