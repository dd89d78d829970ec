"""vigie.env beside vigie.toml: tokens and keys, in the form that systemd's EnvironmentFile reads likewise.

Only what can be read in one way is taken: `NAME=value`, with or without a pair of quotes around the value.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path

from bot.errors import Misconfigured
from bot.mistakes.mistake import Mistake, nearest

ENVIRONMENT_FILE = "vigie.env"
# What Vigie reads, and what each is; `vigie init` writes it above the name.
VARIABLES = {
    "SLACK_BOT_TOKEN": "Slack, OAuth & Permissions, Bot User OAuth Token: it begins with xoxb-.",
    "SLACK_APP_TOKEN": (
        "Slack, Basic Information, App-Level Tokens, with the scope connections:write: it begins with xapp-."
    ),
    "SLACK_SIGNING_SECRET": "Slack, Basic Information, Signing Secret: where Slack calls Vigie over HTTP.",
    "SLACK_API_URL": "Another address of Slack's API, such as https://slack-gov.com/api/.",
    "VIGIE_INTAKE_TOKEN": "What senders of alerts present as their bearer token; 16 characters or more.",
    "VIGIE_STORE_URL": "The store's URL, where it holds a password; it goes before store_url.",
    "VIGIE_FALLBACK_TOKEN": "Bearer token of [fallback] webhook_url.",
    "VIGIE_SMTP_PASSWORD": "Password of [fallback] smtp_user.",
    "OPENAI_API_KEY": "A key makes the model write the diagnosis; without one similar incidents vote.",
    "OPENAI_BASE_URL": "Any endpoint that speaks OpenAI's chat completions. Default: OpenAI's own.",
    "VIGIE_EMBEDDINGS_KEY": "Key of [knowledge] embeddings_url.",
    "VIGIE_CHROMA_TOKEN": "Bearer token of [knowledge] chroma_url, where a proxy asks for one.",
    "TIKTOKEN_CACHE_DIR": "Folder with token vocabularies; without one an upper bound of tokens is counted.",
    "SSL_CERT_FILE": "Certificates to trust, such as those of a proxy.",
}
KNOWN = tuple(VARIABLES)
_OURS = ("SLACK_", "VIGIE_", "OPENAI_")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MAX_BYTES = 64 * 1024


def read_environment_file(path: Path) -> tuple[dict[str, str], list[Mistake]]:
    """Names and values, empty where there is no file; and what is wrong in it, without any value of it.

    Raises:
        Misconfigured: it is there and cannot be read, or others can read or write it.
    """
    text = read_private(path)
    values: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        name, equals, value = line.partition("=")
        wrong = _wrong(name, equals, value, values)
        if wrong:
            mistakes.append(Mistake(str(path), number, *wrong))
        elif value:
            values[name] = value[1:-1] if value[0] in "\"'" else value
    return values, mistakes


def read_private(path: Path) -> str:
    """The text of a file that only its owner may read; empty where there is none.

    Raises:
        Misconfigured: it cannot be read, or others can read or write it.
    """
    try:
        mode = path.stat().st_mode
        if mode & 0o077:
            raise Misconfigured(f"{path} can be read or changed by others. Run `chmod 600 {path}`.")
        if not stat.S_ISREG(mode) or path.stat().st_size > MAX_BYTES:
            raise Misconfigured(
                f"{path} is not a file of at most {MAX_BYTES} bytes. Write one `NAME=value` a line."
            )
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        # The error quotes what it met, so only its kind is told.
        raise Misconfigured(f"{path} is not UTF-8 text. Save it as UTF-8.") from None
    except OSError as error:
        raise Misconfigured(f"{path}: {error.strerror}. Make it a file that you may read.") from None


def _wrong(name: str, equals: str, value: str, known: dict[str, str]) -> tuple[str, str] | None:
    """What is wrong with one line, and the remedy; values are never repeated."""
    if name.startswith("export "):
        return "`export` does not belong here", "Write NAME=value alone; systemd knows no export either."
    if not equals or not _NAME.fullmatch(name):
        return "expected NAME=value", "Write the name, an equals sign, and the value, without blanks between."
    if name in known:
        return f"{name} stands here twice", "Take one of them out."
    if name not in KNOWN and (near := nearest(name, KNOWN)):
        return f"{name} is not known; did you mean {near!r}?", ""
    if name not in KNOWN and name.startswith(_OURS):
        return f"{name} is not known", f"Take it out. Known: {', '.join(KNOWN)}."
    if value != value.strip():
        return f"{name} has a blank before its value", "Write NAME=value without blanks between."
    return _wrong_value(name, value)


def _wrong_value(name: str, value: str) -> tuple[str, str] | None:
    inner = value
    if value[:1] in ("'", '"'):
        if len(value) < 2 or value[-1] != value[0]:
            return f"the quote before the value of {name} is not closed", "Close it, or write no quotes."
        inner = value[1:-1]
    if any(mark in inner for mark in "\"'\\"):
        return (
            f"the value of {name} holds a quote or a backslash, which readers take in different ways",
            "Write it without; a token has none.",
        )
    if any(not character.isprintable() for character in inner):
        return f"the value of {name} holds a character that cannot be seen", "Copy it anew."
    return None


def is_placeholder(value: str) -> bool:
    """Whether nobody has put the real value in yet: `xoxb-...`, `<token>`, `xapp-FILL-IN`."""
    return (
        not value or "..." in value or "…" in value or value[0] == "<" or "FILL" in value or "YOUR" in value
    )
