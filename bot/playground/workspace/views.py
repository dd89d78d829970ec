"""Open modals and Home tabs, the trigger ids that may open them, and their hashes."""

import json
import secrets
import time
from collections import defaultdict
from dataclasses import dataclass

from bot.playground.workspace.elements import state_values, with_ids
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.feed import Feed
from bot.playground.workspace.identifiers import random_id
from bot.playground.workspace.limits import check_view
from bot.playground.workspace.team import Team

_STACK = 3
_MOST_BYTES = 250_000


@dataclass
class _Trigger:
    user: str
    view_id: str | None
    good_until: float
    used: bool = False


class Views:
    """For each person a stack of modals, the last one on top, and one Home tab."""

    def __init__(self, team: Team, feed: Feed, *, trigger_seconds: float) -> None:
        self._team = team
        self._feed = feed
        self._trigger_seconds = trigger_seconds
        self._triggers: dict[str, _Trigger] = {}
        self._open: defaultdict[str, list[Json]] = defaultdict(list)
        self.homes: dict[str, Json] = {}

    def trigger(self, user: str, view_id: str | None = None) -> str:
        """A new trigger id for what this person just did; good once, for three seconds."""
        now = time.monotonic()
        trigger_id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**11)}.{secrets.token_hex(16)}"
        self._triggers = {k: t for k, t in self._triggers.items() if t.good_until > now - 60}
        self._triggers[trigger_id] = _Trigger(user, view_id, now + self._trigger_seconds)
        return trigger_id

    def open(self, trigger_id: str, view: Json) -> Json:
        """Opens a modal for the person of that trigger; returns it.

        Raises:
            Refused: for a bad trigger or a bad view.
        """
        self._check(view, "modal")
        self._check_external_id(view, None)
        trigger = self._use(trigger_id)
        return self._show(trigger.user, self._new(view))

    def push(self, trigger_id: str, view: Json) -> Json:
        """Opens a modal on top of the one in which the trigger arose; returns it.

        Raises:
            Refused: for a bad trigger or a bad view, `push_limit_reached` above three.
        """
        self._check(view, "modal")
        trigger = self._use(trigger_id)
        if trigger.view_id is None:
            raise Refused("invalid_trigger_id")
        return self.push_on(trigger.user, self.of_user(trigger.user, trigger.view_id), view)

    def push_on(self, user: str, below: Json, view: Json) -> Json:
        """The same as `push`, answering a submission."""
        self._check(view, "modal")
        self._check_external_id(view, None)
        if len(self._open[user]) >= _STACK:
            raise Refused("push_limit_reached")
        return self._show(user, self._new(view, below))

    def update(self, view_id: str | None, external_id: str | None, view: Json, view_hash: str | None) -> Json:
        """Replaces what a modal or Home shows; its id stays. Returns it.

        Raises:
            Refused: `not_found`, `hash_conflict`, or for a bad view.
        """
        user, old = self._find(view_id, external_id)
        self._check(view, old["type"])
        self._check_external_id(view, old["id"])
        if view_hash is not None and view_hash != old["hash"]:
            raise Refused("hash_conflict")
        new = self._filled(view, old["state"]["values"])
        kept = ("id", "root_view_id", "previous_view_id")
        old |= new | {key: old[key] for key in kept}
        old["external_id"] = view.get("external_id") or old["external_id"]
        self._tell(user, old)
        return old

    def publish(self, user: str, view: Json, view_hash: str | None) -> Json:
        """Publishes a person's Home tab; returns it.

        Raises:
            Refused: `user_not_found`, `hash_conflict`, or for a bad view.
        """
        self._team.person(user)
        self._check(view, "home")
        old = self.homes.get(user)
        self._check_external_id(view, old["id"] if old else None)
        if old is not None:
            return self.update(old["id"], None, view, view_hash)
        self.homes[user] = self._new(view)
        self._tell(user, self.homes[user])
        return self.homes[user]

    def of_user(self, user: str, view_id: str) -> Json:
        """An open view of that person.

        Raises:
            Refused: `not_found`.
        """
        for view in (*self._open[user], *([self.homes[user]] if user in self.homes else [])):
            if view["id"] == view_id:
                return view
        raise Refused("not_found")

    def opened_by(self, user: str) -> list[Json]:
        """The open modals of that person, the one on top last."""
        return list(self._open[user])

    def close(self, user: str, view: Json) -> None:
        """Closes one modal; the one below shows again."""
        self._open[user].remove(view)
        self._feed.tell({user}, {"type": "view_closed", "view_id": view["id"]})

    def close_all(self, user: str) -> list[Json]:
        """Closes the whole stack; returns what was open, top first."""
        closed = self._open[user][::-1]
        for view in closed:
            self.close(user, view)
        return closed

    def clear(self) -> None:
        """Closes everything; a published Home is gone too."""
        self._open.clear()
        self.homes.clear()

    def hold(self, view: Json, values: Json) -> None:
        """Keeps what a person has filled in so far as the view's state."""
        view["state"] = {"values": state_values(view["blocks"], values, view["state"]["values"])}

    def _check_external_id(self, view: Json, own_id: str | None) -> None:
        """An external_id names one view of the whole workspace."""
        wanted = view.get("external_id")
        others = (v for _, v in self._everything() if v["id"] != own_id)
        if wanted and any(other["external_id"] == wanted for other in others):
            raise Refused("duplicate_external_id")

    def _everything(self) -> list[tuple[str, Json]]:
        return [(u, v) for u, stack in self._open.items() for v in stack] + list(self.homes.items())

    def _check(self, view: Json, kind: str) -> None:
        check_view(view)
        if len(json.dumps(view)) > _MOST_BYTES:
            raise Refused("view_too_large")
        if view["type"] != kind:
            raise Refused(
                "invalid_arguments", response_metadata={"messages": [f"[ERROR] expected type {kind}"]}
            )

    def _use(self, trigger_id: str) -> _Trigger:
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if time.monotonic() > trigger.good_until:
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger

    def _find(self, view_id: str | None, external_id: str | None) -> tuple[str, Json]:
        for user, view in self._everything():
            if view_id == view["id"] or (external_id and external_id == view["external_id"]):
                return user, view
        raise Refused("not_found")

    def _show(self, user: str, view: Json) -> Json:
        self._open[user].append(view)
        self._tell(user, view)
        return view

    def _tell(self, user: str, view: Json) -> None:
        outward = for_person(view)
        kind = "home" if view["type"] == "home" else "view"
        self._feed.tell({user}, {"type": kind, "view": outward})

    def _new(self, view: Json, below: Json | None = None) -> Json:
        new = self._filled(view, {}) | {"id": random_id("V"), "external_id": view.get("external_id") or ""}
        new |= {"previous_view_id": below["id"] if below else None}
        return new | {"root_view_id": below["root_view_id"] if below else new["id"]}

    def _filled(self, view: Json, held: Json) -> Json:
        """The view as Slack hands it back: every key there, ids filled in, state from what was held."""
        blocks = with_ids(view["blocks"])
        return {
            "id": "",
            "team_id": self._team.id,
            "type": view["type"],
            "blocks": blocks,
            "private_metadata": view.get("private_metadata") or "",
            "callback_id": view.get("callback_id") or "",
            "state": {"values": state_values(blocks, {}, held)},
            "hash": f"{int(time.time())}.{random_id('', 8)}",
            "title": view.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
            "clear_on_close": bool(view.get("clear_on_close")),
            "notify_on_close": bool(view.get("notify_on_close")),
            "close": view.get("close"),
            "submit": view.get("submit"),
            "previous_view_id": None,
            "root_view_id": "",
            "app_id": self._team.app_id,
            "external_id": "",
            "app_installed_team_id": self._team.id,
            "bot_id": self._team.bot.bot_id,
        }


def for_person(view: Json) -> Json:
    """A view as a person's client holds it: without the app's private metadata."""
    return {key: value for key, value in view.items() if key != "private_metadata"}
