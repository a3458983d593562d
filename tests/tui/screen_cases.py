"""Every screen that has a picture: its name, who sees it, and how one gets there. One line each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from textual.widgets import Input
from textual.worker import Worker

from instasell_tui.account.screen import SignInScreen
from instasell_tui.admin.dispute_screen import DisputeScreen
from instasell_tui.app import InstaSellApp
from instasell_tui.inbox.preferences_screen import PreferencesScreen
from instasell_tui.orders.order_screen import OrderScreen
from tests.tui import fixtures as shelf
from tests.tui.pilot import Screen
from tests.tui.samples import auction_id

STILL_SECONDS = 0.02
TICK_SECONDS = 0.12
"""A little longer than the tick at which the board looks what is in sight."""


class PictureOf(NamedTuple):
    """`go` brings the application there from the board; `keys` are pressed after it.

    `part` tells with which others it is drawn in one run; `states` tells whether the screen asks
    the market for something, and so can be empty, wait or be refused.
    """

    name: str
    go: Callable[[InstaSellApp], object]
    keys: tuple[str, ...] = ()
    part: str = "trade"
    states: bool = True


PICTURES = (
    PictureOf("board", lambda app: None, part="market"),
    PictureOf("auction", lambda app: app.open_auction(auction_id(1)), part="market"),
    PictureOf("bids", lambda app: app.action_bids()),
    PictureOf("orders", lambda app: app.action_orders()),
    PictureOf("order", lambda app: app.push_screen(OrderScreen(shelf.ident(3)))),
    PictureOf("wallet", lambda app: app.action_wallet()),
    PictureOf("messages", lambda app: app.action_messages()),
    PictureOf("conversation", lambda app: app.open_conversation(shelf.ident(201))),
    PictureOf("notices", lambda app: app.action_notices()),
    PictureOf("preferences", lambda app: app.push_screen(PreferencesScreen())),
    PictureOf("selling", lambda app: app.action_selling()),
    PictureOf("admin", lambda app: app.action_admin(), part="admin"),
    PictureOf("figures", lambda app: app.action_admin(), ("4",), part="admin"),
    PictureOf(
        "dispute", lambda app: app.push_screen(DisputeScreen(shelf.ident(302))), part="admin"
    ),
    PictureOf(
        "pictures", lambda app: app.open_auction(auction_id(1)), ("v",), part="market", states=False
    ),
    PictureOf(
        "bid", lambda app: app.open_auction(auction_id(1)), ("b",), part="market", states=False
    ),
    PictureOf("help", lambda app: app.action_help(), part="market", states=False),
    PictureOf("sign-in", lambda app: app.push_screen(SignInScreen()), part="market", states=False),
)


def of(part: str, *, states: bool = False) -> list[PictureOf]:
    """The pictures of a part, or those of its screens that have states."""
    return [each for each in PICTURES if each.part == part and (each.states or not states)]


async def enter(shown: Screen, picture: PictureOf) -> None:
    """Go there from the board."""
    picture.go(shown.app)
    if picture.keys:
        await calm(shown)
        await shown.press(*picture.keys)
    await shown.pilot.pause(TICK_SECONDS)
    for field in shown.app.screen.query(Input):
        field.cursor_blink = False
    await calm(shown)


async def leave(shown: Screen) -> None:
    """Go back to the board."""
    while len(shown.app.screen_stack) > 2:
        shown.app.pop_screen()
        await shown.pilot.pause()


async def calm(shown: Screen) -> None:
    """Wait until nothing is being done for the screen any more, and it stays the same."""
    await shown.until(lambda: shown.unanswered or not any(map(_works, shown.app.workers)))
    texts: list[str] = []
    while len(texts) < 3 or len(set(texts[-3:])) > 1:
        await shown.pilot.pause(STILL_SECONDS)
        # Each widget has read its messages, and what came of them.
        await shown.pilot._wait_for_screen()
        texts.append(shown.text)


def _works(worker: Worker[Any]) -> bool:
    # One that waits for a person to answer is not at work.
    return worker.is_running and worker.name != "_await_answer"
