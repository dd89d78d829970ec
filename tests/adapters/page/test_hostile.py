"""No text of anybody ever becomes markup, whatever place of the page it is shown in."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.playground.workspace import Channel, Person, Workspace
from tests.adapters.page.conftest import PAGE, Desk, Visit, plain

pytestmark = pytest.mark.asyncio(loop_scope="module")

TAGS = "</b><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>&lt;b&gt;\"'`"
OTHERS = {
    "link": '<javascript:alert(1)|run> [run](javascript:alert`1`) <https://a.example/"onmouseover=alert(1)|x>',
    "direction": "\u202egpj.exe\u202c \u2067\u05d0\u05d1\u05d2\u2069 \u061c",
    "nothing": "z\u200bw\u200d\u2060\ufeff\u00ad",
    "template": "{{7*7}} ${7*7} <%= 7*7 %> %s \\u003cscript\\u003e",
    "long": "w" * 900,
    "marks": "*_~`*_~` ``` > - 1. <!here> <@U0ONCALL|<script>> :lock: <#C0|<img>>",
}
# Elements that the page never makes, attributes that run something, and pictures from elsewhere.
_ALIVE = """() => {
  const never = "script, iframe, object, embed, base, meta, link, style, form:not(dialog form)";
  const acts = ({ name, value }) => name.startsWith("on")
    || (["href", "src", "action"].includes(name) && /^\\s*(javascript|data:text)/i.test(value));
  const foreign = (node) => node.tagName === "IMG" && new URL(node.src).origin !== location.origin;
  return [...document.querySelectorAll("body *")]
    .filter((node) => node.matches(never) || [...node.attributes].some(acts) || foreign(node))
    .map((node) => node.outerHTML);
}"""
# What Slack takes in messages only.
_MESSAGES_ONLY = ("markdown", "data_visualization", "plan", "table")
_RUN = "() => performance.getEntriesByType('resource').map(({ name }) => name)"


def _texts(text: str) -> dict[str, str]:
    """Cut to what Slack takes in each place."""
    return {"short": text[:70], "header": text[:150], "section": text[:2900], "label": text[:140]}


def _task(of: dict[str, str]) -> dict[str, Any]:
    said = {"type": "rich_text_section", "elements": [{"type": "text", "text": of["section"]}]}
    return {
        "task_id": "t",
        "title": of["header"],
        "status": of["short"],
        "details": {"type": "rich_text", "elements": [said]},
        "sources": [{"type": "url", "url": of["section"], "text": of["short"]}],
    }


def _blocks(text: str) -> list[dict[str, Any]]:
    of = _texts(text)
    option = {"text": plain(of["short"]), "value": "1", "description": plain(of["short"])}
    rich = [
        {"type": "text", "text": of["section"], "style": {"code": True}},
        {"type": "emoji", "name": of["short"]},
    ]
    quoted = [
        {"type": "text", "text": of["section"]},
        {"type": "link", "url": of["section"], "text": of["short"]},
    ]
    return [
        {"type": "header", "text": plain(of["header"])},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": of["section"]},
            "fields": [{"type": "mrkdwn", "text": of["short"]}, plain(of["short"])],
            "accessory": {"type": "overflow", "action_id": "press", "options": [option]},
        },
        {"type": "context", "elements": [{"type": "mrkdwn", "text": of["section"]}, plain(of["short"])]},
        {"type": "markdown", "text": of["section"]},
        {
            "type": "rich_text",
            "elements": [
                {"type": "rich_text_section", "elements": rich},
                {"type": "rich_text_quote", "elements": quoted},
                {"type": "rich_text_preformatted", "elements": quoted[:1]},
            ],
        },
        {
            "type": "image",
            "image_url": "https://elsewhere.example/x.png",
            "alt_text": of["short"],
            "title": plain(of["short"]),
        },
        {"type": "table", "rows": [[{"type": "raw_text", "text": of["section"]}]]},
        {"type": "data_visualization", "title": of["section"]},
        {"type": "plan", "title": of["header"], "tasks": [_task(of)]},
        {
            "type": "actions",
            "elements": [
                {"type": "button", "action_id": "a", "text": plain(of["short"]), "value": text[:500]},
                {
                    "type": "static_select",
                    "action_id": "b",
                    "placeholder": plain(of["short"]),
                    "options": [option],
                },
                {"type": "radio_buttons", "action_id": "c", "options": [option]},
                {"type": of["short"], "action_id": "d"},
            ],
        },
    ]


def _view(text: str, kind: str) -> dict[str, Any]:
    of = _texts(text)
    field = {
        "type": "plain_text_input",
        "action_id": "it",
        "placeholder": plain(of["label"]),
        "initial_value": of["section"],
    }
    asked = {"type": "input", "label": plain(of["header"]), "hint": plain(of["header"]), "element": field}
    blocks = [asked, *(block for block in _blocks(text) if block["type"] not in _MESSAGES_ONLY)]
    return {"type": kind, "blocks": blocks} | (
        {"title": plain(text[:24]), "submit": plain(text[:24]), "close": plain(text[:24])}
        if kind == "modal"
        else {}
    )


class Shop:
    """A demo whose every text is hostile."""

    def __init__(self) -> None:
        self.text = TAGS

    async def state(self) -> dict[str, Any]:
        """What the panel shows."""
        text = self.text
        number = {"name": text, "value": text, "unit": text, "bad": True, "history": [0, 1]}
        fault = {"name": text, "title": text, "what": text, "active": True, "by_hand": text}
        step = {"key": text, "title": text, "how": text, "done": False, "place": {"fault": text}}
        return {
            "run": "1",
            "shop": {"status": text, "summary": text, "numbers": [number]},
            "faults": [fault],
            "storm": {"sent": 1, "of": 2, "ended": True, "error": text, "incidents": 0, "fault": text},
            "tour": [step, step],
            "hints": [{"command": "/vigie", "usage": f"go {text}", "about": text}],
            "can_restart": True,
        }

    async def act(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Refuses with the same text."""
        return {"ok": False, "error": self.text}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place() -> AsyncIterator[Workspace]:
    """A workspace with hostile names everywhere."""
    members = ("U0ONCALL", "U0BAD", "U0BOT")
    made = Workspace(
        people=[Person("U0ONCALL", TAGS[:70], TAGS), Person("U0BAD", OTHERS["direction"], TAGS)],
        channels=[
            Channel("C0INCIDENTS", "incidents", members=members),
            Channel("C0BAD", TAGS[:70], members=members),
        ],
        app_id="A0",
        bot=Person("U0BOT", f"Vigie {TAGS[:50]}", is_bot=True),
        bot_token="xoxb-h",
        app_token="xapp-h",
        page_token="page-token",
        page_folder=PAGE,
        demo=Shop(),
        team_name=TAGS,
        commands=[("/vigie", TAGS)],
        rates={},
    )
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def visit(browser: Browser, place: Workspace) -> AsyncIterator[Visit]:
    """One page for all the cases; it fails if anything ran, was refused or was asked from elsewhere."""
    context = await browser.new_context(viewport={"width": 1500, "height": 950})
    context.set_default_timeout(8000)
    opened = Visit(await context.new_page())
    opened.watch()
    await opened.page.goto(place.page_url)
    await opened.page.wait_for_selector("#demo .faults")
    yield opened
    await context.close()


