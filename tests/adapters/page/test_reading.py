"""What a person has read and what not, and how the list is divided: days, authors, news."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _in_general(desk: Any, text: str, thread: str | None = None) -> str:  # noqa: ANN401
    answer = await desk.client.chat_postMessage(channel="C0GENERAL", text=text, thread_ts=thread)
    return str(answer["ts"])


async def test_unread_is_bold_and_only_what_calls_me_is_counted(page: Page, desk: Any) -> None:  # noqa: ANN401
    """News make a channel bold; a number stands there for mentions alone; opening it clears both."""
    general = page.locator("[data-channel=C0GENERAL]")
    await _in_general(desk, "one")
    await expect(general).to_have_class("channel unread")
    await expect(general.locator(".count")).to_have_count(0)
    for call in ("<@U0ONCALL> look", "<!here> look", "<@U0N3A> look"):
        await _in_general(desk, call)
    await expect(general.locator(".count")).to_have_text("2")
    await expect(page).to_have_title("(2) incidents | Workspace")
    await general.click()
    await expect(page.locator("#messages .message")).to_have_count(4)
    await expect(general).to_have_class("channel ")
    await expect(page).to_have_title("general | Workspace")


async def test_every_direct_message_is_counted(page: Page, desk: Any) -> None:  # noqa: ANN401
    """What the app says to one person alone calls that person."""
    await desk.client.chat_postMessage(channel="U0ONCALL", text="A signature waits for you")
    await expect(page.locator("[data-channel=D0ONCALL] .count")).to_have_text("1")


async def test_read_marks_belong_to_one_person_and_outlive_a_reload(page: Page, desk: Any) -> None:  # noqa: ANN401
    """What On-call read is still unread for N3 A; a reload forgets neither."""
    await _in_general(desk, "<!channel> news")
    general = page.locator("[data-channel=C0GENERAL]")
    await general.click()
    await page.click("[data-channel=C0INCIDENTS]")
    await page.reload()
    await expect(general).to_have_class("channel ")
    await page.select_option("#me", label="N3 A")
    await expect(general.locator(".count")).to_have_text("1")


async def test_a_line_stands_above_the_news(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Whoever comes back sees where they stopped; whoever is there while it arrives sees no line."""
    await _in_general(desk, "before")
    await page.click("[data-channel=C0GENERAL]")
    await expect(page.locator("#messages .message")).to_have_count(1)
    await page.click("[data-channel=C0INCIDENTS]")
    ts = await _in_general(desk, "after")
    await page.click("[data-channel=C0GENERAL]")
    await expect(page.locator("#messages .news + .message")).to_have_attribute("data-ts", ts)
    await page.click("[data-channel=C0INCIDENTS]")
    await desk.post(text="seen as it came")
    await expect(page.locator("#messages .message")).to_have_count(1)
    await expect(page.locator("#messages .news")).to_have_count(0)


async def test_unread_replies_are_counted_until_the_thread_is_opened(page: Page, desk: Any) -> None:  # noqa: ANN401
    """The root tells how many replies are new and when the last came; an open thread has none."""
    root = await desk.post(text="INC-1")
    for text in ("evidence", "diagnosis"):
        await desk.post(text=text, thread_ts=root)
    replies = page.locator("#messages .replies")
    await expect(replies).to_contain_text("2 replies")
    await expect(replies.locator(".fresh")).to_have_text("2 new")
    await expect(replies).to_contain_text("Last reply just now")
    await replies.click()
    await expect(replies.locator(".fresh")).to_have_count(0)
    await desk.post(text="seen at once", thread_ts=root)
    await expect(replies).to_contain_text("3 replies")
    await expect(replies.locator(".fresh")).to_have_count(0)


