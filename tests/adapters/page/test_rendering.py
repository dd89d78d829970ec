"""What stands in a message is shown as text and blocks, and never acts by itself."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.wire import until

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def _message(page: Page, ts: str, within: str = "#messages") -> Any:  # noqa: ANN401 - a Locator, generic in the stubs
    return page.locator(f'{within} [data-ts="{ts}"]')


def _section(text: str) -> list[dict[str, object]]:
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]


def _hostile_blocks() -> list[dict[str, object]]:
    parts = [
        {"type": "rich_text_section", "elements": [{"type": "text", "text": HOSTILE}]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": HOSTILE}]},
    ]
    return [
        *_section(HOSTILE),
        {"type": "header", "text": {"type": "plain_text", "text": HOSTILE}},
        {"type": "markdown", "text": HOSTILE},
        {"type": "table", "rows": [[{"type": "raw_text", "text": HOSTILE}]]},
        {"type": "data_visualization", "title": HOSTILE},
        {"type": "rich_text", "elements": parts},
    ]


async def test_markup_in_a_message_stays_text(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Script and image tags in any kind of block are read as letters: no element, no dialog."""
    blocks = _hostile_blocks()
    message = _message(page, await desk.post(blocks=blocks))
    drawn = message.locator(".block")
    await expect(drawn).to_have_count(len(blocks))
    for index in range(len(blocks)):
        await expect(drawn.nth(index)).to_contain_text("<script>alert(1)</script>")
    assert await message.locator("script, img, [onerror]").count() == 0


async def test_only_web_addresses_become_links(page: Page, desk: Any) -> None:  # noqa: ANN401
    """http and https become anchors that open elsewhere; javascript: and data: stay text."""
    text = (
        "<https://example.org/a?x=1&amp;y=2|good> <javascript:alert(1)|bad> <data:text/html,x|worse>"
        " <https://example.org/b>"
    )
    markdown = "[fine](https://example.org/c) [evil](javascript:alert`1`)"
    blocks = [*_section(text), {"type": "markdown", "text": markdown}]
    message = _message(page, await desk.post(blocks=blocks))
    await expect(message).to_contain_text("evil")
    anchors = message.locator("a")
    found = await anchors.evaluate_all("all => all.map(a => [a.href, a.target, a.rel])")
    wanted = ["https://example.org/a?x=1&y=2", "https://example.org/b", "https://example.org/c"]
    assert found == [[address, "_blank", "noopener noreferrer"] for address in wanted]


