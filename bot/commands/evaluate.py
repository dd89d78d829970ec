"""`vigie eval`: runs the product's own code on the caller's data and prints what came of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bot.evaluate.lines import write_lines


def retrieval(corpus: Path, queries: Path, out: Path | None, *, as_json: bool) -> int:
    """Print recall and MRR by source and their means; write the rankings where asked."""
    from bot.evaluate import retrieval as retrieval_module

    report = retrieval_module.evaluate(corpus, queries, _progress)
    if out:
        write_lines(out, retrieval_module.rankings(report))
    summary = report.summary()
    if as_json:
        print(json.dumps(summary))
        return 0
    print(f"{'source':<24}{'queries':>9}{'recall@1':>10}{'recall@5':>10}{'mrr@10':>9}")
    for source, scores in report.by_source().items():
        _print_scores(source or "(all documents)", scores)
    if summary["scored"]:
        _print_scores("mean over sources", {"queries": summary["scored"], **_means(summary)})
    for note in report.notes:
        print(f"note: {note}", file=sys.stderr)
    return 0


def noise(alerts: Path, topology: Path | None, out: Path | None, *, as_json: bool) -> int:
    """Print what was absorbed and how well it agrees with the truth; write each decision where asked."""
    from bot.evaluate import noise as noise_module

    report = noise_module.evaluate(alerts, topology, _progress)
    if out:
        write_lines(out, report.decisions())
    summary = report.summary()
    if as_json:
        print(json.dumps(summary))
        return 0
    for name in ("deliveries", "firing", "incidents", "notifications", "causes", "missed"):
        print(f"{name:<16}{_shown(summary[name]):>10}")
    for name in ("absorbed", "ari", "percause", "noiseshare", "unheard"):
        print(f"{name:<16}{_shown(summary[name]):>10}")
    decisions = summary["decisions"]
    assert isinstance(decisions, dict)
    print("decisions       " + ", ".join(f"{kind} {many}" for kind, many in decisions.items()))
    for note in report.notes:
        print(f"note: {note}", file=sys.stderr)
    return 0


def diagnosis(incidents: Path, history: Path | None, out: Path | None, *, as_json: bool) -> int:
    """Print how well past incidents tell causes; write what they say of each incident where asked."""
    from bot.evaluate import diagnosis as diagnosis_module
    from bot.evaluate.diagnosis_scores import TERMS

    report = diagnosis_module.evaluate(incidents, history, _progress)
    if out:
        write_lines(out, report.predictions())
    summary = report.summary()
    if as_json:
        print(json.dumps(summary))
        return 0
    for name in ("incidents", "scored", "history", "causes", "never_seen", *TERMS):
        print(f"{name:<20}{_shown(summary[name]):>10}")
    for note in report.notes:
        print(f"note: {note}", file=sys.stderr)
    return 0


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _means(summary: dict[str, object]) -> dict[str, object]:
    return {name: summary[name] for name in ("recall@1", "recall@5", "mrr@10")}


def _print_scores(name: str, scores: dict[str, object] | dict[str, float]) -> None:
    print(
        f"{name:<24}{scores['queries']:>9.0f}{scores['recall@1']:>10.3f}"
        f"{scores['recall@5']:>10.3f}{scores['mrr@10']:>9.3f}"
    )


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text[:78]:<78}", end="", file=sys.stderr, flush=True)