async def test_a_mention_in_a_thread_calls_too(page: Page, desk: Any) -> None:  # noqa: ANN401
    """A reply that names me counts at its channel until I have read the thread."""
    root = await _in_general(desk, "INC-2")
    await _in_general(desk, "<@U0ONCALL> please look", root)
    general = page.locator("[data-channel=C0GENERAL]")
    await expect(general.locator(".count")).to_have_text("1")
    await general.click()
    await page.click("#messages .replies")
    await expect(general.locator(".count")).to_have_count(0)


async def test_messages_of_one_author_are_grouped_under_one_day(page: Page, desk: Any) -> None:  # noqa: ANN401
    """The second of two in a row has no name of its own; another author starts anew; one line for the day."""
    for who, text in (("U0ONCALL", "a"), ("U0ONCALL", "b"), ("U0N3A", "c"), ("U0ONCALL", "d")):
        await desk.workspace.say(who, "C0INCIDENTS", text)
    rows = page.locator("#messages .message")
    await expect(rows).to_have_count(4)
    joined = await rows.evaluate_all("all => all.map(row => row.classList.contains('joined'))")
    assert joined == [False, True, False, False]
    await expect(page.locator("#messages .day")).to_have_text(["Today"])
    await expect(page.locator("#messages .who b")).to_have_text(["On-call", "N3 A", "On-call"])


async def test_a_guest_sees_only_the_channels_they_are_in(page: Page) -> None:
    """A guest without channels is left with the app."""
    await page.select_option("#me", label="Guest")
    await expect(page.locator("#sidebar .channel .name")).to_have_text(["Vigie"])


async def test_a_streamed_answer_grows_in_place(page: Page, desk: Any) -> None:  # noqa: ANN401
    """It is one row that grows, tasks and text, marked as being written; the list stays at its end."""
    root = await desk.post(text="INC-1")
    for number in range(30):
        await desk.workspace.say("U0N3A", "C0INCIDENTS", f"line {number}", root)
    await page.click("#messages .replies")
    place = {"channel": "C0INCIDENTS"}
    whom = {"thread_ts": root} | {"recipient_team_id": "T0VIGIE", "recipient_user_id": "U0ONCALL"}
    task = {"type": "task_update", "id": "1", "title": "Read the log"}
    started = await desk.client.chat_startStream(**place, **whom, chunks=[task | {"status": "in_progress"}])
    ts = started["ts"]
    row = page.locator(f'#thread [data-ts="{ts}"]')
    await expect(row.locator(".task.in_progress")).to_contain_text("Read the log")
    await expect(row.get_by_label("Still writing")).to_be_visible()
    said = ""
    for words in ("It is", " the **lock**.\n\n", "More of it.\n\n" * 12):
        said += words
        await desk.client.chat_appendStream(**place, ts=ts, markdown_text=words)
        await expect(row.locator(".markdown")).to_contain_text(
            words.strip("\n *").split("\n")[0].replace("**", "")
        )
    await desk.client.chat_stopStream(**place, ts=ts, chunks=[task | {"status": "complete"}])
    await expect(row.locator(".task.complete")).to_be_visible()
    await expect(row.get_by_label("Still writing")).to_have_count(0)
    await expect(row).to_have_count(1)
    gap = await page.locator("#messages").evaluate(
        "box => box.scrollHeight - box.scrollTop - box.clientHeight"
    )
    assert gap < 2


async def test_whoever_reads_above_is_not_pulled_down(page: Page, desk: Any) -> None:  # noqa: ANN401
    """News leave the place where a person reads alone, and a button leads to the newest."""
    for number in range(40):
        await desk.workspace.say("U0N3A", "C0INCIDENTS", f"line {number}")
    await expect(page.locator("#messages .message")).to_have_count(40)
    await page.locator("#messages").evaluate("box => { box.scrollTop = 0; }")
    await expect(page.locator("#main .to-end")).to_be_visible()
    await desk.post(text="news")
    await expect(page.locator("#messages .message")).to_have_count(41)
    assert await page.locator("#messages").evaluate("box => box.scrollTop") == 0
    await page.click("#main .to-end")
    await expect(page.locator("#messages .message").last).to_be_in_viewport()
