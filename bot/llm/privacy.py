"""What no model sees: secrets, personal data and values of this process are taken out of every text sent.

Personal patterns run on RE2, whose time is linear in the text, whoever wrote pattern and text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import re2

from bot.domain.spending import NeverSend
from knowledge.text.redaction import redact, without_private_keys

EMAIL = r"[\pL\pN._%+-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)*\.\pL{2,}"
PHONE = r"(?:\+|\b00)[0-9][0-9 ().-]{6,16}[0-9]|\b0[1-9](?:[ .-]?[0-9]{2}){4}\b"
SHORTEST_VALUE = 8
# Each fence is judged by itself: a key without an end takes its own piece with it and no other.
_FENCES = re.compile(r"(^=== (?:begin|end) .*$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Clean:
    """A text or a whole body without what was taken out, and the names of that, never the values."""

    value: Any
    found: tuple[str, ...] = ()


@dataclass(frozen=True)
class Privacy:
    """`patterns` are further ones by name, in RE2's syntax; `values` are secrets of this very process."""

    email: bool = True
    phone: bool = False
    names: Sequence[str] = ()
    patterns: Mapping[str, str] = field(default_factory=dict)
    never_send: Sequence[NeverSend] = ()
    values: Collection[str] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        compiled = [(name, _compiled(text)) for name, text in self.patterns.items()]
        if self.email:
            compiled.append(("e-mail", _compiled(EMAIL)))
        if self.phone:
            compiled.append(("phone", _compiled(PHONE)))
        object.__setattr__(self, "_patterns", compiled)
        object.__setattr__(self, "_names", _names(self.names))
        known = sorted({v for v in self.values if len(v) >= SHORTEST_VALUE}, key=len, reverse=True)
        object.__setattr__(self, "_known", known)

    _patterns: list[tuple[str, Any]] = field(init=False, repr=False, compare=False)
    _names: Any = field(init=False, repr=False, compare=False)
    _known: list[str] = field(init=False, repr=False, compare=False)

    def text(self, text: str) -> Clean:
        """One text on its way to a model."""
        found: list[str] = []
        parts = [p if _FENCES.fullmatch(p) else self._piece(p, found) for p in _FENCES.split(text)]
        return Clean("".join(parts), tuple(dict.fromkeys(found)))

    def secrets(self, text: str) -> Clean:
        """One text on its way from a model: secrets by their shape, and those of this process."""
        found: list[str] = []
        return Clean(self._without_secrets(text, found), tuple(dict.fromkeys(found)))

    def messages(self, messages: object, known: dict[str, Clean] | None = None) -> Clean:
        """All messages of a request: contents, and arguments of the calls in them.

        `known` has the texts that were cleaned before, and gets the new ones.
        """
        found: list[str] = []
        known = {} if known is None else known

        def clean(text: str) -> str:
            if text not in known:
                known[text] = self.text(text)
            made = known[text]
            found.extend(made.found)
            return str(made.value)

        return Clean(each_text(messages, clean), tuple(dict.fromkeys(found)))

    def _piece(self, text: str, found: list[str]) -> str:
        text = self._without_secrets(text, found)
        for name, pattern in self._patterns:
            text, count = pattern.subn(f"[redacted: {name}]", text)
            found += [name] * bool(count)
        if self._names is not None:
            text = _without_names(text, self._names, found)
        return text

    def _without_secrets(self, text: str, found: list[str]) -> str:
        for value in self._known:
            if value in text:
                found.append("secret of Vigie")
                text = text.replace(value, "[redacted: secret of Vigie]")
        redacted = redact(text)
        found.extend(redacted.found)
        if not redacted.private_key:
            return redacted.text
        found.append("private key")
        return without_private_keys(redacted.text)


# What a message says by these keys is ours or the library's, and an endpoint insists on it.
_KEPT = frozenset({"role", "type", "id", "tool_call_id", "name"})


def each_text(value: object, change: Callable[[str], str], key: str = "") -> Any:  # noqa: ANN401  # any JSON
    """The same JSON with each text changed; arguments, which are JSON as a text, stay JSON."""
    if isinstance(value, dict):
        return {name: each_text(inner, change, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [each_text(inner, change, key) for inner in value]
    if not isinstance(value, str) or key in _KEPT:
        return value
    if key == "arguments":
        try:
            inner = json.loads(value)
        except (ValueError, RecursionError):
            return change(value)
        changed = each_text(inner, change)
        # As it was written where nothing went: what is not ours to mend stays as it is.
        return value if changed == inner else json.dumps(changed)
    return change(value)


def _compiled(pattern: str) -> Any:  # noqa: ANN401  # re2 carries no types
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _names(names: Sequence[str]) -> Any:  # noqa: ANN401  # as above
    if not names:
        return None
    every = sorted(names, key=len, reverse=True)
    words = (r"\s+".join(re2.escape(word) for word in name.split()) for name in every)
    return _compiled(f"(?i){'|'.join(words)}")


def _without_names(text: str, names: Any, found: list[str]) -> str:  # noqa: ANN401  # as above
    """Names as whole words: RE2 knows word borders of ASCII alone."""
    kept, end = [], 0
    for match in names.finditer(text):
        before, after = text[: match.start()][-1:], text[match.end() : match.end() + 1]
        if before.isalnum() or after.isalnum():
            continue
        kept += [text[end : match.start()], "[redacted: name]"]
        end = match.end()
        found.append("name")
    return "".join([*kept, text[end:]])
