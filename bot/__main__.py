"""The command line `vigie`: parses, calls, and turns errors into one sentence and an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

DESCRIPTION = "An incident copilot that lives in Slack."
EPILOG = "Exit codes: 0 done, 1 the answer is no (a check failed), 2 the call or the configuration is wrong."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    from bot.errors import VigieError
    from knowledge.errors import KnowledgeError

    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except VigieError as error:
        print(f"vigie: {error}", file=sys.stderr)
        return error.exit_code
    except KnowledgeError as error:
        print(f"vigie: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vigie", description=DESCRIPTION, epilog=EPILOG)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    demo = add("demo", "play an incident in a local workspace; needs no Slack", _demo)
    demo.add_argument("--headless", action="store_true", help="scripted people play it all; prints it")
    demo.add_argument("--port", type=int, default=0, help="port of the page (default: a free one)")
    demo.add_argument("--no-browser", action="store_true", help="only print the page's address")
    _init_options(
        add("init", "write a commented vigie.toml, a starter catalogue and the Slack app manifest", _init)
    )
    doctor = _config(add("doctor", "name what is missing or wrong, each with its remedy", _doctor))
    doctor.add_argument("--offline", action="store_true", help="ask nobody over the network")
    doctor.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    _config(add("serve", "run the bot against your Slack workspace", _serve))
    ingest = _config(add("ingest", "add or update documents of the knowledge base", _ingest))
    ingest.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="files, folders, zips; - reads paths from stdin"
    )
    ingest.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    ingest.add_argument("--rebuild", action="store_true", help="embed every document again")
    ingest.add_argument("--delete-missing", action="store_true", help="remove documents whose file is gone")
    ingest.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    _documents_options(add("documents", "what the knowledge base holds", _nothing))
    search = _config(add("search", "what retrieval returns, with scores and sources", _search))
    search.add_argument("query", metavar="QUERY")
    search.add_argument("-k", type=int, default=5, metavar="N", help="how many passages (default: 5)")
    search.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    catalogue = add("catalogue", "the whitelist of tools", _nothing).add_subparsers(required=True)
    check = catalogue.add_parser("check", help="validate it and print each tool as N3 will see it")
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: the one of vigie.toml")
    check.add_argument("--strict", action="store_true", help="what is dangerous is an error, too")
    check.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    _config(check).set_defaults(run=_catalogue_check)
    diff = catalogue.add_parser("diff", help="what the files say and N3 have not signed; exit 1 if any")
    diff.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    _config(diff).set_defaults(run=_catalogue_diff)
    schema = catalogue.add_parser("schema", help="print the JSON Schema of a catalogue file, for editors")
    schema.set_defaults(run=_catalogue_schema)
    audit = add("audit", "the audit log", _nothing).add_subparsers(metavar="WHAT", required=True)
    _add_audit(audit)
    freeze = _config(add("freeze", "nothing new is executed until an N3 lifts it in Slack", _freeze))
    freeze.add_argument("reason", nargs="*", metavar="REASON", help="shown in Slack")
    _noise_options(
        _config(add("noise", "what was absorbed and why; exit 1 if anything critical was hidden", _noise))
    )
    _replay_options(
        _config(add("replay", "the past through today's rules and through changed ones", _replay))
    )
    _add_eval(add("eval", "measure Vigie on your own data, in a throw-away store", _nothing))
    backup = _config(add("backup", "all that is kept, in one file; while `serve` runs or not", _backup))
    backup.add_argument("file", type=Path, metavar="FILE", help="a new file; nothing is overwritten")
    backup.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    restore = _config(add("restore", "a backup into an empty store; earlier sign-offs are void", _restore))
    restore.add_argument("file", type=Path, metavar="FILE", help="what `vigie backup` wrote")
    restore.add_argument("--dry-run", action="store_true", help="check everything, and change nothing")
    restore.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    migrate = _config(add("migrate", "bring an older Vigie's tables to this one, after a backup", _migrate))
    migrate.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    migrate.add_argument("--no-backup", action="store_true", help="make no backup in the folder first")
    migrate.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    executor = commands.add_parser("executor")  # started by serve alone, so it is not in the help
    _config(executor).set_defaults(run=_executor)
    return parser


def _add_audit(kinds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "recompute the chain and compare it with every signed head; exit 1 and what is wrong first"
    verify = _config(kinds.add_parser("verify", help=text, description=text))
    verify.add_argument(
        "--head",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="more heads: a file of them, an export, or text copied out of Slack; - is standard input",
    )
    verify.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    verify.set_defaults(run=_audit_verify)
    text = "write the log into a new file, one event a line, with its newest head"
    export = _config(kinds.add_parser("export", help=text, description=text))
    export.add_argument(
        "file", type=Path, metavar="FILE", help="nothing is overwritten; - is standard output"
    )
    export.add_argument("--since", default="", metavar="WHEN", help="a day, a time, or a span such as 30d")
    form = export.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="JSON, one object a line (this is the default)")
    form.add_argument("--csv", action="store_true", help="for a spreadsheet, which carries none of it out")
    export.set_defaults(run=_audit_export)
    text = "print the newest events"
    tail = _config(kinds.add_parser("tail", help=text, description=text))
    tail.add_argument("-n", type=int, default=20, metavar="N", help="how many (default: 20)")
    tail.add_argument("-f", action="store_true", help="go on with those to come, until interrupted")
    tail.set_defaults(run=_audit_tail)


def _add_eval(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(metavar="WHAT", required=True)
    retrieval = kinds.add_parser("retrieval", help="recall@1, recall@5 and MRR@10 of search")
    retrieval.add_argument("--corpus", type=Path, required=True, metavar="DIR", help="folder of documents")
    retrieval.add_argument("--queries", type=Path, required=True, metavar="FILE", help="JSON Lines")
    retrieval.add_argument("--rankings", type=Path, metavar="OUT", help="write each query's ten documents")
    retrieval.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    retrieval.set_defaults(run=_eval_retrieval)
    noise = kinds.add_parser(
        "noise", help="what triage absorbs of a stream of alerts, and what it should not"
    )
    noise.add_argument(
        "--alerts", type=Path, required=True, metavar="FILE", help="JSON Lines, one delivery each"
    )
    noise.add_argument(
        "--topology", type=Path, metavar="FILE", help="who calls whom (default: as in the stream)"
    )
    noise.add_argument("--decisions", type=Path, metavar="OUT", help="write what became of each delivery")
    noise.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    noise.set_defaults(run=_eval_noise)


def _documents_options(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(metavar="WHAT", required=True)

    def add(name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        made = _config(kinds.add_parser(name, help=text))
        made.set_defaults(run=run)
        return made

    listed = add("list", "one line a document, and what is in quarantine", _documents_list)
    listed.add_argument(
        "words", nargs="*", metavar="WORD", help="only those whose id, title or service has it"
    )
    listed.add_argument("--kind", choices=("runbook", "incident", "postmortem"), default="")
    listed.add_argument("--quarantined", action="store_true", help="only what was not taken in")
    show = add("show", "one document, its lines numbered as citations count them", _documents_show)
    show.add_argument("id", metavar="ID")
    remove = add("remove", "remove documents with all their passages", _documents_remove)
    remove.add_argument("ids", nargs="+", metavar="ID")
    remove.add_argument("--dry-run", action="store_true", help="say what would go, and change nothing")
    release = add("release", "let one out of quarantine, its private keys taken out", _documents_release)
    release.add_argument("id", metavar="ID")
    for one in (listed, show, remove, release):
        one.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    export = add("export", "all of them in one file, which `ingest` reads again", _documents_export)
    export.add_argument("file", type=Path, metavar="FILE", help="a new file ending in .jsonl")


def _noise_options(noise: argparse.ArgumentParser) -> None:
    noise.add_argument(
        "--since", default="24h", metavar="SPAN", help="how far back, such as 7d (default: 24h)"
    )
    noise.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def _replay_options(replay: argparse.ArgumentParser) -> None:
    replay.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="an export (default: what is in the store)"
    )
    replay.add_argument("--rules", type=Path, metavar="FILE", help="a changed vigie.toml, to compare with")
    replay.add_argument("--since", default="30d", metavar="SPAN", help="of the store (default: 30d)")
    replay.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def _init_options(init: argparse.ArgumentParser) -> None:
    init.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="default: here")
    init.add_argument("--force", action="store_true", help="keep what is there as NAME.old and write anew")
    init.add_argument("--mode", choices=("socket", "http"), default="", help="how Slack reaches Vigie")
    init.add_argument("--url", default="", metavar="URL", help="http: Vigie's public address, https://...")
    init.add_argument("--channel", default="", metavar="NAME", help="where incidents are told")
    who = init.add_mutually_exclusive_group()
    who.add_argument(
        "--n3-group", default="", metavar="HANDLE", help="Slack user group of those who may sign"
    )
    who.add_argument("--n3", nargs="+", metavar="TEAM/USER", help="those who may sign, by their ids")
    init.add_argument(
        "--json", action="store_true", help="ask nothing, print one JSON object and nothing else"
    )


def _config(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--config", type=Path, default=Path("vigie.toml"), help="default: ./vigie.toml")
    return parser


def _nothing(arguments: argparse.Namespace) -> int:
    return 2


def _demo(arguments: argparse.Namespace) -> int:
    from bot.playground.demo import run

    return run(headless=arguments.headless, port=arguments.port, browser=not arguments.no_browser)


def _init(arguments: argparse.Namespace) -> int:
    from bot.commands.init import run
    from bot.commands.init.choices import Choices

    given = Choices(
        arguments.mode, arguments.url, arguments.channel, arguments.n3_group, run.parse(arguments.n3)
    )
    return run.run(arguments.folder, given, force=arguments.force, as_json=arguments.json)


def _doctor(arguments: argparse.Namespace) -> int:
    from bot.commands.doctor import run

    return run.run(arguments.config, offline=arguments.offline, as_json=arguments.json)


def _serve(arguments: argparse.Namespace) -> int:
    import asyncio

    from bot import logs, settings

    logs.configure()
    read = settings.load(arguments.config)  # what is wrong in the file is said before the rest is loaded
    from bot.commands.doctor.start import refuse_half_finished

    asyncio.run(refuse_half_finished(read, arguments.config))
    from bot import app

    asyncio.run(app.serve(read, arguments.config.resolve()))
    return 0


def _executor(arguments: argparse.Namespace) -> int:
    from bot import executor_main, logs, settings

    logs.configure()
    executor_main.run(settings.load(arguments.config, only=executor_main.VARIABLES))
    return 0


def _ingest(arguments: argparse.Namespace) -> int:
    from bot.commands import ingest

    return ingest.run(
        arguments.config,
        arguments.paths,
        dry_run=arguments.dry_run,
        rebuild=arguments.rebuild,
        delete_missing=arguments.delete_missing,
        as_json=arguments.json,
    )


def _documents_list(arguments: argparse.Namespace) -> int:
    from bot.commands import documents

    return documents.list_them(
        arguments.config,
        words=" ".join(arguments.words),
        kind=arguments.kind,
        quarantined=arguments.quarantined,
        as_json=arguments.json,
    )


def _documents_show(arguments: argparse.Namespace) -> int:
    from bot.commands import documents

    return documents.show(arguments.config, arguments.id, as_json=arguments.json)


def _documents_remove(arguments: argparse.Namespace) -> int:
    from bot.commands import documents

    return documents.remove(
        arguments.config, arguments.ids, dry_run=arguments.dry_run, as_json=arguments.json
    )


def _documents_release(arguments: argparse.Namespace) -> int:
    from bot.commands import documents

    return documents.release(arguments.config, arguments.id, as_json=arguments.json)


def _documents_export(arguments: argparse.Namespace) -> int:
    from bot.commands import documents

    return documents.export(arguments.config, arguments.file)


def _search(arguments: argparse.Namespace) -> int:
    from bot.commands import search

    return search.run(arguments.config, arguments.query, arguments.k, as_json=arguments.json)


def _catalogue_check(arguments: argparse.Namespace) -> int:
    from bot.commands import catalogue

    return catalogue.check(arguments.config, arguments.file, strict=arguments.strict, as_json=arguments.json)


def _catalogue_diff(arguments: argparse.Namespace) -> int:
    from bot.commands import catalogue

    return catalogue.diff(arguments.config, as_json=arguments.json)


def _catalogue_schema(arguments: argparse.Namespace) -> int:
    from bot.commands import catalogue

    return catalogue.schema()


def _audit_verify(arguments: argparse.Namespace) -> int:
    from bot.commands import audit

    return audit.verify(arguments.config, arguments.head, as_json=arguments.json)


def _audit_export(arguments: argparse.Namespace) -> int:
    from bot.commands import audit

    return audit.export(arguments.config, arguments.file, arguments.since, as_csv=arguments.csv)


def _audit_tail(arguments: argparse.Namespace) -> int:
    from bot.commands import audit

    return audit.tail(arguments.config, arguments.n, follow=arguments.f)


def _eval_retrieval(arguments: argparse.Namespace) -> int:
    from bot.commands import evaluate

    return evaluate.retrieval(arguments.corpus, arguments.queries, arguments.rankings, as_json=arguments.json)


def _eval_noise(arguments: argparse.Namespace) -> int:
    from bot.commands import evaluate

    return evaluate.noise(arguments.alerts, arguments.topology, arguments.decisions, as_json=arguments.json)


def _freeze(arguments: argparse.Namespace) -> int:
    from bot.commands import freeze

    return freeze.run(arguments.config, " ".join(arguments.reason))


def _noise(arguments: argparse.Namespace) -> int:
    from bot.commands import noise

    return noise.run(arguments.config, arguments.since, as_one_object=arguments.json)


def _replay(arguments: argparse.Namespace) -> int:
    from bot.commands import replay

    return replay.run(
        arguments.config, arguments.file, arguments.rules, arguments.since, as_json=arguments.json
    )


def _backup(arguments: argparse.Namespace) -> int:
    from bot.commands import backup

    return backup.run(arguments.config, arguments.file, as_json=arguments.json)


def _restore(arguments: argparse.Namespace) -> int:
    from bot.commands import restore

    return restore.run(arguments.config, arguments.file, dry_run=arguments.dry_run, as_json=arguments.json)


def _migrate(arguments: argparse.Namespace) -> int:
    from bot.commands import migrate

    return migrate.run(
        arguments.config,
        dry_run=arguments.dry_run,
        no_backup=arguments.no_backup,
        as_json=arguments.json,
    )


if __name__ == "__main__":
    sys.exit(main())
