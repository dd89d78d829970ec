"""Mail against a real mail server, the webhook against a real HTTP server: what is taken, and what is not."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from bot.reach import mail as by_mail
from bot.reach.mail import Mail, MailServer
from bot.reach.way import NotTaken
from bot.reach.webhook import Webhook
from tests.letters import END, LETTER, hostile
from tests.receivers import certificate, hook, mail_box

FROM, TO = "vigie@example.org", ("on-call@example.org", "second@example.org")


def plain(port: int) -> Mail:
    return Mail(MailServer("127.0.0.1", port, starttls=False), FROM, TO)


async def test_a_letter_reaches_every_recipient_at_once() -> None:
    """One message for all, from the address of the settings, in plain text that reads as it was written."""
    async with mail_box() as box:
        assert await plain(box.port).send(hostile("Größe überschritten — 次")) == ""
    (letter,), (envelope,) = box.letters, box.envelopes
    assert (envelope.mail_from, tuple(envelope.rcpt_tos)) == (FROM, TO)
    assert letter.get_content_type() == "text/plain"
    assert "Größe überschritten — 次" in letter.get_content()
    assert "Größe überschritten — 次" in letter["Subject"]


async def test_a_second_try_carries_the_same_message_id() -> None:
    """A mail server or reader that has seen it can tell; the end has one of its own."""
    async with mail_box() as box:
        for letter in (LETTER, LETTER, END):
            await plain(box.port).send(letter)
    first, second, end = (letter["Message-ID"] for letter in box.letters)
    assert first == second != end


async def test_a_title_cannot_add_a_recipient() -> None:
    """The envelope is that of the settings, whatever stands in the alert."""
    async with mail_box() as box:
        await plain(box.port).send(hostile("disk\r\nBcc: t@example.net\r\n.\r\nRCPT TO:<t@example.net>"))
    (letter,), (envelope,) = box.letters, box.envelopes
    assert tuple(envelope.rcpt_tos) == TO
    assert letter["Bcc"] is None


async def test_one_refused_recipient_does_not_keep_it_from_the_others() -> None:
    """It counts as taken, as sending it again would tell the others again; who was refused is said."""
    async with mail_box() as box:
        box.refused = {TO[0]}
        assert "on-call@example.org: 550 no such person" in await plain(box.port).send(LETTER)
        assert len(box.letters) == 1
        box.refused = set(TO)
        with pytest.raises(NotTaken, match="refuses on-call@example"):
            await plain(box.port).send(LETTER)


async def test_what_the_mail_server_says_is_the_reason() -> None:
    """Its code and words; and that it does not answer, when it is gone."""
    async with mail_box() as box:
        box.answers = ["452 no room left"]
        with pytest.raises(NotTaken, match="says 452 no room left"):
            await plain(box.port).send(LETTER)
    with pytest.raises(NotTaken, match="does not answer"):
        await plain(box.port).send(LETTER)
    assert box.letters == []


async def test_a_login_goes_over_tls_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is given after STARTTLS, to a server whose certificate is trusted; no other gets it."""
    monkeypatch.setattr(by_mail, "TIMEOUT_S", 3.0)  # how long a refused connection is waited for
    context, trusted = certificate(tmp_path)
    async with mail_box(context) as box:
        server = MailServer("localhost", box.port, starttls=True, user="vigie", password="right")
        mail = Mail(server, FROM, TO, lambda: ssl.create_default_context(cafile=str(trusted)))
        await mail.send(LETTER)
        assert (len(box.letters), box.logins) == (1, [("vigie", "right")])
        with pytest.raises(NotTaken, match="TLS is not right"):
            await Mail(server, FROM, TO).send(LETTER)
        wrong = MailServer("localhost", box.port, starttls=True, user="vigie", password="wrong")
        with pytest.raises(NotTaken, match="VIGIE_SMTP_PASSWORD"):
            await Mail(wrong, FROM, TO, lambda: ssl.create_default_context(cafile=str(trusted))).send(LETTER)
    assert len(box.letters) == 1
    assert "right" not in repr(server)
    async with mail_box() as bare:
        stripped = Mail(MailServer("localhost", bare.port, True, "vigie", "right"), FROM, TO)
        with pytest.raises(NotTaken, match="offers no TLS"):
            await stripped.send(LETTER)
    assert bare.logins == []


async def test_the_webhook_gets_the_documented_shape() -> None:
    """One JSON object, a bearer token, and a key that is the same at a second try."""
    async with hook() as receiver:
        way = Webhook(receiver.url, "token-of-the-receiver")
        for _ in range(2):
            assert await way.send(LETTER) == ""
    (headers, body), (again, _) = receiver.taken
    assert headers["Authorization"] == "Bearer token-of-the-receiver"
    assert headers["Idempotency-Key"] == again["Idempotency-Key"] == body["key"] == LETTER.key
    assert (body["version"], body["event"], body["because"]) == (1, "opened", "Slack says is_archived")
    assert body["incident"] == {
        "id": 7,
        "title": "Orders are stuck",
        "severity": "critical",
        "state": "triggered",
        "open": True,
        "service": "orders",
        "environment": "prod",
        "opened_at": "2026-03-01T08:00:00+00:00",
        "resolved_at": None,
    }


@pytest.mark.parametrize(
    "status, said", [(500, "answers 500."), (401, "VIGIE_FALLBACK_TOKEN"), (302, "a redirect"), (404, "404")]
)
async def test_only_a_2xx_counts_as_taken(status: int, said: str) -> None:
    """A redirect is not followed either: the token would go to whoever it names."""
    async with hook() as receiver:
        receiver.statuses = [status]
        with pytest.raises(NotTaken, match=said):
            await Webhook(receiver.url, "token").send(LETTER)
    assert receiver.taken == []


async def test_a_webhook_that_is_gone_is_said_without_its_address() -> None:
    """The address of a webhook is often a secret itself."""
    async with hook() as receiver:
        url = f"{receiver.url}/very-secret"
    with pytest.raises(NotTaken) as refused:
        await Webhook(url, "token").send(LETTER)
    assert "does not answer" in refused.value.detail
    assert "secret" not in str(refused.value) and "token" not in str(refused.value)


async def test_many_letters_at_once_are_all_taken() -> None:
    """The blocking mail client runs in threads and keeps nothing from the event loop."""
    async with mail_box() as box:
        await asyncio.gather(*(plain(box.port).send(LETTER) for _ in range(10)))
    assert len(box.letters) == 10
