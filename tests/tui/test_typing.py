"""Take what is typed faster than the screen follows where it was meant to go; it never acts."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from instasell_client import AsyncInstaSell, Unauthenticated
from instasell_tui.account.screen import SignInScreen
from instasell_tui.board.screen import BoardScreen
from instasell_tui.widgets.confirm_screen import ConfirmScreen
from instasell_tui.widgets.form_screen import FormScreen
from tests.support.market import PASSWORD, Market
from tests.tui.pilot import Opener, Screen


def typed_into(shown: Screen, name: str) -> str:
    return shown.app.screen.query_one(f"#{name}", Input).value


async def test_keys_that_follow_the_slash_go_into_the_filter(
    market: Market, screen: Opener
) -> None:
    await market.auction(await market.seller(), title="An ipod with a quartz watch")
    bidder = await market.bidder()
    async with screen(bidder.token) as shown:
        await shown.reads("An ipod")
        await shown.strike("/", "=iq ot")
        assert isinstance(shown.app.screen, BoardScreen)
        assert typed_into(shown, "filter") == "iq ot"
        assert shown.app.feed.user is not None


async def test_what_follows_tab_goes_into_the_next_field(market: Market, screen: Opener) -> None:
    person = await (await market.bidder()).auth.me()
    async with screen(loaded=False) as shown:
        await shown.until(lambda: isinstance(shown.app.screen, SignInScreen))
        await shown.strike(f"={person.email}", "tab", "=not the password")
        assert typed_into(shown, "email") == person.email
        assert typed_into(shown, "password") == "not the password"
        await shown.strike("ctrl+u", f"={PASSWORD}", "enter")
        await shown.until(lambda: isinstance(shown.app.screen, BoardScreen))
        await shown.reads(person.display_name)


async def test_keys_typed_while_a_form_opens_go_into_its_first_field(
    market: Market, screen: Opener
) -> None:
    bidder = await market.bidder()
    async with screen(bidder.token) as shown:
        await shown.strike("W", "u", "=12.50")
        await shown.until(lambda: isinstance(shown.app.screen, FormScreen))
        await shown.until(lambda: shown.has_handled_keys)
        assert typed_into(shown, "amount") == "12.50"


async def test_a_bid_needs_an_enter_of_its_own_which_is_asked_for(
    market: Market, screen: Opener
) -> None:
    auction = await market.auction(await market.seller(), min_bid=100)
    bidder = await market.bidder()
    async with screen(bidder.token, armed_after_seconds=0.4) as shown:
        shown.app.open_auction(auction)
        await shown.reads("Minimum")
        await shown.until(lambda: shown.app.screen.check_action("bid", ()))
        await shown.strike("b", "enter", "enter")
        await shown.reads("Place this bid?", "Press Enter now")
        assert (await bidder.auctions.get(auction)).state.bid_count == 0
        await shown.confirm()
        await shown.reads("You lead")


async def test_one_key_signs_nobody_out(market: Market, screen: Opener) -> None:
    bidder = await market.bidder()
    name = (await bidder.auth.me()).display_name
    async with screen(bidder.token) as shown:
        await shown.reads(name)
        await shown.strike("i", "enter", "escape")
        await shown.until(lambda: isinstance(shown.app.screen, BoardScreen))
        assert shown.app.feed.user is not None
        await bidder.auth.me()


async def test_signing_out_ends_the_session_of_this_screen_only(
    market: Market, screen: Opener
) -> None:
    bidder = await market.bidder()
    async with screen(bidder.token) as shown:
        await shown.until(lambda: shown.app.feed.client.token != bidder.token)
        token = shown.app.feed.client.token
        await shown.press("i")
        await shown.confirm()
        await shown.reads("watching only")
        await shown.until(lambda: not isinstance(shown.app.screen, ConfirmScreen))
    await bidder.auth.me()
    async with AsyncInstaSell(bidder.base_url, token) as same:
        with pytest.raises(Unauthenticated):
            await same.auth.me()


async def test_a_screen_that_closes_ends_its_session_and_no_other(
    market: Market, screen: Opener
) -> None:
    bidder = await market.bidder()
    async with screen(bidder.token) as shown:
        await shown.until(lambda: shown.app.feed.client.token != bidder.token)
        token = shown.app.feed.client.token
    await bidder.auth.me()
    async with AsyncInstaSell(bidder.base_url, token) as same:
        with pytest.raises(Unauthenticated):
            await same.auth.me()
