"""What can be typed after `vigie`: each command with its options. `bot/__main__.py` calls what it does."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

DESCRIPTION = "An incident copilot that lives in Slack."
EPILOG = "Exit codes: 0 done, 1 the answer is no (a check failed), 2 the call or the configuration is wrong."
Run = Callable[[argparse.Namespace], int]


class Commands:
    """Adds commands, each with its run by its name; a command that has commands of its own is another one."""

    def __init__(self, parser: argparse.ArgumentParser, runs: Mapping[str, Run], path: str = "") -> None:
        self._runs, self._path = runs, path
        metavar = "WHAT" if path else "COMMAND"
        self._kinds = parser.add_subparsers(metavar=metavar, required=True)

    def add(self, name: str, text: str, *, config: bool = True, json: bool = True) -> argparse.ArgumentParser:
        """One command; most read vigie.toml, and most can print one JSON object."""
        made = self._kinds.add_parser(name, help=text, description=text)
        made.set_defaults(run=self._runs[f"{self._path}{name}"])
        if config:
            made.add_argument("--config", type=Path, default=Path("vigie.toml"), help="default: ./vigie.toml")
        if json:
            made.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        return made

    def hidden(self, name: str) -> None:
        """One that is not for people, so it is not in the help."""
        made = self._kinds.add_parser(name)
        made.set_defaults(run=self._runs[name])
        made.add_argument("--config", type=Path, default=Path("vigie.toml"))

    def group(self, name: str, text: str) -> Commands:
        """A command that is followed by another."""
        made = self._kinds.add_parser(name, help=text, description=text)
        return Commands(made, self._runs, f"{self._path}{name} ")


def parser(runs: Mapping[str, Run]) -> argparse.ArgumentParser:
    """The whole command line; `runs` has what each command calls, such as "audit verify"."""
    made = argparse.ArgumentParser(prog="vigie", description=DESCRIPTION, epilog=EPILOG)
    commands = Commands(made, runs)
    _first_steps(commands)
    _knowledge(commands)
    _sign_off(commands)
    _alerts(commands)
    _measures(commands.group("eval", "measure Vigie on your own data, in a throw-away store"))
    _rows(commands)
    commands.hidden("executor")  # started by serve alone
    return made


def _first_steps(commands: Commands) -> None:
    demo = commands.add(
        "demo", "play an incident in a local workspace; needs no Slack", config=False, json=False
    )
    demo.add_argument("--headless", action="store_true", help="scripted people play it all; prints it")
    demo.add_argument("--port", type=int, default=0, help="port of the page (default: a free one)")
    demo.add_argument("--no-browser", action="store_true", help="only print the page's address")
    text = "write a commented vigie.toml, a starter catalogue and the Slack app manifest"
    _init(commands.add("init", text, config=False, json=False))
    doctor = commands.add("doctor", "name what is missing or wrong, each with its remedy")
    doctor.add_argument("--offline", action="store_true", help="ask nobody over the network")
    commands.add("serve", "run the bot against your Slack workspace", json=False)


def _init(init: argparse.ArgumentParser) -> None:
    init.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="default: here")
    init.add_argument("--force", action="store_true", help="keep what is there as NAME.old and write anew")
    init.add_argument("--mode", choices=("socket", "http"), default="", help="how Slack reaches Vigie")
    init.add_argument("--url", default="", metavar="URL", help="http: Vigie's public address, https://...")
    init.add_argument("--channel", default="", metavar="NAME", help="where incidents are told")
    who = init.add_mutually_exclusive_group()
    text = "Slack user group of those who may sign"
    who.add_argument("--n3-group", default="", metavar="HANDLE", help=text)
    who.add_argument("--n3", nargs="+", metavar="TEAM/USER", help="those who may sign, by their ids")
    text = "ask nothing, print one JSON object and nothing else"
    init.add_argument("--json", action="store_true", help=text)


def _knowledge(commands: Commands) -> None:
    ingest = commands.add("ingest", "add or update documents of the knowledge base")
    text = "files, folders, zips; - reads paths from stdin"
    ingest.add_argument("paths", nargs="+", type=Path, metavar="PATH", help=text)
    ingest.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    ingest.add_argument("--rebuild", action="store_true", help="embed every document again")
    ingest.add_argument("--delete-missing", action="store_true", help="remove documents whose file is gone")
    _documents(commands.group("documents", "what the knowledge base holds"))
    search = commands.add("search", "what retrieval returns, with scores and sources")
    search.add_argument("query", metavar="QUERY")
    search.add_argument("-k", type=int, default=5, metavar="N", help="how many passages (default: 5)")


def _documents(kinds: Commands) -> None:
    listed = kinds.add("list", "one line a document, and what is in quarantine")
    text = "only those whose id, title or service has it"
    listed.add_argument("words", nargs="*", metavar="WORD", help=text)
    listed.add_argument("--kind", choices=("runbook", "incident", "postmortem", "note"), default="")
    listed.add_argument("--stale", action="store_true", help="only what somebody should look at, and why")
    listed.add_argument("--quarantined", action="store_true", help="only what was not taken in")
    show = kinds.add("show", "one document, its lines numbered as citations count them")
    show.add_argument("id", metavar="ID")
    remove = kinds.add("remove", "remove documents with all their passages")
    remove.add_argument("ids", nargs="+", metavar="ID")
    remove.add_argument("--why", default="", metavar="TEXT", help="kept in the audit log, shown in Slack")
    remove.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")
    release = kinds.add("release", "let one out of quarantine, its private keys taken out")
    release.add_argument("id", metavar="ID")
    kinds.add("questions", "what was asked in Slack and found no answer")
    export = kinds.add("export", "all of them in one file, which `ingest` reads again", json=False)
    export.add_argument("file", type=Path, metavar="FILE", help="a new file ending in .jsonl")


def _sign_off(commands: Commands) -> None:
    catalogue = commands.group("catalogue", "the whitelist of tools")
    check = catalogue.add("check", "validate it and print each tool as N3 will see it")
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: the one of vigie.toml")
    check.add_argument("--strict", action="store_true", help="what is dangerous is an error, too")
    catalogue.add("diff", "what the files say and N3 have not signed; exit 1 if any")
    text = "print the JSON Schema of a catalogue file, for editors"
    catalogue.add("schema", text, config=False, json=False)
    _audit(commands.group("audit", "the audit log"))
    freeze = commands.add("freeze", "nothing new is executed until an N3 lifts it in Slack", json=False)
    freeze.add_argument("reason", nargs="*", metavar="REASON", help="shown in Slack")


def _audit(kinds: Commands) -> None:
    text = "recompute the chain and compare it with every signed head; exit 1 and what is wrong first"
    verify = kinds.add("verify", text)
    text = "more heads: a file of them, an export, or text copied out of Slack; - is standard input"
    verify.add_argument("--head", type=Path, action="append", default=[], metavar="FILE", help=text)
    export = kinds.add(
        "export", "write the log into a new file, one event a line, with its newest head", json=False
    )
    text = "nothing is overwritten; - is standard output"
    export.add_argument("file", type=Path, metavar="FILE", help=text)
    export.add_argument("--since", default="", metavar="WHEN", help="a day, a time, or a span such as 30d")
    form = export.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="JSON, one object a line (this is the default)")
    form.add_argument("--csv", action="store_true", help="for a spreadsheet, which carries none of it out")
    tail = kinds.add("tail", "print the newest events", json=False)
    tail.add_argument("-n", type=int, default=20, metavar="N", help="how many (default: 20)")
    tail.add_argument("-f", action="store_true", help="go on with those to come, until interrupted")


def _alerts(commands: Commands) -> None:
    transcript = commands.add("transcript", "what was sent to models for an incident, and what came back")
    transcript.add_argument("incident", metavar="INCIDENT", help="its number; 0: questions outside of any")
    noise = commands.add("noise", "what was absorbed and why; exit 1 if anything critical was hidden")
    noise.add_argument(
        "--since", default="24h", metavar="SPAN", help="how far back, such as 7d (default: 24h)"
    )
    replay = commands.add("replay", "the past through today's rules and through changed ones")
    text = "an export (default: what is in the store)"
    replay.add_argument("file", nargs="?", type=Path, metavar="FILE", help=text)
    replay.add_argument("--rules", type=Path, metavar="FILE", help="a changed vigie.toml, to compare with")
    replay.add_argument("--since", default="30d", metavar="SPAN", help="of the store (default: 30d)")


def _measures(kinds: Commands) -> None:
    retrieval = kinds.add("retrieval", "recall@1, recall@5 and MRR@10 of search", config=False)
    retrieval.add_argument("--corpus", type=Path, required=True, metavar="DIR", help="folder of documents")
    retrieval.add_argument("--queries", type=Path, required=True, metavar="FILE", help="JSON Lines")
    retrieval.add_argument("--rankings", type=Path, metavar="OUT", help="write each query's ten documents")
    text = "how well past incidents tell the cause of another, and how sure they may be"
    diagnosis = kinds.add("diagnosis", text, config=False)
    text = "JSON Lines, one incident each"
    diagnosis.add_argument("--incidents", type=Path, required=True, metavar="FILE", help=text)
    text = "the past to judge by (default: the other incidents)"
    diagnosis.add_argument("--history", type=Path, metavar="FILE", help=text)
    text = "write what the past says of each incident"
    diagnosis.add_argument("--predictions", type=Path, metavar="OUT", help=text)
    text = "what triage absorbs of a stream of alerts, and what it should not"
    noise = kinds.add("noise", text, config=False)
    text = "JSON Lines, one delivery each"
    noise.add_argument("--alerts", type=Path, required=True, metavar="FILE", help=text)
    noise.add_argument(
        "--topology", type=Path, metavar="FILE", help="who calls whom (default: as in the stream)"
    )
    noise.add_argument("--decisions", type=Path, metavar="OUT", help="write what became of each delivery")

    model = kinds.add("model", "recorded incidents against your model: does it say what it must?")
    text = "a folder of cases, or one case (default: the dozen that ship)"
    model.add_argument("cases", nargs="?", type=Path, metavar="CASES", help=text)
    text = "how often each is asked (default: 3)"
    model.add_argument("--repeats", type=int, default=3, metavar="K", help=text)
    text = "play back the answers that were recorded with them; no model is asked"
    model.add_argument("--recorded", action="store_true", help=text)
    text = "exit 1 where fewer pass, such as 0.8"
    model.add_argument("--at-least", type=float, metavar="SHARE", help=text)
    record = kinds.add("record", "an incident as a case for `vigie eval model`")
    record.add_argument("incident", metavar="INCIDENT", help="its number")
    record.add_argument("folder", type=Path, metavar="DIR", help="a new folder")


def _rows(commands: Commands) -> None:
    backup = commands.add("backup", "all that is kept, in one file; while `serve` runs or not")
    backup.add_argument("file", type=Path, metavar="FILE", help="a new file; nothing is overwritten")
    restore = commands.add("restore", "a backup into an empty store; earlier sign-offs are void")
    restore.add_argument("file", type=Path, metavar="FILE", help="what `vigie backup` wrote")
    restore.add_argument("--dry-run", action="store_true", help="check everything, and change nothing")
    migrate = commands.add("migrate", "bring an older Vigie's tables to this one, after a backup")
    migrate.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    migrate.add_argument("--no-backup", action="store_true", help="make no backup in the folder first")
