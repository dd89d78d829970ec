"""The shop's configuration file: read, checked, and the last one that proved good kept beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from bot.playground.shop.clock import iso_now

DEFAULT = {
    "version": "2026.11.2",
    "payment_endpoint": "https://payments.partner.example/v2",
    "payment_timeout_ms": 2000,
    "orders_per_second": 6,
    "currency": "EUR",
}


class ConfigError(ValueError):
    """The shop's configuration cannot be used; the message names the field and what it takes."""


@dataclass(frozen=True)
class Config:
    """One loaded configuration; `sha256` is of the file's bytes, `loaded_at` an instant as text."""

    version: str
    payment_endpoint: str
    payment_timeout_ms: float
    orders_per_second: float
    sha256: str
    loaded_at: str


class ConfigFile:
    """`config/shop.json` and `config/shop.last-good.json` below the shop's folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "config" / "shop.json"
        self.last_good = folder / "config" / "shop.last-good.json"
        self._read = b""

    def prepare(self) -> None:
        """Write the configuration that the shop comes with, known to be good, where there is none."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            data = (json.dumps(DEFAULT, indent=2) + "\n").encode()
            write_whole(self.path, data)
            write_whole(self.last_good, data)

    def load(self) -> Config:
        """Read and check the file; ConfigError names the field that is wrong."""
        try:
            data = self.path.read_bytes()
            fields = json.loads(data)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{self.path}: {error}; write a JSON object there and reload") from error
        config = parse(fields, hashlib.sha256(data).hexdigest())
        self._read = data
        return config

    def keep_as_good(self) -> None:
        """Keep what was loaded last as the last good one."""
        write_whole(self.last_good, self._read)

    def last_good_sha256(self) -> str | None:
        """Digest of the kept file, None when nothing was kept yet."""
        if not self.last_good.exists():
            return None
        return hashlib.sha256(self.last_good.read_bytes()).hexdigest()


def parse(fields: object, sha256: str) -> Config:
    """Check one configuration object; ConfigError names the field, what was found and what it takes."""
    if not isinstance(fields, dict):
        raise ConfigError("the configuration must be a JSON object")
    return Config(
        version=_text(fields, "version"),
        payment_endpoint=_text(fields, "payment_endpoint"),
        payment_timeout_ms=_number(fields, "payment_timeout_ms", 0, 60_000),
        orders_per_second=_number(fields, "orders_per_second", 0.1, 50),
        sha256=sha256,
        loaded_at=iso_now(),
    )


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file in one step, so that no reader sees half of it."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_bytes(data)
    draft.replace(path)


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{name} is {value!r}; give a text that is not empty")
    return value


def _number(fields: dict[str, object], name: str, low: float, high: float) -> float:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ConfigError(f"{name} is {value!r}; give a number from {low} to {high}")
    return float(value)
