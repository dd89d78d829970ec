"""A real MariaDB server for tests: started from Debian's package when first asked for, ended with them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pymysql

SERVER = Path("/usr/sbin/mariadbd")
OPTIONS = (
    "--no-defaults",
    "--bind-address=127.0.0.1",
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=4M",
    "--innodb-flush-log-at-trx-commit=0",
    "--skip-name-resolve",
    "--skip-log-bin",
)


def _shm() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@dataclass
class MariaDb:
    """A server on a free port of loopback, its files in a folder that goes with it."""

    # In memory: making it is nothing but writing and waiting for a disk.
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp("", "vigie-mariadb-", _shm())))
    port: int = 0
    _server: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.folder / "s"

    def create(self) -> None:
        """Make the data folder; who connects as root from this machine needs no password."""
        user = self._user
        if os.geteuid() == 0:
            os.chown(self.folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        subprocess.run(
            [
                "mariadb-install-db",
                *OPTIONS[:1],
                f"--datadir={self.folder / 'data'}",
                f"--user={user}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *OPTIONS[2:4],
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        with (self.folder / "log").open("ab") as lines:
            self._server = subprocess.Popen(
                [
                    SERVER,
                    *OPTIONS,
                    f"--datadir={self.folder / 'data'}",
                    f"--socket={self.socket}",
                    f"--port={self.port}",
                    f"--user={self._user}",
                ],
                stdout=lines,
                stderr=lines,
            )
        end = time.monotonic() + 30
        while True:
            assert self._server.poll() is None, self.logged()
            try:
                self.connect().close()
                return
            except pymysql.OperationalError:
                assert time.monotonic() < end, self.logged()
                time.sleep(0.05)

    def connect(self) -> pymysql.Connection:
        """As root, each statement on its own."""
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", autocommit=True)

    def remove(self) -> None:
        """End it and remove its files."""
        if self._server is not None and self._server.poll() is None:
            self._server.kill()  # nothing of it is kept
            self._server.wait(20)
        shutil.rmtree(self.folder)

    @property
    def _user(self) -> str:
        return "mysql" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name

    def logged(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


def start() -> MariaDb:
    """A server of one's own; end it with `remove`."""
    assert SERVER.exists(), "MariaDB is missing: apt-get install mariadb-server-core"
    made = MariaDb()
    made.create()
    made.start()
    return made
