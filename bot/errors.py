"""One tree of errors: the first line of a docstring is the message, and says what to do next."""

from __future__ import annotations


class VigieError(Exception):
    """Vigie could not do this."""

    exit_code = 1

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        super().__init__(detail)

    def __str__(self) -> str:
        message = (self.__doc__ or "").strip().splitlines()[0]
        return f"{message} {self.detail}".strip()


class Misconfigured(VigieError):
    """The configuration is not usable; nothing was started."""

    exit_code = 2


class BadInput(VigieError):
    """The input was refused and nothing of it was stored."""

    exit_code = 2


class Unauthenticated(VigieError):
    """The sender is not known; send the token or signature named in vigie.toml."""


class ProofUnavailable(VigieError):
    """Whether the sender is known cannot be looked up now; send it again."""


class TooLarge(VigieError):
    """The input is larger than what is accepted; send less at once."""


class OverCapacity(VigieError):
    """More alerts wait to be stored than fit; nothing of this delivery was kept, send it again."""


class CatalogueError(Misconfigured):
    """The catalogue is not usable; correct the entry and run `vigie catalogue check`."""


class ArgumentRefused(BadInput):
    """An argument does not fit what the catalogue allows; correct it and propose again."""


class Refused(VigieError):
    """This is not allowed."""

    def __str__(self) -> str:
        # The detail is a whole sentence for the person who was refused; nothing needs to stand before it.
        return self.detail or super().__str__()


class MuteRefused(Refused):
    """The mute was refused."""

    def __init__(self, detail: str = "", field: str = "name") -> None:
        self.field = field  # of the form, where it is said
        super().__init__(detail)


class WordingRefused(Refused):
    """This text cannot be saved."""

    def __init__(self, detail: str = "", field: str = "text") -> None:
        self.field = field  # of the form, where it is said
        super().__init__(detail)


class ReportRefused(Refused):
    """This incident cannot be opened."""

    def __init__(self, detail: str = "", field: str = "title") -> None:
        self.field = field  # of the form, where it is said
        super().__init__(detail)


class Stranger(Refused):
    """This is not allowed."""


class AlreadyDone(VigieError):
    """This very click or command was carried out before."""


class MembershipUnknown(VigieError):
    """Who is N3 cannot be read now, so nobody may sign; try again when Slack answers."""


class FolderBusy(VigieError):
    """Another `vigie serve` owns this data folder; stop it, or give this one a folder of its own."""

    exit_code = 2


class StoreUnavailable(VigieError):
    """The store does not answer now; Vigie goes on by itself once it is back."""


class StoreBusy(VigieError):
    """Another `vigie serve` works on this database; stop it, or give this one a database of its own."""

    exit_code = 2


class StoreOutdated(VigieError):
    """An older Vigie wrote this; run `vigie migrate`, which makes a backup first and keeps what is open."""

    exit_code = 2


class StoreTooNew(VigieError):
    """This was written by a newer Vigie; install that one again, or restore a backup from before it."""

    exit_code = 2


class StoreNotEmpty(VigieError):
    """A backup goes only into an empty store, so that nothing is lost; use a new folder or database."""

    exit_code = 2


class WorkflowsUnusable(VigieError):
    """Workflows cannot use their database; it holds no facts: what was under way is found in the rows."""

    exit_code = 2


class ExecutorUnavailable(VigieError):
    """The executor does not answer; it is restarted by itself, try again in a few seconds."""


class ModelUnavailable(VigieError):
    """The model gave no usable answer."""


class ModelNotAsked(ModelUnavailable):
    """The model was not asked."""
