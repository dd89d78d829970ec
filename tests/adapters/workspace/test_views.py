"""Views in a stack: pushing, updating, closing, and what each of them refuses."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.workspace import Workspace

from .conftest import N3_A, ON_CALL, Wire, button, modal
from .test_api import refusal

CHANNEL = "C0INC"


async def trigger(workspace: Workspace, wire: Wire) -> str:
    """What a command brings."""
    await workspace.command(N3_A.id, CHANNEL, "/vigie form")
    return str(wire.envelopes()[-1]["payload"]["trigger_id"])


async def opened(
    workspace: Workspace, wire: Wire, client: AsyncWebClient, *more: dict[str, Any]
) -> list[dict[str, Any]]:
    """A stack: the first view, and each further one pushed by a click in the one below."""
    first = modal(blocks=[*modal()["blocks"], button("more")])
    views = [(await client.views_open(trigger_id=await trigger(workspace, wire), view=first))["view"]]
    for view in more:
        await workspace.click_view(N3_A.id, views[-1]["id"], "more")
        clicked = wire.envelopes("block_actions")[-1]["payload"]
        pushed = view | {"blocks": [*view["blocks"], button("more")]}
        views.append((await client.views_push(trigger_id=clicked["trigger_id"], view=pushed))["view"])
    return views


async def test_at_most_three(workspace: Workspace, wire: Wire, client: AsyncWebClient) -> None:
    """A fourth is refused; each knows what lies below it and at the bottom."""
    views = await opened(workspace, wire, client, modal(), modal())
    assert [view["previous_view_id"] for view in views] == [None, views[0]["id"], views[1]["id"]]
    assert {view["root_view_id"] for view in views} == {views[0]["id"]}
    await workspace.click_view(N3_A.id, views[2]["id"], "more")
    fourth = wire.envelopes("block_actions")[-1]["payload"]["trigger_id"]
    assert (await refusal(client.views_push(trigger_id=fourth, view=modal())))[
        "error"
    ] == "push_limit_reached"
    over = wire.envelopes("block_actions")[0]["payload"]["trigger_id"]
    used = await refusal(client.views_push(trigger_id=over, view=modal()))
    assert used["error"] == "exchanged_trigger_id"


async def test_pushing_needs_a_modal_that_is_open(
    workspace: Workspace, wire: Wire, client: AsyncWebClient
) -> None:
    """A command's trigger opens but does not push; a view that was closed meanwhile is not found."""
    refused = await refusal(client.views_push(trigger_id=await trigger(workspace, wire), view=modal()))
    assert refused["error"] == "invalid_trigger_id"
    (view,) = await opened(workspace, wire, client)
    await workspace.click_view(N3_A.id, view["id"], "more")
    clicked = wire.envelopes("block_actions")[-1]["payload"]["trigger_id"]
    await workspace.close_view(N3_A.id, view["id"])
    assert (await refusal(client.views_push(trigger_id=clicked, view=modal())))["error"] == "not_found"
    assert (await refusal(client.views_update(view_id=view["id"], view=modal())))["error"] == "not_found"


async def test_one_external_id_one_view(workspace: Workspace, wire: Wire, client: AsyncWebClient) -> None:
    """A second view of that name is refused everywhere; the same view may keep it."""
    await client.views_publish(user_id=ON_CALL.id, view=_home(external_id="mine"))
    named = modal(external_id="mine")
    double = await refusal(client.views_open(trigger_id=await trigger(workspace, wire), view=named))
    assert double["error"] == "duplicate_external_id"
    await client.views_publish(user_id=ON_CALL.id, view=_home(external_id="mine"))
    other = await refusal(client.views_publish(user_id=N3_A.id, view=_home(external_id="mine")))
    assert other["error"] == "duplicate_external_id"


async def test_a_view_has_its_size(workspace: Workspace, wire: Wire, client: AsyncWebClient) -> None:
    """250 kB altogether, within the limits of each block."""
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}] * 90
    large = client.views_open(trigger_id=await trigger(workspace, wire), view=modal(blocks=blocks))
    assert (await refusal(large))["error"] == "view_too_large"


async def test_home_keeps_its_hash(workspace: Workspace, client: AsyncWebClient) -> None:
    """Publishing over a view that changed since is refused."""
    first = (await client.views_publish(user_id=ON_CALL.id, view=_home()))["view"]
    second = (await client.views_publish(user_id=ON_CALL.id, view=_home(), hash=first["hash"]))["view"]
    assert second["id"] == first["id"]
    stale = await refusal(client.views_publish(user_id=ON_CALL.id, view=_home(), hash=first["hash"]))
    assert stale["error"] == "hash_conflict"
    nobody = await refusal(client.views_publish(user_id="U0X", view=_home()))
    assert nobody["error"] == "user_not_found"


@pytest.mark.parametrize("clears", [True, False])
async def test_closing_is_told_to_who_wants_to_know(
    workspace: Workspace, wire: Wire, client: AsyncWebClient, clears: bool
) -> None:
    """A view that clears takes all with it, and each that asked is told, top first; else only itself."""
    top = modal(notify_on_close=True, clear_on_close=clears, callback_id="top")
    views = await opened(workspace, wire, client, modal(notify_on_close=True), top)
    await workspace.close_view(N3_A.id, views[2]["id"])
    closed = [one["payload"] for one in wire.envelopes("view_closed")]
    told = [(payload["view"]["id"], payload["is_cleared"]) for payload in closed]
    if clears:
        assert told == [(views[2]["id"], True), (views[1]["id"], True)]
        assert workspace.views_of(N3_A.id) == []
    else:
        assert told == [(views[2]["id"], False)]
        assert len(workspace.views_of(N3_A.id)) == 2


async def test_a_submission_brings_the_addresses_that_were_asked_for(
    workspace: Workspace, wire: Wire, client: AsyncWebClient
) -> None:
    """One for each channel chosen where response_url_enabled stands."""
    element = {"type": "conversations_select", "action_id": "where", "response_url_enabled": True}
    label = {"type": "plain_text", "text": "Where"}
    view = modal(blocks=[{"type": "input", "block_id": "to", "label": label, "element": element}])
    shown = (await client.views_open(trigger_id=await trigger(workspace, wire), view=view))["view"]
    assert (await workspace.submit(N3_A.id, shown["id"], {"to": {"where": CHANNEL}})).ok
    (given,) = wire.envelopes("view_submission")[0]["payload"]["response_urls"]
    assert (given["block_id"], given["action_id"], given["channel_id"]) == ("to", "where", CHANNEL)
    assert given["response_url"].startswith(workspace.url)


async def test_opening_the_messages_brings_no_view(
    workspace: Workspace, wire: Wire, client: AsyncWebClient
) -> None:
    """`tab` says which one was opened; the published Home comes with its own tab only."""
    await client.views_publish(user_id=ON_CALL.id, view=_home())
    await workspace.open_home(ON_CALL.id, "messages")
    await workspace.open_home(ON_CALL.id)
    messages, home = (one["payload"]["event"] for one in await wire.wait("app_home_opened", 2))
    assert (messages["tab"], "view" in messages) == ("messages", False)
    assert (home["tab"], "view" in home) == ("home", True)


def _home(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any key of a view
    return {"type": "home", "blocks": [button()], **changes}
