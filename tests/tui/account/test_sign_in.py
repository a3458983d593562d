"""Signing in from the screen."""

from __future__ import annotations

from instasell_client import AsyncInstaSell
from instasell_tui.account.screen import SignInScreen
from instasell_tui.board.screen import BoardScreen
from tests.support.market import PASSWORD, Market
from tests.tui.pilot import Opener


async def test_a_wrong_password_is_refused_and_the_right_one_opens_the_board(
    market: Market, screen: Opener
) -> None:
    person = await (await market.bidder()).auth.me()
    async with screen(loaded=False) as shown:
        await shown.until(lambda: isinstance(shown.app.screen, SignInScreen))
        await shown.type(person.email)
        await shown.press("enter")
        await shown.type("not the password")
        await shown.press("enter")
        await shown.reads("E-mail or password is wrong")
        await shown.press("ctrl+u")
        await shown.type(PASSWORD)
        await shown.press("enter")
        await shown.until(lambda: isinstance(shown.app.screen, BoardScreen))
        await shown.reads(person.display_name, "● live")


async def test_each_field_says_what_is_wrong_with_it(market: Market, screen: Opener) -> None:
    async with screen(loaded=False) as shown:
        await shown.until(lambda: isinstance(shown.app.screen, SignInScreen))
        await shown.press("ctrl+n")
        await shown.reads("Make an account at")
        await shown.type("nobody")
        await shown.press("tab")
        await shown.type("short")
        await shown.press("enter")
        await shown.reads("use at least 8 characters")
        lines = shown.lines
        email = next(number for number, line in enumerate(lines) if "nobody" in line)
        assert "Write the address as name@example.com" in lines[email + 1]
        password = next(number for number, line in enumerate(lines) if "•••••" in line)
        assert "use at least 8 characters" in lines[password + 1]


async def test_a_new_account_is_signed_in_and_kept_when_that_is_wished(
    market: Market, screen: Opener
) -> None:
    kept: list[tuple[str, str]] = []
    async with screen(
        loaded=False, remember=lambda email, token: kept.append((email, token))
    ) as shown:
        await shown.until(lambda: isinstance(shown.app.screen, SignInScreen))
        await shown.press("ctrl+n")
        await shown.type("ada@example.org")
        await shown.press("tab")
        await shown.type(PASSWORD)
        await shown.press("tab")
        await shown.type("Ada")
        await shown.press("tab", "space", "tab", "enter")
        await shown.until(lambda: isinstance(shown.app.screen, BoardScreen))
        await shown.reads("Ada", "● live")
        [(email, token)] = kept
        assert email == "ada@example.org"
        await shown.until(lambda: shown.app.feed.client.token != token)
    # What was kept is not this screen's to end.
    async with AsyncInstaSell(market.base_url, token) as later:
        assert (await later.auth.me()).email == email


async def test_an_address_that_is_taken_is_refused_at_its_field(
    market: Market, screen: Opener
) -> None:
    person = await (await market.bidder()).auth.me()
    async with screen(loaded=False) as shown:
        await shown.until(lambda: isinstance(shown.app.screen, SignInScreen))
        await shown.press("ctrl+n")
        await shown.type(person.email)
        await shown.press("tab")
        await shown.type(PASSWORD)
        await shown.press("enter")
        await shown.reads("There is an account with this address")


async def test_watching_needs_no_account(market: Market, screen: Opener) -> None:
    auction = await market.auction(await market.seller(), title="A pocket watch")
    async with screen() as shown:
        await shown.reads("A pocket watch", "watching only")
        shown.app.open_auction(auction)
        await shown.reads("Press i to sign in and bid")
        await shown.press("b")
        assert "Place this bid?" not in shown.text


async def test_a_session_that_ends_leads_back_to_the_sign_in(
    market: Market, screen: Opener
) -> None:
    bidder = await market.bidder()
    async with screen(bidder.token) as shown:
        await bidder.auth.logout()
        await shown.until(lambda: isinstance(shown.app.screen, SignInScreen))
        await shown.reads("You were signed out")
        await shown.press("escape")
        await shown.reads("watching only", "● live")


async def test_signing_out_forgets_the_person(market: Market, screen: Opener) -> None:
    bidder = await market.bidder()
    name = (await bidder.auth.me()).display_name
    auction = await market.auction(await market.seller())
    await bidder.auctions.bid(auction, amount=100)
    await bidder.auctions.watch(auction)
    async with screen(bidder.token) as shown:
        await shown.reads(name, "you lead")
        await shown.press("i")
        await shown.reads("Sign out of this screen?", "Goes on")
        await shown.confirm()
        await shown.reads("watching only", "bidder-1")
        assert "you lead" not in shown.text
