"""Amazon SNS at the intake: signed messages of the one topic are taken, no address of a message is asked."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
import sqlalchemy as sa
import structlog
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from bot.store import tables
from bot.web.sns import canonical, fetch
from tests.front import Front, front

TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
HOST = "https://sns.eu-west-1.amazonaws.com"
CERTIFICATE = f"{HOST}/SimpleNotificationService-0123abcd.pem"
ALARM = {
    "AlarmName": "Orders stuck",
    "NewStateValue": "ALARM",
    "StateChangeTime": "2026-03-01T11:59:00.123+0000",
}
TOML = f"""
[sources.aws]
kind = "cloudwatch"
topic_arn = "{TOPIC}"
severity = "critical"
"""


@dataclass
class Amazon:
    """A local host in SNS's place: its certificates, and what it was asked."""

    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)
    pages: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""
    away: int = 0  # the status with which it answers instead

    def certify(self, path: str, days: int = 365) -> None:
        key = self.keys[path] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=400))
            .not_valid_after(now + dt.timedelta(days=days))
            .sign(key, hashes.SHA256())
        )
        self.pages[path] = made.public_bytes(serialization.Encoding.PEM)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(str(request.rel_url))
        page = self.pages.get(request.path, b"")
        if self.away:
            return web.Response(status=self.away)
        return web.Response(body=page, status=200 if page or request.path == "/" else 404)

    async def fetch(self, url: str) -> bytes:
        """What is asked of SNS's host is asked here."""
        assert url.startswith(HOST), "only this host may be asked"
        return await fetch(self.url + url.removeprefix(HOST))

    def message(self, *, version: str = "2", path: str = "", **fields: Any) -> dict[str, Any]:  # noqa: ANN401
        """A message as SNS sends it, signed."""
        message = {
            "Type": "Notification",
            "MessageId": f"id-{len(json.dumps(fields))}-{version}",
            "TopicArn": TOPIC,
            "Message": json.dumps(ALARM),
            "Timestamp": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE,
            **fields,
        }
        key = self.keys[path or urlsplit(CERTIFICATE).path]
        algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303
        message["Signature"] = base64.b64encode(
            key.sign(canonical(message), padding.PKCS1v15(), algorithm)
        ).decode()
        return message


@pytest_asyncio.fixture
async def amazon() -> AsyncIterator[Amazon]:
    made = Amazon()
    made.certify(urlsplit(CERTIFICATE).path)
    app = web.Application()
    app.router.add_get("/{path:.*}", made.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest_asyncio.fixture
async def intake(tmp_path: Path, amazon: Amazon) -> AsyncIterator[Front]:
    async with front(tmp_path, TOML, amazon.fetch) as made:
        yield made


def stored(intake: Front) -> int:
    with intake.store._engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(tables.alerts)).scalar_one())


async def test_signed_alarms_of_the_topic_are_taken_once(intake: Front, amazon: Amazon) -> None:
    """Both versions of the signature, with a subject and without; the certificate is fetched once."""
    for version in ("1", "2"):
        message = amazon.message(version=version, Subject="ALARM")
        assert (await intake.post("/alerts/aws", message, {}))[0] == 200
        assert (await intake.post("/alerts/aws", message, {}))[1]["accepted"] == 0
    assert stored(intake) == 2
    assert len(amazon.asked) == 1


Change = Callable[[dict[str, Any]], object]
FORGED: dict[str, Change] = {
    "another message": lambda m: m.update(Message=json.dumps({**ALARM, "NewStateValue": "OK"})),
    "another id": lambda m: m.update(MessageId="other"),
    "a subject more": lambda m: m.update(Subject="x"),
    "no signature": lambda m: m.pop("Signature"),
    "a signature that is none": lambda m: m.update(Signature="!!!"),
    "another version": lambda m: m.update(SignatureVersion="1"),
    "an unknown version": lambda m: m.update(SignatureVersion="3"),
    "another type": lambda m: m.update(Type="SubscriptionConfirmation", Token="t", SubscribeURL="https://x"),
    "another topic": lambda m: m.update(TopicArn=TOPIC.replace("alarms", "mine")),
    "an old time, moved": lambda m: m.update(Timestamp="2026-01-01T00:00:00Z"),
}
ELSEWHERE = [
    "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem",
    "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem",
    "https://evil.example/SimpleNotificationService-0.pem",
    "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0.pem",
    "https://sns.eu-west-1.amazonaws.com/mine.pem",
    "https://sns.eu-west-1.amazonaws.com/a/../SimpleNotificationService-0.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem?x=1",
    "https://[sns/SimpleNotificationService-0.pem",
    "file:///etc/passwd",
    "",
]


@pytest.mark.parametrize("how", FORGED)
async def test_a_message_that_was_changed_is_refused(how: str, intake: Front, amazon: Amazon) -> None:
    """401, and nothing is stored or confirmed."""
    message = amazon.message()
    FORGED[how](message)
    assert (await intake.post("/alerts/aws", message, {}))[0] == 401
    assert stored(intake) == 0
    assert not [url for url in amazon.asked if "ConfirmSubscription" in url]


