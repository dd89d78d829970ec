"""The command line `vigie`: parses, calls, and turns errors into one sentence and an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bot import last_words
from bot.command_line import Run, parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    last_words.guard()
    arguments = parser(RUNS).parse_args(argv)
    from bot.errors import VigieError
    from knowledge.errors import KnowledgeError

    run: Run = arguments.run
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

    from bot import collector, logs, settings

    with collector.loading():
        logs.configure()
        read = settings.load(arguments.config)  # what is wrong in the file is said before the rest is loaded
        from bot.commands.doctor.start import refuse_half_finished

        asyncio.run(refuse_half_finished(read, arguments.config))
        from bot import app

    asyncio.run(app.serve(read, arguments.config.resolve()))
    return 0


def _executor(arguments: argparse.Namespace) -> int:
    from bot import collector

    with collector.loading():
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
        stale=arguments.stale,
        as_json=arguments.json,
    )


def _documents_show(arguments: argparse.Namespace) -> int:
    from bot.commands import documents

    return documents.show(arguments.config, arguments.id, as_json=arguments.json)


def _documents_remove(arguments: argparse.Namespace) -> int:
    from bot.commands import documents

    return documents.remove(
        arguments.config,
        arguments.ids,
        why=arguments.why,
        dry_run=arguments.dry_run,
        as_json=arguments.json,
    )


def _documents_questions(arguments: argparse.Namespace) -> int:
    from bot.commands import curation

    return curation.questions(arguments.config, as_json=arguments.json)


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


def _eval_diagnosis(arguments: argparse.Namespace) -> int:
    from bot.commands import evaluate

    return evaluate.diagnosis(
        arguments.incidents, arguments.history, arguments.predictions, as_json=arguments.json
    )


def _eval_noise(arguments: argparse.Namespace) -> int:
    from bot.commands import evaluate

    return evaluate.noise(arguments.alerts, arguments.topology, arguments.decisions, as_json=arguments.json)


def _eval_model(arguments: argparse.Namespace) -> int:
    from bot.commands import evaluate_model

    return evaluate_model.model(
        arguments.config,
        arguments.cases,
        repeats=arguments.repeats,
        recorded=arguments.recorded,
        at_least=arguments.at_least,
        as_json=arguments.json,
    )


def _eval_record(arguments: argparse.Namespace) -> int:
    from bot.commands import evaluate_model

    return evaluate_model.record(
        arguments.config, arguments.incident, arguments.folder, as_json=arguments.json
    )


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


def _transcript(arguments: argparse.Namespace) -> int:
    from bot.commands import transcript

    return transcript.run(arguments.config, arguments.incident, as_json=arguments.json)


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


RUNS: dict[str, Run] = {
    "demo": _demo,
    "init": _init,
    "doctor": _doctor,
    "serve": _serve,
    "executor": _executor,
    "ingest": _ingest,
    "documents list": _documents_list,
    "documents show": _documents_show,
    "documents remove": _documents_remove,
    "documents release": _documents_release,
    "documents questions": _documents_questions,
    "documents export": _documents_export,
    "search": _search,
    "catalogue check": _catalogue_check,
    "catalogue diff": _catalogue_diff,
    "catalogue schema": _catalogue_schema,
    "audit verify": _audit_verify,
    "audit export": _audit_export,
    "audit tail": _audit_tail,
    "eval retrieval": _eval_retrieval,
    "eval diagnosis": _eval_diagnosis,
    "eval noise": _eval_noise,
    "eval model": _eval_model,
    "eval record": _eval_record,
    "freeze": _freeze,
    "noise": _noise,
    "replay": _replay,
    "transcript": _transcript,
    "backup": _backup,
    "restore": _restore,
    "migrate": _migrate,
}


if __name__ == "__main__":
    sys.exit(main())
