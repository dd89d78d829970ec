"""Runs an argument vector on another host over SSH: its key is known, and we log in with ours alone."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import ArgumentRefused
from bot.tools.runners.base import Emit, Output, RunResult, Secret
from bot.tools.runners.command import arguments_of
from bot.tools.runners.ssh_session import Session, reason

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection

_CLOSE_WITHIN_S = 5.0
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:_-]*[A-Za-z0-9])?")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_HOST_KEY = re.compile(r"[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}")


class SshRunner:
    """The runner `ssh`. Its exit code is that of the program on the other host."""

    def resolve(self, call: Mapping[str, object]) -> dict[str, object]:
        where = call["ssh"]
        assert isinstance(where, Mapping)
        found = {"host": str(where["host"]), "port": _port(where["port"]), "user": str(where["user"])}
        if not _HOST.fullmatch(str(found["host"])):
            raise ArgumentRefused(f"host: {found['host']!r} is no name and no address of a host.")
        if not _USER.fullmatch(str(found["user"])):
            raise ArgumentRefused(f"user: {found['user']!r} is no name of a user.")
        found["key"] = str(where["key"])
        if where.get("restricted"):
            found["restricted"] = True
        return {"ssh": found | _known(where), "argv": arguments_of(call)}

    async def run(
        self,
        resolved: Mapping[str, object],
        timeout_s: float,
        output_cap: int,
        secret: Secret,
        emit: Emit | None = None,
    ) -> RunResult:
        try:
            import asyncssh
        except ImportError:
            return RunResult(126, "", "the library asyncssh is missing; install Vigie with its extra `ssh`.")
        where, argv = resolved["ssh"], resolved["argv"]
        assert isinstance(where, Mapping) and isinstance(argv, list)
        end = asyncio.get_running_loop().time() + timeout_s
        try:
            async with asyncio.timeout_at(end):
                connection = await _connect(where, secret, timeout_s)
        except (asyncssh.Error, OSError, TimeoutError) as error:
            return RunResult(255, "", f"{where['host']}: {reason(error)}; it was not run.")
        async with _closed(connection):
            session = Session(
                connection, Output(output_cap, emit), is_restricted=bool(where.get("restricted"))
            )
            return await session.run([str(part) for part in argv], end, timeout_s)


async def _connect(where: Mapping[str, object], secret: Secret, timeout_s: float) -> SSHClientConnection:
    """Log in with the one key. No agent, no password, no file of whoever runs Vigie has a say."""
    import asyncssh

    host, port = str(where["host"]), int(str(where["port"]))
    try:
        key = asyncssh.import_private_key(secret(str(where["key"])))
    except (asyncssh.KeyImportError, ValueError):
        raise ArgumentRefused(f"secret {where['key']}: it is no private key without a passphrase.") from None
    lines = await asyncio.to_thread(_lines, where)
    return await asyncssh.connect(
        host,
        port,
        username=str(where["user"]),
        client_keys=[key],
        known_hosts=asyncssh.import_known_hosts(lines),
        config=None,
        agent_path=None,
        agent_forwarding=False,
        preferred_auth="publickey",
        password=None,
        x509_trusted_certs=None,
        gss_host=None,
        login_timeout=timeout_s,
        keepalive_interval=15,
        client_version="Vigie",
    )


@asynccontextmanager
async def _closed(connection: SSHClientConnection) -> AsyncIterator[None]:
    try:
        yield
    finally:
        connection.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                await asyncio.shield(connection.wait_closed())


def _known(where: Mapping[str, object]) -> dict[str, object]:
    """How the host is known: its key as it is, or a file with its sha256."""
    if key := str(where.get("host_key", "")):
        # `ssh-keyscan` prints the host before its key.
        words = " ".join(key.split()[-2:])
        if not _HOST_KEY.fullmatch(words):
            raise ArgumentRefused("host_key: it is not of the form `ssh-ed25519 AAAA...`.")
        return {"host_key": words}
    path = Path(str(where["known_hosts"]))
    try:
        return {"known_hosts": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    except OSError as error:
        raise ArgumentRefused(f"known_hosts: {path} cannot be read: {error.strerror or error}.") from None


def _lines(where: Mapping[str, object]) -> str:
    """The known hosts as OpenSSH writes them."""
    if "host_key" not in where:
        content = Path(str(where["known_hosts"])).read_bytes()
        if hashlib.sha256(content).hexdigest() != where["sha256"]:
            raise ArgumentRefused(f"{where['known_hosts']} changed after it was shown; it was not run.")
        return content.decode("utf-8", "replace")
    host, port = where["host"], where["port"]
    return f"{host} {where['host_key']}\n[{host}]:{port} {where['host_key']}\n"


def _port(value: object) -> int:
    text = str(value)
    if not re.fullmatch(r"\d{1,5}", text) or not 0 < int(text) < 65_536:
        raise ArgumentRefused(f"port: {text!r} is no port.")
    return int(text)
