"""The one way in which the workspace says no, on the API and to people alike."""

from typing import Any

Json = dict[str, Any]


class Refused(Exception):
    """The call is refused with one of Slack's error codes; look it up on the page of that method."""

    def __init__(
        self, error: str, *, status: int = 200, retry_after: int | None = None, **extra: object
    ) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.retry_after = retry_after
        self.extra = extra

    def body(self) -> Json:
        """The JSON body that Slack answers: ok, error, and what belongs to this error."""
        return {"ok": False, "error": self.error, **self.extra}
