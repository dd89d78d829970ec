"""Messages of other bots in a channel of alerts: Alertmanager's and Grafana's notifiers, else the first line.

That the channel and the bot are allowed is checked before this. Nothing in a message is a command.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from bot.domain.alert import Alert, AlertStatus
from bot.errors import BadInput
from bot.sources.fields import Fields, started
from bot.sources.options import PLAIN, Options
from bot.sources.parsed import Parsed, gathered
from bot.sources.text import clean

# "[FIRING:2] DiskFull web-1 (critical)", "[RESOLVED] DiskFull web-1 (critical)", "[OK] Disk full"
_TITLE = re.compile(
    r"^\s*\[(?P<word>[A-Za-z ]+)(?::(?P<count>\d+))?(?:, [A-Z]+:\d+)?\]\s*(?P<rest>.+)$", re.DOTALL
)
_OVER = ("resolved", "ok", "recovered", "normal")
_LABEL = re.compile(r"^\s*(?:-|\u2022)\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*[=:]\s*(.*)$")
_LINK = re.compile(r"<([^|<>\s]+)(?:\|([^<>]*))?>")
_GOOD = ("good", "#36a64f", "36a64f", "#2eb886", "2eb886")


def parse(payload: object, received_at: datetime, options: Options = PLAIN) -> Parsed:
    """The alerts of one message, one an attachment.

    Raises:
        BadInput: it holds no text at all.
    """
    event = Fields(payload, "", set())

    def read(raw: object, where: str) -> Parsed:
        return Parsed(_attachment(Fields(raw, where, event.flags), event, received_at, options))

    found = gathered(event.items("attachments"), "attachments", read)
    if found.alerts:
        return found
    text = _plain(event.text("text")) or _of_blocks(event)
    if not text.strip():
        raise BadInput("text: the message holds none, so it says nothing of an alert.")
    alert = _alert(text.strip().splitlines()[0], text, "", "", event, received_at, options)
    return Parsed([alert], found.refused)


def _attachment(part: Fields, event: Fields, received_at: datetime, options: Options) -> list[Alert]:
    title = _plain(part.text("title")) or _plain(part.text("pretext")) or _plain(part.text("fallback"))
    text = "\n".join(filter(None, [_plain(part.text("text")), *_named_fields(part)]))
    if not title and not text.strip():
        return []
    first = title or text.strip().splitlines()[0]
    return [
        _alert(first, text, part.text("color").lower(), part.text("title_link"), event, received_at, options)
    ]


def _alert(
    title: str, text: str, color: str, link: str, event: Fields, received_at: datetime, options: Options
) -> Alert:
    flags = set(event.flags)
    labels, annotations = _pairs(text, flags)
    match = _TITLE.match(title)
    word = (match["word"] if match else "").strip().lower()
    name = (match["rest"] if match else title).strip() or "message"
    # The word in brackets says it; where there is none, the colour does.
    over = word in _OVER or (not word and color in _GOOD)
    shown = labels.get("alertname") or name
    known = {k: v for k, v in labels.items() if k != "severity"} or {"title": name}
    count = int(match["count"]) if match and match["count"] and len(match["count"]) < 6 else 1
    if count > 1 and len([line for line in text.splitlines() if "alertname" in line]) < count:
        flags.add(f"the message stands for {count} alerts")
    return Alert(
        source="slack",
        name=shown[:200],
        status=AlertStatus.RESOLVED if over else AlertStatus.FIRING,
        severity=options.graded(labels.get("severity", ""), flags),
        service=labels.get("service") or labels.get("job", ""),
        environment=labels.get("environment") or labels.get("env", ""),
        starts_at=started(_sent_at(event), received_at, flags),
        ends_at=received_at if over else None,
        summary=annotations.get("summary") or name,
        description=annotations.get("description") or text[:4000],
        labels=known | ({"severity": labels["severity"]} if "severity" in labels else {}),
        annotations=annotations,
        flags=tuple(sorted(flags)),
        origin={k: v for k, v in {"url": clean(link, flags), "ts": event.text("ts")}.items() if v},
    )


def _pairs(text: str, flags: set[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The lists below "Labels:" and "Annotations:", as Grafana's message has them, of its first alert."""
    found: dict[str, dict[str, str]] = {"labels": {}, "annotations": {}}
    section = ""
    for line in text.splitlines():
        heading = line.strip().strip("*").rstrip(":").lower()
        if heading in found:
            if found[heading]:
                break  # the next alert of the group begins
            section = heading
        elif section and (pair := _LABEL.match(line)):
            found[section].setdefault(clean(pair[1], flags), clean(pair[2].strip(), flags))
        elif line.strip():
            section = ""
    return found["labels"], found["annotations"]


def _named_fields(part: Fields) -> list[str]:
    """The fields of an attachment as lines."""
    lines = []
    for raw in part.items("fields"):
        if isinstance(raw, dict):
            field = Fields(raw, part.place("fields"), part.flags)
            lines.append(f"{_plain(field.text('title'))}: {_plain(field.text('value'))}")
    return lines


def _of_blocks(event: Fields) -> str:
    """The texts of header and section blocks, a line each."""
    lines = []
    for raw in event.items("blocks"):
        inner = raw.get("text") if isinstance(raw, dict) else None
        if isinstance(inner, dict) and isinstance(inner.get("text"), str):
            lines.append(_plain(clean(inner["text"], event.flags)))
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Slack's markup as text: links by their words, the three escapes undone."""
    text = _LINK.sub(lambda match: match[2] or match[1], text).replace("*", "")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _sent_at(event: Fields) -> datetime | None:
    seconds, _, _ = event.text("ts").partition(".")
    return datetime.fromtimestamp(int(seconds), UTC) if seconds.isdigit() and len(seconds) == 10 else None
