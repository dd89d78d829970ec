"""The demo as people meet it: a real `vigie serve`, a shop that really breaks, the tour in a browser."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.playground.panel import Panel
from bot.playground.stage import Stage, set_up, workspace
from tests.adapters.page.conftest import Visit

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]
SOON = 60_000


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stage() -> AsyncIterator[Stage]:
    """The stage as `vigie demo` sets it, with its panel."""
    panel = Panel()
    # By words alone: what vectors find is tried by `vigie demo --headless`.
    async with set_up(workspace(panel), settings="[knowledge]\nvectors = false\n") as stage:
        panel.begin(stage)
        yield stage
        await panel.end()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def page(browser: Browser, stage: Stage) -> AsyncIterator[Page]:
    """The page as On-call."""
    context = await browser.new_context(viewport={"width": 1500, "height": 950})
    context.set_default_timeout(SOON)
    visit = Visit(await context.new_page())
    visit.watch()
    await visit.page.goto(stage.workspace.page_url)
    yield visit.page
    await context.close()
    assert visit.trouble == []


async def _show(page: Page, step: str) -> None:
    """Press "Show me" of the step, which must be the next one."""
    await page.locator(f"[data-step={step}][aria-current] .show-me").click()


async def _press(page: Page, action: str) -> None:
    await page.locator(f"#thread [data-action={action}]").last.click()


async def test_the_tour_leads_through_a_whole_incident(page: Page) -> None:
    """Every step ticks itself off because it really happened, up to the same fault with what was learned."""
    await _show(page, "break")
    await page.click("[data-fault=bad_config]")
    await _show(page, "thread")
    await page.click("#messages .replies")
    await _show(page, "ask")
    await page.press("#thread textarea", "Enter")
    await _show(page, "propose")
    await _press(page, "propose")
    await _show(page, "refused")
    await _press(page, "sign_open")
    await expect(page.locator("#thread .ephemeral").last).to_contain_text("You proposed this")
    if await page.locator("#modal[open]").count():  # where reading who is N3 takes long, a form says it, too
        await page.press("#modal", "Escape")
    await _show(page, "sign")
    await expect(page.locator("#me")).to_have_value("U0N3A")
    await _press(page, "sign_open")
    await expect(page.locator("#modal[open]")).to_contain_text("What runs")
    await page.click("#modal .submit")
    await expect(page.locator("#modal[open]")).to_have_count(0)
    await _show(page, "summary")
    await _press(page, "edit_summary")
    await page.click("#modal .submit")
    await _show(page, "again")
    await page.click("[data-fault=bad_config]")
    await expect(page.locator(".tour header")).to_contain_text("9 of 9", timeout=SOON)
    await expect(page.locator("#demo .health")).to_have_text("Degraded")


async def test_starting_over_gives_a_fresh_stage_under_the_open_page(page: Page, stage: Stage) -> None:
    """Channels are empty but for Vigie's first words, the shop is healthy, and the tour begins again."""
    before = stage.serve.pid
    await page.click(".start-over")
    await page.click("#confirm .danger")
    await expect(page.locator("#demo .health")).to_have_text("Starting")
    await expect(page.locator("#toasts")).to_contain_text("A fresh start", timeout=SOON)
    await expect(page.locator("#demo .health")).to_have_text("Healthy")
    await expect(page.locator(".tour header")).to_contain_text("0 of 9")
    await expect(page.locator("#messages .replies")).to_have_count(0)
    assert stage.serve.pid != before
