"""Text before it is kept: normalised, redacted, counted."""

from __future__ import annotations

import logging
import os
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
import tiktoken
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.text.normalising import normalise, split_names
from knowledge.text.redaction import _WORDS, ASSIGNED, TOKENS, _folded, redact
from knowledge.text.tokens import ENCODING, Counter, _load

PLAIN = st.text(st.characters(codec="utf-8"), max_size=60)


@given(PLAIN)
def test_normalising_twice_changes_nothing_and_flags_nothing(text: str) -> None:
    """A normalised text is a fixed point with nothing hidden in it."""
    once, _ = normalise(text)
    assert normalise(once) == (once, ())


@pytest.mark.parametrize(
    ("hidden", "flag"),
    [
        ("\u200b", "zero-width"),
        ("\u202e", "bidi"),
        ("\U000e0041", "tag"),
        ("\ufeff", "zero-width"),
        ("\x07", "control"),
    ],
)
@given(left=st.text("abc xyz", max_size=9), right=st.text("abc xyz", max_size=9))
def test_hidden_characters_are_removed_and_flagged(hidden: str, flag: str, left: str, right: str) -> None:
    """Whatever stands around it, a hidden character goes and is named."""
    assert normalise(left + hidden + right) == (left + right, (flag,))


def test_names_become_words() -> None:
    """Camel case, acronyms and underscores are split."""
    assert (
        split_names("KubePodCrashLooping HTTPErrors disk_full")
        == "Kube Pod Crash Looping HTTP Errors disk full"
    )


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _word(least: int, alphabet: str = LETTERS) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=least, max_size=least + 12)


# Each shape gives (what is written, what must not be left of it). Built from parts, so that no scanner takes
# them for real.
SECRETS = st.one_of(
    _word(24).map(lambda w: (f"xoxb-{w}", w)),
    _word(36).map(lambda w: (f"ghp_{w}", w)),
    st.text("ABCDEFGHIJKLMNOP234567", min_size=16, max_size=16).map(lambda w: (f"AKIA{w}", w)),
    _word(24).map(lambda w: (f"sk-{w}", w)),
    _word(24).map(lambda w: (f"sk-proj-{w}", w)),
    _word(16).map(lambda w: (f"glpat-{w}", w)),
    _word(10).map(lambda w: (f"postgres://shop:{w}@db.internal:5432/shop", w)),
    _word(8).map(lambda w: (f"password: {w}Z9", w)),
    _word(8).map(lambda w: (f'"password": "{w} {w}"', w)),
    _word(8).map(lambda w: (f"export DB_PASSWORD='{w}'", w)),
    _word(12).map(lambda w: (f"api_key={w}7", w)),
    _word(16).map(lambda w: (f"Authorization: Bearer {w}0", w)),
    _word(12).map(lambda w: (f"curl -u admin:{w} http://localhost/", w)),
    _word(12).map(lambda w: (f"mot de passe : {w}", w)),
    _word(12).map(lambda w: (f"https://example.org/hook?token={w}", w)),
)
AROUND = st.text("abc .,;\n-#*", max_size=20)


@given(SECRETS, AROUND, AROUND)
def test_a_planted_secret_is_gone(secret: tuple[str, str], before: str, after: str) -> None:
    """Nothing of the secret is left, a second pass changes nothing, and its name is reported."""
    written, hidden = secret
    redacted = redact(f"{before} {written} {after}")
    assert hidden not in redacted.text
    assert redacted.found
    assert redact(redacted.text).text == redacted.text


@pytest.mark.parametrize("name", _WORDS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_no_pattern_matches_without_one_of_its_words(name: str, data: st.DataObject) -> None:
    """What a pattern takes out has a word by which it is looked for, however it is written."""
    text = data.draw(st.from_regex({**TOKENS, **ASSIGNED}[name]))
    assert any(word in _folded(text) for word in _WORDS[name])


def test_an_encoded_secret_is_gone() -> None:
    """Base64 does not carry a token through."""
    import base64

    written = base64.b64encode(b"token xoxb-12345678901-abcdefghijklmnop").decode()
    assert redact(f"data: {written} end").text == "data: [redacted: encoded secret] end"


@pytest.mark.parametrize("head", ["RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED "])
def test_a_private_key_is_told(head: str) -> None:
    """Every kind of PEM private key is recognised; a public one is not."""
    assert redact(f"-----BEGIN {head}PRIVATE KEY-----\nMIIE\n").private_key
    assert not redact("-----BEGIN PUBLIC KEY-----\nMIIE\n").private_key


@pytest.mark.parametrize(
    "text",
    [
        "password: <your password>",
        "export TOKEN=${VAULT_TOKEN}",
        "The token: of the leader is renewed.",
        "curl http://localhost:8080/health",
        "kubectl get secret shop-tls -o yaml",
        "mail on-call@example.org at 10:30",
        "task-runner-deployment-5d4f6c7b8 restarted",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Placeholders, prose, addresses and names are left as they are."""
    assert redact(text).text == text


@pytest.fixture(scope="module")
def exact() -> Counter:
    found = find_spec("llama_index")
    assert found and found.submodule_search_locations, "install the locked vocabulary requirements"
    for place in found.submodule_search_locations:
        os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(Path(place) / "core/_static/tiktoken_cache"))
    return Counter(tiktoken.get_encoding(ENCODING))


def test_the_bound_never_undercounts(exact: Counter) -> None:
    """For any text the bound is at least the exact count."""

    @given(st.text(max_size=200))
    def check(text: str) -> None:
        assert Counter(None).count(text) >= exact.count(text)

    check()
    assert exact.count("<|endoftext|>") > 1


def test_a_vocabulary_that_hangs_costs_its_limit_and_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A download into a black hole does not hold the caller; the bound takes over with a warning."""
    monkeypatch.setattr(tiktoken, "get_encoding", lambda name: time.sleep(3))
    started = time.monotonic()
    with caplog.at_level(logging.WARNING):
        counter = _load("any", 0.05)
    assert time.monotonic() - started < 2
    assert not counter.exact
    assert "TIKTOKEN_CACHE_DIR" in caplog.text


def test_an_unknown_vocabulary_gives_the_bound(caplog: pytest.LogCaptureFixture) -> None:
    """A vocabulary that cannot be had is no error."""
    assert _load("no-such-vocabulary", 2.0).count("é") == 2
    assert "ValueError" in caplog.text
