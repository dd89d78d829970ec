"""Answers a question with passages and their sources; in an incident's thread it is about the incident."""

from __future__ import annotations

from collections.abc import Mapping

from bot.announcements import answer_key
from bot.domain.records import Received
from bot.domain.store import Tx
from bot.missed import note_missed
from bot.stages.investigate import MAX_TEXT, seen_by
from knowledge.missing import in_language
from knowledge.model import Query, SearchResult


def query_of(tx: Tx, asked: Received) -> Query:
    """What the knowledge base is asked; only what everybody who will read the answer may see."""
    question = str(asked.payload["question"])[:MAX_TEXT]
    incident_id = asked.payload.get("incident_id")
    incident = tx.incidents.get(incident_id) if isinstance(incident_id, int) else None
    if incident is None:
        return Query(question, seen_by=_readers(asked))
    alerts = tx.alerts.of_incident(incident.id, limit=1)
    name = alerts[0].name if alerts else ""
    readers = _readers(asked) | seen_by(tx, incident.id)
    return Query(f"{question}\n{incident.title}"[:MAX_TEXT], name, incident.service, seen_by=readers)


def _readers(asked: Received) -> frozenset[str]:
    """Everybody in the channel; in a direct message whoever asked."""
    channel = str(asked.payload["channel"])
    return frozenset({str(asked.payload["user"])} if channel.startswith("D") else {channel})


def post(tx: Tx, asked: Received, found: SearchResult, words: Mapping[str, object] | None = None) -> None:
    """Want the answer as a message where the question was asked; `words` is what it says beside passages."""
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
    said = words or {}
    language = str(said.get("language", "en"))
    content = {
        "question": asked.payload["question"],
        "user": asked.payload["user"],
        "passages": passages,
        "missing": [in_language(one, language) for one in found.missing],
        **said,
    }
    thread = asked.payload.get("thread_ts")
    tx.posts.want(
        answer_key(asked.key),
        str(asked.payload["channel"]),
        "answer",
        thread_of=f"ts:{thread}" if thread else "",
        content=content,
    )


def miss(tx: Tx, asked: Received) -> None:
    """Keep the question: nothing in the knowledge base fits it, and nothing else answered it."""
    note_missed(tx, _missed(tx, asked), _may_know(asked), _asker(asked))


def _missed(tx: Tx, asked: Received) -> str:
    """The question as others can answer it: in an incident's thread with what the incident is."""
    question, incident_id = str(asked.payload["question"]), asked.payload.get("incident_id")
    incident = tx.incidents.get(incident_id) if isinstance(incident_id, int) else None
    return question if incident is None else f"{question} ({incident.title})"


def _may_know(asked: Received) -> list[str]:
    """Who may know that it was asked: where the edge has not said so, only who reads the answer."""
    access = asked.payload.get("access")
    if isinstance(access, list):
        return [str(one) for one in access]
    return sorted(_readers(asked))


def _asker(asked: Received) -> str:
    team, user = str(asked.payload.get("team", "")), str(asked.payload["user"])
    return f"{team}/{user}" if team else user
