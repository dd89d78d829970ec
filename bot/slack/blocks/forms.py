"""The catalogue as people read it, and the forms in which they propose an action of it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.copilot.forms import Form
from bot.domain.incident import Incident
from bot.domain.tool import Argument, Tool, ToolKind, shown
from bot.slack.blocks import inputs, parts
from bot.slack.blocks.parts import Block

MIN_WHY, MOST_WHY, MOST_TEXT = 10, 300, 512
_LISTED, _ABOUT, _PLACE = 12, 600, 150
_TITLE = "Propose an action"


def catalogue(tools: Sequence[Tool], service: str, incident: int | None = None) -> list[Block]:
    """What may be done, each action with the button to propose it, and what is only looked at."""
    actions = [tool for tool in tools if tool.kind is ToolKind.ACTION]
    checks = [tool for tool in tools if tool.kind is ToolKind.CHECK]
    counts = f"{parts.counted(len(actions), 'action')} and {parts.counted(len(checks), 'check')}"
    blocks = [parts.status(f"*The catalogue* in force: {counts}. Nothing else can run.")]
    if service:
        blocks.append(parts.foreign_note(f"Only what may touch {service}"))
    for tool in actions[:_LISTED]:
        blocks += _action(tool, incident)
    left_out = len(actions) - _LISTED
    if left_out > 0:
        blocks.append(parts.note(f"and {left_out} more: name a service, as in `/vigie actions shop`"))
    if checks:
        names = ", ".join(tool.name for tool in checks)
        blocks.append(parts.foreign_note(parts.cut(f"Checks, which only read: {names}", _ABOUT)))
    return blocks


def _action(tool: Tool, incident: int | None) -> list[Block]:
    limits = f"at most {tool.limits.at_once} at once, {tool.limits.per_hour} an hour"
    undo = "has an undo" if tool.undo else "no undo"
    own = f"risk *{tool.risk.value}* · {limits} · {undo}"
    where = f"{', '.join(tool.services)} in {', '.join(tool.environments)} · owner {tool.owner}"
    return [
        parts.rich(
            parts.line(
                parts.run(parts.cut(tool.title, 150), bold=True),
                parts.run(f"  {tool.name}\n", code=False),
                parts.run(parts.cut(tool.does, 300)),
            )
        ),
        parts.foreign_note(parts.cut(where, _ABOUT)),
        parts.status_with(own, parts.button("Propose…", "run_open", _form_of(tool, incident))),
    ]


def chooser(incident: Incident | None, tools: Sequence[Tool]) -> Block:
    """The modal in which one action is chosen; its form follows."""
    about = f"For {incident.label}: {incident.title}" if incident else "For no incident yet"
    options = [(t.name, parts.short(f"{t.title} ({t.name})", inputs.OPTION)) for t in tools]
    blocks = [parts.foreign(parts.cut(about, _ABOUT))]
    if len(tools) > inputs.CHOICES:
        blocks.append(parts.note(f"The first {inputs.CHOICES} are shown; `/vigie run NAME` knows them all."))
    blocks.append(inputs.choice("tool", "What should be done?", options))
    known = {"incident": incident.id if incident else None}
    return parts.modal("choose_action", _TITLE, "Next", blocks, json.dumps(known), "Not now")


def form(form: Form) -> Block:
    """The modal made from the types of an action's arguments; what is entered is checked when submitted."""
    tool, edits = form.tool, form.edits
    head = f"*{edits.label}* gets other arguments" if edits else "You propose an action"
    blocks = [
        parts.status(f"{head} · risk *{tool.risk.value}* · it runs only once N3 has signed it, and not you."),
        parts.rich(
            parts.line(
                parts.run(parts.cut(tool.title, 200), bold=True),
                parts.run(f"  {tool.name}\n"),
                parts.run(parts.cut(tool.does, _ABOUT)),
            )
        ),
    ]
    if edits:
        blocks.append(parts.note("It becomes a new proposal of yours; this one is replaced."))
    if form.incident is not None:
        about = f"For {form.incident.label}: {form.incident.title}"
        blocks.append(parts.foreign_note(parts.cut(about, _ABOUT)))
    else:
        blocks.append(_place(form))
    given = edits.arguments if edits else {}
    for argument in tool.arguments:
        initial = given.get(argument.name, argument.default)
        blocks.append(_argument(argument, form.rows.get(argument.name, ()), initial))
    why = parts.cut(edits.why, MOST_WHY) if edits else ""
    blocks.append(inputs.text("why", "Why?", MIN_WHY, MOST_WHY, multiline=True, initial=why))
    known: dict[str, object] = {
        "tool": tool.name,
        "incident": form.incident.id if form.incident else None,
        "edits": edits.id if edits else None,
    }
    return parts.modal("run", _TITLE, "Propose", blocks, json.dumps(known), "Not now")


def places(form: Form) -> list[tuple[str, str]]:
    """Where the action may be wanted: each open incident that fits, then each service, to open one."""
    found = [(json.dumps([i.id]), parts.short(f"{i.label} {i.title}", inputs.OPTION)) for i in form.incidents]
    for service in form.tool.services:
        for environment in form.tool.environments:
            value = json.dumps([service, environment])
            text = parts.short(f"Open one: {service} in {environment}", inputs.OPTION)
            if len(value) <= _PLACE:
                found.append((value, text))
    return found[: inputs.CHOICES]


def _place(form: Form) -> Block:
    options = places(form)
    only = options[0][0] if len(options) == 1 else ""
    return inputs.choice("place", "For which incident?", options, only)


def _argument(argument: Argument, rows: Sequence[str], initial: object) -> Block:
    block_id, known = f"arg:{argument.name}", shown(initial) if initial is not None else ""
    label = f"{argument.title} ({argument.name})" if argument.title else argument.name
    if argument.type == "boolean":
        return inputs.yes_or_no(block_id, label, initial)
    if argument.type == "integer":
        assert argument.minimum is not None and argument.maximum is not None
        first = initial if isinstance(initial, int) else None
        return inputs.number(block_id, label, argument.minimum, argument.maximum, first)
    if argument.type == "pattern":
        hint = f"It must match {argument.pattern} as a whole."
        return inputs.text(block_id, label, 0, MOST_TEXT, initial=known, hint=hint)
    options = list(argument.choices if argument.type == "enum" else rows)
    if inputs.fits(options):
        first_row = options[0] if len(options) == 1 else known
        return inputs.choice(block_id, label, [(option, option) for option in options], first_row)
    what = f"one of the inventory's {argument.inventory}" if argument.type == "reference" else "one of a list"
    return inputs.text(block_id, label, 0, MOST_TEXT, initial=known, hint=f"Exactly as written: {what}.")


def _form_of(tool: Tool, incident: int | None) -> str:
    """What a button carries that opens a form: the action by name, and the incident where it is settled."""
    return tool.name if incident is None else f"{tool.name}:{incident}"


def open_form(tool: Tool, incident: int | None) -> list[Block]:
    """The button that opens a form, where a form could not be opened at once."""
    button = parts.button("Open the form…", "run_open", _form_of(tool, incident), "primary")
    return [parts.foreign(f"{tool.title} ({tool.name})"), parts.buttons(button)]
