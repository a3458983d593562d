"""Count what it costs a market when a visitor watches without an account."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import aiohttp

from instasell_tui.account.screen import SignInScreen
from tests.support.market import Market
from tests.tui.pilot import LARGE, opened

LIMIT = 100
SHARE_MAX = 25
"""Of the limit: three screens of one address, opened within a quarter of an hour, get on."""


async def used(base_url: str) -> int:
    """Return how many of its requests this address has used, before this one."""
    async with aiohttp.ClientSession(base_url) as http, http.get("/categories") as answer:
        left = re.search(r"r=(\d+)", answer.headers["RateLimit"])
        assert left is not None
        return LIMIT - int(left[1]) - 1


async def test_watching_costs_a_fixed_number_of_requests(
    market: Market, start_server: Callable[..., Any]
) -> None:
    seller, bidder = await market.seller(), await market.bidder()
    watched = [await market.auction(seller, title=f"Lot number {n}") for n in range(8)]
    for auction in watched:
        await bidder.auctions.bid(auction, amount=100)
    limited = await start_server(rate_limit_anonymous=LIMIT)
    async with opened(limited.base_url, size=LARGE) as shown:
        await shown.reads("Lot number 7")
        for round_ in range(2):
            for number, auction in enumerate(watched):
                shown.app.open_auction(auction)
                await shown.reads(f"Lot number {number}", "Minimum bid", "Description", "sold by")
                await shown.press("escape")
            # A later auction, and the bids on it, come over the socket.
            later = await market.auction(seller, title=f"Later lot {round_}")
            await bidder.auctions.bid(later, amount=100)
            await shown.reads(f"Later lot {round_}")
        assert await used(limited.base_url) <= SHARE_MAX


async def test_a_limit_says_of_what_it_is_and_until_when(
    market: Market, start_server: Callable[..., Any]
) -> None:
    person = await (await market.bidder()).auth.me()
    limited = await start_server(rate_limit_anonymous=LIMIT, rate_limit_sign_in=1)
    async with opened(limited.base_url, loaded=False) as shown:
        await shown.until(lambda: isinstance(shown.app.screen, SignInScreen))
        await shown.strike(f"={person.email}", "tab", "=wrong password", "enter")
        await shown.reads("E-mail or password is wrong")
        await shown.press("enter")
        await shown.reads("Too many sign-ins from your address", "Try again in 15 minutes")
