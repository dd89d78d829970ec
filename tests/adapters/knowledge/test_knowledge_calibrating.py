"""What must be reached before something fits is learned from a base's own documents, and kept beside them."""

from __future__ import annotations

from pathlib import Path

from knowledge.calibrating import FROM_DOCUMENTS
from knowledge.fitting import BAR, HIGHEST_BAR
from knowledge.model import Query
from tests.adapters.knowledge.conftest import Open

PARTS = ("queue", "relay", "cache", "index", "proxy", "disk", "lock", "clock", "token", "route")


def write(folder: Path, count: int) -> None:
    """Documents of one house: each title is nearly that of another."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        part, fault = PARTS[number % 10], PARTS[number // 10 % 10]
        text = (
            f"# The {part} waits for the {fault} of shard {number}\n\nRestart the {part} of shard {number}.\n"
        )
        (folder / f"{number:03}.md").write_text(text)


def test_the_bar_is_learned_once_and_kept(open_base: Open, tmp_path: Path) -> None:
    """Not from few documents, not before they have vectors, not again until a quarter has changed. After a
    restart it is there, and a question is judged by it.
    """
    write(tmp_path / "docs", FROM_DOCUMENTS - 1)
    base = open_base()
    base.ingest([tmp_path / "docs"])
    assert base.calibrate() is None
    base.warm()
    while base.index_pending():
        pass
    assert base.calibrate() is None
    write(tmp_path / "docs", FROM_DOCUMENTS)
    base.ingest([tmp_path / "docs"])
    while base.index_pending():
        pass
    bar = base.calibrate()
    assert bar is not None and BAR < bar <= HIGHEST_BAR
    assert base.calibrate() is None
    assert base.hear(Query("the queue waits")).tuning.bar == bar
    assert f"where {bar:.2f} is needed" in base.search(Query("the queue waits for the relay")).why
    base.close()
    again = open_base()
    again.warm()
    again.search(Query("the queue"))
    assert (again.calibrate(), again.hear(Query("the queue waits")).tuning.bar) == (None, bar)
