"""Models out of the settings: who is asked, what they see, what they may cost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.spending import Limit, Limits, NeverSend, Price
from bot.domain.store import Store
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.llm.author import ModelAuthor
    from bot.llm.diagnostician import ModelDiagnostician
    from bot.llm.models import Models
    from bot.llm.privacy import Privacy
    from bot.llm.providers import Provider


def models_of(settings: Settings, store: Store, limits: Limits | None = None) -> Models | None:
    """All models in their order, None where none may be asked; `limits` in place of the configured ones."""
    if not settings.asks_a_model:
        return None
    from bot.llm.models import Models
    from knowledge.text.tokens import counter

    return Models(
        providers_of(settings),
        count=lambda text: counter().count(text),
        privacy=privacy_of(settings),
        limits=limits or limits_of(settings),
        store=store,
        keep=timedelta(days=settings.file.model.privacy.keep_days),
    )


def diagnostician_of(settings: Settings, models: Models) -> ModelDiagnostician:
    """What asks them for diagnoses."""
    from bot.llm.diagnostician import ModelDiagnostician

    section = settings.file.model
    return ModelDiagnostician(
        models=models,
        count=models.count,
        budget_tokens=section.budget_tokens,
        evidence_tokens=section.evidence_tokens,
        timeout_s=section.deadline_s,
    )


def recorded_of(url: str, store: Store) -> ModelDiagnostician:
    """What asks a server that plays back recorded answers."""
    from bot.llm.diagnostician import ModelDiagnostician
    from bot.llm.models import Models
    from bot.llm.providers import Provider
    from knowledge.text.tokens import counter

    count = lambda text: counter().count(text)  # noqa: E731
    one = Provider("recorded", url, "recorded answers")
    return ModelDiagnostician(models=Models([one], count=count, store=store), count=count, timeout_s=30.0)


def author_of(settings: Settings, models: Models) -> ModelAuthor | None:
    """What asks them for words; None where only diagnoses are asked for."""
    from bot.llm.author import ModelAuthor, Room

    section = settings.file.model.conversation
    if not section.enabled:
        return None
    room = Room(section.sources_tokens, section.earlier_tokens, section.answer_tokens)
    return ModelAuthor(models, room=room, timeout_s=section.deadline_s)


def providers_of(settings: Settings) -> list[Provider]:
    """Those of [[model.providers]]; without any the one of the environment."""
    from bot.llm.providers import Provider

    section = settings.file.model
    if not section.providers:
        return [Provider("default", settings.model_url, section.name, settings.model_key)]
    return [
        Provider(
            one.name,
            one.url,
            one.model,
            settings.provider_key(one),
            Price(one.price_in, one.price_out, one.currency),
            Limit(one.day_tokens, one.day_money),
            one.timeout_s,
        )
        for one in section.providers
    ]


def privacy_of(settings: Settings) -> Privacy:
    """What is taken out of every text, and what is never sent."""
    from bot.llm.privacy import Privacy

    section = settings.file.model.privacy
    never = tuple(NeverSend(one.service, one.environment, one.labels) for one in section.never_send)
    return Privacy(
        section.email,
        section.phone,
        tuple(section.names),
        dict(section.patterns),
        never,
        settings.own_secrets,
    )


def limits_of(settings: Settings) -> Limits:
    """What may be used for an incident, in a channel, and in all."""
    b = settings.file.model.budget
    return Limits(
        Limit(b.incident_tokens, b.incident_money, b.incident_s),
        Limit(b.channel_tokens, b.channel_money, b.channel_s),
        Limit(b.day_tokens, b.day_money, b.day_s),
    )
