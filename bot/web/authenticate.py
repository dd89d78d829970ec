"""Who may send alerts: whoever presents the bearer token, or signs the body with it and a fresh time."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.errors import Unauthenticated

SIGNATURE, TIMESTAMP = "X-Vigie-Signature", "X-Vigie-Timestamp"
MAX_AGE = timedelta(minutes=5)
_STAMP = re.compile(r"[0-9]{1,12}")


class Authenticate:
    """Compares in constant time. A signed request needs no bearer token, and its time must be fresh."""

    def __init__(self, token: str) -> None:
        self._token = token

    def before_body(self, headers: Mapping[str, str]) -> None:
        """Refuse what cannot be right before its body is read.

        Raises:
            Unauthenticated: neither a right bearer token nor a signature is there.
        """
        if SIGNATURE in headers:
            return
        scheme, _, given = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not is_same(given, self._token):
            raise Unauthenticated("The bearer token is missing or wrong.")

    def with_body(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Check a signature over `v0:{time}:{body}`; requests with a bearer token have passed already.

        Raises:
            Unauthenticated: the signature is wrong, or its time is more than five minutes off.
        """
        if SIGNATURE not in headers:
            return
        stamp = headers.get(TIMESTAMP, "")
        if not is_stamp(stamp) or abs(now.timestamp() - int(stamp)) > MAX_AGE.total_seconds():
            raise Unauthenticated("The signature's time is missing or more than five minutes off.")
        signed = b"v0:" + stamp.encode() + b":" + body
        expected = "v0=" + hmac.new(self._token.encode(), signed, hashlib.sha256).hexdigest()
        if not is_same(headers[SIGNATURE], expected):
            raise Unauthenticated("The signature does not fit the body.")


def is_same(given: str, expected: str) -> bool:
    """Compared in constant time; a header may hold bytes that are no text."""
    return hmac.compare_digest(given.encode(errors="surrogateescape"), expected.encode())


def is_stamp(text: str) -> bool:
    """Whether it is a time in whole seconds, of plain digits."""
    return bool(_STAMP.fullmatch(text))
