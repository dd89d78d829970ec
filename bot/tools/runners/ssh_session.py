"""One program on another host: begun, read to its end, and killed there with all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.tools.runners.base import Output, RunResult

if TYPE_CHECKING:
    from asyncssh import SSHClientConnection, SSHClientProcess

_KILL_WITHIN_S = 5.0
_MOST_BEFORE = 65_536
# Fixed texts: whatever varies comes behind them as arguments, quoted, and is never read as shell.
_BEGIN = 'echo "$0 $$"; exec "$@"'
_KILL = 'g=$(ps -o pgid= -p "$1" | tr -d " "); kill -KILL "-${g:-$1}"'


class Session:
    """`is_restricted`: the key may run one command there, so it is sent as it is and cannot be killed."""

    def __init__(self, connection: SSHClientConnection, output: Output, is_restricted: bool) -> None:
        self._connection = connection
        self._output = output
        self._mark = f"vigie-{secrets.token_hex(8)}"
        self._waits_for_mark = not is_restricted
        self._before = b""
        self._pid = ""

    async def run(self, argv: Sequence[str], end: float, timeout_s: float) -> RunResult:
        """Run it until it ends, or the loop's clock says `end`; a cancelled run is killed there, too."""
        import asyncssh

        wrapped = ["/bin/sh", "-c", _BEGIN, self._mark, *argv] if self._waits_for_mark else argv
        options = {"stderr": asyncssh.STDOUT, "stdin": asyncssh.DEVNULL, "encoding": None}
        try:
            async with asyncio.timeout_at(end):
                process = await self._connection.create_process(shlex.join(wrapped), **options)
        except (asyncssh.Error, OSError, TimeoutError) as error:
            return RunResult(None, "", f"{reason(error)}; whether it began is not known.")
        try:
            async with asyncio.timeout_at(end):
                return await self._read(process)
        except TimeoutError:
            killed = await self._kill(process)
            return RunResult(None, self._text, f"it did not end within {timeout_s:g} s; {killed}.")
        except asyncio.CancelledError:
            await asyncio.shield(self._kill(process))
            raise

    async def _read(self, process: SSHClientProcess[bytes]) -> RunResult:
        import asyncssh

        lost = "the connection ended before it did; it may still run."
        try:
            while chunk := await process.stdout.read(65_536):
                self._take(chunk)
            await process.wait_closed()
        except (asyncssh.Error, OSError):
            return RunResult(None, self._text, lost)
        if process.exit_signal:
            return RunResult(None, self._text, f"it was ended by the signal {process.exit_signal[0]}.")
        if process.exit_status is None:
            return RunResult(None, self._text, lost)
        code = process.exit_status
        return RunResult(code, self._text, "" if code == 0 else f"it ended with exit code {code}.")

    def _take(self, chunk: bytes) -> None:
        """Output, without the line that says which process it is; what a login prints may come before it."""
        if not self._waits_for_mark:
            self._output.add(chunk)
            return
        self._before += chunk
        found = re.search(rb"(?m)^" + self._mark.encode() + rb" (\d{1,10})\n", self._before)
        if found:
            self._pid = found.group(1).decode()
            self._before = self._before[: found.start()] + self._before[found.end() :]
        if found or len(self._before) > _MOST_BEFORE:
            self._waits_for_mark = False
            self._output.add(self._before)
            self._before = b""

    @property
    def _text(self) -> str:
        if self._before:
            self._output.add(self._before)
            self._before = b""
        return self._output.text

    async def _kill(self, process: SSHClientProcess[bytes]) -> str:
        """Kill its process group, by the server's own means and by a second command; how that went."""
        import asyncssh

        killed = False
        with contextlib.suppress(asyncssh.Error, OSError, TimeoutError):
            async with asyncio.timeout(_KILL_WITHIN_S):
                if self._pid:
                    command = shlex.join(["/bin/sh", "-c", _KILL, "sh", self._pid])
                    killed = (await self._connection.run(command)).exit_status == 0
                process.kill()
                process.close()
                await process.wait_closed()
        return "it was killed there" if killed else "it may still run there"


def reason(error: BaseException) -> str:
    """Why there is no connection, in our words where they say more."""
    import asyncssh

    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return "its key is not the one that is known, or no key of it is known"
    if isinstance(error, asyncssh.PermissionDenied):
        return "it did not accept the key for this user"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return f"no connection ({type(error).__name__})"
