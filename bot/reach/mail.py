"""The way by e-mail: one plain text message by SMTP, with a Message-ID that stays the same at every try."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from bot.reach import wording
from bot.reach.way import Letter, NotTaken

SMTPS_PORT = 465  # TLS from the first byte
TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over. `user` is empty where no login is asked for."""

    host: str
    port: int
    starttls: bool
    user: str = ""
    password: str = field(default="", repr=False)


class Mail:
    """Hands one message for all recipients to the mail server."""

    name = "e-mail"

    def __init__(
        self,
        server: MailServer,
        sender: str,
        recipients: tuple[str, ...],
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._server = server
        self._sender = sender
        self._recipients = recipients
        self._tls = tls

    async def send(self, letter: Letter) -> str:
        """Send it, and return once the server has taken it for somebody; whom it refused is the answer.

        Raises:
            NotTaken: it has not, with what it said.
        """
        message = written(letter, self._sender, self._recipients)
        try:
            # The standard library's client is blocking; it bounds each step by its timeout.
            refused = await asyncio.to_thread(self._hand_over, message)
        except smtplib.SMTPResponseException as error:
            said = wording.clean(_text(error.smtp_error), 120)
            raise NotTaken(f"The mail server says {error.smtp_code} {said}.") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise NotTaken(_refusals(error.recipients)) from None
        except smtplib.SMTPNotSupportedError:
            raise NotTaken("The mail server offers no TLS or no login; see [fallback].") from None
        except ssl.SSLError as error:
            raise NotTaken(f"The mail server's TLS is not right: {error.reason}.") from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotTaken(f"The mail server does not answer: {type(error).__name__}.") from None
        # Sending it again would tell the others again at every try.
        return _refusals(refused) if refused else ""

    def _hand_over(self, message: EmailMessage) -> dict[str, tuple[int, bytes]]:
        server = self._server
        with self._connected() as client:
            if server.starttls and server.port != SMTPS_PORT:
                client.starttls(context=self._tls())
            if server.user:
                _log_in(client, server)
            return client.send_message(message, self._sender, self._recipients)

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        own = socket.gethostname()  # else the library asks the DNS, which may be what is down
        if server.port == SMTPS_PORT:
            tls = self._tls()
            return smtplib.SMTP_SSL(server.host, server.port, own, timeout=TIMEOUT_S, context=tls)
        return smtplib.SMTP(server.host, server.port, own, timeout=TIMEOUT_S)


def written(letter: Letter, sender: str, recipients: tuple[str, ...]) -> EmailMessage:
    """The message. Header values are one line each, so no title can add a header or a recipient."""
    domain = sender.rpartition("@")[2]
    message = EmailMessage(policy=SMTP)
    message["Subject"] = wording.headline(letter)
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.key}@{domain}>"
    if letter.first_key:
        message["In-Reply-To"] = message["References"] = f"<{letter.first_key}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(wording.body(letter))
    return message


def _log_in(client: smtplib.SMTP, server: MailServer) -> None:
    try:
        client.login(server.user, server.password)
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPServerDisconnected):  # some servers just hang up
        raise NotTaken(
            "The mail server refuses the login; look at fallback.smtp_user and VIGIE_SMTP_PASSWORD."
        ) from None


def _refusals(refused: dict[str, tuple[int, bytes]]) -> str:
    """Each recipient that the server did not take, with its answer."""
    said = [f"{to}: {code} {wording.clean(_text(text), 80)}" for to, (code, text) in refused.items()]
    return f"The mail server refuses {'; '.join(said[:5])}."


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", errors="replace") if isinstance(said, bytes) else said
