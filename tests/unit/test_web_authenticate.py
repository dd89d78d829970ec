"""Who may send alerts: the holder of the token, or whoever signed this very body with it just now."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Unauthenticated
from bot.web.authenticate import MAX_AGE, SIGNATURE, TIMESTAMP, Authenticate

TOKEN = "correct-horse-battery"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BODY = b'{"alerts": []}'


def passes(headers: dict[str, str], body: bytes = BODY, now: datetime = NOW) -> bool:
    """Both steps, as the intake takes them; any error but the one for a stranger comes out."""
    checks = Authenticate(TOKEN)
    try:
        checks.before_body(headers)
        checks.with_body(headers, body, now)
    except Unauthenticated:
        return False
    return True


def signed(body: bytes = BODY, at: datetime = NOW, token: str = TOKEN) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    mac = hmac.new(token.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256)
    return {SIGNATURE: f"v0={mac.hexdigest()}", TIMESTAMP: stamp}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_token_opens(scheme: str) -> None:
    """As a bearer token, its scheme in any case."""
    assert passes({"Authorization": f"{scheme} {TOKEN}"})


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Bearer  {TOKEN}",
        f"Bearer {TOKEN.upper()}",
        "Bearer \udce9",
        "Bearer é",
    ],
)
def test_another_token_does_not(value: str) -> None:
    """Missing, cut, longer, of another scheme, or bytes that are no text."""
    assert not passes({"Authorization": value})
    assert not passes({})


@given(st.text())
def test_no_other_text_is_the_token(value: str) -> None:
    """Any header value is an answer, never a crash."""
    assert passes({"Authorization": f"Bearer {value}"}) == (value == TOKEN)


@given(st.binary())
def test_a_signature_over_any_body_opens(body: bytes) -> None:
    """The bytes as they are, without a bearer token."""
    assert passes(signed(body), body)


@given(st.binary(), st.binary())
def test_a_signature_opens_for_its_own_body_alone(body: bytes, other: bytes) -> None:
    """Any other body under it is refused."""
    assert passes(signed(body), other) == (body == other)


@given(st.integers(-1000, 1000))
def test_a_signature_is_good_for_five_minutes_either_way(seconds: int) -> None:
    """Up to the limit, not past it, whichever clock is ahead."""
    fresh = abs(seconds) <= MAX_AGE.total_seconds()
    assert passes(signed(at=NOW + timedelta(seconds=seconds))) == fresh


def test_a_fresh_time_cannot_be_put_on_an_old_signature() -> None:
    """The time is signed too."""
    old = signed(at=NOW - timedelta(hours=1))
    assert not passes(old | {TIMESTAMP: str(int(NOW.timestamp()))})


def test_a_signature_of_another_secret_is_refused() -> None:
    """Also beside a right bearer token: who signs is judged by the signature."""
    forged = signed(token="another-secret-of-somebody")
    assert not passes(forged)
    assert not passes(forged | {"Authorization": f"Bearer {TOKEN}"})


@pytest.mark.parametrize(
    "stamp",
    ["", "now", "-1", "1e9", "١٧٧٢٣٦٦٤٠٠", "²", "9" * 5000, " 1772366400", "1772366400.0", "\udcff"],
)
def test_a_time_that_is_no_time_is_refused(stamp: str) -> None:
    """Other scripts' digits and thousands of digits included; none of them breaks the check."""
    assert not passes(signed() | {TIMESTAMP: stamp})


@given(st.text(), st.text())
def test_any_headers_get_an_answer(signature: str, stamp: str) -> None:
    """No pair of texts passes for a signature, and none ends in another error."""
    assert not passes({SIGNATURE: signature, TIMESTAMP: stamp})
    assert not passes(signed() | {SIGNATURE: signature})
