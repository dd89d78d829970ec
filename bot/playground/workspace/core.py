"""The parts of a running workspace, handed to the methods of the API and to the human side."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.playground.workspace.board import Board
from bot.playground.workspace.delivery import Delivery
from bot.playground.workspace.faults import Faults
from bot.playground.workspace.feed import Feed
from bot.playground.workspace.files import Files
from bot.playground.workspace.rates import Rates
from bot.playground.workspace.team import Team
from bot.playground.workspace.views import Views
from bot.playground.workspace.whispers import Whispers


@dataclass(frozen=True)
class Core:
    """`address` gives "http://127.0.0.1:PORT" once the server listens."""

    team: Team
    board: Board
    whispers: Whispers
    views: Views
    files: Files
    link: Delivery
    feed: Feed
    faults: Faults
    rates: Rates
    address: Callable[[], str]
