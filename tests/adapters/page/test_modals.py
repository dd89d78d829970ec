"""Modals: a stack of views, errors beside their fields, and rest while the app is asked."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")
_OPEN = {"type": "button", "action_id": "open_form", "text": {"type": "plain_text", "text": "Sign"}}


async def _form(page: Page, desk: Any) -> Any:  # noqa: ANN401
    await desk.post(blocks=[{"type": "actions", "block_id": "row", "elements": [_OPEN]}])
    await page.click("[data-action=open_form]")
    modal = page.locator("#modal[open]")
    await expect(modal.locator("h2")).to_have_text("Sign")
    return modal


async def test_a_pushed_view_gives_the_one_below_back_as_it_was(page: Page, desk: Any) -> None:  # noqa: ANN401
    """The second view has a way back; closing it shows the first, with what was typed there."""
    modal = await _form(page, desk)
    await modal.locator('[data-block="code"] input').fill("half")
    await modal.get_by_text("More…").click()
    await expect(modal.locator("h2")).to_have_text("What else")
    assert len(desk.workspace.views_of("U0ONCALL")) == 2
    await modal.get_by_label("Back to Sign").click()
    await expect(modal.locator("h2")).to_have_text("Sign")
    await expect(modal.locator('[data-block="code"] input')).to_have_value("half")
    await modal.get_by_text("More…").click()
    await expect(modal.locator("h2")).to_have_text("What else")
    await page.keyboard.press("Escape")
    await expect(modal.locator("h2")).to_have_text("Sign")
    assert len(desk.workspace.views_of("U0ONCALL")) == 1


async def test_an_error_stands_under_its_field_until_it_is_mended(page: Page, desk: Any) -> None:  # noqa: ANN401
    """The app's complaint is announced, the field gets the focus, and typing takes the complaint away."""
    modal = await _form(page, desk)
    await modal.locator('[data-block="code"] input').fill("zzzz")
    await modal.locator('[data-block="host"] select').select_option("web-2")
    await modal.get_by_label("later").check()
    await modal.locator(".submit").click()
    problem = modal.locator('[data-problem="code"]')
    await expect(problem).to_have_text("Read the digest again.")
    await expect(problem).to_have_attribute("role", "alert")
    await expect(modal.locator('[data-block="code"] input')).to_be_focused()
    await modal.locator('[data-block="code"] input').press_sequentially("c")
    await expect(problem).to_have_text("")
    await expect(modal.locator(".wrong")).to_have_count(0)


async def test_fields_that_must_be_filled_are_named_before_the_app_is_asked(page: Page, desk: Any) -> None:  # noqa: ANN401
    """An empty field is complained of by the workspace itself; the app hears nothing."""
    modal = await _form(page, desk)
    await modal.locator(".submit").click()
    await expect(modal.locator('[data-block="code"]')).to_have_class("input block wrong")
    assert desk.submitted == []


async def test_a_silent_app_leaves_the_form_open_with_what_was_typed(page: Page, desk: Any) -> None:  # noqa: ANN401
    """While it is asked the button turns; without an answer people are told, and nothing is lost."""
    modal = await _form(page, desk)
    await modal.locator('[data-block="code"] input').fill("silent")
    await modal.locator('[data-block="host"] select').select_option("web-2")
    await modal.get_by_label("later").check()
    await modal.locator(".submit").click()
    await expect(modal.locator(".submit")).to_have_attribute("aria-busy", "true")
    await expect(modal.locator(".trouble")).to_contain_text("operation_timeout")
    await expect(modal.locator(".submit")).not_to_have_attribute("aria-busy", "true")
    await expect(modal.locator('[data-block="code"] input')).to_have_value("silent")


async def test_home_is_drawn_and_asked_for_as_slack_does(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Opening the tab tells the app; what it publishes is drawn at once, and again when it changes."""
    await page.click("[data-channel=D0ONCALL]")
    await page.click("[data-tab=home]")
    await expect(page.locator(".home")).to_contain_text("Loading")
    for words in ("Nothing waits for you", "One signature waits"):
        section = {"type": "section", "text": {"type": "mrkdwn", "text": f"*{words}*"}}
        await desk.client.views_publish(user_id="U0ONCALL", view={"type": "home", "blocks": [section]})
        await expect(page.locator(".home strong")).to_have_text(words)
    await expect(page.locator("#composer")).to_be_hidden()
    await page.click("[data-tab=messages]")
    await expect(page.locator("#composer")).to_be_visible()
