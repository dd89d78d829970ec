"""The whitelist is read strictly, case by case: a file's first line says that it is good, or its fault."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.tool import Expectation, Reading, Risk, ToolKind, Use
from bot.errors import CatalogueError
from bot.sign_off.digest import canonical
from bot.tools.catalogue import MAX_BYTES, Catalogue, lint_of, parse, read_files
from bot.tools.strict_yaml import lines_of

CASES = {path.stem: path for path in Path(__file__).parents[1].joinpath("cases/catalogue").glob("*.yaml")}
INVENTORY = """
workers:
  orders-1: {unit: orders@1.service}
"""


def catalogue(text: str, inventory: str = INVENTORY) -> Catalogue:
    return parse(json.dumps({"catalogue": text, "inventory": inventory}))


def case(name: str) -> Catalogue:
    return catalogue(CASES[name].read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_catalogue_is_taken_or_its_fault_is_named(name: str) -> None:
    """A bad one is refused with file, line, entry and field, in the words of its first line, and a remedy."""
    first = CASES[name].read_text(encoding="utf-8").splitlines()[0]
    if first == "# good":
        assert lint_of(case(name)) == []
    elif first.startswith("# lint: "):
        # It can be read, so an installation that has it goes on; nobody could ever run it.
        assert first.removeprefix("# lint: ") in "\n".join(map(str, lint_of(case(name))))
    else:
        with pytest.raises(CatalogueError) as refused:
            case(name)
        told = str(refused.value)
        _, expected, remedy = told.partition(first.removeprefix("# expect: "))
        assert expected.startswith("catalogue line "), told
        assert re.match(r"\. [A-Z]|(; did you mean '\w+'\?)?$", remedy), told
        assert "run `vigie catalogue check`" in told


WRONG: tuple[object, ...] = (None, True, -1, 1e9, "", "x y\x00", [], [[1]], {}, {"a": {"b": 1}}, "SLIP")


@pytest.mark.parametrize("name", ["good_every_argument", "good_undo"])
def test_a_value_of_another_kind_is_taken_or_named(name: str) -> None:
    """Each value of an entry in turn: of another type, out of bounds, gone, or with a slip in its key."""
    raw = yaml.safe_load(CASES[name].read_text(encoding="utf-8"))
    said = []
    for number, place in enumerate(sorted(lines_of(yaml.safe_dump(raw)), key=str)):
        # Two of them a place, others at the next, as reading YAML is slow.
        for wrong in (WRONG[(number + step) % len(WRONG)] for step in (0, 5)):
            said.append(refusal(yaml.safe_dump(with_value(raw, place, wrong))))
    refused = [one for one in said if one]
    assert len(refused) > 40
    assert [one for one in refused if not re.search(r"(catalogue|inventory) line \d+: \S+.*[.?]", one)] == []


def refusal(text: str) -> str:
    """What is said of a catalogue; empty where it is taken."""
    try:
        lint_of(catalogue(text))
    except CatalogueError as error:
        return str(error)
    return ""


def with_value(raw: dict[str, Any], place: tuple[str | int, ...], wrong: object) -> dict[str, Any]:
    """A copy with another value at a place; "SLIP" mistypes its key instead."""
    changed = json.loads(json.dumps(raw))
    inner: Any = changed
    for part in place[:-1]:
        inner = inner[part]
    if wrong == "SLIP" and isinstance(inner, dict):
        inner[f"{place[-1]}x"] = inner.pop(place[-1])
    else:
        inner[place[-1]] = wrong
    assert isinstance(changed, dict)
    return changed


def test_an_entry_becomes_a_tool_with_all_that_was_declared() -> None:
    """Nothing is lost between the file and what runs; the entry is kept as it was written."""
    found = case("good_check_and_action")
    depth, restart = found.tool("depth"), found.tool("restart")
    assert [tool.name for tool in found.tools.values() if tool.kind is ToolKind.CHECK] == ["depth"]
    assert depth.reads == Reading("/waiting", Expectation("at_most", 5), "orders", "/pid")
    assert (restart.kind, restart.risk, restart.undo) == (ToolKind.ACTION, Risk.LOW, None)
    assert restart.precondition == Use("depth", {}, Expectation("at_least", 6))
    assert restart.verification == Use("depth", {}, None, 2.5)
    assert restart.no_undo == "a restart cannot be taken back"
    assert restart.call == {"argv": ["/bin/true", "{worker}"], "files": []}
    assert restart.entry["expected_effect"] == "Orders flow again"
    assert (restart.environments, restart.services) == (("production",), ("orders",))


def test_a_tool_that_is_not_declared_does_not_exist() -> None:
    """Its name is in the error, the nearest one is not run in its place."""
    found = case("good_check_and_action")
    for name in ("", "Restart", "restart ", "restart\n", "rm"):
        with pytest.raises(CatalogueError, match="There is no tool named"):
            found.tool(name)


@pytest.mark.parametrize("inventory", ["workers: [1]", "workers: {one: 1}", "workers: text", "- 1"])
def test_an_inventory_is_rows_by_id(inventory: str) -> None:
    """Anything else is refused, with its kind where there is one."""
    with pytest.raises(CatalogueError, match="inventory"):
        catalogue("version: 1", inventory)


def test_files_are_read_with_the_inventory_that_they_name(tmp_path: Path) -> None:
    """Both texts together are what is adopted, so a change of either is a change."""
    path = tmp_path / "catalogue.yaml"
    path.write_text("version: 1\ninventory: hosts.yaml\n")
    (tmp_path / "hosts.yaml").write_text(INVENTORY)
    assert parse(read_files(path)).inventory == {"workers": {"orders-1": {"unit": "orders@1.service"}}}
    before = read_files(path)
    (tmp_path / "hosts.yaml").write_text(INVENTORY + "\n# note\n")
    assert read_files(path) != before


@pytest.mark.parametrize(
    "content, said",
    [
        (None, "No such file"),
        (b"\xff\xfe", "not UTF-8"),
        (b"#" * (MAX_BYTES + 1), "larger than"),
        (b"version: 1\ninventory: {a: b}\n", "inventory: expected the name of a file"),
        (b"version: 1\ninventory: absent.yaml\n", "absent.yaml: No such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    """Missing, not text, too large, or with an inventory that is not there."""
    path = tmp_path / "catalogue.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CatalogueError, match=said):
        read_files(path)


@given(st.text(alphabet="ab:-&*{}[]!|>'\"#,? \n\t\x00\x85\ufeff", max_size=60) | st.text(max_size=60))
@example("? [a]\n: b")
@example("{{a: b}: c}")
@example("a: 2026-13-45")
@example("a: 2026-01-31")
@example("a: .inf")
@example("a: !!binary aGk=")
@example("a: !!set {b}")
@example("1: b")
@example("[" * 5_000)
@example("a: " + "9" * 5_000)
def test_any_text_is_a_catalogue_or_a_catalogue_error(text: str) -> None:
    """No text of a file ends in another error, so a start always says what is wrong with it."""
    for content, inventory in ((text, ""), (f"version: 1\n{text}", ""), ("version: 1", text)):
        try:
            found = catalogue(content, inventory)
        except CatalogueError:
            continue
        # What was taken can be digested: a plan is made of it.
        canonical([found.inventory, [tool.entry for tool in found.tools.values()]])


_HTTP = """
version: 1
checks:
  depth:
    title: Depth
    does: Counts
    owner: on-call
    run: {runner: http, url: "http://127.0.0.1:9/depth", headers: {Authorization: "Bearer {secret:TOKEN}"}}
    environments: [production]
    services: [orders]
"""


def test_only_a_header_refers_to_a_secret() -> None:
    """Anywhere else, and in another form, it is refused by its place; the call counts each header's."""
    assert catalogue(_HTTP).tool("depth").call["secrets"] == {"Authorization": 1}
    for old, new, where in (
        ("9/depth", "9/{secret:TOKEN}", "checks.depth.run.url"),
        ("Authorization:", '"{secret:TOKEN}":', "checks.depth.run.headers"),
        ("{secret:TOKEN}", "{secret:{who}}", "checks.depth.run.headers.Authorization"),
        ("title: Depth", 'title: "a {secret:TOKEN}"', "checks.depth.title"),
    ):
        with pytest.raises(CatalogueError, match=f"{where}: "):
            catalogue(_HTTP.replace(old, new))
    with pytest.raises(CatalogueError, match=r"inventory\.workers\.orders-1\.unit: "):
        catalogue(_HTTP, INVENTORY.replace("orders@1.service", '"{secret:TOKEN}"'))
