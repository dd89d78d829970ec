"""How foreign text may be: as usual, missing, without end, or written by somebody who means harm."""

from __future__ import annotations

from dataclasses import dataclass

MARK = "§"
"""Stands in every hostile text and in none of our own words."""

EVIL = "evil.example"
ATTACKS = (
    f"{MARK} <!channel> <!here> <@U0N3B> <!subteam^S0N3|@n3> <#C0INCIDENTS>",
    f"{MARK} <https://{EVIL}/masked|the runbook> https://{EVIL}/?q=stolen [runbook](https://{EVIL}/md)",
    f"{MARK} ![chart](https://{EVIL}/pixel.png) <img src=x onerror=alert(1)><script>alert(2)</script>",
    f"{MARK} ``` out of the box ``` </pre></code> `x` *bold* _slanted_ ~gone~",
    f"{MARK} :white_check_mark: ✅ Signed by N3 A at 12:00 · *signed* · approved, no sign-off needed",
    f"{MARK} \u202edengis\u202c \u200bze\u200bro\u200dwidth\ufeff раyments ｆｕｌｌ \U000e0041\U000e0042",
    f"{MARK} \x00\x07\x1b[31mred\x1b[0m\r\nnew line\ttab \u2028 &lt;!channel&gt; {{worker}} $(id)",
)


@dataclass(frozen=True, slots=True)
class Voice:
    """One way in which everything foreign of a specimen is written. `name` is the variant's name."""

    name: str

    def text(self, ordinary: str, most: int = 10_000) -> str:
        """What stands where `ordinary` would; `most`: as many characters as can get there."""
        match self.name:
            case "empty":
                return ""
            case "huge":
                return (f"{ordinary or 'word'} " * (most // (len(ordinary) + 1) + 1))[:most].strip()
            case "hostile":
                return f"{ordinary} {' '.join(ATTACKS)}"[:most]
            case _:
                return ordinary

    def word(self, ordinary: str, most: int = 200) -> str:
        """A name that cannot be missing: never empty, and without a blank where it is huge."""
        if self.name == "huge":
            return (f"{ordinary}-" * (most // len(ordinary) + 1))[:most]
        return self.text(ordinary, most) or ordinary

    def many(self, ordinary: int, huge: int) -> int:
        """How many there are of something."""
        return {"empty": 0, "huge": huge}.get(self.name, ordinary)


ORDINARY, EMPTY, HUGE, HOSTILE = (Voice(name) for name in ("ordinary", "empty", "huge", "hostile"))
VOICES = (ORDINARY, EMPTY, HUGE, HOSTILE)
