"""The API methods of modals and Home: views.*, and apps.connections.open."""

from bot.playground.workspace.arguments import Arguments
from bot.playground.workspace.core import Core
from bot.playground.workspace.errors import Json, Refused


def open_view(core: Core, args: Arguments) -> Json:
    """views.open: a modal for the person of the trigger."""
    return {"view": core.views.open(args.needed("trigger_id"), _view(args))}


def push_view(core: Core, args: Arguments) -> Json:
    """views.push: a modal on top of another."""
    return {"view": core.views.push(args.needed("trigger_id"), _view(args))}


def update_view(core: Core, args: Arguments) -> Json:
    """views.update: by view_id or external_id."""
    view_id, external_id = args.text("view_id") or None, args.text("external_id") or None
    if view_id is None and external_id is None:
        raise Refused("invalid_arguments")
    return {"view": core.views.update(view_id, external_id, _view(args), args.text("hash") or None)}


def publish_view(core: Core, args: Arguments) -> Json:
    """views.publish: somebody's Home tab."""
    return {"view": core.views.publish(args.needed("user_id"), _view(args), args.text("hash") or None)}


def open_connection(core: Core, _args: Arguments) -> Json:
    """apps.connections.open: the address of a socket, good for one connection."""
    address = core.address().replace("http://", "ws://")
    return {"url": f"{address}/link/?ticket={core.link.socket.ticket()}&app_id={core.team.app_id}"}


def _view(args: Arguments) -> Json:
    view = args.mapping("view")
    if view is None:
        raise Refused(
            "invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: view"]}
        )
    return view
