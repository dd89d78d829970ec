"""What the files say and is not in force: read from the store, which may be the one of a running `serve`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from bot import settings as settings_module
from bot.commands.store import existing
from bot.copilot.changes import rejection_of
from bot.domain.store import Tx
from bot.store.database import Store
from bot.tools.catalogue import file_names, parse, read_files
from bot.tools.in_force import CATALOGUE, POLICY, Adopted, digest_of


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """One content that differs from what is in force; `state` says in words where it stands."""

    what: str
    state: str
    sha256: str
    difference: str

    def report(self) -> dict[str, str]:
        return asdict(self)


def waiting_changes(config: Path) -> list[WaitingChange]:
    """Every difference between the files and what is in force.

    Raises:
        CatalogueError, Misconfigured: a file cannot be read.
        BadInput, StoreUnavailable: there is no store yet, or it does not answer.
    """
    settings = settings_module.load(config, only=("VIGIE_STORE_URL",))
    content = read_files(settings.catalogue)
    parse(content, file_names(settings.catalogue))
    store = Store(existing(settings))
    try:
        with store.read() as tx:
            found = [_waiting(tx, CATALOGUE, content), _waiting(tx, POLICY, settings.policy.content())]
    finally:
        store.close()
    return [change for change in found if change is not None]


def _waiting(tx: Tx, what: str, content: str) -> WaitingChange | None:
    sha256, known = digest_of(content), tx.n3.adopted(what)
    if known is None:
        state = "nothing is in force yet; it is taken as it is when `vigie serve` starts"
        return WaitingChange(what, state, sha256, "")
    if known.digest == sha256:
        return None
    difference = Adopted().difference(what, known.content, content)
    return WaitingChange(what, _state(tx, what, sha256), sha256, difference)


def _state(tx: Tx, what: str, sha256: str) -> str:
    offer = next((o for o in tx.n3.offers() if o.what == what and o.digest == sha256), None)
    if offer is not None:
        signed = f"{len(offer.by)} of {Adopted().policy(tx).change_signatures} signed"
        return f"offered as change {offer.id} at {offer.at:%Y-%m-%d %H:%M} UTC, {signed}"
    rejected = tx.n3.rejected(what, sha256)
    if rejected is not None:
        by, reason = rejection_of(tx, rejected)
        return f"rejected by {by} as change {rejected.id}: {reason}"
    return "not offered yet; `vigie serve` offers it to N3"
