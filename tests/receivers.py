"""The other end of the second ways: a real mail server and a real HTTP receiver on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class MailBox:
    """A mail server: `letters` is what it took; `answers` are refusals for the next letters, in order."""

    letters: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    logins: list[tuple[str, str]] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    port: int = 0
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on a free port, or on the one of the last start."""
        options: dict[str, Any] = {}
        if self.tls is not None:
            options = {"tls_context": self.tls, "require_starttls": True}
            options |= {"authenticator": self._login, "auth_required": True}
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, loop=loop, hostname="localhost", **options), "127.0.0.1", self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def subjects(self) -> list[str]:
        return [str(letter["Subject"]) for letter in self.letters]

    async def handle_RCPT(  # noqa: N802  # the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  # the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.envelopes.append(envelope)
        return "250 taken"

    def _login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"right")


@contextlib.asynccontextmanager
async def mail_box(tls: ssl.SSLContext | None = None) -> AsyncIterator[MailBox]:
    """A mail server that listens until the block ends."""
    box = MailBox(tls=tls)
    await box.start()
    yield box
    await box.stop()


@dataclass
class Hook:
    """An HTTP receiver: `taken` is what it took with its headers; `statuses` come first, in order."""

    taken: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    always: int = 200
    port: int = 0
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def bodies(self) -> list[Any]:
        return [body for _, body in self.taken]

    async def start(self) -> None:
        """Listen on a free port, or on the one of the last start."""
        app = web.Application()
        app.add_routes([web.post("/{path:.*}", self._take)])
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        status = self.statuses.pop(0) if self.statuses else self.always
        if status == 200:
            self.taken.append((dict(request.headers), await request.json()))
        headers = {"Location": "http://127.0.0.1:9/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status, headers=headers)


@contextlib.asynccontextmanager
async def hook() -> AsyncIterator[Hook]:
    """An HTTP receiver that listens until the block ends."""
    made = Hook()
    await made.start()
    yield made
    await made.stop()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS for localhost with a certificate of its own, and the file to trust."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    about = ["-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*made, "-keyout", key, "-out", cert, *about], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context, cert
