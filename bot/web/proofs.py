"""How a configured source proves that it is who it is: a shared secret somewhere, or a signature.

Every secret is compared in constant time. A proof has two moments: before the body is read, and with it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.errors import Unauthenticated
from bot.web.authenticate import MAX_AGE, SIGNATURE, Authenticate, is_same, is_stamp
from bot.web.bodies import load_bounded


@dataclass(frozen=True, slots=True)
class Given:
    """What came with a delivery."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


class Proof(Protocol):
    """Both raise Unauthenticated; the second gives what names this delivery, where the proof says that.

    `is_timeless`: nothing but that name tells a replay, however late.
    """

    @property
    def is_timeless(self) -> bool: ...

    def before_body(self, headers: Mapping[str, str], query: Mapping[str, str]) -> None: ...

    async def with_body(self, given: Given, now: datetime) -> str: ...


class Bearer:
    """A bearer token, or a signature of ours over time and body."""

    is_timeless = False

    def __init__(self, token: str) -> None:
        self._authenticate = Authenticate(token)

    def before_body(self, headers: Mapping[str, str], query: Mapping[str, str]) -> None:
        self._authenticate.before_body(headers)

    async def with_body(self, given: Given, now: datetime) -> str:
        self._authenticate.with_body(given.headers, given.body, now)
        return given.headers.get(SIGNATURE, "")


class Secret:
    """A secret that `read` finds in headers or query."""

    is_timeless = False

    def __init__(
        self, token: str, where: str, read: Callable[[Mapping[str, str], Mapping[str, str]], str]
    ) -> None:
        self._token, self._where, self._read = token, where, read

    def before_body(self, headers: Mapping[str, str], query: Mapping[str, str]) -> None:
        if not is_same(self._read(headers, query), self._token):
            raise Unauthenticated(f"The secret {self._where} is missing or wrong.")

    async def with_body(self, given: Given, now: datetime) -> str:
        return ""


def basic(token: str, user: str) -> Secret:
    """The password of HTTP's basic login; the user name counts where one is set."""

    def read(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
        scheme, _, given = headers.get("Authorization", "").partition(" ")
        try:
            name, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return ""
        fits = scheme.lower() == "basic" and (not user or is_same(name, user))
        return password if fits else ""

    return Secret(token, "of the basic login", read)


def in_header(token: str, header: str) -> Secret:
    """A header that holds the secret and nothing else."""
    return Secret(token, f"in {header}", lambda headers, query: headers.get(header, ""))


def in_query(token: str) -> Secret:
    """`?token=` of the address, for a sender that can do nothing else."""
    return Secret(token, "in ?token=", lambda headers, query: query.get("token", ""))


class Signed:
    """A hexadecimal HMAC-SHA256 over the body, or over `time:body` where a header holds the time.

    Without a time nobody can tell a replay from a repeat: the same body under the same signature counts once.
    """

    def __init__(self, token: str, header: str, timestamp_header: str = "") -> None:
        self._token, self._header, self._stamp = token.encode(), header, timestamp_header
        self.is_timeless = not timestamp_header

    def before_body(self, headers: Mapping[str, str], query: Mapping[str, str]) -> None:
        if not headers.get(self._header):
            raise Unauthenticated(f"The signature in {self._header} is missing.")

    async def with_body(self, given: Given, now: datetime) -> str:
        signed = given.body
        if self._stamp:
            stamp = given.headers.get(self._stamp, "")
            if not is_stamp(stamp) or abs(now.timestamp() - int(stamp)) > MAX_AGE.total_seconds():
                raise Unauthenticated(f"The time in {self._stamp} is missing or more than five minutes off.")
            signed = stamp.encode() + b":" + signed
        expected = hmac.new(self._token, signed, hashlib.sha256).hexdigest()
        for one in given.headers[self._header].split(","):
            # "sha256=..." as many senders write it, "v1=..." as PagerDuty does, or the digits alone.
            if is_same(one.strip().rpartition("=")[2].lower(), expected):
                return f"{self._header}:{expected}"
        raise Unauthenticated("The signature does not fit the body.")


class RoutingKey:
    """The routing key in the body, as every sender of PagerDuty's Events API v2 brings it."""

    is_timeless = False

    def __init__(self, token: str) -> None:
        self._token = token

    def before_body(self, headers: Mapping[str, str], query: Mapping[str, str]) -> None:
        """Nothing is known before the body is."""

    async def with_body(self, given: Given, now: datetime) -> str:
        payload = load_bounded(given.body)
        key = payload.get("routing_key") if isinstance(payload, dict) else None
        if not isinstance(key, str) or not is_same(key, self._token):
            raise Unauthenticated("The routing_key is missing or wrong.")
        return ""
