"""Changed files of catalogue and policy: whatever happens while they are read, N3 are offered the newest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot import offering
from bot.domain.records import Adopted
from bot.errors import StoreUnavailable
from bot.offering import Offering
from bot.settings import load
from bot.tools.catalogue import read_files
from bot.tools.in_force import CATALOGUE, POLICY, digest_of
from tests.desk import Desk

CATALOGUE_TEXT = """version: 1
inventory: {inventory}
checks:
  depth:
    title: Depth
    does: Counts
    owner: on-call
    run: {{runner: command, argv: [/bin/echo, "{much}", "{{worker.unit}}"]}}
    arguments: {{worker: {{type: reference, inventory: workers}}}}
    environments: [production]
    services: [orders]
"""
ROWS = "workers:\n  one:\n    unit: {}.service\n    services: [orders]\n"


class Files:
    """A catalogue in a folder, its settings, and the look at both."""

    def __init__(self, path: Path) -> None:
        self.catalogue, self.inventory = path / "catalogue.yaml", path / "inventory.yaml"
        self.config = path / "vigie.toml"
        self.inventory.write_text(ROWS.format("a"))
        self.write("1")
        self.config.write_text('[n3]\nusergroup = "n3"\n')
        self.desk = Desk(path)
        settings = load(self.config, {}, only=())
        content = read_files(settings.catalogue)
        with self.desk.store.begin() as tx:
            for what, found in ((CATALOGUE, content), (POLICY, settings.policy.content())):
                tx.n3.adopt(what, digest_of(found), found)
        self.offering = Offering(self.desk.store, settings, self.config, content)

    def write(self, much: str, inventory: str = "inventory.yaml") -> None:
        self.catalogue.write_text(CATALOGUE_TEXT.format(much=much, inventory=inventory))

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.offering.look()

    def offers(self) -> list[Adopted]:
        with self.desk.store.read() as tx:
            return tx.n3.offers()

    def offered(self) -> str:
        """What is offered of the catalogue; empty where nothing is."""
        return next((offer.content for offer in self.offers() if offer.what == CATALOGUE), "")

    def told(self) -> list[str]:
        """What could not be read, as people were told."""
        return [str((post.content or {})["foreign"]) for post in self.desk.posts("offering:")]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def meanwhile(monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[], object]) -> None:
    """`change` happens once, right after the product has called `name`."""
    real, left = getattr(offering, name), [change]

    def wrapped(*given: object, **named: object) -> object:
        found = real(*given, **named)
        if left:
            left.pop()()
        return found

    monkeypatch.setattr(offering, name, wrapped)


def test_what_is_as_it_was_is_not_offered(files: Files) -> None:
    """However often it is looked at."""
    files.look(3)
    assert files.offers() == [] and files.told() == []


@pytest.mark.parametrize("name", ["catalogue", "inventory", "config"])
def test_a_changed_file_is_offered_once(files: Files, name: str) -> None:
    """Each of them, with one record, and told of once, whatever else is written while it waits."""
    files.look()
    changed: dict[str, Callable[[], object]] = {
        "catalogue": lambda: files.write("2"),
        "inventory": lambda: files.inventory.write_text(ROWS.format("longer")),
        "config": lambda: files.config.write_text(f"{files.config.read_text()}change_signatures = 2\n"),
    }
    changed[name]()
    files.look(2)
    files.config.write_text(f"{files.config.read_text()}# nothing new\n")
    files.look(2)
    (offer,) = files.offers()
    assert offer.what == (POLICY if name == "config" else CATALOGUE)
    with files.desk.store.read() as tx:
        told = [event for event in tx.audit.events() if event.detail.get("sha256") == offer.digest]
    assert len(told) == 1
    (post,) = files.desk.posts(f"change:{offer.id}")
    assert post.wanted == 1


def test_a_change_is_offered_once_the_store_is_back(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store was away at the moment of the look: the files count as seen only once that is committed."""
    files.look()
    files.write("2")
    with monkeypatch.context() as away:

        def begin() -> None:
            raise StoreUnavailable

        away.setattr(files.desk.store, "begin", begin)
        with pytest.raises(StoreUnavailable):
            files.look()
    files.look()
    assert '/bin/echo, \\"2\\"' in files.offered()


@pytest.mark.parametrize("name", ["read_files", "parse", "adopt_or_offer"])
def test_a_change_while_the_files_are_read_is_offered(
    files: Files, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Of a file that is saved twice in a row, the second one is offered, not the first for good."""
    files.look()
    files.write("22")
    meanwhile(monkeypatch, name, lambda: files.write("333"))
    files.look(2)
    assert "333" in files.offered()


def test_a_change_between_the_start_and_the_first_look_is_offered(files: Files) -> None:
    """What was read at the start is what was adopted; the first look reads anew."""
    files.write("2")
    files.look()
    assert files.offered()


def test_a_change_of_a_file_that_is_named_for_the_first_time_is_offered(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not among the files that are looked at before it was read."""
    files.look()
    other = files.catalogue.parent / "other.yaml"
    other.write_text(ROWS.format("b"))
    files.write("1", "other.yaml")
    meanwhile(monkeypatch, "read_files", lambda: other.write_text(ROWS.format("other")))
    files.look(2)
    assert "other.service" in files.offered()


def test_what_cannot_be_read_is_told_once_and_offered_once_it_is_mended(files: Files) -> None:
    """Also where the mistake is in a file that the catalogue has only begun to name."""
    files.look()
    other = files.catalogue.parent / "other.yaml"
    other.write_text("workers: [nonsense\n")
    files.write("1", "other.yaml")
    files.look(3)
    (told,) = files.told()
    assert "other.yaml" in told and files.offers() == []
    (post,) = files.desk.posts("offering:")
    assert post.wanted == 1
    other.write_text(ROWS.format("mended"))
    files.look()
    assert "mended.service" in files.offered()
