"""All settings, typed: `vigie.toml` for what may be read by others, the environment for tokens and keys."""

from bot.settings.installation import DEFAULT_API_URL, Settings
from bot.settings.load import hand_on, load
from bot.settings.sections import (
    FallbackSection,
    File,
    PolicySection,
    SecretSection,
    Section,
    SignOffRuleSection,
    SlackSection,
)

__all__ = [
    "DEFAULT_API_URL",
    "FallbackSection",
    "File",
    "PolicySection",
    "SecretSection",
    "Section",
    "Settings",
    "SignOffRuleSection",
    "SlackSection",
    "hand_on",
    "load",
]
