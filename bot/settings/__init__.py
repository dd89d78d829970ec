"""All settings, typed: `vigie.toml` for what may be read by others, the environment for tokens and keys."""

from bot.settings.installation import DEFAULT_API_URL, Settings
from bot.settings.load import hand_on, load
from bot.settings.running_sections import SecretSection
from bot.settings.section import Section
from bot.settings.sections import (
    FallbackSection,
    File,
    HeartbeatsSection,
    PolicySection,
    SignOffRuleSection,
    SlackSection,
)
from bot.settings.source_sections import BackSection, SourceSection

__all__ = [
    "DEFAULT_API_URL",
    "BackSection",
    "FallbackSection",
    "File",
    "HeartbeatsSection",
    "PolicySection",
    "SecretSection",
    "Section",
    "Settings",
    "SignOffRuleSection",
    "SlackSection",
    "SourceSection",
    "hand_on",
    "load",
]
