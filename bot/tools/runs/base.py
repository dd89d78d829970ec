"""What the `run:` of an entry has in common, whatever its runner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from bot.tools.shapes import Strict


class RunEntry(Strict):
    """One way of carrying out a tool, as it is written in the catalogue."""

    free_text_reaches: ClassVar[str] = ""
    """What a free text would reach in any field of the call: "an argument of a program"; empty: nothing."""

    only_reads: ClassVar[bool] = False
    """Whether it can change nothing, whatever its call says; then no action is carried out like this."""

    def call(self, only_reads: bool = False) -> dict[str, object]:
        """The call with its holes; `only_reads` for a check, which must not be able to change anything."""
        raise NotImplementedError

    def dry_call(self) -> dict[str, object] | None:
        """A call of the same runner that says what the action would do; None where there is none."""
        return None

    def names_of_secrets(self) -> frozenset[str]:
        """The names of all secrets that it is given."""
        return frozenset()

    def why_no_check(self) -> str:
        """Why a check must not be carried out like this; empty if it only reads."""
        return ""

    def signed_places(self) -> Mapping[str, str]:
        """What says where it goes (host, path, program): only the catalogue and its inventory fill it.

        The part of each text that does so, by the name of the field.
        """
        return {}

    def mistakes(self) -> Iterator[tuple[str, str, str]]:
        """What is wrong in a text that is read by something else: field, what, remedy."""
        return iter(())
