"""Specimens of every message and view that the bot can send, in every voice; see `all_specimens`."""

from tests.specimens.registry import all_specimens
from tests.specimens.specimen import Message, Specimen

__all__ = ["Message", "Specimen", "all_specimens"]
