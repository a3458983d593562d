"""Load the data beside the board: the user, the watchlist, the categories, the currency."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from instasell_client import InstaSellError, Unauthenticated
from instasell_tui.market import messages

if TYPE_CHECKING:
    from instasell_tui.board.live_board import LiveBoard
    from instasell_tui.inbox.state import InboxState
    from instasell_tui.market.account import AccountSession
    from instasell_tui.market.connection import MarketConnection

log = logging.getLogger("instasell_tui")

WATCHED_MAX = 200
OWN_BIDS_MAX = 50
BOARD_FIRST_SECONDS = 1.0
PAINTING_SECONDS = 0.05


async def load_account(
    feed: MarketConnection, session: AccountSession, board: LiveBoard, inbox: InboxState
) -> None:
    """Load all of it. The board works without, so that a refusal is logged and no more.

    The board comes first: the data beside it would keep it waiting.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(BOARD_FIRST_SECONDS):
            await board.has_come.wait()
    await asyncio.sleep(PAINTING_SECONDS)
    await asyncio.gather(
        _asked(feed, partial(_person, session, board), partial(_inbox, inbox)),
        _asked(feed, _categories),
        _asked(feed, _currency),
    )


async def _asked(
    feed: MarketConnection, *questions: Callable[[MarketConnection], Awaitable[None]]
) -> None:
    """Ask one after the other, each whatever came of the one before."""
    for ask in questions:
        try:
            await ask(feed)
        except Unauthenticated as error:
            feed.signed_out(error)
        except InstaSellError as error:
            log.warning("data beside the board is not known: %s", error)


async def _person(session: AccountSession, board: LiveBoard, feed: MarketConnection) -> None:
    client = feed.client
    if client.token is None:
        return
    await session.open()
    if feed.user is None:
        feed.set_user(await client.auth.me())
    watched = []
    async for state in client.auctions.watched():
        watched.append(state)
        board.state.set_watched(state.auction_id, on=True)
        board.state.put(state)
        if len(watched) == WATCHED_MAX:
            break
    board.mark_changed()
    # Only the auction's own page tells who one is among its bidders.
    for state in watched[:OWN_BIDS_MAX]:
        if state.bid_count:
            view = await client.auctions.get(state.auction_id)
            board.state.set_you(state.auction_id, view.you)
            board.mark_changed()


async def _inbox(inbox: InboxState, feed: MarketConnection) -> None:
    if feed.user is not None:
        await inbox.load()


async def _categories(feed: MarketConnection) -> None:
    feed.categories = (await feed.client.categories.tree()).items
    feed.post(messages.CategoriesChanged)


async def _currency(feed: MarketConnection) -> None:
    if feed.knows_currency:
        return
    page = await feed.client.auctions.live_page(limit=1)
    if page.currency is not None:
        feed.currency = page.currency
        feed.post(messages.AccountChanged)
