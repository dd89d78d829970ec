"""No secret comes out, in whatever form a tool prints it, and however its output is cut into pieces."""

from __future__ import annotations

import base64
import html
import json
import textwrap
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.tools.cleaning import Cleaner

VALUE = 'hunter-22+Zq"é/w&l'
values = st.text(alphabet="abXY019+/=_-.&<\"' é", min_size=6, max_size=24).filter(lambda v: v == v.strip())
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent": lambda v: quote(v, safe=""),
    "percent, lower case": lambda v: "".join(
        f"%{b:02x}" if b > 127 or not (chr(b).isalnum() or chr(b) in "_.-~") else chr(b) for b in v.encode()
    ),
    "form": quote_plus,
    "path": quote,
    "json": lambda v: json.dumps(v),
    "json, not ascii": lambda v: json.dumps(v, ensure_ascii=False),
    "html": html.escape,
    "hexadecimal": lambda v: v.encode().hex(),
    "HEXADECIMAL": lambda v: v.encode().hex().upper(),
    "base64": lambda v: base64.b64encode(v.encode()).decode(),
    "base64 of a login": lambda v: base64.b64encode(f"vigie:{v}".encode()).decode(),
    "base64 within a text": lambda v: base64.b64encode(f"ab{v}, and more".encode()).decode(),
    "base64 for addresses": lambda v: base64.urlsafe_b64encode(f"x{v}yz".encode()).decode(),
    "base64 in lines": lambda v: "\n".join(
        textwrap.wrap(base64.b64encode(f"a long line before it: {v}".encode()).decode(), 20)
    ),
}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=20)
@given(value=values)
@example(value=VALUE)
def test_no_form_of_a_secret_comes_out(form: str, value: str) -> None:
    """Its name stands in its place."""
    cleaned = Cleaner({"TOKEN": value}).clean(f"before {FORMS[form](value)} after")
    assert "[secret TOKEN]" in cleaned or "[redacted" in cleaned
    assert value not in cleaned
    assert FORMS[form](value) not in cleaned


@given(values, st.sampled_from(sorted(FORMS)), st.lists(st.integers(1, 9), max_size=40), st.data())
@example(VALUE, "as it is", [8, 5, 3], None)
def test_pieces_give_what_the_whole_gives(
    value: str, form: str, sizes: list[int], data: st.DataObject | None
) -> None:
    """Cut anywhere: nothing of it is shown before it is known to be none, and together it is the whole."""
    cleaner = Cleaner({"TOKEN": value})
    before = data.draw(st.sampled_from(["", "one\n", "a=b\n", "x\n\n"])) if data else "one\n"
    whole = f"{before}it is {FORMS[form](value)} here\nlast line\nend"
    stream, shown, rest = cleaner.stream(), "", whole
    for size in sizes:
        shown += stream.add(rest[:size])
        rest = rest[size:]
        assert value not in shown
        assert FORMS[form](value)[:-1] not in shown
    shown += stream.add(rest)
    shown += stream.end()
    assert shown == cleaner.clean(whole)


def test_a_line_is_shown_as_soon_as_it_is_whole() -> None:
    """Progress is seen while a tool runs; only what could be the beginning of a secret waits."""
    stream = Cleaner({"TOKEN": "hunter-22-wolves"}).stream()
    assert stream.add("restarting orders\nwait") == "restarting orders\n"
    assert stream.add("ing\n") == "waiting\n"
    assert stream.add("password:\n") == ""
    assert stream.add('{"a": 1},\n') == 'password:\n{"a": 1},\n'
    assert stream.add("hunter-22") == ""
    assert stream.end() == "hunter-22"


def test_a_line_without_end_is_shown_in_time() -> None:
    """A progress bar of many kilobytes does not wait for a line end that never comes."""
    stream = Cleaner({"TOKEN": "hunter-22-wolves"}).stream()
    shown = "".join(stream.add("10% done ") for _ in range(4_000))
    assert len(shown) > 10_000
    assert shown + stream.end() == "10% done " * 4_000


def test_a_secret_of_several_lines_goes_line_by_line() -> None:
    """A key that is printed in part is taken out in part; words between are not."""
    key = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEAxyz0\nq83vEjRWeJCrze8SNFZ4\n-----END KEY-----"
    cleaner = Cleaner({"KEY": key})
    assert cleaner.clean(f"<{key}>") == "<[secret KEY]>"
    assert cleaner.clean("and MIIEowIBAAKCAQEAxyz0 is one") == "and [secret KEY] is one"


def test_a_private_key_is_never_shown() -> None:
    """Not one that is no secret of ours either: the whole output is withheld, and all that follows."""
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
    cleaner = Cleaner({})
    assert cleaner.clean(f"see\n{key}") == "[withheld: it holds a private key]"
    stream = cleaner.stream()
    shown = "".join(stream.add(piece) for piece in ("see this\n", *key.splitlines(keepends=True)))
    assert "b3Blbn" not in shown + stream.end()


@pytest.mark.parametrize("split", range(4, 44, 5))
def test_what_looks_like_a_token_is_found_in_pieces(split: int) -> None:
    """A token that is not ours does not come out in two halves either."""
    text = f"seen ghp_{'a' * 36} here\n"
    stream = Cleaner({}).stream()
    shown = stream.add(text[:split]) + stream.add(text[split:]) + stream.end()
    assert "ghp_" not in shown
    assert shown == "seen [redacted: github token] here\n"


def test_a_value_that_changed_stays_known() -> None:
    """A secret that was renewed is taken out in its old form and in its new one."""
    cleaner = Cleaner({"TOKEN": "the-old-value"})
    cleaner.add("TOKEN", "the-new-value")
    assert cleaner.clean("the-old-value the-new-value") == "[secret TOKEN] [secret TOKEN]"
