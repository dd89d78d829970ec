"""Answers a question with passages and their sources; in an incident's thread it is about the incident."""

from __future__ import annotations

from bot.announcements import answer_key
from bot.domain.records import Received
from bot.domain.store import Tx
from bot.stages.investigate import MAX_TEXT
from knowledge.model import Query, SearchResult


def query_of(tx: Tx, asked: Received) -> Query:
    """What the knowledge base is asked."""
    question = str(asked.payload["question"])[:MAX_TEXT]
    incident_id = asked.payload.get("incident_id")
    incident = tx.incidents.get(incident_id) if isinstance(incident_id, int) else None
    if incident is None:
        return Query(question)
    alerts = tx.alerts.of_incident(incident.id, limit=1)
    name = alerts[0].name if alerts else ""
    return Query(f"{question}\n{incident.title}"[:MAX_TEXT], name, incident.service)


def post(tx: Tx, asked: Received, found: SearchResult) -> None:
    """Want the answer as a message where the question was asked."""
    passages = [
        {
            "id": passage.id,
            "title": passage.title,
            "heading": " › ".join(passage.heading),
            "text": passage.text,
            "kind": passage.kind,
            "origin": passage.origin,
        }
        for passage in (found.passages if found.fits else ())
    ]
    content = {
        "question": asked.payload["question"],
        "user": asked.payload["user"],
        "passages": passages,
        "missing": list(found.missing),
    }
    thread = asked.payload.get("thread_ts")
    tx.posts.want(
        answer_key(asked.key),
        str(asked.payload["channel"]),
        "answer",
        thread_of=f"ts:{thread}" if thread else "",
        content=content,
    )
