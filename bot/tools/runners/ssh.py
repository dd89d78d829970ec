"""Runs an argument vector on another host over SSH: its key is known, and we log in with ours alone."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import shlex
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import ArgumentRefused
from bot.tools.runners.base import Emit, Output, RunResult, Secret
from bot.tools.runners.command import arguments_of

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection, SSHClientProcess

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
        output = Output(output_cap, emit)
        try:
            async with asyncio.timeout_at(end):
                connection = await _connect(where, secret, timeout_s)
        except (asyncssh.Error, OSError, TimeoutError) as error:
            return RunResult(255, "", f"{where['host']}: {_reason(error)}; it was not run.")
        async with _closed(connection):
            try:
                async with asyncio.timeout_at(end):
                    process = await connection.create_process(
                        shlex.join(map(str, argv)),
                        stderr=asyncssh.STDOUT,
                        stdin=asyncssh.DEVNULL,
                        encoding=None,
                    )
            except (asyncssh.Error, OSError, TimeoutError) as error:
                return RunResult(
                    None, "", f"{where['host']}: {_reason(error)}; whether it began is not known."
                )
            return await _finish(process, end, timeout_s, output)


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


async def _finish(
    process: SSHClientProcess[bytes], end: float, timeout_s: float, output: Output
) -> RunResult:
    """Read to the end; whatever happens before it, the program on the other host is killed with its group."""
    try:
        async with asyncio.timeout_at(end):
            while chunk := await process.stdout.read(65_536):
                output.add(chunk)
            await process.wait_closed()
    except TimeoutError:
        await _kill(process)
        return RunResult(None, output.text, f"it did not end within {timeout_s:g} s and was killed there.")
    except asyncio.CancelledError:
        await asyncio.shield(_kill(process))
        raise
    if process.exit_signal:
        return RunResult(None, output.text, f"it was ended by the signal {process.exit_signal[0]}.")
    if process.exit_status is None:
        return RunResult(None, output.text, "the connection ended before it did; it may still run.")
    code = process.exit_status
    return RunResult(code, output.text, "" if code == 0 else f"it ended with exit code {code}.")


async def _kill(process: SSHClientProcess[bytes]) -> None:
    """The server hands the signal to the whole process group of the session; then the channel is closed."""
    with contextlib.suppress(OSError):
        process.kill()
    process.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_WITHIN_S):
            await process.wait_closed()


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


def _reason(error: BaseException) -> str:
    """Why it could not connect, in our words where they say more."""
    import asyncssh

    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return "its key is not the one that is known, or no key of it is known"
    if isinstance(error, asyncssh.PermissionDenied):
        return "it did not accept the key for this user"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return f"no connection ({type(error).__name__})"
