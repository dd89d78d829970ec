"""On a phone: nothing wider than the screen, drawers and sheets, targets for a thumb."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")
LONG = "a-very-long-word-" * 40
_SMALL = """() => {
  const seen = { visibilityProperty: true, opacityProperty: true };
  return [...document.querySelectorAll("button, select")]
    .filter((node) => node.checkVisibility(seen) && !node.matches(".plain-link"))
    .map((node) => [node.getBoundingClientRect(), node.ariaLabel || node.textContent])
    .filter(([box]) => box.width && (box.height < 44 || box.width < 44))
    .map(([box, name]) => `${name} ${box.width}x${box.height}`);
}"""
_WIDE = """() => [document.documentElement, ...document.querySelectorAll("#main, #messages, #thread, #demo")]
  .some((box) => box.scrollWidth > box.clientWidth)"""


def _card() -> list[dict[str, object]]:
    button = {"type": "button", "action_id": "open_form", "text": {"type": "plain_text", "text": "Sign"}}
    return [
        {"type": "header", "text": {"type": "plain_text", "text": LONG[:140]}},
        {"type": "section", "text": {"type": "mrkdwn", "text": f"{LONG} `{LONG}`"}},
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": LONG}]}],
        },
        {"type": "actions", "elements": [button]},
    ]


async def test_nothing_is_wider_than_the_screen(phone: Page, desk: Any) -> None:  # noqa: ANN401
    """Neither long words nor panes make the page scroll sideways."""
    root = await desk.post(blocks=_card())
    await desk.post(blocks=_card(), thread_ts=root)
    await phone.wait_for_selector("#messages .replies")
    assert not await phone.evaluate(_WIDE)
    await phone.tap("#messages .replies")
    await expect(phone.locator("#thread")).to_be_visible()
    assert not await phone.evaluate(_WIDE)


async def test_the_sidebar_is_a_drawer_and_the_thread_a_sheet(phone: Page, desk: Any) -> None:  # noqa: ANN401
    """The drawer opens by its button and closes with a choice; the thread covers all and has a way back."""
    root = await desk.post(text="INC-1")
    await desk.post(text="evidence", thread_ts=root)
    await expect(phone.locator("#sidebar")).not_to_be_visible()
    await phone.tap(".menu-button")
    await expect(phone.locator("#sidebar")).to_be_visible()
    await phone.tap("[data-channel=C0INCIDENTS]")
    await expect(phone.locator("#sidebar")).not_to_be_visible()
    await phone.tap("#messages .replies")
    assert await phone.locator("#thread").evaluate("pane => [pane.offsetWidth, pane.offsetHeight]") == [
        390,
        844,
    ]
    await phone.tap("[aria-label='Back to the channel']")
    await expect(phone.locator("#thread")).to_be_hidden()


async def test_a_modal_fills_the_screen(phone: Page, desk: Any) -> None:  # noqa: ANN401
    """Its buttons stand at the lower edge, within the screen."""
    await desk.post(blocks=_card())
    await phone.tap("#messages [data-action=open_form]")
    modal = phone.locator("#modal[open]")
    await expect(modal.locator(".submit")).to_be_in_viewport()
    assert await modal.evaluate("box => [box.offsetWidth, box.offsetHeight]") == [390, 844]


async def test_the_panel_leaves_room_for_the_conversation(phone: Page, desk: Any) -> None:  # noqa: ANN401
    """Folded it is one line with the next step; unfolded the newest message and the field are still there."""
    ts = await desk.post(text="newest")
    await expect(phone.locator(".peek")).to_have_text("Next: Break the shop")
    assert await phone.locator("#demo").evaluate("box => box.offsetHeight") <= 46
    await phone.tap(".demo-head")
    await expect(phone.locator("#demo .faults")).to_be_attached()
    await expect(phone.locator(f'#messages [data-ts="{ts}"]')).to_be_in_viewport()
    await expect(phone.locator("#composer textarea")).to_be_in_viewport()


async def test_targets_are_large_enough(phone: Page, desk: Any) -> None:  # noqa: ANN401
    """What can be pressed is 44 pixels at least each way: in the channel, the drawer and a modal."""
    root = await desk.post(blocks=_card())
    await desk.post(text="evidence", thread_ts=root)
    await phone.wait_for_selector("#messages .replies")
    assert await phone.evaluate(_SMALL) == []
    await phone.tap(f'#messages [data-ts="{root}"] .who')
    await expect(phone.locator(f'#messages [data-ts="{root}"] .tools')).to_be_visible()
    await phone.tap(".menu-button")
    await expect(phone.locator("#sidebar")).to_be_visible()
    assert await phone.evaluate(_SMALL) == []
    await phone.tap("[data-channel=C0INCIDENTS]")
    await phone.tap("#messages [data-action=open_form]")
    await expect(phone.locator("#modal[open] .submit")).to_be_visible()
    assert await phone.evaluate(_SMALL) == []
