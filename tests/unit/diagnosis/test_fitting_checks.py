"""Which checks a question about an incident reads, in English and French, and which ones read nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.evidence import EvidenceKind
from bot.domain.tool import Argument, Expectation, Reading, Tool, ToolKind, Use
from bot.stages.fitting_checks import fitting_checks
from bot.stages.resting import fitting_actions
from tests.unit.diagnosis.builders import INCIDENT, INVENTORY, NOW, WORKER, evidence, tool

READS = Reading("/value", Expectation("at_most", 5))
CHECK = ToolKind.CHECK
QUEUE = tool("queue_depth", CHECK, title="Orders that wait", reads=READS)
DISK = tool("disk_in_use", CHECK, title="Share of the disk in use", reads=READS)
CACHE = tool("cache_answers", CHECK, WORKER, title="Does the cache answer?", reads=READS)
LOG = tool("worker_log", CHECK, title="The end of the log")
GREP = tool("grep", CHECK, Argument("words", "pattern", pattern=".*"), title="Search the log for words")
MAIL = tool("mail_queue", CHECK, title="Mails that wait", services=("mail",))
RESTART = tool(
    "restart_cache",
    title="Restart the cache",
    precondition=Use("cache_answers"),
    verification=Use("disk_in_use"),
)
TOOLS = {one.name: one for one in (QUEUE, DISK, CACHE, LOG, GREP, MAIL, RESTART)}
ALL = [QUEUE.name, DISK.name, CACHE.name]


def wanted(question: str, *wrong: Tool, most: int = 3) -> list[str]:
    """The names, where those checks were seen to be wrong."""
    seen = [
        evidence(f"E{n}", EvidenceKind.CHECK, one.name, tool=one.name, verdict="faulty")
        for n, one in enumerate(wrong, 1)
    ]
    actions = fitting_actions(INCIDENT, TOOLS, question)
    found = fitting_checks(question, NOW, INCIDENT, TOOLS, INVENTORY, seen, actions, most)
    return [one.tool.name for one in found]


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("is the queue still growing?", ["queue_depth"]),
        ("le disque est-il toujours plein ?", ["disk_in_use"]),
        ("la file d’attente grossit encore ?", ["queue_depth"]),
        ("combien de commandes attendent ?", ["queue_depth"]),
        ("how full are the disks?", ["disk_in_use"]),
        ("is the queue still as long as it was at noon, and the disk full?", ["disk_in_use", "queue_depth"]),
        ("montre-moi le journal", ["worker_log"]),
        ("why is the cache slow?", ["cache_answers"]),
        ("can you check the disk again?", ["disk_in_use"]),
        ("did the queue get any shorter?", ["queue_depth"]),
        ("le cache est-il ok ?", ["cache_answers"]),
    ],
)
def test_what_a_question_names_is_read(question: str, names: list[str]) -> None:
    """By the words that name, title and value of a check share with it, in either language."""
    assert wanted(question) == names


@pytest.mark.parametrize(
    "question",
    [
        "what changed since noon?",
        "what happened to the queue?",
        "qu’est-ce qui s’est passé sur le disque ?",
        "was the disk full yesterday?",
        "have we seen this queue before?",
        "le disque était-il plein hier ?",
        "when did the queue grow?",
        "who restarts the cache?",
        "qui s’occupe du cache ?",
        "how do I empty the queue?",
        "comment purger la file ?",
        "is the deployment still running?",
        "le déploiement est-il encore en cours ?",
        "are mails still waiting?",
        "is there a runbook for the queue?",
        "why?",
        "thanks!",
        "",
    ],
)
def test_what_no_check_answers_reads_nothing(question: str) -> None:
    """The past, people, how something is done, what no check of this service names."""
    assert wanted(question, QUEUE) == []


@pytest.mark.parametrize(
    "question",
    [
        "is it still broken?",
        "and now?",
        "et maintenant ?",
        "est-ce que ça va mieux ?",
        "c’est réparé ?",
        "are the orders ok?",
        "status?",
        "is it up?",
        "please check again",
        "ça empire ?",
        "toujours en panne ?",
    ],
)
def test_how_things_are_is_told_by_what_was_wrong(question: str) -> None:
    """The checks that showed the fault; before any did, those that have a value."""
    words = {"orders": [QUEUE.name]}
    names = next((found for word, found in words.items() if word in question), None)
    assert wanted(question, DISK) == (names or [DISK.name])
    assert sorted(wanted(question)) == sorted(names or ALL)


@pytest.mark.parametrize("question", ["et si on redémarrait le cache ?", "should we restart the cache?"])
def test_an_action_that_is_asked_about_brings_its_own_checks(question: str) -> None:
    """What has to hold before it, and what would tell that it helped; never the action itself."""
    assert wanted(question) == ["cache_answers", "disk_in_use"]


@pytest.mark.attack("P11")
@pytest.mark.parametrize(
    "question", ["grep the log for password now", "search the log words=.* now", "is grep still there?"]
)
def test_no_word_of_a_question_becomes_an_argument(question: str) -> None:
    """What a person would have to choose is not read; the others have what the catalogue says."""
    found = fitting_checks(question, NOW, INCIDENT, TOOLS, INVENTORY, [])
    assert GREP.name not in [one.tool.name for one in found]
    told = fitting_checks("is worker mail-worker's cache down now?", NOW, INCIDENT, TOOLS, INVENTORY, [])
    assert [dict(one.arguments) for one in told if one.tool is CACHE] == [{"worker": "orders-worker"}]


@pytest.mark.parametrize(
    "question", ["is the cache and the queue and the disk ok now?", "is it still broken?"]
)
def test_one_question_reads_few(question: str) -> None:
    """So many and no more, what was wrong first; of more that were all well none is picked."""
    assert len(wanted(question, QUEUE, DISK, CACHE, most=2)) == 2
    assert wanted(question, CACHE, most=1) == [CACHE.name]
    assert wanted("is it still broken?", most=2) == []


def test_only_checks_of_the_incidents_service_and_environment_are_read() -> None:
    """Neither another service's, nor one of another environment, nor an action, however well it fits."""
    elsewhere = replace(QUEUE, environments=("staging",))
    action = replace(QUEUE, kind=ToolKind.ACTION)
    for one in (MAIL, elsewhere, action):
        question = f"is the {one.title} still there?"
        assert fitting_checks(question, NOW, INCIDENT, {one.name: one}, INVENTORY, []) == []


