"""What each sub-command of `/vigie` answers, by its key in `COMMANDS`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bot.domain.person import Person
from bot.domain.proposal import ProposalState
from bot.domain.tool import ToolKind
from bot.sign_off.quorum import Judgement
from tests.specimens import values
from tests.specimens.desk import Desk
from tests.specimens.running import dark, run
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
    yield from ordinary("command", "open", lambda _voice: Desk().answer("open", "checkout is slow"), "")
    yield from ordinary("command", "resolve", lambda _voice: Desk().answer("resolve", "#12"), "")
    yield from ordinary("command", "severity", lambda _voice: Desk().answer("severity", "12 critical"), "")
    yield from ordinary("command", "severity", lambda _voice: Desk().answer("severity", "12"), "by a form")
    yield from ordinary("command", "assign", lambda _voice: Desk().answer("assign", "12 me"), "")
    yield from ordinary("command", "open", lambda _voice: Desk().report("open incident: slow"), "mention")
    yield from variants("command", "actions", _actions)
    yield from ordinary("command", "actions", lambda voice: _actions(voice, "shop-orders"), "of one service")
    yield from variants("command", "run", lambda voice: _desk(voice).answer("run", "clear_stale_lock"))
    yield from ordinary("command", "run", lambda voice: _desk(voice).answer("run"), "of nothing")
    yield from variants(
        "command", "run", lambda voice: _desk(voice).mention("run", "clear_stale_lock"), "mention"
    )
    yield from variants("command", "status", lambda voice: _status(voice, person=values.N3_A), "N3")
    yield from variants("command", "pending", _pending)
    yield from ordinary("command", "pending", lambda voice: _pending(voice, frozen=True), "frozen")
    yield from variants("command", "freeze", _freeze)
    for kind in ("catchup", "update", "postmortem"):
        yield from ordinary("command", kind, partial(_drafted, kind=kind), "")
    yield from ordinary("command", "catchup", lambda _voice: Desk().speak("résume", 12), "in French")
    yield from ordinary("command", "unfreeze", lambda _voice: Desk().mention("unfreeze"), "mention")
    yield from ordinary("command", "unfreeze", lambda _voice: Desk().answer("unfreeze"), "")
    yield from ordinary("command", "unfreeze", _refused, "refused")


def _drafted(_voice: Voice, kind: str) -> Message:
    return Desk().answer(kind, "12")


def _search(voice: Voice) -> Message:
    return Desk(passages=values.passages(voice)).answer("search", voice.text("stale lock", 3000))


def _status(voice: Voice, *, frozen: bool = False, person: Person = values.ON_CALL) -> Message:
    changes = {"freeze": values.frozen(voice)} if frozen else {}
    return Desk(values.overview(voice, standing=several(voice), **changes)).answer("status", person=person)


def _desk(voice: Voice) -> Desk:
    return Desk(form=values.form(voice))


def _actions(voice: Voice, service: str = "") -> Message:
    tools = [values.tool(voice)] * max(1, voice.many(2, 40)) + [values.tool(voice, ToolKind.CHECK)]
    return Desk(tools=tools).answer("actions", service)


def _pending(voice: Voice, *, frozen: bool = False) -> Message:
    under_way = [(values.proposal(voice, state=ProposalState.EXECUTING), run(voice))]
    changes: dict[str, object] = {"running": under_way * voice.many(1, 40), "dark": [dark(voice)]}
    changes |= {"standing": several(voice)}
    changes |= {"freeze": values.frozen(voice)} if frozen else {}
    return Desk(values.overview(voice, **changes)).answer("pending")


def _freeze(voice: Voice) -> Message:
    seen = values.overview(voice, running=[(values.proposal(voice), run(voice))] * voice.many(1, 40))
    return Desk(seen).answer("freeze", voice.text("deploy"))


def _refused(_voice: Voice) -> Message:
    no = Judgement(False, "Only N3 may sign or lift a freeze; you are not in the N3 group.")
    return Desk(judgement=no).answer("unfreeze")
