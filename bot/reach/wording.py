"""What a letter says, as plain text. Titles and alerts are hostile: one line each, cut, redacted, inert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.domain.records import News, SeenAlert
from bot.domain.whereabouts import by_alert, said
from bot.reach.way import Letter
from bot.stages.words import inert
from knowledge.text.redaction import redact

ALERTS = 10
_TITLE, _LINE, _PLACE = 120, 300, 160
# Chat programs that take `text` would make mentions, links and markup of these.
_ALIVE = str.maketrans({"@": "@\u200b", "<": "‹", ">": "›", "[": "(", "]": ")", "`": "'", "*": "·", "|": "¦"})


def clean(text: str, limit: int = _LINE) -> str:
    """Foreign text as one visible line without secrets; of a text with a private key nothing is kept."""
    redacted = redact(text)
    return "[withheld: it holds a private key]" if redacted.private_key else inert(redacted.text, limit)


def headline(letter: Letter) -> str:
    """One line: how bad, which incident, what about."""
    incident = letter.incident
    state = "RESOLVED" if not incident.state.is_open else incident.severity.word.upper()
    rose = " rose:" if letter.news is News.ROSE and incident.state.is_open else ""
    return f"[Vigie] {state} {incident.label}{rose} {clean(incident.title, _TITLE)}"


def body(letter: Letter) -> str:
    """The whole text for people, with what to do next."""
    incident = letter.incident
    where = f"{clean(incident.service, 80) or '?'} in {clean(incident.environment, 80) or '?'}"
    lines = [
        headline(letter),
        "",
        f"Severity:  {incident.severity.word}",
        f"State:     {incident.state.value}",
        f"Service:   {where}",
        f"Opened:    {clock(incident.opened_at)}",
    ]
    if incident.resolved_at is not None:
        lines.append(f"Resolved:  {clock(incident.resolved_at)}")
    lines += ["", f"Why you get this: {_why(letter)}.", ""]
    if letter.alerts:
        places = by_alert(letter.alerts)
        lines.append("Alerts, as their sender wrote them:")
        lines += [alert_line(one, places[one.id]) for one in letter.alerts[:ALERTS]]
        if len(letter.alerts) > ALERTS:
            lines.append(f"- and {len(letter.alerts) - ALERTS} more")
        lines.append("")
    lines.append(_next_step(letter))
    return "\n".join(lines) + "\n"


def short(letter: Letter) -> str:
    """One paragraph for chat programs: nothing in it mentions anybody or becomes a link."""
    text = f"{headline(letter)} (since {clock(letter.incident.opened_at)}). {_why(letter)}."
    return text.replace("://", ":\u200b//").translate(_ALIVE)


def alert_line(alert: SeenAlert, where: Mapping[str, str]) -> str:
    text = clean(alert.summary or alert.description)
    place = f" [{clean(said(where), _PLACE)}]" if where else ""
    return f"- {clean(alert.name, 80)} ({alert.severity.word}, {alert.status.value}): {text}{place}"


def clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _why(letter: Letter) -> str:
    if letter.news is News.RESOLVED:
        return "You were told of this incident this way, so you are told of its end too"
    return f"Slack could not be told ({clean(letter.because).rstrip('.')})"


def _next_step(letter: Letter) -> str:
    if not letter.incident.state.is_open:
        return "Nothing more is to be done here. What was found is in Slack, or will be once Slack is back."
    return (
        "Vigie goes on taking alerts and looking into them, and posts all of it in Slack as soon as it can.\n"
        "Until then nobody can sign an action there: act by hand. Vigie's /health says what is wrong."
    )
