"""An output in the thread: whatever Slack loses or refuses, each line is shown once; a long one is a file."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.announcements import (
    announce_incident,
    announce_output,
    announce_output_end,
    incident_key,
    output_key,
)
from bot.domain.proposal import Execution, ProposalState
from bot.playground.workspace.faults import Faults
from bot.slack.streaming import Streaming
from tests.adapters.store.build import proposal
from tests.post_office import PostOffice, post_office
from tests.wire import wired
from tests.world import CHANNEL, ON_CALL, text_of


class Press:
    """An action that prints, and the outbox that shows it; its clock goes on by itself at each look."""

    def __init__(self, office: PostOffice) -> None:
        self.office = office
        self._at, self._line = 0.0, 0
        self.said = ""
        with office.store.begin() as tx:
            made = proposal(tx)
            tx.proposals.prepared(made.id, {"undo": {"none": "no"}}, "d" * 64, "")
            tx.proposals.move(made.id, (ProposalState.PROPOSED,), ProposalState.SIGNED)
            assert tx.proposals.claim(made.id, "fence")
            announce_incident(tx, made.incident_id)
        self.proposal = made
        office.outbox._streaming = Streaming(office.store, office.client, lambda: self._at)

    def prints(self, width: int = 0) -> None:
        self._line += 1
        text = f"line {self._line}{' .' * width}\n"
        self.said += text
        with self.office.store.begin() as tx:
            assert tx.executions.emit(self.proposal.id, "fence", text)
            announce_output(tx, self.proposal)

    def ends(self) -> None:
        with self.office.store.begin() as tx:
            run = Execution(self.proposal.id, "fence", tx.now, exit_code=0, output=self.said)
            assert tx.proposals.finish(run)
            tx.proposals.move(self.proposal.id, (ProposalState.EXECUTING,), ProposalState.SUCCEEDED)
            announce_output_end(tx, self.proposal, self.said)

    async def look(self, times: int = 1) -> None:
        for _ in range(times):
            self._at += 5
            await self.office.send(after=40)

    def shown(self) -> dict[str, Any]:
        """The one message of the output."""
        found = [m for m in self.office.place.messages(CHANNEL) if "prints" in text_of(m.get("blocks", []))]
        found += [m for m in self.office.place.messages(CHANNEL) if "printed" in text_of(m.get("blocks", []))]
        (message,) = found
        return message

    def lines(self) -> list[int]:
        """The numbers of the lines that it shows, in order."""
        return [int(number) for number in re.findall(r"line (\d+)", text_of(self.shown()["blocks"]))]


@pytest_asyncio.fixture
async def press(tmp_path: Path) -> AsyncIterator[Press]:
    async with post_office(tmp_path) as office:
        office.place._core.team.add([ON_CALL])
        made = Press(office)
        recipient = made.proposal.proposer.user_id
        office.place._core.team.people.setdefault(recipient, ON_CALL)
        yield made


TROUBLE: dict[str, Callable[[Faults], None]] = {
    "none": lambda faults: None,
    "the start is refused": lambda faults: faults.fail("chat.startStream", "unknown_method"),
    "the answer to the start is lost": lambda faults: faults.drop_answer("chat.startStream"),
    "the answer to a piece is lost": lambda faults: faults.drop_answer("chat.appendStream"),
    "a piece is refused": lambda faults: faults.fail("chat.appendStream", "message_not_in_streaming_state"),
    "too many pieces": lambda faults: faults.rate_limit("chat.appendStream"),
    "the end is refused": lambda faults: faults.fail("chat.stopStream", "message_not_in_streaming_state"),
    "the answer to the last edit is lost": lambda faults: faults.drop_answer("chat.update"),
}


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE.keys())
async def test_each_line_is_shown_once(press: Press, trouble: Callable[[Faults], None]) -> None:
    """While it runs and at its end, in one message that is an ordinary one afterwards."""
    trouble(press.office.place.faults)
    for _ in range(3):
        press.prints()
        await press.look()
    await press.look(2)
    assert press.lines() == [1, 2, 3]
    press.prints()
    press.ends()
    await press.look(3)
    assert press.lines() == [1, 2, 3, 4]
    assert press.shown().get("streaming_state") != "in_progress"
    assert "printed" in text_of(press.shown()["blocks"])


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream"])
async def test_a_lost_answer_in_a_long_thread_shows_nothing_twice(press: Press, method: str) -> None:
    """Slack lists replies oldest first, a page at a time: the stream is found behind 250 others."""
    await press.office.send()
    root = press.office.post(incident_key(press.proposal.incident_id)).ts
    for number in range(250):
        await press.office.place.say(ON_CALL.id, CHANNEL, f"reply {number}", root)
    press.office.place.faults.drop_answer(method)
    for _ in range(2):
        press.prints()
        await press.look(2)
    assert press.lines() == [1, 2]
    assert press.office.calls("chat.startStream") == 1


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
async def test_an_answer_that_cannot_be_read_shows_nothing_twice(press: Press, method: str) -> None:
    """Slack took it and answered broken JSON: it is in doubt, is looked for, and holds nobody up."""
    async with wired(press.office.client) as wire:
        wire.garbled += [method, "conversations.replies"]
        press.prints()
        press.office.want("later", "later")
        await press.look()
        assert "later" in press.office.shown()
        if method == "chat.stopStream":
            press.ends()
            await press.look()
        post = press.office.post(output_key(press.proposal.id))
        assert (post.problem, post.in_doubt) == ("Slack's answer cannot be read", True)
        await press.look(3)
        press.prints() if method != "chat.stopStream" else None
        await press.look(3)
    assert press.lines() == ([1] if method == "chat.stopStream" else [1, 2])
    assert press.office.calls("chat.startStream") == 1


async def test_it_streams_where_slack_takes_that(press: Press) -> None:
    """Pieces are appended, no faster than Slack bears; what came meanwhile goes with the next one."""
    for _ in range(6):
        press.prints()
        await press.office.send(after=1)  # the clock of the throttle stands
    await press.look()
    assert press.lines() == [1, 2, 3, 4, 5, 6]
    assert (press.office.calls("chat.startStream"), press.office.calls("chat.appendStream")) == (1, 2)
    assert press.office.calls("chat.update") == 0


@pytest.mark.parametrize("lost", [False, True])
async def test_a_long_output_is_a_file_once(press: Press, lost: bool) -> None:
    """More than a message bears is edited to its newest part, and all of it is one file in the thread."""
    if lost:
        press.office.place.faults.drop_answer("files.completeUploadExternal")
    for _ in range(6):
        press.prints(width=1000)
        await press.look()
    press.ends()
    await press.look(5)
    assert press.lines()[-1] == 6 and press.lines()[0] > 1
    files = [f for m in press.office.place.messages(CHANNEL) for f in m.get("files", [])]
    assert [file["name"] for file in files] == [f"P{press.proposal.id}-output.txt"]
    content = press.office.place._core.files.get(files[0]["id"]).content
    assert content == press.said.encode()
    assert press.office.post(output_key(press.proposal.id)).sent > 0
