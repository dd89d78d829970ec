"""Takes the values of secrets out of text, in every form in which a tool may print them, also in pieces."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

from knowledge.text.redaction import redact

_SHORTEST = 4  # a shorter value would be found in every text
_SHORTEST_ENCODED = 6
_WITHHELD = "[withheld: it holds a private key]"
_LONG_LINE = 16_384
_KEPT_BACK = 1_024
# How a line ends whose next line may belong to a secret: an open assignment, a scheme, a wrapped base64 text.
_OPEN = re.compile(
    r"(?:[^\w.,;)!?\]}\"'\s]|\b(?:bearer|basic|token|apikey|digest|pass\w*|pwd|mdp|secret|key|user)"
    r"|[A-Za-z0-9+/_-]{24,}={0,2})\s*\Z",
    re.IGNORECASE,
)


class Cleaner:
    """Knows the values of secrets and replaces each by its name; a value may be added at any time."""

    def __init__(self, values: Mapping[str, str] = {}) -> None:
        self._known: dict[tuple[str, str], re.Pattern[str]] = {}
        self._forms: set[str] = set()
        for name, value in values.items():
            self.add(name, value)

    def add(self, name: str, value: str) -> None:
        """From now on this value is taken out; values that it had before stay known."""
        for part in {value, value.strip(), *_lines(value)}:
            if len(part) >= _SHORTEST and (name, part) not in self._known:
                forms = sorted(forms_of(part), key=len, reverse=True)
                self._forms.update(forms)
                self._known[name, part] = re.compile("|".join(map(_pattern, forms)))
        # The longest first, so that no rest of a secret is left where another is its beginning.
        self._known = dict(sorted(self._known.items(), key=lambda item: -len(item[0][1])))

    def clean(self, text: str) -> str:
        """The text without any secret's value and without what looks like one."""
        for (name, _), pattern in self._known.items():
            text = pattern.sub(f"[secret {name}]", text)
        redacted = redact(text)
        return _WITHHELD if redacted.private_key else redacted.text

    def stream(self) -> Stream:
        """Cleans an output that comes in pieces."""
        return Stream(self)

    def is_open(self, text: str) -> bool:
        """Whether `text` may end within a secret, so that it cannot be judged before more of it is there."""
        if _OPEN.search(text[-4096:]):
            return True
        joined = re.sub(r"\r?\n", "", text[-8192:])
        ends = (text[-8192:], text[-8192:].rstrip("\r\n"), joined)
        return any(_begins(form, end) for form in self._forms for end in ends)


class Stream:
    """Holds back what could be the beginning of a secret, until it is known whether it is."""

    def __init__(self, cleaner: Cleaner) -> None:
        self._cleaner = cleaner
        self._pending = ""
        self._withheld = False

    def add(self, piece: str) -> str:
        """What can be shown now, cleaned; empty while it cannot be judged."""
        self._pending += piece
        cut = self._pending.rfind("\n") + 1
        while cut and self._cleaner.is_open(self._pending[:cut]):
            cut = self._pending.rfind("\n", 0, cut - 1) + 1
        if not cut and len(self._pending) > _LONG_LINE:
            cut = self._within_a_line()
        return self._take(cut)

    def end(self) -> str:
        """The rest, cleaned."""
        return self._take(len(self._pending))

    def _take(self, cut: int) -> str:
        ready, self._pending = self._pending[:cut], self._pending[cut:]
        if not ready or self._withheld:
            return ""
        cleaned = self._cleaner.clean(ready)
        # What follows the beginning of a private key is the key.
        self._withheld = cleaned == _WITHHELD
        return cleaned

    def _within_a_line(self) -> int:
        """A blank far enough from the end, where no secret that has begun could still go on."""
        cut = len(self._pending) - _KEPT_BACK
        while cut > 0 and not self._pending[cut - 1].isspace():
            cut -= 1
        return 0 if cut <= 0 or self._cleaner.is_open(self._pending[:cut]) else cut


def forms_of(value: str) -> Iterator[str]:
    """A value as it is, percent-encoded, escaped, in hexadecimal, and within any base64 text."""
    data = value.encode("utf-8", "surrogateescape")
    yield value
    yield from {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], html.escape(value)}
    yield from {quote(data, safe=""), quote(data), quote_plus(data), quote(data, safe="!*'()~/:")}
    yield re.sub("%..", lambda match: match.group().lower(), quote(data, safe=""))
    if len(data) >= _SHORTEST_ENCODED:
        yield from {data.hex(), data.hex().upper()}
        for offset in range(3):
            # The first and last characters hold bits of their neighbours: they are left out.
            encoded = base64.b64encode(bytes(offset) + data).decode()
            core = encoded[(0, 2, 3)[offset] : (offset + len(data)) * 8 // 6]
            yield from {core, core.translate(str.maketrans("+/", "-_"))}


def _pattern(form: str) -> str:
    """A form as a pattern; base64 and hexadecimal may be wrapped at any place."""
    if re.fullmatch(r"[A-Za-z0-9+/_-]{6,}", form):
        return r"(?:\r?\n)?".join(map(re.escape, form))
    return re.escape(form)


def _begins(form: str, text: str) -> bool:
    """Whether the end of `text` is a beginning of `form`, but not the whole of it."""
    most = min(len(form) - 1, len(text))
    return any(text.endswith(form[:length]) for length in range(most, _SHORTEST - 2, -1))


def _lines(value: str) -> list[str]:
    """The lines of a key of several lines: each is a secret on its own."""
    lines = value.strip().splitlines()
    return [line for line in lines if len(line) >= 16 and line[:5] != "-----"] if len(lines) > 1 else []
