"""Takes secrets out of text before anything keeps it; a private key cannot be taken out safely, so its text
is refused.

Each shape is found as it stands, in base64, in JSON, in a field, and with name and value in two fields: all
of 1,440 drawn in these ways (`tests/attacks/test_secrets.py`). Not found: what has no known shape and no word
beside it that says so, what is encoded twice, what is cut over several lines.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

# The shapes that tell themselves apart, each with the name that stands in their place.
TOKENS: dict[str, re.Pattern[str]] = {
    "slack token": re.compile(
        r"xox[a-z]-[A-Za-z0-9-]{8,}|xapp-\d-[A-Za-z0-9-]{8,}|xoxe\.xox[bp]-\d-[A-Za-z0-9-]{8,}"
    ),
    "slack webhook": re.compile(
        r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{8,}"
    ),
    "github token": re.compile(r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"),
    "gitlab token": re.compile(r"gl(?:pat|ptt|dt|rt|cbt|oas)-[A-Za-z0-9_-]{16,}"),
    "aws key": re.compile(r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
    "model key": re.compile(r"sk-(?:ant|proj|svcacct|admin|or)-[A-Za-z0-9_-]{16,}|sk-[A-Za-z0-9]{20,}"),
    "google key": re.compile(r"AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}"),
    "payment key": re.compile(r"(?:sk|rk|pk|whsec)_(?:(?:live|test)_)?[A-Za-z0-9]{16,}"),
    "registry token": re.compile(r"npm_[A-Za-z0-9]{20,}|pypi-[A-Za-z0-9_-]{20,}|dckr_pat_[A-Za-z0-9_-]{16,}"),
    "platform token": re.compile(
        r"hv[sbr]\.[A-Za-z0-9_-]{16,}|dop_v1_[a-f0-9]{32,}|glsa_[A-Za-z0-9_]{20,}|SG\.[\w-]{16,}\.[\w-]{16,}"
        r"|dapi[a-f0-9]{32}|hf_[A-Za-z0-9]{20,}|PMAK-[A-Za-z0-9-]{20,}|NRAK-[A-Z0-9]{20,}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"
    ),
    "signed token": re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"),
}
PRIVATE_KEY = re.compile(
    r"-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"|PuTTY-User-Key-File-\d|AGE-SECRET-KEY-1[A-Z0-9]{20,}"
)

_KEY_BLOCK = re.compile(
    r"-----BEGIN[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?"
    r"(?:-----END[ A-Z0-9]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
    r"|PuTTY-User-Key-File-\d.*?(?:Private-MAC:[^\n]*|\Z)"
    r"|AGE-SECRET-KEY-1[A-Z0-9]{20,}",
    re.DOTALL,
)

# Values that stand for a secret without being one: <token>, ${TOKEN}, $TOKEN, {{ token }}, %s, ****, xxxx,
# [redacted...]
_STAND_IN = r"(?!<|\$|\{\{|%[sv({]|\*{3}|[xX]{4}|\[redacted|\(redacted|(?:null|none|true|false)\b)"
_QUOTED = r"(?P<q>[\"'`])(?P<quoted>" + _STAND_IN + r"(?:(?!(?P=q))[^\n\\]|\\.){3,}?)(?P=q)"
_SET = r"[\"'`]?\s{0,3}(?:=|:=|:|=>)\s{0,3}"
_PASSWORD = re.compile(
    r"(?i)(?P<name>(?:pass(?:word|wd|phrase|code)?|pwd|mot[ _-]de[ _-]passe|mdp|credentials?)"
    + _SET
    + r"|--?(?:pass(?:word|wd|phrase)?|pwd)[ =])(?:"
    + _QUOTED
    + r"|(?P<bare>"
    + _STAND_IN
    + r"[^\s\"'`,;&|<>]{4,}))"
)
_KEY = re.compile(
    r"(?i)(?P<name>(?:secret|token|secret[a-z_ -]{0,20}key"
    r"|(?:api|access|client|auth|encryption|account|signing|private|master|deploy|license|app|consumer|shared|ssh)"
    r"[ _-]?(?:access[ _-]?)?(?:key|secret))(?:[ _-]?id)?"
    + _SET
    + r"|--?(?:token|secret|api-?key)[ =])(?:"
    + _QUOTED
    + r"|(?P<bare>"
    + _STAND_IN
    + r"(?=[^\s\"'`,;&|<>]*\d)[^\s\"'`,;&|<>]{8,}))"
)
_IN_URL = re.compile(
    r"(?i)(?P<name>\b[a-z][a-z0-9+.-]{1,20}://[^\s:/?#@\"'<>]{0,80}:)(?P<bare>"
    + _STAND_IN
    + r"[^\s/\"'<>]{1,200}?)(?=@)"
)
_IN_QUERY = re.compile(
    r"(?i)(?P<name>[?&](?:[a-z0-9_.-]{0,30}(?:token|secret|passw(?:or)?d|api_?key|signature|credential)|sig|key|auth)=)"
    r"(?P<bare>" + _STAND_IN + r"[^\s&#\"'<>]{6,})"
)
_IN_HEADER = re.compile(
    r"(?i)(?P<name>(?:authorization[\"'`]?\s{0,3}[:=]\s{0,3}[\"'`]?\s*)?\b(?:bearer|basic|token|apikey|digest)\s{1,3}|"
    r"(?:authorization|x-[a-z-]{0,30}(?:token|key|secret)|cookie|set-cookie)[\"'`]?\s{0,3}:\s{0,3}[\"'`]?)"
    r"(?P<bare>" + _STAND_IN + r"(?=[A-Za-z0-9._~+/=-]*[0-9=])[A-Za-z0-9._~+/=-]{12,})"
)
_IN_CALL = re.compile(
    r"(?P<name>(?:^|\s)(?:-u|--user|--proxy-user)[ =]?[\"']?[\w.@+-]{1,64}:)(?P<bare>"
    + _STAND_IN
    + r"[^\s\"']{3,})",
    re.MULTILINE,
)
# Order matters: the specific before the general.
ASSIGNED: dict[str, re.Pattern[str]] = {
    "password": _IN_URL,
    "login": _IN_CALL,
    "header": _IN_HEADER,
    "parameter": _IN_QUERY,
    "password value": _PASSWORD,
    "key value": _KEY,
}
# A pattern cannot match without one of these words, in any case; to look for words is far faster.
_WORDS: dict[str, tuple[str, ...]] = {
    "slack token": ("xox", "xapp-"),
    "slack webhook": ("hooks.slack",),
    "github token": ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    "gitlab token": ("glpat-", "glptt-", "gldt-", "glrt-", "glcbt-", "gloas-"),
    "aws key": ("akia", "asia", "abia", "acca"),
    "model key": ("sk-",),
    "google key": ("aiza", "ya29.", "gocspx-"),
    "payment key": ("sk_", "rk_", "pk_", "whsec_"),
    "registry token": ("npm_", "pypi-", "dckr_pat_"),
    "platform token": ("hv", "dop_v1_", "glsa_", "sg.", "dapi", "hf_", "pmak-", "nrak-", "shp"),
    "signed token": ("eyj",),
    "password": ("://",),
    "login": ("-u",),
    "header": ("bearer", "basic", "token", "apikey", "digest", "authorization", "x-", "cookie"),
    "parameter": ("?", "&"),
    "password value": ("pass", "pwd", "mdp", "credential"),
    "key value": ("secret", "token", "key"),
}
_LONGEST_NAME = 200
# Without one of these no name makes a secret of what stands beside it.
_TELLING = re.compile(r"(?i)pass|pwd|mdp|secret|token|key|auth|credential|cookie")
_REDACTED = re.compile(r"\[redacted: [a-z ]+\]")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,}={0,2}(?![A-Za-z0-9+/_=-])")


@dataclass(frozen=True, slots=True)
class Redacted:
    """The text without its secrets, what was taken out (names, never values), and whether a private key was
    met.
    """

    text: str
    found: tuple[str, ...]
    private_key: bool


def redact(text: str) -> Redacted:
    """Replaces every secret that is known by shape or by its place; a second call changes nothing."""
    found: list[str] = []
    private_key = bool(PRIVATE_KEY.search(text))
    text = _BASE64.sub(lambda match: _encoded(match, found), text)
    folded = _folded(text)
    known = {name for name, words in _WORDS.items() if any(word in folded for word in words)}
    for name, pattern in TOKENS.items():
        if name not in known:
            continue
        text = pattern.sub(lambda _, name=name: _replaced(name, found), text)  # type: ignore[misc]  # default binds the loop's name
    for name, pattern in ASSIGNED.items():
        if name not in known:
            continue
        text = pattern.sub(lambda match, name=name: _assigned(match, name, found), text)  # type: ignore[misc]
    return Redacted(text, tuple(dict.fromkeys(found)), private_key or "private key" in found)


def redact_value(name: str, value: str) -> str:
    """A value that stands in a field of its own, away from the word that makes it a secret: what `name=value`
    would lose, it loses.
    """
    if not value or not _TELLING.search(name[:_LONGEST_NAME]) or _REDACTED.search(value):
        return value
    name = name[:_LONGEST_NAME]
    joined = redact(f"{name}={value}")
    if not joined.found or joined.text == f"{name}={value}":
        return value
    start = f"{name}="
    return joined.text[len(start) :] if joined.text.startswith(start) else _replaced("key value", [])


def _folded(text: str) -> str:
    """In the case in which patterns that ignore case compare: they take both Turkish letters for an i."""
    return text.casefold().replace("i\u0307", "i").replace("\u0131", "i")


def without_private_keys(text: str) -> str:
    """The text without its private keys; where the end of one is missing, all that follows goes too."""
    text = _BASE64.sub(
        lambda match: "[redacted: private key]" if _hides_a_key(match) else match.group(), text
    )
    return _KEY_BLOCK.sub("[redacted: private key]", text)


def _hides_a_key(match: re.Match[str]) -> bool:
    return _encoded(match, []) == "[redacted: private key]"


def _replaced(name: str, found: list[str]) -> str:
    found.append(name)
    return f"[redacted: {name}]"


def _assigned(match: re.Match[str], name: str, found: list[str]) -> str:
    groups = match.groupdict()
    quote = groups.get("q") or ""
    return f"{groups['name']}{quote}{_replaced(name, found)}{quote}"


def _encoded(match: re.Match[str], found: list[str]) -> str:
    """A base64 word is taken out when what it says would be."""
    word = match.group()
    try:
        plain = base64.b64decode(word.replace("-", "+").replace("_", "/") + "==").decode("ascii")
    except (binascii.Error, ValueError):
        return word
    if PRIVATE_KEY.search(plain):
        return _replaced("private key", found)
    known = any(pattern.search(plain) for pattern in (*TOKENS.values(), *ASSIGNED.values()))
    return _replaced("encoded secret", found) if known else word
