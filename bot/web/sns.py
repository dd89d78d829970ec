"""Amazon SNS: only signed messages of the one configured topic; its subscription is confirmed by ourselves.

No address out of a message is ever asked but that of the certificate, and that one only on the host of SNS in
the topic's own region. The confirmation is sent to an address made here, from the configured topic.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from bot.errors import Unauthenticated
from bot.web.bodies import load_bounded
from bot.web.proofs import Given

log = structlog.get_logger()

Fetch = Callable[[str], Awaitable[bytes]]
OLDEST, AHEAD = timedelta(hours=1), timedelta(minutes=5)
MAX_FETCHED, TIMEOUT_S, KEPT = 64 * 1024, 10.0, 8
_PATH = re.compile(r"/SimpleNotificationService[0-9A-Za-z-]*\.pem")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED["SubscriptionConfirmation"]
_HASHES: dict[str, Callable[[], HashAlgorithm]] = {"1": SHA1, "2": SHA256}  # SNS's older version


async def fetch(url: str) -> bytes:
    """GET an address of SNS, without redirects and within bounds.

    Raises:
        Unauthenticated: it did not answer with 200.
    """
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise Unauthenticated(f"SNS answers {answer.status}.")
            return await answer.content.read(MAX_FETCHED)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Unauthenticated(f"SNS cannot be asked: {type(error).__name__}.") from None


class Sns:
    """The proof of a source of kind cloudwatch."""

    is_timeless = False

    def __init__(self, topic_arn: str, fetch: Fetch = fetch) -> None:
        self._topic, self._fetch = topic_arn, fetch
        self._host = host_of(topic_arn)
        self._certificates: dict[str, x509.Certificate] = {}

    def before_body(self, headers: Mapping[str, str], query: Mapping[str, str]) -> None:
        if headers.get("x-amz-sns-topic-arn", self._topic) != self._topic:
            raise Unauthenticated("The message is of another SNS topic than topic_arn.")

    async def with_body(self, given: Given, now: datetime) -> str:
        message = load_bounded(given.body)
        if not isinstance(message, dict) or message.get("TopicArn") != self._topic:
            raise Unauthenticated("The message is of another SNS topic than topic_arn.")
        _refuse_old(message, now)
        certificate = await self._certificate(str(message.get("SigningCertURL", "")), now)
        _refuse_unsigned(message, certificate)
        if message["Type"] == "SubscriptionConfirmation":
            await self._confirm(str(message["Token"]))
        elif message["Type"] == "UnsubscribeConfirmation":
            log.warning("SNS has ended its subscription: no alarm comes from it", topic=self._topic)
        return str(message["MessageId"])

    async def _confirm(self, token: str) -> None:
        asked = {"Action": "ConfirmSubscription", "TopicArn": self._topic, "Token": token}
        await self._fetch(f"https://{self._host}/?{urlencode(asked)}")
        log.info("the subscription of SNS is confirmed", topic=self._topic)

    async def _certificate(self, url: str, now: datetime) -> x509.Certificate:
        if not self._is_ours(url):
            raise Unauthenticated(f"SigningCertURL: expected a certificate on https://{self._host}.")
        if url not in self._certificates:
            try:
                loaded = x509.load_pem_x509_certificate(await self._fetch(url))
            except ValueError:
                raise Unauthenticated("SigningCertURL: no certificate stands there.") from None
            if len(self._certificates) >= KEPT:
                self._certificates.clear()
            self._certificates[url] = loaded
        certificate = self._certificates[url]
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise Unauthenticated("SigningCertURL: the certificate is not valid now.")
        return certificate

    def _is_ours(self, url: str) -> bool:
        try:
            parts = urlsplit(url)
            plain = parts.port is None and not parts.query and not parts.fragment
        except ValueError:
            return False
        # The host as it is written: no login before it, no port behind it.
        at_home = parts.scheme == "https" and parts.netloc == self._host
        return at_home and plain and bool(_PATH.fullmatch(parts.path))


def host_of(topic_arn: str) -> str:
    """The host of SNS in the topic's region."""
    _, partition, _, region, *_ = topic_arn.split(":")
    ending = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"sns.{region}.{ending}"


def is_region(topic_arn: str) -> bool:
    """Whether the topic names a region of the form that Amazon's have."""
    return bool(_REGION.fullmatch(topic_arn.split(":")[3]))


def canonical(message: Mapping[str, Any]) -> bytes:
    """What is signed: names and values of certain fields, a line each, in this order.

    Raises:
        Unauthenticated: a field is missing.
    """
    names = _SIGNED.get(str(message.get("Type")))
    if names is None:
        raise Unauthenticated("Type: expected a message of Amazon SNS.")
    lines = []
    for name in names:
        if name == "Subject" and message.get(name) is None:
            continue
        if not isinstance(message.get(name), str):
            raise Unauthenticated(f"{name}: it is missing.")
        lines += [name, message[name]]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


def _refuse_unsigned(message: Mapping[str, Any], certificate: x509.Certificate) -> None:
    algorithm = _HASHES.get(str(message.get("SignatureVersion")))
    key = certificate.public_key()
    if algorithm is None or not isinstance(key, rsa.RSAPublicKey):
        raise Unauthenticated('SignatureVersion: expected "1" or "2".')
    try:
        signature = base64.b64decode(str(message.get("Signature", "")), validate=True)
        key.verify(signature, canonical(message), padding.PKCS1v15(), algorithm())
    except (binascii.Error, ValueError, InvalidSignature):
        raise Unauthenticated("The signature does not fit the message.") from None


def _refuse_old(message: Mapping[str, Any], now: datetime) -> None:
    try:
        at = datetime.fromisoformat(str(message.get("Timestamp")))
        fresh = at.tzinfo is not None and -AHEAD <= now - at <= OLDEST
    except ValueError:
        fresh = False
    if not fresh:
        raise Unauthenticated("Timestamp: it is missing, or more than an hour old.")
