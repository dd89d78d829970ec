"""Pictures and files: shown and saved from this workspace, sent by button, paste and drop."""

import base64
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import FilePayload, Page, expect

from bot.playground.workspace.files import MOST_BYTES

pytestmark = pytest.mark.asyncio(loop_scope="module")
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PICTURE: FilePayload = {"name": "graph.png", "mimeType": "image/png", "buffer": PIXEL}
LOG: FilePayload = {"name": "pool.log", "mimeType": "text/plain", "buffer": b"x" * 2048}
_GIVE = """([where, kind, key, name]) => {
  const data = new DataTransfer();
  data.items.add(new File(["0123456789"], name, { type: "text/plain" }));
  const init = { bubbles: true, cancelable: true, [key]: data };
  const Given = kind === "paste" ? ClipboardEvent : DragEvent;
  document.querySelector(where).dispatchEvent(new Given(kind, init));
}"""


async def test_a_picture_is_shown_and_a_file_is_a_card(page: Page, desk: Any) -> None:  # noqa: ANN401
    """A picture is painted with its words for those who cannot see it; a file has name, kind and size."""
    desk.workspace.upload("U0N3A", "C0INCIDENTS", "graph.png", PIXEL, "the graph")
    desk.workspace.upload("U0N3A", "C0INCIDENTS", "pool.log", b"x" * 2048)
    picture = page.locator("#messages .preview img")
    await expect(picture).to_have_attribute("alt", "graph.png")
    await picture.evaluate("image => image.decode()")
    assert await picture.evaluate("image => image.naturalWidth") == 1
    card = page.locator("#messages .file", has_text="pool.log")
    await expect(card).to_contain_text("2.0 KB")
    await expect(card.locator("img")).to_have_count(0)
    async with page.expect_download() as saved:
        await card.get_by_label("Download pool.log").click()
    download = await saved.value
    assert download.suggested_filename == "pool.log"
    assert (await download.path()).read_bytes() == b"x" * 2048


async def test_a_picture_of_the_bot_has_its_alt_text(page: Page, desk: Any) -> None:  # noqa: ANN401
    """What the app says of its picture is what a screen reader says, and only text in hostile words, too."""
    said = 'Line chart. Orders: last 47. "><b>bold</b>'
    await desk.client.files_upload_v2(
        channel="C0INCIDENTS", filename="chart-1.png", title="E3 Orders", content=PIXEL, alt_txt=said
    )
    picture = page.locator("#messages .preview img")
    await expect(picture).to_have_attribute("alt", said)
    await expect(page.locator("#messages .file")).to_contain_text("E3 Orders")
    await expect(page.locator("#messages .file b b")).to_have_count(0)


async def test_files_wait_in_the_field_and_are_sent_with_the_text(page: Page, desk: Any) -> None:  # noqa: ANN401
    """Chosen files are listed and can be taken out again; sending sends the rest, the text with the first."""
    await page.set_input_files("#composer input[type=file]", [PICTURE, LOG])
    waiting = page.locator("#composer .waiting li")
    await expect(waiting).to_have_count(2)
    await expect(waiting.first.locator("img")).to_have_attribute(
        "src", "data:image/png;base64," + base64.b64encode(PIXEL).decode()
    )
    await page.get_by_label("Remove pool.log").click()
    await page.fill("#composer textarea", "look at this")
    await page.press("#composer textarea", "Enter")
    await expect(page.locator("#messages .preview img")).to_be_visible()
    await expect(waiting).to_have_count(0)
    (message,) = desk.workspace.messages("C0INCIDENTS")
    assert (message["user"], message["text"]) == ("U0ONCALL", "look at this")
    assert [(each["name"], each["size"]) for each in message["files"]] == [("graph.png", len(PIXEL))]


@pytest.mark.parametrize(("kind", "key"), [("paste", "clipboardData"), ("drop", "dataTransfer")])
async def test_files_can_be_pasted_and_dropped(page: Page, desk: Any, kind: str, key: str) -> None:  # noqa: ANN401
    """Both lead into the field of the place: here the thread, and the file lands there."""
    root = await desk.post(text="INC-1")
    await page.locator(f'#messages [data-ts="{root}"]').hover()
    await page.locator(f'#messages [data-ts="{root}"] .reply').click()
    await page.evaluate(_GIVE, ["#thread textarea", kind, key, "notes.txt"])
    await expect(page.locator("#thread .waiting")).to_contain_text("notes.txt")
    await page.press("#thread textarea", "Enter")
    await expect(page.locator("#thread .file")).to_contain_text("10 bytes")
    (reply,) = desk.workspace.replies("C0INCIDENTS", root)
    assert reply["files"][0]["name"] == "notes.txt"


async def test_a_file_that_is_refused_waits_on_and_the_reason_is_told(page: Page, tmp_path: Path) -> None:
    """What is too large is not lost from the field, and nobody wonders."""
    large = tmp_path / "dump.bin"
    with large.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    await page.set_input_files("#composer input[type=file]", large)
    await page.click("#composer .send")
    await expect(page.locator("#messages .ephemeral")).to_contain_text("dump.bin: file_too_large")
    await expect(page.locator("#composer .waiting")).to_contain_text("dump.bin")


async def test_an_image_block_is_painted_only_from_here(page: Page, desk: Any) -> None:  # noqa: ANN401
    """A file of this workspace is painted; a picture from elsewhere is a link, and nothing is loaded."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    message = desk.workspace.upload("U0N3A", "C0INCIDENTS", "graph.png", PIXEL)
    file_id = message["files"][0]["id"]
    blocks = [
        {"type": "image", "slack_file": {"id": file_id}, "alt_text": "errors over time"},
        {"type": "image", "image_url": "https://elsewhere.example/x.png", "alt_text": "tracker"},
    ]
    ts = await desk.post(blocks=blocks)
    row = page.locator(f'#messages [data-ts="{ts}"]')
    await expect(row.locator("img")).to_have_attribute("alt", "errors over time")
    await expect(row.locator(".picture a")).to_have_attribute("href", "https://elsewhere.example/x.png")
    assert [url for url in asked if not url.startswith((desk.workspace.url, "data:"))] == []


async def test_a_drawing_that_can_hold_scripts_is_only_a_file(page: Page, desk: Any) -> None:  # noqa: ANN401
    """SVG is offered for saving and never painted."""
    desk.workspace.upload(
        "U0N3A", "C0INCIDENTS", "evil.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    )
    card = page.locator("#messages .file")
    await expect(card).to_contain_text("evil.svg")
    await expect(card.locator("img")).to_have_count(0)
