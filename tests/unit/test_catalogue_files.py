"""A catalogue of many files, inventories in YAML and CSV, and the scripts that are adopted with them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.tool import Inventory
from bot.errors import ArgumentRefused, CatalogueError
from bot.sign_off.difference import difference, summary
from bot.sign_off.policy import Policy
from bot.tools.catalogue import Catalogue, file_names, parse, read_files
from bot.tools.contents import Contents, read_contents
from bot.tools.inventory import read_rows
from bot.tools.scripts import MISSING, refuse_changed
from bot.tools.sections import sections

CHECK = """version: 1
inventory: {inventory}
checks:
  {name}:
    title: Depth
    does: Counts
    owner: on-call
    run: {{runner: command, argv: [/bin/true, "{{worker.unit}}"], files: ["{folder}/{{worker.script}}"]}}
    arguments: {{worker: {{type: reference, inventory: workers}}}}
    environments: [production]
    services: [orders]
"""
CSV = "id,services,unit,script\norders-1,orders;billing,a.service,one.sh\norders-2,orders,,two.sh\n"


def write(folder: Path, *names: str, inventory: str = "workers.csv") -> Path:
    """A file of one check for each name, and the inventory."""
    for name in names:
        text = CHECK.format(name=name, inventory=inventory, folder=folder)
        (folder / f"{name}.yaml").write_text(text)
    (folder / "workers.csv").write_text(CSV)
    (folder / "one.sh").write_text("one")
    return folder


def read(path: Path) -> Catalogue:
    return parse(read_files(path), file_names(path))


@pytest.mark.parametrize("where", ["", "*.yaml", "d*.yaml"])
def test_a_folder_and_a_pattern_are_many_files(tmp_path: Path, where: str) -> None:
    """All of its tools together, each knowing its file; moving the whole folder changes nothing."""
    path = write(tmp_path, "depth", "drain") / where
    found = read(path)
    assert found.places == {"depth": "depth.yaml", "drain": "drain.yaml"}
    assert found.inventory["workers"]["orders-1"]["services"] == ["orders", "billing"]
    assert "unit" not in found.inventory["workers"]["orders-2"], "an empty cell is no field"
    assert list(Contents.parse(found.content).catalogues) == ["depth.yaml", "drain.yaml"]


def test_an_inventory_in_the_same_folder_is_no_catalogue(tmp_path: Path) -> None:
    """It is named by a catalogue, and is not read as one."""
    write(tmp_path, "depth", inventory="rows.yaml")
    (tmp_path / "rows.yaml").write_text("workers: {orders-1: {unit: a, script: one.sh}}\n")
    assert set(read(tmp_path).tools) == {"depth"}


def test_a_name_in_two_files_is_told_with_both_places(tmp_path: Path) -> None:
    """File and line of each."""
    write(tmp_path, "depth")
    (tmp_path / "other.yaml").write_text((tmp_path / "depth.yaml").read_text())
    with pytest.raises(CatalogueError) as told:
        read(tmp_path)
    assert f"{tmp_path / 'other.yaml'} line 4: checks.depth: a check has this name already" in str(told.value)
    assert f"in {tmp_path / 'depth.yaml'} line 4" in str(told.value)


def test_a_row_in_two_inventories_is_told_with_both_places(tmp_path: Path) -> None:
    """Rows of one kind may stand in several files, each id in one of them."""
    write(tmp_path, "depth", inventory="[workers.csv, more.yaml]")
    more = tmp_path / "more.yaml"
    more.write_text("workers:\n  orders-3: {unit: c, script: one.sh}\n")
    assert set(read(tmp_path).inventory["workers"]) == {"orders-1", "orders-2", "orders-3"}
    more.write_text("workers:\n  orders-2: {unit: c, script: one.sh}\n")
    with pytest.raises(CatalogueError) as told:
        read(tmp_path)
    assert "inventory.workers.orders-2: this row stands in" in str(told.value)
    assert f"{more} line 2" in str(told.value)
    assert f"{tmp_path / 'workers.csv'} line 3" in str(told.value)


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("../outside.csv", "is not in the catalogue's folder"),
        ("/etc/hostname", "is not in the catalogue's folder"),
        ("absent.csv", "No such file"),
        ("[workers.csv, 1]", "expected the name of a file"),
    ],
)
def test_an_inventory_is_a_file_beside_its_catalogue(tmp_path: Path, named: str, words: str) -> None:
    """Nothing outside of the folder is read and adopted."""
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "outside.csv").write_text(CSV)
    write(inner, "depth", inventory=named)
    with pytest.raises(CatalogueError, match=words):
        read_contents(inner / "depth.yaml")


@pytest.mark.parametrize("path", ["nothing", "none*.yaml"])
def test_where_no_file_is_it_is_said(tmp_path: Path, path: str) -> None:
    """An empty folder, or a pattern that nothing fits."""
    (tmp_path / "nothing").mkdir()
    with pytest.raises(CatalogueError, match="no file is there"):
        read_files(tmp_path / path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: no line names the columns"),
        ("name,unit\na,b\n", "one of them `id`"),
        ("id,unit,unit\na,b,c\n", "each column once"),
        ("id,unit\na\n", "line 2: 1 cells, and the first line names 2"),
        ("id,unit\na,b\n\na,c\n", "line 4: the id 'a' stands in line 2 already"),
        ("id,unit\n,b\n", "line 2: the id is empty"),
        ('id,unit\na,"b\n', "not CSV"),
    ],
)
def test_a_csv_is_read_strictly(text: str, words: str) -> None:
    """What could be read in two ways is refused with its line."""
    with pytest.raises(CatalogueError, match=words):
        read_rows(text, "workers.csv", "workers.csv")


@given(st.text(alphabet='id,;"\n\r a1\x00\ufeff', max_size=40))
def test_any_csv_is_rows_or_a_catalogue_error(text: str) -> None:
    """No text ends in another error; each id is there once."""
    try:
        found = read_rows(text, "workers.csv", "x")
    except CatalogueError:
        return
    assert set(found) == {"workers"}


def test_scripts_are_adopted_with_their_sha256(tmp_path: Path) -> None:
    """For every row that a path can be filled with; what is not there is known as missing."""
    found = read(write(tmp_path, "depth"))
    one = hashlib.sha256(b"one").hexdigest()
    assert found.scripts == {str(tmp_path / "one.sh"): one, str(tmp_path / "two.sh"): MISSING}
    refuse_changed(found.scripts, {"files": {str(tmp_path / "one.sh"): one}})
    for path, sha256 in (("one.sh", "0" * 64), ("two.sh", one), ("three.sh", one)):
        with pytest.raises(ArgumentRefused, match="is not the script that is in force"):
            refuse_changed(found.scripts, {"files": {str(tmp_path / path): sha256}})
    # What was adopted before scripts were a part of it goes on as it was.
    refuse_changed(None, {"files": {"any": one}})


def test_a_difference_is_told_tool_by_tool(tmp_path: Path) -> None:
    """The tool, the inventory and the script that changed, each under its name; comments belong to a tool."""
    before = read_files(write(tmp_path, "depth", "drain"))
    text = (tmp_path / "drain.yaml").read_text()
    (tmp_path / "drain.yaml").write_text(text.replace("title: Depth", "title: Drained  # better"))
    (tmp_path / "workers.csv").write_text(f"{CSV}orders-3,orders,c,one.sh\n")
    (tmp_path / "one.sh").write_text("other")
    shown = difference(sections("catalogue", before), sections("catalogue", read_files(tmp_path)))
    assert summary(shown) == [
        "drain.yaml, check drain: changed (+1 -1)",
        "inventory workers.csv: changed (+1 -0)",
        "scripts: changed (+1 -1)",
    ]
    assert "+     title: Drained  # better" in shown


@given(
    st.lists(
        st.sampled_from(["a: 1", "  b: 2", "# note", "", "checks:", "  x: {}", "actions:", "  y: {}"]),
        max_size=9,
    )
)
def test_no_change_of_a_file_is_left_out(lines: list[str]) -> None:
    """Whatever a file holds, another text has another difference from the same one before."""
    base = {"catalogue": {"a.yaml": "version: 1\nchecks:\n  x: {}\n"}, "inventory": {}}
    other = {"catalogue": {"a.yaml": "\n".join(lines)}, "inventory": {}}
    shown = difference(*(sections("catalogue", json.dumps(content)) for content in (base, other)))
    assert bool(shown) == (base != other)


def test_a_policy_is_told_in_words() -> None:
    """One fact a line, times in minutes, no blob."""
    one, two = (sections("policy", Policy(change_signatures=count).content()) for count in (1, 2))
    shown = difference(one, two).splitlines()
    assert shown[0] == "== policy: changed"
    assert {"- change_signatures: 1", "+ change_signatures: 2"} <= set(shown)
    assert "  time_to_sign_s: 1800 (30 min)" in one["policy"]


def test_what_was_adopted_by_an_older_vigie_is_read(tmp_path: Path) -> None:
    """One file and its inventory without names: the same tools, told as `catalogue` and `inventory`."""
    text = CHECK.format(name="depth", inventory="i.yaml", folder=tmp_path)
    rows = "workers: {orders-1: {unit: a, script: one.sh}}"
    found = parse(json.dumps({"catalogue": text, "inventory": rows}))
    inventory: Inventory = found.inventory
    assert (set(found.tools), set(inventory["workers"]), found.scripts) == ({"depth"}, {"orders-1"}, None)
