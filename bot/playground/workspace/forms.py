"""The human side of modals: submitting and closing them, and what the app answers to a submission."""

from bot.playground.workspace import envelopes
from bot.playground.workspace.acks import ERRORS
from bot.playground.workspace.core import Core
from bot.playground.workspace.elements import input_errors, walk
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.outcomes import SubmitOutcome
from bot.playground.workspace.response_urls import ResponseUrls


class Forms:
    """What a person does with an open modal."""

    def __init__(self, core: Core, urls: ResponseUrls) -> None:
        self._core = core
        self._urls = urls

    async def submit(self, user: str, view_id: str, values: Json) -> SubmitOutcome:
        """Submits a modal.

        Args:
            user: who submits.
            view_id: an open modal of that person.
            values: {block_id: {action_id: entry}}; an entry stands as in a view's state, or is a bare value.
        """
        views = self._core.views
        try:
            view = views.of_user(user, view_id)
            views.hold(view, values)
        except Refused as error:
            return SubmitOutcome(False, error=error.error)
        errors = input_errors(view["blocks"], view["state"]["values"])
        if errors:
            return SubmitOutcome(False, errors, view)
        person = self._core.team.person(user)
        payload = envelopes.view_submission(self._core.team, person, dict(view), views.trigger(user, view_id))
        payload["response_urls"] = self._response_urls(user, view)
        ack = await self._core.link.ask("interactive", payload)
        if ack.outcome != "acked":
            return SubmitOutcome(False, view=view, error=ERRORS[ack.outcome])
        try:
            return await self._answered(user, view, ack.payload or {})
        except Refused as error:
            return SubmitOutcome(False, view=view, error=error.error)

    async def close(self, user: str, view_id: str) -> None:
        """Dismisses a modal, with what lies below it when it asks so; the app is told if it wanted to know.

        Raises:
            Refused: `not_found`.
        """
        view = self._core.views.of_user(user, view_id)
        if view["type"] == "home":
            raise Refused("not_found")
        cleared = bool(view["clear_on_close"])
        closed = self._core.views.close_all(user) if cleared else [view]
        if not cleared:
            self._core.views.close(user, view)
        person = self._core.team.person(user)
        for one in closed:
            if one["notify_on_close"]:
                payload = envelopes.view_closed(self._core.team, person, one, cleared=cleared)
                await self._core.link.ask("interactive", payload)

    def _response_urls(self, user: str, view: Json) -> list[Json]:
        """An address for each channel that was chosen where the view asked for one."""
        found: list[Json] = []
        for block, element in walk(view["blocks"]):
            entry = view["state"]["values"].get(block["block_id"], {}).get(element.get("action_id"), {})
            chosen = entry.get("selected_conversation") or entry.get("selected_channel")
            room = self._core.board.rooms.get(chosen) if chosen else None
            if room is None or not element.get("response_url_enabled"):
                continue
            names = {"block_id": block["block_id"], "action_id": element["action_id"]}
            found.append(names | {"channel_id": room.id, "response_url": self._urls.mint(room, user)})
        return found

    async def _answered(self, user: str, view: Json, answer: Json) -> SubmitOutcome:
        views = self._core.views
        action = answer.get("response_action")
        if action == "errors":
            errors = answer.get("errors") or {}
            known = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
            if not errors or not errors.keys() <= known:
                return SubmitOutcome(False, view=view, error="invalid_response_errors")
            return SubmitOutcome(False, {key: str(value) for key, value in errors.items()}, view)
        if action in ("update", "push"):
            new = answer.get("view") or {}
            shown = (
                views.push_on(user, view, new)
                if action == "push"
                else views.update(view["id"], None, new, None)
            )
            return SubmitOutcome(True, view=shown)
        if action == "clear":
            views.close_all(user)
        elif view in views.opened_by(user):
            views.close(user, view)
        opened = views.opened_by(user)
        return SubmitOutcome(True, view=opened[-1] if opened else None)
