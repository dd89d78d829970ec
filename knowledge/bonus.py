"""What counts beside the text of a question: names, service, language, dates, and what was useful before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from knowledge.lexical import About
from knowledge.question import Question

# In units of the mean z-score. The first is more than any text can reach.
EXACT_NAME, NAME_IN_TEXT, SAME_SERVICE = 8.0, 2.0, 0.5
SAME_LANGUAGE, USEFUL, RECENT = 0.9, 0.5, 0.1
# A document that names more alerts than this is about none of them, so a list of all names wins nothing.
FEW_NAMES = 8
HALF_LIFE_DAYS = 365.0


def bonus(question: Question, one: About) -> float:
    """What typed fields and names add to a document."""
    added = SAME_SERVICE if question.service and question.service == one.service else 0.0
    # Only a French question says its language for sure: alerts are English everywhere.
    added += SAME_LANGUAGE if question.language == one.language == "fr" else 0.0
    special = min(1.0, FEW_NAMES / max(1, len(one.names)))
    if question.alert and question.alert in one.names:
        return added + EXACT_NAME * special
    return added + (NAME_IN_TEXT * special if question.names & one.names else 0.0)


def usefulness(values: Mapping[str, float], document: str) -> float:
    """What people said of it before, -1 to 1; never enough to lift what has nothing to do with the
    question.
    """
    value = values.get(document, 0.0)
    # A value that is no number is none.
    return USEFUL * max(-1.0, min(1.0, value)) if value == value else 0.0  # not a number


def freshness(documents: Iterable[tuple[str, date | None]]) -> dict[str, float]:
    """What a late review or incident adds, against the newest of those compared; it only breaks ties."""
    dated = {id: day for id, day in documents if day is not None}
    newest = max(dated.values(), default=None)
    if newest is None:
        return {}
    return {id: RECENT * 0.5 ** ((newest - day).days / HALF_LIFE_DAYS) for id, day in dated.items()}
