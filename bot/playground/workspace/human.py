"""The human side: what a person can do in a channel - speak, command, click - and read."""

import asyncio

from bot.playground.workspace import envelopes
from bot.playground.workspace.acks import ERRORS
from bot.playground.workspace.core import Core
from bot.playground.workspace.drafts import Draft
from bot.playground.workspace.elements import action_item, find, state_values
from bot.playground.workspace.envelopes import Place
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.limits import MESSAGE_TEXT
from bot.playground.workspace.outcomes import ClickOutcome, CommandOutcome
from bot.playground.workspace.response_urls import ResponseUrls
from bot.playground.workspace.rooms import Room, for_page, shown
from bot.playground.workspace.typed import stored_text


class Human:
    """Whatever a person does goes to the app as Slack would send it; the app decides who may do what."""

    def __init__(self, core: Core, urls: ResponseUrls) -> None:
        self._core = core
        self._urls = urls

    def room_for(self, user: str, channel: str) -> Room:
        """The room, if this person can see it.

        Raises:
            Refused: `user_not_found`, `channel_not_found`.
        """
        person = self._core.team.person(user)
        room = self._core.board.room(channel)
        if not room.seen_by(person):
            raise Refused("channel_not_found")
        return room

    async def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> str:
        """Posts as that person; returns the message's timestamp.

        Raises:
            Refused: `not_in_channel`, `channel_not_found`, `no_text`, `msg_too_long`, `thread_not_found`.
        """
        room = self.room_for(user, channel)
        room.refuse_if_archived("is_archived")
        if user not in room.members:
            raise Refused("not_in_channel")
        if not text.strip():
            raise Refused("no_text")
        if len(text) > MESSAGE_TEXT:
            raise Refused("msg_too_long")
        draft = Draft(stored_text(text, self._core.team), thread_ts=thread_ts)
        ts: str = self._core.board.post(room, self._core.team.person(user), draft)["ts"]
        await asyncio.sleep(0)
        return ts

    async def command(self, user: str, channel: str, text: str) -> CommandOutcome:
        """Runs a slash command such as "/vigie help" and waits for its ack, at most three seconds."""
        try:
            room = self.room_for(user, channel)
        except Refused as error:
            return CommandOutcome(False, error.error)
        command, _, rest = text.strip().partition(" ")
        known = [name for name, _ in self._core.team.commands]
        has_commands = self._core.team.is_installed and "commands" in self._core.team.scopes
        if command not in known or not has_commands:
            return CommandOutcome(False, "invalid_command", f"{command} is not a valid command.")
        urls = (self._urls.mint(room, user), self._core.views.trigger(user))
        place = {"id": room.id, "name": room.name if room.kind == "channel" else _private_name(room)}
        person = self._core.team.person(user)
        payload = envelopes.slash_command(self._core.team, person, place, command, rest.strip(), urls)
        ack = await self._core.link.ask("slash_commands", payload)
        if ack.outcome != "acked":
            code = ERRORS[ack.outcome]
            return CommandOutcome(False, code, f'{command} failed with the error "{code}"')
        return self._answered(room, user, command, ack.payload)

    async def click(
        self,
        user: str,
        channel: str,
        message_ts: str,
        action_id: str,
        block_id: str | None = None,
        value: object = None,
        values: Json | None = None,
    ) -> ClickOutcome:
        """Clicks or chooses in a message that this person sees, or in the view of that id.

        `values`: what is filled in so far, {block_id: {action_id: entry}}; `value`: which option or button.
        """
        if message_ts.startswith("V"):
            return await self.click_view(user, message_ts, action_id, block_id, value, values)
        try:
            room = self.room_for(user, channel)
            message, ephemeral = self._message(room, user, message_ts)
            blocks: list[Json] = message.get("blocks", [])
            block, element = find(blocks, action_id, block_id, value)
            item = action_item(block, element, value, self._core.board.timestamps.next())
            state = state_values(blocks, {block["block_id"]: {action_id: item}}, values)
        except Refused as error:
            return ClickOutcome(False, error.error)
        place = Place(
            channel={"id": room.id, "name": room.name if room.kind == "channel" else _private_name(room)},
            message=None if ephemeral else shown(message, metadata=True),
            message_ts=message_ts,
            thread_ts=message.get("thread_ts"),
            ephemeral=ephemeral,
            response_url=self._urls.mint(room, user, message_ts, ephemeral=ephemeral),
            state=state,
        )
        return await self._act(user, place, item, None)

    async def shortcut(self, user: str, channel: str, message_ts: str, callback_id: str) -> ClickOutcome:
        """Chooses a shortcut of the app in the menu of a message that this person sees."""
        try:
            room = self.room_for(user, channel)
            message = room.message(message_ts)
            known = [name for name, _ in self._core.team.shortcuts]
            if callback_id not in known or not self._core.team.is_installed:
                raise Refused("invalid_shortcut")
        except Refused as error:
            return ClickOutcome(False, error.error)
        place = Place(
            channel={"id": room.id, "name": room.name if room.kind == "channel" else _private_name(room)},
            message=shown(message, metadata=True),
            message_ts=message_ts,
            response_url=self._urls.mint(room, user),
        )
        team, person = self._core.team, self._core.team.person(user)
        trigger, now = self._core.views.trigger(user), self._core.board.timestamps.next()
        payload = envelopes.message_action(team, person, place, callback_id, trigger, now)
        ack = await self._core.link.ask("interactive", payload)
        return ClickOutcome(ack.outcome == "acked", ERRORS.get(ack.outcome, ""))

    async def click_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        block_id: str | None = None,
        value: object = None,
        values: Json | None = None,
    ) -> ClickOutcome:
        """Clicks or chooses in a modal or Home tab of this person; `values`: what is filled in so far."""
        try:
            view = self._core.views.of_user(user, view_id)
            block, element = find(view["blocks"], action_id, block_id, value)
            item = action_item(block, element, value, self._core.board.timestamps.next())
            self._core.views.hold(view, values or {})
            self._core.views.hold(view, {block["block_id"]: {action_id: item}})
        except Refused as error:
            return ClickOutcome(False, error.error)
        return await self._act(user, Place(view=view), item, view_id)

    async def open_home(self, user: str, tab: str = "home") -> None:
        """Opens the app's Home (or its messages): the app is told and may publish a view.

        Raises:
            Refused: `user_not_found`.
        """
        self._core.team.person(user)
        if "app_home_opened" not in self._core.team.events:
            return
        now = self._core.board.timestamps.next()
        event: Json = {"type": "app_home_opened", "user": user, "channel": "D" + user[1:], "tab": tab}
        home = self._core.views.homes.get(user)
        event |= {"view": home} if home is not None and tab == "home" else {}
        self._core.board.announce(event | {"event_ts": now})

    def messages(self, channel: str, user: str | None = None) -> list[Json]:
        """All messages of a channel, replies too, oldest first; none if that person cannot see it."""
        room = self._core.board.room(channel)
        if user is not None and not room.seen_by(self._core.team.person(user)):
            return []
        return [for_page(message) for message in room.messages.values()]

    def ephemerals(self, user: str) -> list[Json]:
        """What only this person was shown, oldest first."""
        return [shown(message) for message in self._core.whispers.to(user)]

    def _message(self, room: Room, user: str, ts: str) -> tuple[Json, bool]:
        for message in self._core.whispers.to(user):
            if message["ts"] == ts and message["channel"] == room.id:
                return message, True
        return room.message(ts), False

    async def _act(self, user: str, place: Place, item: Json, view_id: str | None) -> ClickOutcome:
        trigger_id = self._core.views.trigger(user, view_id)
        person = self._core.team.person(user)
        payload = envelopes.block_actions(self._core.team, person, place, item, trigger_id)
        ack = await self._core.link.ask("interactive", payload)
        return ClickOutcome(ack.outcome == "acked", ERRORS.get(ack.outcome, ""))

    def _answered(self, room: Room, user: str, command: str, payload: Json | None) -> CommandOutcome:
        if not payload or not (payload.get("text") or payload.get("blocks")):
            return CommandOutcome(True)
        try:
            self._urls.speak(room, user, payload)
        except Refused as error:
            return CommandOutcome(False, error.error, f'{command} failed with the error "{error.error}"')
        return CommandOutcome(True, response=str(payload.get("text", "")))


def _private_name(room: Room) -> str:
    return "directmessage" if room.kind == "im" else "privategroup"
