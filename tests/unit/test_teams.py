"""Who counts as a team: a channel by its name in vigie.toml, a person by a user group, and nobody by
mistake.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from bot.domain.person import Person
from bot.errors import MembershipUnknown, Misconfigured
from bot.settings import load
from bot.slack import incidents_channel
from bot.slack.incidents_channel import IncidentsChannel
from bot.slack.teams import KEPT_S, UNKNOWN, UNPLACED, Team, Teams

TEAMS = {
    "payments": Team(frozenset({"C0PAY"}), "payments", frozenset({"U0HAND"})),
    "security": Team(frozenset({"C0SEC"})),
}
NAMED = frozenset({"payments", "security", "@sre"})


class Slack:
    """User groups that change, and may not answer."""

    def __init__(self) -> None:
        self.groups = {"payments": {"U0PAY"}, "sre": {"U0SRE"}}
        self.asked: list[frozenset[str]] = []
        self.silent = False

    def members(self, handles: Collection[str]) -> Mapping[str, frozenset[Person]]:
        self.asked.append(frozenset(handles))
        if self.silent:
            raise MembershipUnknown("Slack is silent.")
        return {
            handle: frozenset(Person("T0", user) for user in self.groups[handle])
            for handle in handles
            if handle in self.groups
        }


@pytest.mark.attack("C7")
@pytest.mark.parametrize(
    ("readers", "counts_as"),
    [
        ({"C0PAY"}, {"payments"}),
        ({"C0SEC"}, {"security"}),
        ({"U0HAND"}, {"payments"}),
        ({"U0PAY"}, {"payments"}),
        ({"U0SRE"}, {"@sre"}),
        ({"C0OTHER"}, set()),
        ({"U0OTHER"}, set()),
        ({"payments", "@sre", "sre"}, set()),
    ],
)
def test_who_belongs(readers: set[str], counts_as: set[str]) -> None:
    """Channels and people of a team, members of its group, members of a group that is named itself."""
    assert Teams(TEAMS, Slack()).of(frozenset(readers), NAMED) == (frozenset(counts_as), "")


@pytest.mark.attack("C7")
def test_a_channel_is_no_person() -> None:
    """Everybody in a channel reads: that some of them are in a group opens nothing, and Slack is not
    asked.
    """
    slack = Slack()
    slack.groups["payments"] = {"C0OTHER"}
    assert Teams(TEAMS, slack).of(frozenset({"C0OTHER"}), NAMED) == (frozenset(), "")
    assert slack.asked == []


def test_slack_is_asked_only_for_groups_that_a_document_names() -> None:
    """No limit, no question; and a handle is asked for once a minute."""
    slack, now = Slack(), [0.0]
    teams = Teams(TEAMS, slack, lambda: now[0])
    reader = frozenset({"U0SRE"})
    assert teams.of(reader, frozenset({"security", "C0SEC"})) == (frozenset(), "")
    assert slack.asked == []
    assert (
        teams.of(reader, frozenset({"@sre"}))
        == teams.of(reader, frozenset({"@sre"}))
        == (
            frozenset({"@sre"}),
            "",
        )
    )
    assert slack.asked == [{"sre"}]
    slack.groups["sre"] = set()
    now[0] += KEPT_S + 1
    assert teams.of(reader, frozenset({"@sre"})) == (frozenset(), "")


@pytest.mark.attack("C7")
def test_a_silent_slack_opens_nothing() -> None:
    """What is for user groups is left out and said to be; what vigie.toml itself says still holds."""
    slack, now = Slack(), [0.0]
    teams = Teams(TEAMS, slack, lambda: now[0])
    assert teams.of(frozenset({"U0SRE"}), NAMED)[0] == {"@sre"}
    slack.silent = True
    now[0] += KEPT_S + 1
    assert teams.of(frozenset({"U0SRE", "U0HAND"}), NAMED) == (
        frozenset({"payments"}),
        UNKNOWN,
    )


class Place:
    """What Slack calls the channel that vigie.toml names, and whether it answers."""

    def __init__(self, configured: str, other: str) -> None:
        self.other, self.silent, self.asked, self.now = other, False, 0, 0.0
        self.channel = IncidentsChannel(configured, self.look_up, lambda: self.now)

    def look_up(self, configured: str) -> str:
        self.asked += 1
        if self.silent:
            raise OSError("Slack is silent.")
        return self.other

    def counts_as(self, readers: set[str], named: set[str]) -> tuple[frozenset[str], str]:
        teams = {"operations": Team(frozenset({"C0INC"}))}
        return Teams(teams, Slack(), home=self.channel.names).of(frozenset(readers), frozenset(named))


ROOMS = {"incidents", "C0INC", "#alarms", "#incidents", "#secret", "operations"}


@pytest.mark.attack("C7")
@pytest.mark.parametrize(
    ("configured", "other"), [("alarms", "C0INC"), ("#alarms", "C0INC"), ("C0INC", "alarms")]
)
@pytest.mark.parametrize("readers", [{"incidents"}, {"C0INC"}, {"C0INC", "U0PAY"}, {"incidents", "C0INC"}])
def test_the_channel_of_incidents_is_known_by_role_id_and_name(
    configured: str, other: str, readers: set[str]
) -> None:
    """Whichever of them vigie.toml, a document and the question use; and by nothing else."""
    found, untold = Place(configured, other).counts_as(readers, ROOMS)
    assert (set(found), untold) == ({"incidents", "C0INC", "#alarms", "operations"}, "")


@pytest.mark.attack("C7")
@pytest.mark.parametrize(
    "readers", [{"C0OTHER"}, {"C0OTHER", "U0PAY"}, {"U0PAY"}, {"D0DIRECT", "U0PAY"}, {"#alarms"}, set()]
)
def test_what_is_for_the_channel_of_incidents_is_for_no_other(readers: set[str]) -> None:
    """No other channel, no direct messages, and nobody who only says its name."""
    assert Place("alarms", "C0INC").counts_as(readers, ROOMS) == (frozenset(), "")


@pytest.mark.attack("C7")
def test_another_channel_that_takes_the_name_or_had_it_is_not_it() -> None:
    """What Slack says now counts, soon after a channel was renamed."""
    place = Place("alarms", "C0INC")
    assert place.counts_as({"C0INC"}, {"incidents"})[0] == {"incidents"}
    place.other = "C0NEW"
    place.now += incidents_channel.KEPT_S
    assert place.counts_as({"C0INC"}, {"incidents"}) == (frozenset(), "")
    assert place.counts_as({"C0NEW"}, {"incidents"})[0] == {"incidents"}


@pytest.mark.attack("C7")
def test_a_silent_slack_makes_no_channel_that_of_incidents() -> None:
    """What was known before does not count; its role and what vigie.toml names still do, and it is said."""
    place = Place("alarms", "C0INC")
    assert place.counts_as({"C0INC"}, {"incidents"})[0] == {"incidents"}
    place.silent, place.now = True, incidents_channel.KEPT_S
    assert place.counts_as({"C0INC"}, {"incidents"}) == (frozenset(), UNPLACED)
    assert place.counts_as({"incidents"}, {"incidents", "#alarms", "C0INC"})[0] == {"incidents", "#alarms"}
    by_id = Place("C0INC", "alarms")
    by_id.silent = True
    assert by_id.counts_as({"C0INC"}, {"incidents"}) == (frozenset({"incidents"}), "")


def test_slack_is_asked_for_the_channel_of_incidents_only_where_it_matters() -> None:
    """Not for people, not where no document names it; once in some minutes, and soon again when it was
    silent.
    """
    place = Place("alarms", "C0INC")
    place.counts_as({"U0PAY"}, ROOMS)
    place.counts_as({"C0PAY"}, {"payments", "C0PAY", "@sre"})
    assert place.asked == 0
    for _ in range(3):
        place.counts_as({"C0PAY"}, {"incidents"})
    assert place.asked == 1
    place.silent, place.now = True, incidents_channel.KEPT_S
    place.counts_as({"C0PAY"}, {"incidents"})
    place.counts_as({"C0PAY"}, {"incidents"})
    assert place.asked == 2
    place.now += incidents_channel.AGAIN_S
    place.counts_as({"C0PAY"}, {"incidents"})
    assert place.asked == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[knowledge.limits]\ns = ['paymnts']", "no team of"),
        ("[knowledge.limits]\ns = []", "names nobody"),
        ("[knowledge.teams.incidents]\nchannels = ['C0PAY']", "Choose another"),
        ("[knowledge.teams.payments]\nchannels = ['#payments']", "knowledge.teams.payments.channels"),
        ("[knowledge.teams.payments]\npeople = ['T0/U0PAY']", "knowledge.teams.payments.people"),
    ],
)
def test_a_limit_that_nobody_could_meet_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """A slip in a name would hide a folder from everybody, or from nobody."""
    (tmp_path / "vigie.toml").write_text(text)
    with pytest.raises(Misconfigured, match=says.replace("[", r"\[")):
        load(tmp_path / "vigie.toml", {})


def test_what_can_be_named_in_a_limit(tmp_path: Path) -> None:
    """Channels, people, user groups, teams, and the channel of incidents."""
    limits = "s = ['C0SEC', 'U0N3A', '@sre', 'payments', 'incidents']"
    text = f"[knowledge.limits]\n{limits}\n[knowledge.teams.payments]\nusergroup = '@payments'"
    (tmp_path / "vigie.toml").write_text(text)
    assert load(tmp_path / "vigie.toml", {}).knowledge_limits["s"][-1] == "incidents"
