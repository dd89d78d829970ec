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
    ingest.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    ingest.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    ingest.add_argument("--rebuild", action="store_true", help="embed every document again")
    ingest.add_argument("--delete-missing", action="store_true", help="remove documents whose file is gone")
    ingest.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    search = _config(add("search", "what retrieval returns, with scores and sources", _search))
    search.add_argument("query", metavar="QUERY")
    search.add_argument("-k", type=int, default=5, metavar="N", help="how many passages (default: 5)")
    search.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    catalogue = add("catalogue", "the whitelist of tools", _nothing).add_subparsers(required=True)
    check = catalogue.add_parser("check", help="validate it and print each tool as N3 will see it")
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: the one of vigie.toml")
    _config(check).set_defaults(run=_catalogue_check)
    audit = add("audit", "the audit log", _nothing).add_subparsers(required=True)
    verify = audit.add_parser(
        "verify", help="recompute the chain; exit 1 and the first broken event if it fails"
    )
    _config(verify).set_defaults(run=_audit_verify)
    freeze = _config(add("freeze", "nothing new is executed until an N3 lifts it in Slack", _freeze))
    freeze.add_argument("reason", nargs="*", metavar="REASON", help="shown in Slack")
    _add_noise(add)
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


def _add_noise(add: Callable[..., argparse.ArgumentParser]) -> None:
    replay = _config(add("replay", "the past through today's rules and through changed ones", _replay))
    replay.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="an export (default: what is in the store)"
    )
    replay.add_argument("--rules", type=Path, metavar="FILE", help="a changed vigie.toml, to compare with")
    replay.add_argument("--since", default="30d", metavar="SPAN", help="of the store (default: 30d)")
    replay.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    noise = _config(add("noise", "what was absorbed and why; exit 1 if anything critical was hidden", _noise))
    noise.add_argument(
        "--since", default="24h", metavar="SPAN", help="how far back, such as 7d (default: 24h)"
    )
    noise.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


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


def _search(arguments: argparse.Namespace) -> int:
    from bot.commands import search

    return search.run(arguments.config, arguments.query, arguments.k, as_json=arguments.json)


def _catalogue_check(arguments: argparse.Namespace) -> int:
    from bot.commands import catalogue

    return catalogue.check(arguments.config, arguments.file)


def _audit_verify(arguments: argparse.Namespace) -> int:
    from bot.commands import audit

    return audit.verify(arguments.config)


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
