"""What is usual for the things that past incidents named, so that what is rare for one of them stands out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from knowledge.causes.reading import Reading

RARE = 0.1
RARE_KIND = 0.2
ALWAYS = 0.9
ENOUGH = 3
"""Readings of a thing that make a value of it usual or rare."""


class Usual:
    """Counts over a history: in how many incidents each thing had each value."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._exact: Counter[tuple[str, str, str]] = Counter()
        self._things: Counter[tuple[str, str]] = Counter()
        self._shapes: Counter[tuple[str, str]] = Counter()
        self._keys: Counter[str] = Counter()
        self._all = 0
        for reading in readings:
            self._all += 1
            self._exact.update((v.key, v.of, v.value) for v in reading.values)
            self._things.update({(v.key, v.of) for v in reading.values})
            self._shapes.update({(v.key, v.shape) for v in reading.values})
            self._keys.update({v.key for v in reading.values})
        self._always = [thing for thing, many in self._things.items() if many > ALWAYS * self._all - 1]

    def oddities(self, reading: Reading, *, counted: bool) -> dict[str, set[str]]:
        """What is odd in a reading, and of which things. `counted`: it is one of the history itself.

        Keys say what is odd without naming the thing: a value rare for it, rare for its kind, a thing never
        seen before, one that is always there and now is not.
        """
        own = 1 if counted else 0
        found: dict[str, set[str]] = {}

        def add(oddity: str, of: str) -> None:
            found.setdefault(oddity, set()).add(of)

        for value in reading.values:
            seen = self._things[value.key, value.of] - own
            if seen < ENOUGH:
                add(f"new {value.key}", value.of)
            elif self._exact[value.key, value.of, value.value] - own < RARE * seen:
                add(f"rare {value.key}", value.of)
                add(f"rare {value.key}={value.shape}", value.of)
            seen = self._keys[value.key] - own
            if seen >= ENOUGH and self._shapes[value.key, value.shape] - own < RARE_KIND * seen:
                add(f"odd {value.key}={value.shape}", value.of)
        here = {(value.key, value.of) for value in reading.values}
        rest = max(self._all - own, 1)
        for thing in self._always:
            if thing not in here and self._things[thing] > ALWAYS * rest:
                add(f"gone {thing[0]}", thing[1])
        return found
