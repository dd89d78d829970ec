"""The arguments of one API call, read from JSON, a form or the query, with the type each method wants."""

import json
from dataclasses import dataclass

from aiohttp import web

from bot.playground.workspace.errors import Json, Refused


@dataclass(frozen=True)
class Arguments:
    """What the app sent, the token taken out."""

    values: Json

    def text(self, name: str) -> str:
        """The argument as text, empty when it is missing."""
        value = self.values.get(name)
        return value if isinstance(value, str) else "" if value is None else str(value)

    def needed(self, name: str) -> str:
        """The argument as text.

        Raises:
            Refused: `invalid_arguments`, naming what is missing.
        """
        if not self.text(name):
            raise _invalid(f"missing required field: {name}")
        return self.text(name)

    def flag(self, name: str) -> bool:
        """The argument as yes or no; forms say 1, true, 0 or false."""
        return str(self.values.get(name, "")).lower() in ("1", "true")

    def number(self, name: str, default: int, most: int) -> int:
        """The argument as a whole number between 1 and `most`.

        Raises:
            Refused: `invalid_limit`.
        """
        given = self.text(name)
        if not given:
            return default
        if not given.isdigit() or not 1 <= int(given) <= most:
            raise Refused("invalid_limit")
        return int(given)

    def listed(self, name: str) -> list[str]:
        """The argument as a list of texts; forms give it with commas."""
        given = self.values.get(name)
        if isinstance(given, list):
            return [str(one) for one in given]
        return [one.strip() for one in self.text(name).split(",") if one.strip()]

    def blocks(self, name: str = "blocks") -> list[Json] | None:
        """A list of objects, or None when it was not sent.

        Raises:
            Refused: `invalid_blocks_format`.
        """
        if self.values.get(name) is None:
            return None
        value = self._decoded(name, "invalid_blocks_format")
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise Refused("invalid_blocks_format")
        return value

    def mapping(self, name: str) -> Json | None:
        """An object, or None when it was not sent.

        Raises:
            Refused: `invalid_arguments`.
        """
        if self.values.get(name) is None:
            return None
        value = self._decoded(name, "invalid_arguments")
        if not isinstance(value, dict):
            raise _invalid(f"must be an object: {name}")
        return value

    def _decoded(self, name: str, error: str) -> object:
        value = self.values[name]
        try:
            return json.loads(value) if isinstance(value, str) else value
        except (ValueError, RecursionError):
            raise Refused(error) from None


async def read_arguments(request: web.Request) -> tuple[str, Arguments]:
    """The token (empty when there is none) and the arguments of a request.

    Raises:
        Refused: `invalid_json`, `json_not_object`.
    """
    values: Json = dict(request.query)
    if request.content_type == "application/json":
        values |= await _json_object(request)
    elif request.can_read_body:
        values |= {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
    kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
    given = str(values.pop("token", ""))
    return (bearer.strip() if kind.lower() == "bearer" else given), Arguments(values)


async def _json_object(request: web.Request) -> Json:
    raw = await request.read()
    try:
        value = json.loads(raw) if raw else {}
    except (ValueError, RecursionError):
        raise Refused("invalid_json") from None
    if not isinstance(value, dict):
        raise Refused("json_not_object")
    return value


def _invalid(message: str) -> Refused:
    return Refused("invalid_arguments", response_metadata={"messages": [f"[ERROR] {message}"]})