async def test_mrkdwn_is_styled(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Bold, italic, strike, code, fences, quotes, mentions and emoji come out as Slack draws them."""
    text = (
        "*bold* _slanted_ ~gone~ `a*b*c` <@U0N3A> <#C0INCIDENTS> <!channel> :lock: 2 * 3 * 4 &lt;b&gt;\n"
        "&gt; quoted\n```x = *1*```"
    )
    message = _message(page, await desk.post(blocks=_section(text)))
    for selector, content in {
        "strong": "bold",
        "em": "slanted",
        "s": "gone",
        "code": "a*b*c",
        "blockquote": "quoted",
        "pre": "x = *1*",
    }.items():
        await expect(message.locator(f".blocks {selector}")).to_have_text(content)
    await expect(message.locator(".mention")).to_have_text(["@N3 A", "#incidents", "@channel"])
    await expect(message.locator(".blocks svg.emoji")).to_have_attribute("aria-label", "lock")
    await expect(message).to_contain_text("2 * 3 * 4 <b>")


async def test_text_without_blocks_keeps_its_formatting(page: Page, desk: Any) -> None:  # noqa: ANN401
    """What was typed is drawn as mrkdwn, though the workspace stores rich text beside it."""
    message = _message(page, await desk.workspace.say("U0N3A", "C0INCIDENTS", "*Resolved* by a person"))
    await expect(message.locator("strong")).to_have_text("Resolved")


async def test_unknown_blocks_and_elements_are_shown_as_json(page: Page, desk: Any) -> None:  # noqa: ANN401
    """What the page cannot draw is never dropped: its name and its JSON are there to read."""
    blocks = [
        {"type": "data_visualization", "title": "Errors", "chart": {"type": "line"}},
        {
            "type": "actions",
            "elements": [{"type": "workflow_button", "text": {"type": "plain_text", "text": "go"}}],
        },
    ]
    message = _message(page, await desk.post(blocks=blocks))
    await expect(message.locator(".unknown figcaption")).to_have_text(
        ["Block “data_visualization” is not drawn here", "Element “workflow_button” is not drawn here"]
    )
    await expect(message.locator(".unknown pre").first).to_contain_text('"title": "Errors"')


async def test_tables_and_lists_are_drawn(page: Page, desk: Any) -> None:  # noqa: ANN401
    """A table block has a head and rows; a markdown block has its list, table and code."""
    cell = {"type": "raw_text", "text": "http_ok"}
    blocks = [
        {"type": "table", "rows": [[{"type": "raw_text", "text": "Check"}], [cell]]},
        {
            "type": "markdown",
            "text": "## Why\n1. **E1** log\n2. E2\n\n| a | b |\n|---|---|\n| 1 | 2 |\n```\nx < y\n```",
        },
    ]
    message = _message(page, await desk.post(blocks=blocks))
    await expect(message.locator("th")).to_have_text(["Check", "a", "b"])
    await expect(message.locator("td")).to_have_text(["http_ok", "1", "2"])
    await expect(message.locator("ol li")).to_have_text(["E1 log", "E2"])
    await expect(message.locator(".markdown pre")).to_have_text("x < y")


async def test_edits_and_deletions_are_seen_live(page: Page, desk: Any) -> None:  # noqa: ANN401
    """An edit replaces what is shown and is marked; a deletion takes the message away; no reload."""
    ts = await desk.post(text="investigating")
    await expect(_message(page, ts)).to_contain_text("investigating")
    await desk.client.chat_update(channel="C0INCIDENTS", ts=ts, text="resolved")
    await expect(_message(page, ts)).to_contain_text("resolved")
    await expect(_message(page, ts).locator(".edited")).to_be_visible()
    await desk.client.chat_delete(channel="C0INCIDENTS", ts=ts)
    await expect(_message(page, ts)).to_have_count(0)


async def test_colours_follow_the_system_until_somebody_chooses(page: Page) -> None:
    """The button goes from the system's colours to light and to dark; the choice outlives a reload."""
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light, dark = "rgb(255, 255, 255)", "rgb(26, 29, 33)"
    await page.emulate_media(color_scheme="dark")
    assert await page.evaluate(ground) == dark
    await page.get_by_label("Colours:").click()
    assert await page.evaluate(ground) == light
    await page.reload()
    await expect(page.get_by_label("Colours: light")).to_be_visible()
    assert await page.evaluate(ground) == light
    await page.get_by_label("Colours:").click()
    await page.emulate_media(color_scheme="light")
    assert await page.evaluate(ground) == dark


async def test_a_lost_stream_is_found_again_and_nothing_is_missed(page: Page, desk: Any) -> None:  # noqa: ANN401
    """The page says that it reconnects, and then shows what was posted meanwhile."""
    async with page.expect_request("**/human/stream*", timeout=15_000):
        desk.workspace._core.feed.close()
        await expect(page.locator(".offline")).to_be_visible()
        ts = await desk.post(text="said meanwhile")
    await expect(_message(page, ts)).to_be_visible()
    await expect(page.locator(".offline")).to_have_count(0)


async def test_an_answer_that_comes_late_hides_nothing_newer(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Of two readings at once the later counts, whichever answer comes first: none undoes what came since."""
    answers: list[tuple[Any, Any]] = []
    streamed: list[str] = []
    wire = await page.context.new_cdp_session(page)
    wire.on("Network.eventSourceMessageReceived", lambda event: streamed.append(event["data"]))
    await wire.send("Network.enable")

    async def hold(route: Any) -> None:  # noqa: ANN401
        answers.append((route, await route.fetch()))

    await page.route("**/human/messages*", hold)
    await page.select_option("#me", label="N3 A")
    await until(lambda: len(answers) == 2)  # one for the new seat, one for its stream
    (first, old), (second, older) = answers
    await first.fulfill(response=old)
    ts = await desk.post(text="newer than both")
    await until(lambda: any(ts in data for data in streamed))
    await second.fulfill(response=older)
    await expect(_message(page, ts)).to_be_visible()
