"""Tells what a command in a text would do that nobody should do unread: text of a document is never run, but
people copy it.
"""

from __future__ import annotations

import re

_SHELL = (
    r"(?:sudo\s+(?:-\S+\s+)*)?(?:/\S*/)?(?:env\s+)?"
    r"(?:(?:ba|z|da|k|c|fi)?sh|python[\d.]*|perl|ruby|node|php)\b"
)
_FETCH = r"\b(?:curl|wget|fetch|iwr|invoke-webrequest)\b"
DANGERS: dict[str, re.Pattern[str]] = {
    "runs at once what it downloads": re.compile(
        rf"{_FETCH}[^\n|]{{0,500}}\|\s*(?:tee\s[^\n|]{{0,100}}\|\s*)?(?:{_SHELL})"
        rf"|(?:{_SHELL})\s[^\n]{{0,40}}?(?:\$\(|`|<\()\s*{_FETCH}"
        rf"|\b(?:eval|source|\.)\s+[\"']?(?:\$\(|`|<\()\s*{_FETCH}"
        r"|\b(?:iex|invoke-expression)\b[^\n]{0,80}\b(?:iwr|webclient|webrequest|downloadstring)\b",
        re.IGNORECASE,
    ),
    "runs something that is hidden in it": re.compile(
        rf"\b(?:base64|openssl\s+enc|xxd)\b[^\n|]{{0,80}}\|\s*(?:{_SHELL})", re.IGNORECASE
    ),
    "deletes or overwrites a whole disk or tree": re.compile(
        r"\brm\s+(?:-\w+\s+|--\S+\s+)*-\w*[rR]\w*\s+(?:-\S+\s+)*[\"']?(?:/|~|\$HOME)(?:\*|[\"'\s;|&]|$)"
        r"|\bmkfs(?:\.\w+)?\s+\S*/dev/|\bdd\b[^\n|]{0,120}\bof=/dev/|>\s*/dev/(?:sd|nvme|vd)\w"
        r"|\bdrop\s+database\b",
        re.IGNORECASE,
    ),
    "opens this host to others": re.compile(
        r"\bchmod\s+(?:-\w+\s+)*0?777\s+/(?:\s|$)|/dev/tcp/|\bn(?:et)?cat?\b[^\n|]{0,80}\s-e\s*\S*sh\b",
        re.IGNORECASE,
    ),
}


def dangers(text: str) -> list[str]:
    """What commands in the text would do, in plain words, each once."""
    joined = re.sub(r"\\\r?\n\s*", " ", text)
    return [what for what, pattern in DANGERS.items() if pattern.search(joined)]