async def test_a_message_of_somebody_else_s_topic_is_refused(intake: Front, amazon: Amazon) -> None:
    """Anybody can have SNS sign messages of a topic of their own: only the configured one is believed."""
    for topic in (TOPIC.replace("alarms", "mine"), TOPIC.replace("123456789012", "210987654321")):
        assert (await intake.post("/alerts/aws", amazon.message(TopicArn=topic), {}))[0] == 401
    assert stored(intake) == 0
    assert amazon.asked == []


async def test_a_certificate_from_elsewhere_is_never_fetched(intake: Front, amazon: Amazon) -> None:
    """Whatever the message names: only SNS's own host of the topic's region is asked (SSRF)."""
    for url in ELSEWHERE:
        assert (await intake.post("/alerts/aws", amazon.message(SigningCertURL=url), {}))[0] == 401, url
    assert amazon.asked == []
    assert stored(intake) == 0


async def test_a_right_signature_of_an_old_message_is_refused(intake: Front, amazon: Amazon) -> None:
    """J2 for SNS: signed, and more than an hour old."""
    old = amazon.message(Timestamp="2026-01-01T00:00:00.000Z")
    assert (await intake.post("/alerts/aws", old, {}))[0] == 401
    assert (await intake.post("/alerts/aws", amazon.message(Timestamp="soon"), {}))[0] == 401


async def test_a_certificate_that_ran_out_is_refused(intake: Front, amazon: Amazon) -> None:
    """What was signed with it may be anybody's by now."""
    path = "/SimpleNotificationService-old.pem"
    amazon.certify(path, days=-1)
    message = amazon.message(path=path, SigningCertURL=HOST + path)
    assert (await intake.post("/alerts/aws", message, {}))[0] == 401


@pytest.mark.parametrize("away", [500, 503, 429])
async def test_a_certificate_that_cannot_be_had_now_is_asked_for_again(
    away: int, intake: Front, amazon: Amazon
) -> None:
    """503 and no 401, which is final: SNS comes again, and then the alarm is taken."""
    amazon.away = away
    message = amazon.message()
    status, answer, headers = await intake.post("/alerts/aws", message, {})
    assert (status, headers["Retry-After"]) == (503, "5")
    assert f"SNS answers {away}" in answer["error"]
    assert stored(intake) == 0
    assert 'vigie_refused_total{reason="proof unavailable"} 1.0' in await intake.metrics()
    amazon.away = 0
    assert (await intake.post("/alerts/aws", message, {}))[1]["accepted"] == 1


async def test_a_host_that_does_not_answer_is_asked_again(intake: Front, amazon: Amazon) -> None:
    """No name, no way, no answer in time: 503; a subscription is not lost either. The log says it, once."""
    amazon.url = "http://127.0.0.1:9"
    asked = {"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": "https://x", "Message": "x"}
    with structlog.testing.capture_logs() as logged:
        for message in (amazon.message(), amazon.message(), amazon.message(**asked)):
            assert (await intake.post("/alerts/aws", message, {}))[0] == 503
    (line,) = [entry for entry in logged if entry["event"] == "a sender cannot be proved now"]
    assert line["source"] == "aws" and "SNS cannot be asked" in line["problem"]
    with intake.store.read() as tx:
        assert not tx.refusals.all(), "whoever it was, people are not told: it was not proved"


async def test_a_certificate_that_is_not_there_is_refused(intake: Front, amazon: Amazon) -> None:
    """SNS itself says that nothing stands there, or what stands there is no certificate: that is final."""
    path = "/SimpleNotificationService-none.pem"
    message = amazon.message(SigningCertURL=HOST + path)
    assert (await intake.post("/alerts/aws", message, {}))[0] == 401
    amazon.pages[path] = b"no certificate"
    assert (await intake.post("/alerts/aws", message, {}))[0] == 401


async def test_the_subscription_is_confirmed_at_the_topic_alone(intake: Front, amazon: Amazon) -> None:
    """Signed by SNS, it is confirmed with its token at an address made here; SubscribeURL is never asked."""
    message = amazon.message(
        Type="SubscriptionConfirmation",
        Token="tok en&x=1",
        SubscribeURL="https://evil.example/?Action=ConfirmSubscription",
        Message="You have chosen to subscribe",
    )
    assert (await intake.post("/alerts/aws", message, {}))[0] == 200
    (asked,) = [url for url in amazon.asked if "Action" in url]
    given = parse_qs(urlsplit(asked).query)
    assert given == {"Action": ["ConfirmSubscription"], "TopicArn": [TOPIC], "Token": ["tok en&x=1"]}
    assert stored(intake) == 0


async def test_another_topic_in_the_header_is_refused_before_the_body(intake: Front, amazon: Amazon) -> None:
    """It is not even read."""
    status, answer, _ = await intake.post("/alerts/aws", b"[" * 99, {"x-amz-sns-topic-arn": "arn:aws:sns:x"})
    assert status == 401
    assert "another SNS topic" in answer["error"]
