"""A real sshd of Debian for tests: on a free port of loopback, with keys and a configuration of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

SERVER = Path("/usr/sbin/sshd")


@dataclass
class Sshd:
    """A server that lets the user of the tests in, by one key and nothing else."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="vigie-sshd-")))
    port: int = 0
    _server: subprocess.Popen[bytes] | None = None

    @property
    def user(self) -> str:
        return pwd.getpwuid(os.geteuid()).pw_name

    @property
    def key(self) -> str:
        """The private key that is let in."""
        return (self.folder / "user").read_text()

    @property
    def host_key(self) -> str:
        """The public key that the server proves to have."""
        return " ".join((self.folder / "host.pub").read_text().split()[:2])

    def start(self) -> None:
        """Draw keys, start the server, and wait until it answers."""
        for name in ("host", "user", "other"):
            draw_key(self.folder / name)
        shutil.copy(self.folder / "user.pub", self.folder / "authorized_keys")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (self.folder / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder / 'host'}\n"
            f"AuthorizedKeysFile {self.folder / 'authorized_keys'}\nPidFile none\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
            "AllowAgentForwarding yes\nLogLevel VERBOSE\nPrintMotd no\n"
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(0o755, exist_ok=True)  # where Debian's sshd separates privileges
        with (self.folder / "log").open("ab") as lines:
            call = [str(SERVER), "-D", "-e", "-f", str(self.folder / "config")]
            self._server = subprocess.Popen(call, stdout=lines, stderr=lines)
        end = time.monotonic() + 20
        while True:
            assert self._server.poll() is None, self.logged()
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert time.monotonic() < end, self.logged()
            time.sleep(0.02)

    def remove(self) -> None:
        if self._server is not None and self._server.poll() is None:
            self._server.terminate()
            self._server.wait(20)
        shutil.rmtree(self.folder)

    def logged(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


def draw_key(path: Path, passphrase: str = "") -> None:
    """A fresh key pair: `path` and `path.pub`."""
    call = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "", "-f", str(path)]
    subprocess.run(call, check=True)


@contextmanager
def server() -> Iterator[Sshd]:
    """A server for a block."""
    assert SERVER.exists(), "sshd is missing: apt-get install openssh-server"
    made = Sshd()
    try:
        made.start()
        yield made
    finally:
        made.remove()
