"""The bids of the user: their order, what each says, and bidding and paying from the list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest

from instasell_client.models.bids import BiddingAuction, BiddingPart
from instasell_tui.auction.screen import AuctionScreen
from instasell_tui.bids import text as bids_text
from instasell_tui.bids.screen import BidsScreen
from instasell_tui.bids.state import part_of, sort_bids
from instasell_tui.orders.order_screen import OrderScreen
from instasell_tui.widgets.row_table import RowTable
from tests.client import samples as wire
from tests.support.databases import MarketClock
from tests.support.market import Market
from tests.support.waiting import until
from tests.tui.pilot import LARGE, SMALL, Opener
from tests.tui.samples import NOW, state

pytestmark = pytest.mark.usefixtures("unmeasured")


def own(part: str, number: int = 1, hours: float = 1, **changes: Any) -> BiddingAuction:
    """An own bid of 12.00 at most, as bidder-1."""
    whole = state(
        number, end_at=NOW + timedelta(hours=hours), current_bid=1100, bid_count=2,
        leader="bidder-1" if part == "leading" else "bidder-2", shipping_amount=300,
        minimum_bid=1150, status="live" if part in ("outbid", "leading") else "ended",
        **changes.pop("state", {}),
    )  # fmt: skip
    values = wire.bidding(part=part, bidder="bidder-1", max_amount=1200, last_bid_at=NOW)
    order = {"order_id": wire.OTHER, "order_status": "pending", "total_amount": 1400}
    due = {**order, "payment_due_at": NOW + timedelta(hours=hours)} if part == "to_pay" else {}
    return BiddingAuction.model_validate({**values, **due, **changes, "state": whole})


def test_what_needs_one_comes_first_and_what_is_over_last() -> None:
    mixed = [
        own("lost", 1, -5), own("leading", 2, 1), own("won", 3, -1), own("outbid", 4, 9),
        own("to_pay", 5, 30), own("outbid", 6, 2), own("to_pay", 7, 3), own("to_pay", 8, -2),
    ]  # fmt: skip
    found = [int(each.state.auction_id[-2:]) for each in sort_bids(mixed, NOW)]
    assert found == [7, 5, 6, 4, 2, 3, 8, 1]
    assert bids_text.summary(mixed, NOW) == "▶ 2 to pay · ▼ 2 outbid · ▲ 1 leading"
    assert bids_text.summary([mixed[0]], NOW) == "nothing needs you"


def test_a_newer_state_moves_it_on() -> None:
    def moved(part: str, **changes: Any) -> BiddingPart:
        each = own(part).model_dump()
        return part_of(BiddingAuction.model_validate({**each, "state": each["state"] | changes}))

    assert moved("leading", leader="bidder-2") is BiddingPart.OUTBID
    assert moved("outbid", leader="bidder-1") is BiddingPart.LEADING
    assert moved("outbid", status="ended", winner="bidder-2") is BiddingPart.LOST
    assert moved("leading", status="ended", winner="bidder-1") is BiddingPart.WON
    assert moved("leading", status="ended", winner=None) is BiddingPart.LOST
    assert moved("leading", status="cancelled") is BiddingPart.CANCELLED
    assert moved("to_pay", leader="bidder-2") is BiddingPart.TO_PAY


def test_each_says_what_it_comes_to() -> None:
    def says(each: BiddingAuction) -> tuple[str, str, str]:
        head, _ = bids_text.headline(each, NOW, "USD")
        mark, place = bids_text.mark(each, NOW)[0], bids_text.place(each, NOW)[0]
        return f"{mark} {place}", bids_text.when(each, NOW, UTC)[0], head

    assert says(own("to_pay")) == (
        "▶ to pay", "pay 1h 00m", "▶ Pay 14.00: p from the wallet, c by card",
    )  # fmt: skip
    assert says(own("outbid")) == (
        "▼ outbid", "1h 00m", "▼ Outbid by bidder-2: b bids 11.50, 14.50 with shipping",
    )  # fmt: skip
    assert says(own("leading"))[2] == "▲ You lead, automatic up to 12.00, 15.00 with shipping"
    assert "m sets a maximum" in says(own("leading", max_amount=1100))[2]
    late = own("to_pay", hours=-1)
    assert says(late)[0] == "· not paid in time"
    paid = own("won", hours=-1, order_status="processing", total_amount=1400)
    assert says(paid) == ("✓ paid", "11:00:00", "✓ Yours at 14.00: paid")
    assert says(own("lost", state={"winner": "bidder-2"}))[2] == "■ bidder-2 won at 11.00"
    assert "Ended below the reserve: no sale" in says(own("lost"))[2]
    assert bids_text.total(own("outbid")) == 1400


async def test_one_bids_again_and_pays_from_the_list(
    market: Market,
    fund: Callable[[str, int], None],
    market_clock: MarketClock,
    sql: Callable[..., list[tuple[Any, ...]]],
    screen: Opener,
) -> None:
    seller, me, other = await market.seller(), await market.bidder(), await market.bidder()
    fund((await me.auth.me()).id, 5000)
    listing = await seller.listings.create(
        type="auction", title="Won clock", category_id=market.category(), condition="new",
        stock=1, shipping_amount=250,
    )  # fmt: skip
    made = await seller.auctions.create(listing.id, min_bid=1000, duration_seconds=60)
    won = made.state.auction_id
    mine = await market.auction(seller, title="Brass lamp", min_bid=1000, duration_seconds=9000)
    led = await market.auction(seller, title="Old globe", min_bid=1000, duration_seconds=8000)
    await me.auctions.bid(won, amount=1000)
    await me.auctions.bid(mine, amount=1000)
    await other.auctions.bid(mine, amount=1500)
    await me.auctions.bid(led, max_amount=2500)
    market_clock.shift(61)
    await until(lambda: sql("SELECT count(*) FROM auctions WHERE status = 'ended'") == [(1,)])

    async with screen(me.token) as shown:
        await shown.press("B")
        await shown.until(lambda: isinstance(shown.app.screen, BidsScreen))
        await shown.reads("▶ 1 to pay · ▼ 1 outbid · ▲ 1 leading", "1 All 3", "2 Running 2")
        table = shown.app.screen.query_one(RowTable)
        assert [row.key for row in table.rows] == [won, mine, led]
        await shown.reads("▶ Pay 12.50", "p Pay wallet", "c Pay card", "v Auction")
        assert "b Bid again" not in shown.text
        await shown.press("p")
        await shown.reads("Pay this from your wallet?", "12.50")
        await shown.confirm()
        await shown.reads("Paid 12.50 from the wallet", "✓ Won clock")
        # What was to pay is over now, and the cursor stays on it.
        assert [row.key for row in table.rows] == [mine, led, won]
        await shown.press("enter")
        await shown.until(lambda: isinstance(shown.app.screen, OrderScreen))
        await shown.press("escape", "home")
        await shown.reads("▼ Outbid by bidder-2: b bids", "b Bid again", "m Maximum")
        await shown.press("b")
        await shown.reads("Place this bid?", "Brass lamp")
        await shown.confirm()
        await shown.reads("Your bid leads at", "▲ 2 leading", "▲ Brass lamp")
        # The board's own word moves the row, without another look.
        await other.auctions.bid(mine, amount=3000)
        await shown.reads("▼ Brass lamp", "▼ 1 outbid", "Bid again")
        await shown.press("home", "m")
        await shown.reads("How far do you go?")
        await shown.type("20")
        await shown.press("enter")
        await shown.reads("At least 3")
        await shown.press("home", "delete", "delete")
        await shown.type("90.00")
        await shown.press("enter")
        await shown.reads("Place this bid?", "Automatic bids up to")
        await shown.confirm()
        await shown.reads("automatic up to 90.00", "▲ Brass lamp", "90.00")
        await shown.press("3")
        await shown.reads("[3 Over 1]", "Won clock")
        # Above the last lines it is still said for a moment that it was outbid.
        await shown.until(lambda: "Brass lamp" not in shown.text)
        await shown.press("v")
        await shown.until(lambda: isinstance(shown.app.screen, AuctionScreen))
    async with screen(me.token, size=LARGE, read_only=True) as shown:
        await shown.press("B")
        await shown.reads("Opened read-only", "you lead", "paid")
        # The user is "you" in the column of names as well.
        assert "bidder-1" not in shown.text
        assert "m Maximum" not in shown.text
    async with screen(seller.token, size=SMALL) as shown:
        await shown.press("B")
        await shown.reads("You have not bid yet", "b bids the minimum")
