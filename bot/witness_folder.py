"""The folder outside the database in which signed heads stand: key, public key, and one line a head."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from bot.errors import Misconfigured
from bot.sign_off.heads import Head, fingerprint, line_hash, parse

KEY, PUBLIC, HEADS = "head.key", "head.pub", "heads.jsonl"


class WitnessFolder:
    """Nothing in it is ever changed but by adding a line."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def heads(self) -> Path:
        return self._folder / HEADS

    def make_key(self) -> bool:
        """Make the key where there is none; whether it was made now.

        Raises:
            Misconfigured: the folder cannot be used.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if (self._folder / KEY).exists():
                return False
            key = Ed25519PrivateKey.generate()
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            _write_new(self._folder / KEY, pem)
            public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            (self._folder / PUBLIC).write_bytes(public)
        except OSError as error:
            raise Misconfigured(f"audit.folder: {self._folder} cannot be used: {error.strerror}.") from None
        return True

    def private(self) -> bytes:
        """The 32 bytes of the key.

        Raises:
            Misconfigured: it is not there, is no such key, or others can read it.
        """
        path = self._folder / KEY
        try:
            if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise Misconfigured(f"{path}: others can read the key. Say `chmod 600 {path}`.")
            key = load_pem_private_key(path.read_bytes(), None)
        except (OSError, ValueError, TypeError) as error:
            raise Misconfigured(f"{path}: the key cannot be read ({type(error).__name__}).") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise Misconfigured(f"{path}: expected an Ed25519 key.")
        return key.private_bytes_raw()

    def public(self) -> dict[str, bytes]:
        """The public key by its fingerprint; none where it is not there."""
        try:
            key = load_pem_public_key((self._folder / PUBLIC).read_bytes())
        except (OSError, ValueError):
            return {}
        if not isinstance(key, Ed25519PublicKey):
            return {}
        raw = key.public_bytes_raw()
        return {fingerprint(raw): raw}

    def public_of(self, private: bytes) -> bytes:
        """The 32 public bytes that belong to a key."""
        return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()

    def lines(self) -> list[str]:
        """Every line, oldest first; none where no head was written yet.

        Raises:
            Misconfigured: the file is there and cannot be read.
        """
        try:
            return self.heads.read_text().splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(f"{self.heads} cannot be read: {error}.") from None

    def newest(self) -> tuple[Head | None, str]:
        """The last head, and the sha256 of its line."""
        lines = self.lines()
        found = parse(lines[-1]) if lines else []
        newest = replace(found[-1], where="the newest head") if found else None
        return newest, (line_hash(lines[-1]) if lines else "")

    def add(self, head: Head) -> None:
        """One line more, on disk when this returns.

        Raises:
            OSError: it could not be written.
        """
        descriptor = os.open(self.heads, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, f"{head.line()}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