async def _dead(visit: Visit, place: Workspace) -> None:
    assert await visit.page.evaluate(_ALIVE) == []
    loaded = await visit.page.evaluate(_RUN)
    assert [name for name in loaded if not name.startswith(place.url)] == []
    assert visit.trouble == []


def _app(place: Workspace) -> Any:  # noqa: ANN401 - the desk's client, without its app
    from slack_sdk.web.async_client import AsyncWebClient

    return AsyncWebClient("xoxb-h", base_url=place.api_url)


@pytest.mark.parametrize("name", ["tags", *OTHERS])
async def test_text_stays_text_in_every_message_and_home(visit: Visit, place: Workspace, name: str) -> None:
    """Messages, threads, ephemerals, files, Home: letters, no elements, no requests, no dialogs."""
    text, page, app = {"tags": TAGS, **OTHERS}[name], visit.page, _app(place)
    root = await place.say("U0BAD", "C0INCIDENTS", text)
    place.upload("U0BAD", "C0INCIDENTS", f"{text[:100]}.png", b"no picture", text)
    answer = await app.chat_postMessage(
        channel="C0INCIDENTS", text=text, blocks=_blocks(text), thread_ts=root
    )
    await app.chat_postEphemeral(channel="C0INCIDENTS", user="U0ONCALL", text=text, blocks=_blocks(text))
    await app.views_publish(user_id="U0ONCALL", view=_view(text, "home"))
    await page.click("[data-channel=C0INCIDENTS]")
    await page.locator(f'#messages [data-ts="{root}"] .replies').click()
    row = page.locator(f'#thread [data-ts="{answer["ts"]}"]')
    shown = row.locator(".block")
    await expect(shown).to_have_count(len(_blocks(text)))
    await expect(shown.nth(5 + 1)).to_contain_text(_texts(text)["section"][:20].strip())
    await expect(row.locator(".unknown pre")).to_have_count(2)
    await _dead(visit, place)
    await page.click("[data-channel=D0ONCALL]")
    await page.click("[data-tab=home]")
    await expect(page.locator(".home .block")).to_have_count(len(_view(text, "home")["blocks"]))
    await _dead(visit, place)


