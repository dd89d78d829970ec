"""The key of a provider of models: in a variable, in a private file, or none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bot.environment_file import is_placeholder, read_private
from bot.errors import Misconfigured
from bot.settings.model_sections import ProviderSection


def key_of(provider: ProviderSection, base: Path, variables: Mapping[str, str]) -> str:
    """The key; empty where it needs none. A file is relative to `base`.

    Raises:
        Misconfigured: it is named and not there, or others can read its file.
    """
    where = f"[[model.providers]] {provider.name}"
    if provider.key_file:
        key = read_private(base / provider.key_file).strip()
        if not key:
            raise Misconfigured(f"{where}: {provider.key_file} is not there or empty. Put its key there.")
        return key
    if not provider.key_environment:
        return ""
    key = variables.get(provider.key_environment, "")
    if is_placeholder(key):
        what = f"{provider.key_environment} is not set"
        raise Misconfigured(f"{where}: {what}. Put its key into vigie.env.")
    return key
