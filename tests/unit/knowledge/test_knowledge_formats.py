"""Every format that is read: what a reader needs of it is kept, in its order; what could act is not."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import pytest

from knowledge.chunking import chunk, sizes
from knowledge.errors import DocumentRefused
from knowledge.ingest import pieces
from knowledge.loaders.exports import vigie
from knowledge.model import Document
from knowledge.reading import Reader
from knowledge.text.tokens import Counter
from tests.pdf_maker import make_pdf

CASES = Path(__file__).parents[2] / "cases" / "knowledge"
STEPS = ("Look at the head of the queue.", "Park the message.", "Look again.")


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """One reading process for all."""
    with Reader(seconds=30) as one:
        yield one


def in_order(text: str, *parts: str) -> bool:
    """Whether the parts stand in the text, one after the other."""
    place = 0
    for part in parts:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return True


def word_file(path: Path, title: str = "") -> Path:
    """A runbook as service centres write them."""
    document = docx.Document()
    document.core_properties.title = title
    document.add_heading("Mails bloqués", 0)
    document.add_paragraph("When the mail queue grows.")
    document.add_heading("Steps", 1)
    for step in STEPS:
        document.add_paragraph(step, style="List Number")
    document.add_heading("Ports", 2)
    table = document.add_table(rows=2, cols=2)
    for place, text in enumerate(("relay", "port", "mx_1", "25")):
        table.cell(place // 2, place % 2).text = text
    document.styles.add_style("Code", 1)
    document.add_paragraph("postqueue -p | grep '*'", style="Code")
    document.add_paragraph("postsuper -h ALL", style="Code")
    document.save(str(path))
    return path


def test_a_word_file_keeps_headings_steps_tables_and_code(tmp_path: Path, reader: Reader) -> None:
    """In their order; its steps stay one passage; nothing is escaped that a person would copy."""
    (document,) = reader.read(word_file(tmp_path / "q.docx"), "q")
    assert document.title == "Mails bloqués"
    numbered = [f"{number}. {step}" for number, step in enumerate(STEPS, start=1)]
    assert in_order(document.text, "# Mails bloqués", "# Steps", *numbered, "## Ports", "| relay | port |")
    assert "```\npostqueue -p | grep '*'\npostsuper -h ALL\n```" in document.text
    assert "| mx_1 | 25 |" in document.text
    assert any(
        all(step in piece.text for step in STEPS) for piece in chunk(document.text, sizes(Counter(None)))
    )


def test_a_word_file_is_called_what_its_properties_say(tmp_path: Path, reader: Reader) -> None:
    """Unless they say what Word writes by itself."""
    assert reader.read(word_file(tmp_path / "a.docx", "Mail relay"), "a")[0].title == "Mail relay"
    assert reader.read(word_file(tmp_path / "b.docx", "Word Document"), "b")[0].title == "Mails bloqués"


def test_a_pdf_knows_its_pages(tmp_path: Path, reader: Reader) -> None:
    """Larger lines are headings, page numbers are dropped, and a passage says on which page it stands."""
    first = [(24, "Relay"), (12, "When mail is stuck."), (16, "Steps"), (12, f"1. {STEPS[0]}"), (9, "1")]
    second = [(16, "After"), (12, "word " * 40), (12, "word " * 40), (9, "Page 2 of 2")]
    make_pdf(tmp_path / "r.pdf", [first, second], title="Mail relay")
    (document,) = reader.read(tmp_path / "r.pdf", "r")
    assert document.title == "Mail relay"
    assert in_order(document.text, "# Relay", "When mail is stuck.", "## Steps", f"1. {STEPS[0]}", "## After")
    assert "Page 2" not in document.text
    found = {piece.heading[-1]: piece.place for piece in pieces(document, _small())}
    assert found["Steps"] == "page 1"
    assert found["After"] == "page 2"


def _small() -> Any:  # noqa: ANN401  # what `sizes` gives, with other numbers
    from dataclasses import replace

    return replace(sizes(Counter(None)), target=60, limit=900)


def test_a_page_keeps_its_words_and_nothing_that_acts(tmp_path: Path, reader: Reader) -> None:
    """Scripts, drawings, forms and where links lead are gone."""
    body = (
        "<html><head><title>Le site est lent</title><script>alert('s')</script></head><body><nav>menu</nav>"
        "<h1>Lent</h1><p onclick='x()'>Bonjour <a href='https://attacker.example/?q=1'>ici</a>"
        "<img src='https://attacker.example/p.png' alt='drawn'></p><svg><text>drawing</text></svg>"
        "<ol><li>un</li><li>deux</li></ol><iframe src='https://attacker.example'></iframe></body></html>"
    )
    (tmp_path / "p.html").write_text(body, encoding="utf-8")
    (document,) = reader.read(tmp_path / "p.html", "p")
    assert document.title == "Le site est lent"
    assert in_order(document.text, "# Lent", "Bonjour ici", "1. un", "2. deux")
    for gone in ("attacker", "alert", "menu", "drawing", "onclick"):
        assert gone not in document.text


def test_a_page_that_is_nested_without_end_is_read(tmp_path: Path, reader: Reader) -> None:
    """Its words are there, and the next file is read too."""
    (tmp_path / "deep.html").write_text("<div>" * 50_000 + "deep words" + "</div>" * 50_000)
    assert "deep words" in reader.read(tmp_path / "deep.html", "deep")[0].text
    (tmp_path / "next.html").write_text("<p>the next</p>")
    assert "the next" in reader.read(tmp_path / "next.html", "next")[0].text


def test_plain_text_keeps_its_lines(tmp_path: Path, reader: Reader) -> None:
    """Underlined lines become headings on the same lines."""
    (tmp_path / "t.txt").write_text("Stale lock\n==========\n\nRead it.\n\nSteps\n-----\n1. Remove it.\n")
    (document,) = reader.read(tmp_path / "t.txt", "t")
    assert document.title == "Stale lock"
    assert document.text.split("\n")[0] == "# Stale lock"
    assert document.text.split("\n")[5] == "## Steps"
    assert document.text.split("\n")[7] == "1. Remove it."


def test_a_confluence_space_gives_its_current_pages(reader: Reader) -> None:
    """Each under the pages above it; code and warnings stay, older versions go."""
    (document,) = reader.read(CASES / "entities.xml", "ops/entities")
    assert (document.id, document.title) == ("ops/operations/mail-the-relay", "Mail: the relay")
    assert in_order(document.text, "## Steps", "1. Look", "postqueue -p | wc -l", "Not at noon.")
    assert "bash" not in document.text


EXPORTS: dict[str, tuple[str, object, str]] = {
    "pagerduty.json": (
        "pagerduty/PT4KHLK",
        {
            "incidents": [
                {
                    "id": "PT4KHLK",
                    "type": "incident",
                    "incident_number": 1234,
                    "title": "Mail queue grows",
                    "status": "resolved",
                    "service": {"id": "PF9KMXH", "summary": "mail"},
                    "created_at": "2026-10-06T21:30:42Z",
                    "resolved_at": "2026-10-06T22:10:00Z",
                    "body": {"details": {"host": "mx1"}},
                    "notes": [{"created_at": "2026-10-06T21:50:00Z", "content": "One message blocks it."}],
                },
                {"id": "P2", "incident_number": 2, "title": "open", "status": "triggered", "service": {}},
            ]
        },
        "host: mx1|One message blocks it.",
    ),
    "jira.json": (
        "jira/OPS-7",
        {
            "issues": [
                {
                    "key": "OPS-7",
                    "fields": {
                        "summary": "Mail queue grows",
                        "description": {
                            "type": "doc",
                            "content": [
                                {"type": "paragraph", "content": [{"type": "text", "text": "host: mx1"}]}
                            ],
                        },
                        "resolution": {"name": "Done"},
                        "created": "2026-10-06T21:30:42.000+0000",
                        "labels": ["cause:poison-message"],
                        "components": [{"name": "mail"}],
                        "comment": {
                            "comments": [{"created": "2026-10-06", "body": "One message blocks it."}]
                        },
                    },
                },
                {"key": "OPS-8", "fields": {"summary": "open", "resolution": None}},
            ]
        },
        "host: mx1|Done|One message blocks it.",
    ),
    "servicenow.json": (
        "servicenow/INC0010023",
        {
            "records": [
                {
                    "number": "INC0010023",
                    "short_description": "Mail queue grows",
                    "description": "host: mx1",
                    "state": "7",
                    "cmdb_ci": {"display_value": "mail", "link": "x"},
                    "opened_at": "2026-10-06 21:30:42",
                    "closed_at": "2026-10-06 22:10:00",
                    "close_code": "Solved (Permanently)",
                    "close_notes": "Parked it.",
                    "work_notes": "2026-10-06 21:50:00 - On-call (Work notes)\nOne message blocks it.\n",
                },
                {"number": "INC0010024", "short_description": "open", "state": "2"},
            ]
        },
        "host: mx1|Solved (Permanently)|Parked it.|One message blocks it.",
    ),
    "github.json": (
        "github/42",
        [
            {
                "number": 42,
                "title": "Mail queue grows",
                "state": "closed",
                "body": "host: mx1",
                "labels": [{"name": "service:mail"}],
                "created_at": "2026-10-06T21:30:42Z",
                "closed_at": "2026-10-06T22:10:00Z",
                "comments": [{"createdAt": "2026-10-06T21:50:00Z", "body": "One message blocks it."}],
            },
            {"number": 43, "title": "a pull request", "state": "closed", "pull_request": {}},
            {"number": 44, "title": "open", "state": "open"},
        ],
        "host: mx1|One message blocks it.",
    ),
    "gitlab.json": (
        "gitlab/9",
        [
            {
                "iid": 9,
                "title": "Mail queue grows",
                "state": "closed",
                "description": "host: mx1",
                "labels": ["service::mail"],
                "created_at": "2026-10-06T21:30:42Z",
                "closed_at": "2026-10-06T22:10:00Z",
                "notes": [
                    {"system": True, "body": "closed"},
                    {"system": False, "body": "One message blocks it.", "created_at": "2026-10-06T21:50:00Z"},
                ],
            },
            {"iid": 10, "title": "open", "state": "opened"},
        ],
        "host: mx1|One message blocks it.",
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_gives_the_incidents_that_are_over(name: str, tmp_path: Path, reader: Reader) -> None:
    """One document each, with service, what was seen, what was done and what was noted; open ones wait."""
    id, content, said = EXPORTS[name]
    (tmp_path / name).write_text(json.dumps(content))
    (document,) = reader.read(tmp_path / name, name.partition(".")[0])
    assert (document.id, document.kind, document.title) == (id, "incident", "Mail queue grows")
    assert document.service == "mail"
    assert in_order(document.text, "2026-10-06", *said.split("|"))


TABLES = {
    "jira.csv": "Summary,Issue key,Status,Resolution,Created,Resolved,Description,Component/s,"
    "Comment,Comment\n"
    'Mail queue grows,OPS-7,Done,Fixed,2026-10-06,2026-10-06,"host: mx1",mail,'
    '"2026-10-06 21:50;on-call;One message blocks it.",""\n'
    "open,OPS-8,To Do,,2026-10-07,,,mail,,\n",
    "servicenow.csv": '"Number","Short description","Description","State","Configuration item",'
    '"Opened","Closed","Resolution notes","Work notes"\n'
    '"INC7","Mail queue grows","host: mx1","Closed","mail","2026-10-06 21:30:42","2026-10-06 22:10:00",'
    '"Parked it.","One message blocks it."\n'
    '"INC8","open","","In Progress","mail","2026-10-06 21:30:42","","",""\n',
    "pagerduty.csv": "id,incident_number,description,service_name,created_on,resolved_on,urgency\n"
    "P1,7,Mail queue grows,mail,2026-10-06T21:30:42Z,2026-10-06T22:10:00Z,high\n"
    "P2,8,open,mail,2026-10-06T21:30:42Z,,high\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_gives_the_incidents_that_are_over(name: str, tmp_path: Path, reader: Reader) -> None:
    """As the JSON of the same tracker does."""
    (tmp_path / name).write_text(TABLES[name])
    (document,) = reader.read(tmp_path / name, "x")
    assert (document.kind, document.title, document.service) == ("incident", "Mail queue grows", "mail")
    assert "2026-10-06" in document.text
    assert name.startswith("pagerduty") or in_order(document.text, "host: mx1", "One message blocks it.")


def test_what_vigie_wrote_it_reads_again(tmp_path: Path, reader: Reader) -> None:
    """Every field of it."""
    first = Document("a/b", "Title", "postmortem", "Text é", "fr", "mail", "team", access=("C1",), cause="x")
    (tmp_path / "all.jsonl").write_text(json.dumps(vigie.write(first)) + "\n")
    assert reader.read(tmp_path / "all.jsonl", "all") == [first]


@pytest.mark.parametrize(
    "content, words",
    [
        ("[1, 2]", "something else than records"),
        ('[{"a": 1}]', "is no export that is known"),
        ("{", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ('[{"vigie": "document", "id": 3}]', "record 1"),
    ],
)
def test_what_is_no_export_is_named(content: str, words: str, tmp_path: Path, reader: Reader) -> None:
    """With what is known, and never as a crash."""
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(DocumentRefused, match=words):
        reader.read(tmp_path / "x.json", "x")


def test_a_library_that_fails_costs_one_file(tmp_path: Path, reader: Reader) -> None:
    """A process that is killed while it reads is replaced for the next file."""
    path = word_file(tmp_path / "q.docx")
    reader.read(path, "q")
    assert reader._process is not None
    reader._process.kill()
    reader._process.wait()
    with pytest.raises(DocumentRefused, match=r"the reader ended|more memory"):
        reader.read(path, "q")
    assert reader.read(path, "q")[0].title == "Mails bloqués"


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    """Its time is bounded, and what it started is ended."""
    path = word_file(tmp_path / "q.docx")
    with Reader(seconds=0.0) as hasty, pytest.raises(DocumentRefused, match="longer than 0 s"):
        hasty.read(path, "q")
    assert hasty._process is None


def test_the_reading_process_may_write_nothing_and_knows_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its limits hold from before the first file, and no secret of ours is with it."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-ours")
    with Reader() as one:
        one.read(word_file(tmp_path / "q.docx"), "q")
        assert one._process is not None
        proc = Path(f"/proc/{one._process.pid}")
        assert b"xoxb" not in (proc / "environ").read_bytes()
        limits = (proc / "limits").read_text().splitlines()
    assert any(line.split()[:4] == ["Max", "file", "size", "0"] for line in limits)
    assert any(line.startswith("Max address space") and "unlimited" not in line for line in limits)


def test_an_encrypted_and_a_picture_pdf_say_what_to_do(tmp_path: Path, reader: Reader) -> None:
    """Encrypted, without text, and no PDF at all."""
    make_pdf(tmp_path / "a.pdf", [[(12, "x")]], password="p")
    make_pdf(tmp_path / "b.pdf", [[]])
    (tmp_path / "c.pdf").write_bytes(b"%PDF-1.4 nothing")
    for name, words in (("a", "without a password"), ("b", "OCR"), ("c", "Print it")):
        with pytest.raises(DocumentRefused, match=words):
            reader.read(tmp_path / f"{name}.pdf", name)


def test_a_zip_of_another_kind_is_no_word_file(tmp_path: Path, reader: Reader) -> None:
    """It is named, whatever its ending says."""
    with zipfile.ZipFile(tmp_path / "z.docx", "w") as archive:
        archive.writestr("a.txt", "x")
    with pytest.raises(DocumentRefused, match="holds no Word document"):
        reader.read(tmp_path / "z.docx", "z")
