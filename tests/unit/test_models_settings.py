"""[model] of vigie.toml: providers in order with their keys, and what is refused with its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import settings
from bot.domain.spending import Limit, Price
from bot.errors import Misconfigured
from bot.modelling import limits_of, privacy_of, providers_of

TWO = """
[[model.providers]]
name = "main"
url = "https://api.example/v1/"
model = "large"
key_environment = "VIGIE_MODEL_KEY_MAIN"
price_in = 2.5
price_out = 10
currency = "EUR"
day_tokens = 1000

[[model.providers]]
name = "own"
url = "http://127.0.0.1:8000/v1"
model = "small"
key_file = "own.key"
currency = "EUR"
"""


def load(folder: Path, text: str, **environment: str) -> settings.Settings:
    (folder / "vigie.toml").write_text(text, encoding="utf-8")
    return settings.load(folder / "vigie.toml", environment)


def test_providers_come_in_their_order_with_their_keys(tmp_path: Path) -> None:
    """A key out of a variable of vigie.env, one out of a file; prices, bounds and addresses as given."""
    (tmp_path / "own.key").write_text("of the file\n")
    (tmp_path / "own.key").chmod(0o600)
    (tmp_path / "vigie.env").write_text("VIGIE_MODEL_KEY_MAIN=of-the-variable\n")
    (tmp_path / "vigie.env").chmod(0o600)
    loaded = load(tmp_path, TWO)
    main, own = providers_of(loaded)
    assert (main.name, main.url, main.model, main.key) == (
        "main",
        "https://api.example/v1",
        "large",
        "of-the-variable",
    )
    assert (main.price, main.limit) == (Price(2.5, 10, "EUR"), Limit(1000))
    assert (own.key, own.price) == ("of the file", Price(currency="EUR"))
    assert {"of the file", "of-the-variable"} <= set(privacy_of(loaded).values)
    assert "of-the-variable" not in repr(main) + repr(privacy_of(loaded))


def test_the_single_form_still_works(tmp_path: Path) -> None:
    """OPENAI_API_KEY, OPENAI_BASE_URL and model.name are one provider; without a key there is none."""
    loaded = load(tmp_path, "", OPENAI_API_KEY="k-of-it", OPENAI_BASE_URL="http://x/v1")
    (one,) = providers_of(loaded)
    assert (one.url, one.model, one.key) == ("http://x/v1", "gpt-4o-mini", "k-of-it")
    assert not load(tmp_path, "").asks_a_model
    assert limits_of(loaded).incident == Limit(60_000, 0.0, 600.0)


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [(None, 0, "is not there or empty"), ("", 0o600, "is not there or empty"), ("k", 0o644, "chmod 600")],
)
def test_a_key_that_is_not_there_is_named(tmp_path: Path, content: str | None, mode: int, told: str) -> None:
    """Neither an empty key nor one that others can read is taken; the variable's name is said."""
    if content is not None:
        (tmp_path / "own.key").write_text(content)
        (tmp_path / "own.key").chmod(mode)
    loaded = load(tmp_path, TWO, VIGIE_MODEL_KEY_MAIN="k-of-main")
    with pytest.raises(Misconfigured, match=told):
        providers_of(loaded)
    with pytest.raises(Misconfigured, match="VIGIE_MODEL_KEY_MAIN is not set"):
        providers_of(load(tmp_path, TWO))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "own"', 'name = "main"', "two have the name main"),
        ("http://127.0.0.1:8000/v1", "127.0.0.1:8000", "it is no address without a login"),
        ("http://127", "http://me:secret@127", "it is no address without a login"),
        ('small"\nkey_file', 'small"\nkey_environment = "X"\nkey_file', "it has two keys"),
        ('"own.key"\ncurrency = "EUR"', '"own.key"\ncurrency = "USD"', "different currencies"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    """With the field and what to write instead."""
    with pytest.raises(Misconfigured, match=told):
        load(tmp_path, TWO.replace(old, new))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('patterns = {x = "(?=a)"}', "x is no pattern of RE2"),
        ('patterns = {x = "a*"}', "x fits even nothing"),
        ("never_send = [{}]", "it would fit everything"),
    ],
)
def test_privacy_that_does_not_work_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """A pattern outside RE2, one that fits nothing at all, a rule without a condition."""
    with pytest.raises(Misconfigured, match=told):
        load(tmp_path, f"[model.privacy]\n{text}\n")
