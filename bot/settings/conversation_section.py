"""What an installation says of questions in words and of drafts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.settings.section import Section


class ConversationSection(Section):
    """[model.conversation] Answers and drafts in words, by the model where one is asked."""

    enabled: bool = True
    """false: questions get passages and recorded events alone, drafts come from the rows alone."""
    deadline_s: Annotated[float, Field(gt=0, le=120)] = 20.0
    """Seconds for one answer or draft; then it is made without the model."""
    sources_tokens: Annotated[int, Field(ge=200, le=100_000)] = 2500
    """Tokens of events, evidence and passages that are sent with one question."""
    earlier_tokens: Annotated[int, Field(ge=0, le=100_000)] = 800
    """Tokens of earlier questions and answers of the same thread that are sent with it; 0: none."""
    answer_tokens: Annotated[int, Field(ge=100, le=8000)] = 700
    """Tokens of one answer or draft at most."""
    language: Literal["en", "fr"] = "en"
    """The language of a draft that a button asks for: words tell theirs by themselves."""
