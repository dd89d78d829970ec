"""Everything by keyboard, from writing to closing; with names for those who listen."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")
FIELD = "#composer textarea"
_NAMELESS = """() => {
  const named = (node) => node.ariaLabel || node.textContent.trim() || node.labels?.length;
  return [...document.querySelectorAll("button, select, textarea, input:not([hidden])")]
    .filter((node) => node.checkVisibility() && !named(node)).map((node) => node.outerHTML);
}"""


async def _say(desk: Any, *texts: str) -> list[str]:  # noqa: ANN401
    return [await desk.workspace.say("U0ONCALL", "C0INCIDENTS", text) for text in texts]


async def test_the_last_own_message_is_edited_from_an_empty_field(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Arrow up opens it, Enter saves, Esc leaves it as it was; the field is back in use after both."""
    (ts,) = await _say(desk, "restarted web-1")
    await page.focus(FIELD)
    await page.keyboard.press("ArrowUp")
    editor = page.locator("#messages .editor textarea")
    await expect(editor).to_be_focused()
    await editor.fill("restarted web-2 <b>")
    await page.keyboard.press("Enter")
    row = page.locator(f'#messages [data-ts="{ts}"]')
    await expect(row).to_contain_text("restarted web-2 <b>")
    await expect(row.locator(".edited")).to_have_text("(edited)")
    await page.focus(FIELD)
    await page.keyboard.press("ArrowUp")
    await editor.fill("no")
    await page.keyboard.press("Escape")
    await expect(editor).to_have_count(0)
    (message,) = desk.workspace.messages("C0INCIDENTS")
    assert message["text"] == "restarted web-2 &lt;b&gt;"


async def test_arrows_walk_through_messages_and_letters_act_on_them(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Up and down move the focus, T opens the thread, Delete asks and deletes; only what is one's own."""
    first = await desk.post(text="from the app")
    (mine,) = await _say(desk, "mine")
    await expect(page.locator("#messages .message")).to_have_count(2)
    await page.focus("#messages")
    await page.keyboard.press("ArrowUp")
    await expect(page.locator(f'#messages [data-ts="{mine}"]')).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(page.locator(f'#messages [data-ts="{first}"]')).to_be_focused()
    await page.keyboard.press("Delete")
    await expect(page.locator("#confirm[open]")).to_have_count(0)
    await page.keyboard.press("t")
    await expect(page.locator("#thread textarea")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#thread")).to_be_hidden()
    await page.locator(f'#messages [data-ts="{mine}"]').focus()
    await page.keyboard.press("Delete")
    await page.keyboard.press("Enter")
    await expect(page.locator(f'#messages [data-ts="{mine}"]')).to_have_count(0)
    assert [each["ts"] for each in desk.workspace.messages("C0INCIDENTS")] == [first]


async def test_ctrl_k_jumps_to_channels_and_changes_the_seat(page: Page) -> None:
    """A few letters and Enter lead to a channel, or make one somebody else; Esc closes."""
    await page.focus(FIELD)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("gen")
    await page.keyboard.press("Enter")
    await expect(page.locator("#topic h2")).to_contain_text("general")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("n3")
    await page.keyboard.press("Enter")
    await expect(page.locator("#me")).to_have_value("U0N3A")
    await page.keyboard.press("Control+k")
    await page.keyboard.press("Escape")
    await expect(page.locator("#switcher[open]")).to_have_count(0)


async def test_commands_show_their_usage_and_sub_commands(page: Page, desk: Any) -> None:  # noqa: ANN401
    """A blank after the command lists what can follow; Enter sends unless one began to choose."""
    await page.wait_for_selector("#demo [data-fault]")
    await page.type(FIELD, "/vigie ")
    options = page.locator("#composer [role=option]")
    await expect(options).to_have_text(["/vigie askwhy?an answer", "/vigie statuswhat is open"])
    await page.type(FIELD, "st")
    await expect(options).to_have_count(1)
    await page.press(FIELD, "Enter")
    await expect(page.locator(FIELD)).to_have_value("/vigie status ")
    await page.press(FIELD, "Enter")
    await expect(page.locator(FIELD)).to_have_value("")
    await page.type(FIELD, "/vigie ask who")
    await expect(options).to_have_text(["/vigie askwhy?an answer"])
    await page.press(FIELD, "Enter")
    await page.type(FIELD, "/vigie ")
    await page.press(FIELD, "Enter")
    await expect(page.locator(FIELD)).to_have_value("")
    assert [each["text"] for each in desk.commands] == ["status", "ask who", ""]


async def test_people_and_emoji_are_completed(page: Page, desk: Any) -> None:  # noqa: ANN401
    """@ and : lead to names; what is sent mentions the person."""
    await page.type(FIELD, "ask @n3")
    await page.press(FIELD, "Tab")
    await page.type(FIELD, "now :eye")
    await page.press(FIELD, "Tab")
    await expect(page.locator(FIELD)).to_have_value("ask @N3 A now :eyes: ")
    await page.press(FIELD, "Enter")
    await expect(page.locator("#messages .mention")).to_have_text("@N3 A")
    (message,) = desk.workspace.messages("C0INCIDENTS")
    assert message["text"] == "ask <@U0N3A> now :eyes:"


async def test_keys_lead_through_the_parts_and_the_channels(page: Page) -> None:
    """F6 goes round the page, Alt with arrows through the channels, ? shows the list of keys."""
    await page.focus(FIELD)
    seen = []
    for _ in range(4):
        await page.keyboard.press("F6")
        seen.append(await page.evaluate("document.activeElement.closest('aside, nav, section, footer').id"))
    assert seen == ["demo", "sidebar", "messages", "composer"]
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.locator("#topic h2")).to_contain_text("general")
    await page.focus("#messages")
    await page.keyboard.press("?")
    await expect(page.locator("#keys[open]")).to_contain_text("Edit your last message")
    await page.keyboard.press("Escape")
    await expect(page.locator("#keys[open]")).to_have_count(0)


async def test_reactions_are_picked_counted_and_taken_back(page: Page, desk: Any) -> None:  # noqa: ANN401
    """R on a message opens the picker; a second press of the same takes it back."""
    ts = await desk.post(text="fixed")
    row = page.locator(f'#messages [data-ts="{ts}"]')
    await row.focus()
    await page.keyboard.press("r")
    await page.locator(".popup").get_by_role("button", name="tada").click()
    await expect(row.locator(".reaction").first).to_contain_text("1")
    (message,) = desk.workspace.messages("C0INCIDENTS")
    assert message["reactions"] == [{"name": "tada", "users": ["U0ONCALL"], "count": 1}]
    await row.locator(".reaction").first.click()
    await expect(row.locator(".reaction")).to_have_count(0)


async def test_everything_that_can_be_pressed_has_a_name(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Each button, field and choice says what it is to those who listen to the page."""
    root = await desk.post(text="INC-1")
    await desk.post(text="evidence", thread_ts=root)
    await page.click("#messages .replies")
    await page.wait_for_selector("#demo [data-fault]")
    assert await page.evaluate(_NAMELESS) == []
