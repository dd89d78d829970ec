"""The demo's panel on the page: health, faults, a storm, the tour and a fresh start."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_panel_breaks_the_shop_and_shows_it(page: Page, desk: Any) -> None:  # noqa: ANN401
    """The button orders the fault; what is broken is marked, and offers to be mended by hand."""
    await expect(page.locator("#demo .health")).to_have_text("Healthy")
    await page.click("[data-fault=hang]")
    await expect(page.locator("#demo .health")).to_have_text("Down")
    await expect(page.locator("#demo dl .bad")).to_contain_text("41")
    await expect(page.locator("[data-fault=hang]")).to_be_disabled()
    await expect(page.locator(".faults .active")).to_have_count(1)
    await page.click("text=Put it back")
    await expect(page.locator("#demo .health")).to_have_text("Healthy")
    assert desk.shop.acts == [("break", {"fault": "hang"}), ("mend", {"fault": "hang"})]


async def test_a_line_shows_the_last_two_minutes_with_its_gaps(page: Page) -> None:
    """One line from each number that was read to the next; where nothing was read it is broken."""
    path = page.locator("#demo .sparkline path")
    await expect(path).to_have_attribute("d", "M2.0 18.0M50.0 16.4L74.0 18.0")


async def test_a_storm_is_ordered_once_and_shows_how_far_it_is(page: Page, desk: Any) -> None:  # noqa: ANN401
    """While it runs its button rests; at the end it says how few incidents came of it."""
    await page.click("[data-storm]")
    await expect(page.locator(".storm-progress")).to_contain_text("120 of 300 alerts sent")
    await expect(page.locator("[data-storm]")).to_be_disabled()
    assert desk.shop.did("storm") == [{"fault": "hang"}]
    desk.shop.storm |= {"sent": 300, "ended": True, "incidents": 1}
    await expect(page.locator(".storm-progress")).to_contain_text("300 alerts sent; 1 incident opened")
    await expect(page.locator("[data-storm]")).to_be_enabled()


async def test_the_tour_ticks_off_shows_the_place_and_can_be_put_away(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Its button leads into a thread in another seat; what happened is ticked; the tour can be resumed."""
    root = await desk.post(text="INC-1")
    ts = await desk.post(text="the proposal", thread_ts=root)
    await expect(page.locator("[data-step=break]")).to_have_attribute("aria-current", "step")
    desk.shop.done.add("break")
    desk.shop.where["thread"] = {
        "channel": "C0INCIDENTS",
        "thread": root,
        "ts": ts,
        "user": "U0N3A",
        "write": "@Vigie why?",
    }
    await page.click("[data-channel=C0GENERAL]")
    await page.click("[data-step=thread] .show-me")
    await expect(page.locator("#me")).to_have_value("U0N3A")
    await expect(page.locator(f'#thread [data-ts="{ts}"]')).to_be_in_viewport()
    await expect(page.locator("#thread .composer textarea")).to_have_value("@Vigie why?")
    assert {"channel": "C0INCIDENTS", "ts": root} in desk.shop.did("opened")
    await expect(page.locator(".tour header")).to_contain_text("1 of 2")
    await page.get_by_label("Hide the tour").click()
    await page.reload()
    await expect(page.locator(".tour")).to_have_count(0)
    await page.click("text=Go on with the tour")
    await expect(page.locator("[data-step=thread]")).to_be_visible()


async def test_starting_over_asks_first_and_then_reads_everything_anew(page: Page, desk: Any) -> None:  # noqa: ANN401
    """A no changes nothing; after a yes the page shows the fresh workspace without a reload."""
    await desk.post(text="of the old run")
    await page.click("#demo >> text=Start over")
    await page.click("#confirm >> text=Cancel")
    assert desk.shop.did("start_over") == []
    await page.click("#demo >> text=Start over")
    await page.click("#confirm button.danger")
    await expect(page.locator("#confirm[open]")).to_have_count(0)
    await asyncio.wait_for(_until_asked(desk), 10)
    assert desk.shop.did("start_over") == [{}]
    desk.workspace.reset()
    desk.shop.run = "second"
    await expect(page.locator("#toasts")).to_contain_text("A fresh start")
    await expect(page.locator("#messages .message")).to_have_count(0)


async def _until_asked(desk: Any) -> None:  # noqa: ANN401
    """The page asks the shop a moment after the press."""
    while not desk.shop.did("start_over"):
        await asyncio.sleep(0.05)
