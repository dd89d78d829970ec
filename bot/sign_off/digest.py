"""The digest binds a signature to one plan: everything that will run, where, and under which rule."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping


def canonical(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces, no NaN, ASCII only.

    Raises:
        ValueError: the value holds what JSON cannot say exactly (a non-finite number, a key that is no text).
    """
    _refuse_inexact(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest(plan: Mapping[str, object]) -> str:
    """sha256 of the canonical plan, in hexadecimal."""
    return hashlib.sha256(canonical(plan).encode()).hexdigest()


def _refuse_inexact(value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a plan cannot hold a number that is not finite")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ValueError(f"a plan's keys are texts, not {type(key).__name__}")
            _refuse_inexact(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_inexact(inner)