@pytest.mark.parametrize("name", ["tags", *OTHERS])
async def test_text_stays_text_in_modals(visit: Visit, place: Workspace, name: str) -> None:
    """Title, buttons, labels, hints and what stands in a field."""
    text = {"tags": TAGS, **OTHERS}[name]
    trigger = place._core.views.trigger("U0ONCALL")
    opened = await _app(place).views_open(trigger_id=trigger, view=_view(text, "modal"))
    await expect(visit.page.locator("#modal[open] .block")).to_have_count(len(_view(text, "home")["blocks"]))
    await expect(visit.page.locator("#modal .field").first).to_have_value(_texts(text)["section"])
    await _dead(visit, place)
    await place.close_view("U0ONCALL", opened["view"]["id"])
    await expect(visit.page.locator("#modal[open]")).to_have_count(0)


async def test_text_stays_text_in_the_frame(visit: Visit, place: Workspace) -> None:
    """Names of team, people and channels; completion, the switcher, errors and the whole panel."""
    page = visit.page
    await expect(page.locator("#sidebar h1")).to_have_text(TAGS)
    await expect(page.locator("#demo .faults b")).to_have_text(TAGS)
    await page.click("[data-channel=C0BAD]")
    await page.fill("#composer textarea", "/")
    await page.fill("#composer textarea", "/vigie g")
    await expect(page.locator("#composer [role=option]")).to_contain_text("<script>")
    await page.fill("#composer textarea", "@")
    await expect(page.locator("#composer [role=option]").first).to_be_visible()
    await page.fill("#composer textarea", "")
    await page.keyboard.press("Control+k")
    await expect(page.locator("#switcher li").nth(1)).to_contain_text("<script>")
    await page.keyboard.press("Escape")
    await page.click("[data-storm]")
    await expect(page.locator("#toasts")).to_contain_text("<script>")
    await _dead(visit, place)


async def test_direction_marks_stay_within_their_own_line(desk: Desk, page: Page) -> None:
    """A name or text that turns the direction does not turn what stands beside it."""
    await desk.post(text=OTHERS["direction"])
    isolated = "node => getComputedStyle(node).unicodeBidi"
    assert await page.locator("#messages .message .text").evaluate(isolated) == "isolate"
    assert await page.locator("#messages .message .who b").evaluate(isolated) == "isolate"
