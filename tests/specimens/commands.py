"""What each sub-command of `/vigie` answers, by its key in `COMMANDS`."""

from __future__ import annotations

from collections.abc import Iterator

from bot.domain.person import Person
from bot.sign_off.quorum import Judgement
from tests.specimens import values
from tests.specimens.desk import Desk
from tests.specimens.specimen import Message, Specimen, ordinary, variants
from tests.specimens.standing import several
from tests.specimens.voices import Voice


def commands() -> Iterator[Specimen]:
    """Command by command; a new one is one more line here."""
    yield from ordinary("command", "help", lambda _voice: Desk().answer("help"), "")
    yield from variants("command", "ask", lambda voice: Desk().answer("ask", voice.text("why?")))
    yield from variants("command", "search", _search)
    yield from ordinary(
        "command", "search", lambda _voice: Desk().answer("search", "parrots"), "nothing fits"
    )
    yield from variants("command", "status", _status)
    yield from ordinary("command", "status", lambda voice: _status(voice, frozen=True), "frozen")
    yield from variants("command", "status", lambda voice: _status(voice, person=values.N3_A), "N3")
    yield from variants("command", "pending", _pending)
    yield from variants("command", "freeze", lambda voice: Desk().answer("freeze", voice.text("deploy")))
    yield from ordinary("command", "unfreeze", lambda _voice: Desk().answer("unfreeze"), "")
    yield from ordinary("command", "unfreeze", _refused, "refused")


def _search(voice: Voice) -> Message:
    return Desk(passages=values.passages(voice)).answer("search", voice.text("stale lock", 3000))


def _status(voice: Voice, *, frozen: bool = False, person: Person = values.ON_CALL) -> Message:
    changes = {"freeze": values.frozen(voice)} if frozen else {}
    return Desk(values.overview(voice, standing=several(voice), **changes)).answer("status", person=person)


def _pending(voice: Voice) -> Message:
    return Desk(values.overview(voice, standing=several(voice))).answer("pending")


def _refused(_voice: Voice) -> Message:
    no = Judgement(False, "Only N3 may sign or lift a freeze; you are not in the N3 group.")
    return Desk(judgement=no).answer("unfreeze")
