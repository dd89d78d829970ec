"""Runs an argument vector on this host: no shell, a bare environment, limits, folder and group of its own."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.errors import ArgumentRefused
from bot.tools.runners.base import Emit, Output, RunResult, Secret
from bot.tools.runners.limits import limits_of, setter
from bot.tools.runners.unsigned import unsigned

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


class CommandRunner:
    """The runner `command`."""

    def resolve(self, call: Mapping[str, object]) -> dict[str, object]:
        argv = arguments_of(call)
        files = {str(path): _sha256(Path(str(path))) for path in _list(call["files"])}
        refuse_unsigned(argv, files)
        declared = {name: call[name] for name in ("resources", "credentials") if call.get(name)}
        return {"argv": argv, "files": files} | declared

    async def run(
        self,
        resolved: Mapping[str, object],
        timeout_s: float,
        output_cap: int,
        secret: Secret,
        emit: Emit | None = None,
    ) -> RunResult:
        argv = [str(part) for part in _list(resolved["argv"])]
        files = resolved["files"]
        assert isinstance(files, Mapping)
        refuse_unsigned(argv, files)
        given = {str(name): secret(str(name)) for name in _list(resolved.get("credentials", []))}
        declared = resolved.get("resources", {})
        assert isinstance(declared, Mapping)
        bounds = await asyncio.to_thread(limits_of, declared, timeout_s)
        with _private_folder(given) as (folder, environment):
            if changed := _changed(files):  # as late as can be
                return RunResult(126, "", f"{changed} changed after it was shown; it was not run.")
            try:
                process = await asyncio.create_subprocess_exec(
                    *argv,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                    env=environment,
                    cwd=folder,
                    start_new_session=True,
                    preexec_fn=setter(bounds),
                )
            except OSError as error:
                return RunResult(127, "", f"{argv[0]} could not be started: {error.strerror or error}.")
            return await _finish(process, timeout_s, Output(output_cap, emit))


def arguments_of(call: Mapping[str, object]) -> list[str]:
    """The argument vector of a call.

    Raises:
        ArgumentRefused: the program is not named by its whole path, or an argument holds control characters.
    """
    argv = [_argument(part) for part in _list(call["argv"])]
    if not Path(argv[0]).is_absolute():
        raise ArgumentRefused(f"argv: the program {argv[0]!r} must be an absolute path.")
    return argv


async def _finish(process: asyncio.subprocess.Process, timeout_s: float, output: Output) -> RunResult:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(timeout_s):
            while chunk := await process.stdout.read(65_536):
                output.add(chunk)
            code = await process.wait()
    except TimeoutError:
        return RunResult(None, output.text, f"it did not end within {timeout_s:g} s.")
    finally:
        # The whole group goes, so that nothing a script left behind keeps running.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return RunResult(code, output.text, _why(code))


def _why(code: int) -> str:
    """How it ended, for people; empty where it ended well."""
    if code == -signal.SIGXCPU:
        return "it used more processor time than its limit `cpu_s`."
    if code == -signal.SIGXFSZ:
        return "it wrote more into a file than its limit `file_mb`."
    return "" if code == 0 else f"it ended with exit code {code}."


@contextlib.contextmanager
def _private_folder(secrets: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """A fresh folder that only we can read, and the environment that names it; gone with all that lies in it.

    Secrets lie in files of their own, as systemd's credentials do: no process listing shows them.
    """
    folder = tempfile.mkdtemp(prefix="vigie-run-")
    environment = _ENVIRONMENT | {"HOME": folder, "TMPDIR": folder}
    try:
        if secrets:
            credentials = Path(folder) / "credentials"
            credentials.mkdir(0o700)
            environment["CREDENTIALS_DIRECTORY"] = str(credentials)
            for name, value in secrets.items():
                (credentials / name).touch(0o600)
                (credentials / name).write_text(value, encoding="utf-8")
        yield folder, environment
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refuse_unsigned(argv: list[str], files: Mapping[str, object]) -> None:
    """Refuse a call with a script that is not covered by what N3 sign.

    Raises:
        ArgumentRefused: names it.
    """
    for path in unsigned(argv, files):
        raise ArgumentRefused(
            f"argv: {path} is a script that is not listed under `files`, so it could change unsigned."
            " List it there, or let nobody but root change it and its folders."
        )


def _changed(files: Mapping[str, object]) -> str:
    """The first script that is not what was shown; empty where all are."""
    return next((path for path, digest in files.items() if _sha256(Path(path)) != digest), "")


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def _argument(value: object) -> str:
    text = str(value)
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ArgumentRefused("argv: control characters are not allowed in an argument.")
    return text


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ArgumentRefused(f"files: {path} cannot be read: {error.strerror or error}.") from None
