"""A shop's past incidents with known causes, told as checks tell them: numbers and parts differ."""

from __future__ import annotations

import random

from knowledge.causes.model import Past

PARTS = ("basket", "ledger", "mailer", "parcels", "search")
SIGNS = {
    "full disk": ("write failed: no space left on device", "checkpoint postponed, volume at 100 %"),
    "expired certificate": ("tls handshake failed: certificate has expired", "peer closed the connection"),
    "stale lock": ("worker waits for lock file whose owner is gone", "queue grows, nothing is consumed"),
    "bad deploy": ("unknown setting in release configuration", "rollback of the last release is possible"),
    "slow database": ("query cancelled after statement timeout", "sequential scan on table orders"),
    "memory leak": ("killed by the kernel: out of memory", "resident size rises until the restart"),
}


def text_of(cause: str, part: str, draw: random.Random) -> str:
    """A table with one part unready, lines that tell the cause, and lines that tell nothing."""
    signs = list(SIGNS[cause])
    draw.shuffle(signs)
    return "\n".join(
        (
            f"{part} does not answer since {draw.randint(1, 50)} minutes",
            *table(part, draw),
            *(f"error {draw.randint(100, 999)} {part}: {sign}" for sign in signs),
            f"info: {draw.choice(('cron', 'backup', 'metrics', 'probe'))} finished in {draw.randint(1, 9)} s",
        )
    )


def table(unready: str, draw: random.Random) -> list[str]:
    """The parts as a cluster lists them, each with a name that a machine has lengthened."""
    rows = ["NAME                       READY   STATUS    RESTARTS   AGE"]
    for part in PARTS:
        name = f"{part}-{draw.randrange(16**8):08x}-{draw.choice('bcdfg')}x{draw.randint(10, 99)}z"
        ready = "0/1     Waiting" if part == unready else "1/1     Running"
        rows.append(f"{name:<26} {ready}   0          {draw.randint(1, 60)}m")
    return rows


def history(each: int = 6, causes: tuple[str, ...] = tuple(SIGNS), seed: int = 1) -> list[Past]:
    """`each` incidents of every cause, every one at another part than the one before."""
    draw = random.Random(seed)  # a draw, not a secret
    return [
        Past(
            f"{cause}-{n}",
            text_of(cause, part := PARTS[(n + place) % len(PARTS)], draw),
            cause,
            f"app/{part}",
        )
        for place, cause in enumerate(causes)
        for n in range(each)
    ]