HOST = tool("disk_of_host", CHECK, Argument("host", "reference", inventory="hosts"), title="Disk of the host")
HERE: dict[str, object] = {"services": ["orders"]}
HOSTS: dict[str, dict[str, object]] = {
    "web-1": HERE,
    "web-2": HERE | {"environments": ["production", "staging"]},
    "old-1": HERE | {"environments": ["staging"]},
    "mail-1": {"services": ["mail"]},
    "any-1": {},
}


def hosts(*labels: str, **more: dict[str, object]) -> list[object]:
    """The hosts whose disks are read where the incident's alerts say this."""
    inventory = {"hosts": HOSTS | more}
    question = "is the disk still full?"
    found = fitting_checks(question, NOW, INCIDENT, {HOST.name: HOST}, inventory, [], labels=labels)
    return [one.arguments["host"] for one in found]


def test_each_of_few_hosts_is_read_or_the_one_that_the_alert_names() -> None:
    """By its id in the signed inventory, also with a port behind it; of very many none is guessed."""
    assert hosts() == ["web-1", "web-2"]
    assert hosts("critical", "web-2:9100") == ["web-2"]
    assert hosts(**{"web-3": HERE, "web-4": HERE}) == []
    assert hosts("web-4", **{"web-3": HERE, "web-4": HERE}) == ["web-4"]


@pytest.mark.attack("A5")
@pytest.mark.parametrize("label", ["mail-1", "old-1", "any-1", "web-1; id", "WEB-1", "web-1\n", ""])
def test_a_label_names_no_host_of_others_and_nothing_new(label: str) -> None:
    """It chooses among the rows of the incident's service and environment, or nothing at all."""
    assert hosts(label) == ["web-1", "web-2"]
