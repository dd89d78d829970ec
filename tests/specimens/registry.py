"""The one list. To add something: a line in the module of its group, or a new group here."""

from __future__ import annotations

from functools import cache

from tests.specimens.commands import commands
from tests.specimens.curation import curation
from tests.specimens.direct import direct
from tests.specimens.homes import homes
from tests.specimens.messages import messages
from tests.specimens.modals import modals
from tests.specimens.quiet import quiet
from tests.specimens.specimen import Specimen
from tests.specimens.standing import standings
from tests.specimens.told import told

GROUPS = (messages, direct, modals, homes, commands, standings, told, quiet, curation)


@cache
def all_specimens() -> tuple[Specimen, ...]:
    """Each drawn once; two of one name are an error."""
    every = listed()
    names = [specimen.name for specimen in every]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
    return every


def listed() -> tuple[Specimen, ...]:
    """Each to be drawn anew."""
    return tuple(specimen for group in GROUPS for specimen in group())
