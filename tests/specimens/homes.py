"""App Home, as each kind of person finds it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bot.copilot.home import home_of
from bot.domain.person import Person
from bot.slack.blocks import home as home_blocks
from tests.specimens import values
from tests.specimens.specimen import Specimen, View, ordinary, variants
from tests.specimens.standing import several
from tests.specimens.voices import Voice

_WORKSPACE = "https://example.slack.com/"


def homes() -> Iterator[Specimen]:
    """On call, N3, in a freeze, and who may look only."""
    yield from variants("home", "home", partial(_home, person=values.ON_CALL), "on call")
    yield from variants("home", "home", partial(_home, person=values.N3_A), "N3")
    yield from variants("home", "home", partial(_home, person=values.ON_CALL, frozen=True), "frozen")
    yield from ordinary("home", "home", partial(_home, person=values.N3_A, frozen=True), "N3 frozen")
    yield from ordinary("home", "home", lambda _voice: home_blocks.closed_view(), "guest")


def _home(voice: Voice, *, person: Person, frozen: bool = False) -> View:
    changes = {"freeze": values.frozen(voice)} if frozen else {}
    seen = values.overview(voice, standing=several(voice), **changes)
    home = home_of(seen, person)
    links = {n: home_blocks.link(_WORKSPACE, "C0INCIDENTS", f"1772366400.{n:06}") for n in home.incidents}
    return home_blocks.view(home, seen.now, links)
