"""A person speaks, clicks, fills in forms and changes seats; the app is told, others see what is theirs."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")
FIELD = "#composer textarea"


def _button(action: str, label: str, **more: object) -> dict[str, object]:
    return {
        "type": "button",
        "action_id": action,
        "value": "7",
        "text": {"type": "plain_text", "text": label},
        **more,
    }


def _actions(*elements: dict[str, object]) -> list[dict[str, object]]:
    return [{"type": "actions", "block_id": "row", "elements": list(elements)}]


async def test_enter_sends_and_shift_enter_breaks_the_line(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Shift+Enter stays in the field; Enter sends all lines as that person, and the field is empty again."""
    await page.click(FIELD)
    await page.keyboard.type("first")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("second <b>")
    await page.keyboard.press("Enter")
    await expect(page.locator("#messages .message").last).to_contain_text("second <b>")
    await expect(page.locator(FIELD)).to_have_value("")
    (message,) = desk.workspace.messages("C0INCIDENTS")
    assert (message["user"], message["text"]) == ("U0ONCALL", "first\nsecond &lt;b&gt;")


async def test_commands_are_completed_and_a_silent_app_is_reported(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Tab completes a command; when the app does not answer in time, Slack's words for it are shown."""
    await page.fill(FIELD, "/vi")
    await expect(page.locator("#composer [role=option]")).to_contain_text("/vigie")
    await page.press(FIELD, "Tab")
    await page.type(FIELD, "help")
    await page.press(FIELD, "Enter")
    await expect(page.locator(FIELD)).to_have_value("")
    await page.fill(FIELD, "/vigie sleep")
    await page.press(FIELD, "Enter")
    note = page.locator("#messages .ephemeral")
    await expect(note).to_contain_text('/vigie failed with the error "operation_timeout"')
    assert [(c["user_id"], c["text"]) for c in desk.commands] == [
        ("U0ONCALL", "help"),
        ("U0ONCALL", "sleep"),
    ]


async def test_click_form_errors_and_values_go_round(page: Page, desk: Any) -> None:  # noqa: ANN401
    """A click opens the app's modal; its errors stand beside their field; then all values arrive."""
    await desk.post(blocks=_actions(_button("open_form", "Sign", style="primary")))
    await page.click("#messages button.primary")
    modal = page.locator("#modal[open]")
    await expect(modal.locator("h2")).to_have_text("Sign")
    await modal.locator('[data-block="code"] input').fill("zzzz")
    await modal.locator('[data-block="host"] select').select_option("web-2")
    await modal.get_by_label("later").check()
    await modal.get_by_label("boss").check()
    await modal.locator(".submit").click()
    await expect(modal.locator('[data-problem="code"]')).to_have_text("Read the digest again.")
    await modal.locator('[data-block="code"] input').fill("c21e")
    await modal.locator(".submit").click()
    await expect(modal).to_have_count(0)
    (values,) = desk.submitted
    assert values["reason"]["it"]["value"] == "pool exhausted"
    assert values["host"]["it"]["selected_option"]["value"] == "web-2"
    assert values["when"]["it"]["selected_option"]["value"] == "later"
    assert [each["value"] for each in values["tell"]["it"]["selected_options"]] == ["boss"]
    assert desk.clicks[0]["user"]["id"] == "U0ONCALL"


async def test_escape_closes_a_modal_and_nothing_is_submitted(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Esc dismisses the modal here and in the workspace."""
    await desk.post(blocks=_actions(_button("open_form", "Sign")))
    await page.click("[data-action=open_form]")
    await expect(page.locator("#modal[open]")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#modal[open]")).to_have_count(0)
    assert desk.workspace.views_of("U0ONCALL") == []
    assert desk.submitted == []


async def test_a_confirm_dialog_holds_the_click_back(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Refusing leaves the app untold; agreeing sends one click with its value."""
    text = {"title": "Sure?", "text": "It restarts.", "confirm": "Restart", "deny": "Leave"}
    confirm = {key: {"type": "plain_text", "text": value} for key, value in text.items()}
    await desk.post(blocks=_actions(_button("press", "Restart", style="danger", confirm=confirm)))
    await page.click("[data-action=press]")
    await page.click("#confirm >> text=Leave")
    await expect(page.locator("#confirm[open]")).to_have_count(0)
    assert desk.clicks == []
    await page.click("[data-action=press]")
    async with page.expect_response("**/human/click"):
        await page.click("#confirm button.primary")
    (click,) = desk.clicks
    assert click["actions"][0]["value"] == "7"


async def test_choices_in_a_message_reach_the_app(page: Page, desk: Any) -> None:  # noqa: ANN401
    """A select and an overflow menu each send the option that was chosen."""
    options = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("high", "low")]
    select: dict[str, object] = {"type": "static_select", "action_id": "press", "options": options}
    overflow = {"type": "overflow", "action_id": "press", "options": options}
    text = {"type": "mrkdwn", "text": "Severity"}
    blocks = [*_actions(select), {"type": "section", "text": text, "accessory": overflow}]
    await desk.post(blocks=blocks)
    async with page.expect_response("**/human/click"):
        await page.select_option("#messages select", "low")
    await page.click("#messages .overflow summary")
    async with page.expect_response("**/human/click"):
        await page.click("#messages .menu >> text=high")
    assert [click["actions"][0]["selected_option"]["value"] for click in desk.clicks] == ["low", "high"]


async def test_a_thread_opens_takes_a_reply_and_closes(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Replies stand in the side pane; what is written there joins the thread; Esc closes it."""
    root = await desk.post(text="INC-1")
    await desk.post(text="evidence", thread_ts=root)
    await page.click("#messages .replies")
    thread = page.locator("#thread")
    await expect(thread.locator(".message")).to_have_count(2)
    await expect(page.locator("#messages .message")).to_have_count(1)
    await page.keyboard.type("I look")
    await page.keyboard.press("Enter")
    await expect(thread.locator(".message").last).to_contain_text("I look")
    await expect(page.locator("#messages .replies")).to_contain_text("2 replies")
    assert desk.workspace.replies("C0INCIDENTS", root)[-1]["user"] == "U0ONCALL"
    await page.keyboard.press("Escape")
    await expect(thread).to_be_hidden()


async def test_an_ephemeral_is_seen_by_one_person_only(page: Page, desk: Any) -> None:  # noqa: ANN401
    """It is marked as such; after a change of seat it is gone from the page, and back with its person."""
    await desk.client.chat_postEphemeral(channel="C0INCIDENTS", user="U0ONCALL", text="for your eyes")
    note = page.locator("#messages .ephemeral")
    await expect(note).to_contain_text("Only visible to you")
    await expect(note).to_contain_text("for your eyes")
    await page.select_option("#me", label="N3 A")
    await desk.post(text="for all")
    await expect(page.locator("#messages")).to_contain_text("for all")
    await expect(page.locator("body")).not_to_contain_text("for your eyes")
    await page.select_option("#me", label="On-call")
    await expect(note).to_contain_text("for your eyes")
