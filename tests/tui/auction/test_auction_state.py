"""One auction that is followed closely."""

from __future__ import annotations

from datetime import timedelta

import pytest

from instasell_client.models.auctions import AuctionView, You
from instasell_client.models.sellers import SellerRecord
from instasell_tui.auction import text as auction_text
from instasell_tui.auction.bid_box import BidInput
from instasell_tui.auction.price_chart import PriceHistory, drawn, span
from instasell_tui.auction.state import AuctionPageState, BidderPosition
from instasell_tui.widgets.tone import Tone
from tests.tui.samples import NOW, auction_id, bid, changed, joined, placed, receipt, state


def followed(**changes: object) -> AuctionPageState:
    """An auction that has been joined."""
    sale = AuctionPageState(auction_id(1))
    sale.apply(joined(state(**changes)))
    return sale


def seqs(sale: AuctionPageState) -> list[int]:
    """The bids that are there."""
    return [each.seq for each in sale.bids]


def test_bids_come_once_and_in_order() -> None:
    sale = followed()
    sale.apply(placed(2, bid(1), bid(2)))
    sale.apply(placed(2, bid(1), bid(2)))
    sale.apply(placed(3, bid(3)))
    sale.apply(joined(state(version=4, seq=4), bid(4), resumed=True))
    assert seqs(sale) == [1, 2, 3, 4]
    assert sale.missing_after is None


def test_a_hole_is_known_and_filled_before_what_follows_it() -> None:
    sale = followed()
    sale.apply(placed(2, bid(1)))
    sale.apply(placed(3, bid(9), bid(10), truncated=True))
    assert seqs(sale) == [1]
    assert sale.missing_after == 1
    sale.take_bids(bid(seq) for seq in range(2, 11))
    assert seqs(sale) == list(range(1, 11))
    assert sale.missing_after is None


def test_of_a_long_auction_the_newest_bids_are_kept() -> None:
    sale = AuctionPageState(auction_id(1))
    newest = [bid(seq) for seq in range(701, 1201)]
    sale.apply(joined(state(version=1201, seq=1200), *newest, truncated=True))
    assert (seqs(sale)[0], seqs(sale)[-1], len(sale.bids)) == (701, 1200, 500)
    sale.apply(placed(1202, conflated=True, seq=1900))
    assert sale.missing_after == 1400
    sale.take_bids(bid(seq) for seq in range(1401, 1901))
    assert (seqs(sale)[0], seqs(sale)[-1]) == (1401, 1900)


def test_an_extension_is_news_for_a_while() -> None:
    sale = followed()
    end = NOW + timedelta(hours=1, seconds=5)
    sale.apply(placed(2, bid(1), auction_extended=True, end_at=end))
    assert auction_text.end(sale, NOW, NOW.tzinfo) == (
        "↻ extended by 5 s, ends 13:00:05",
        Tone.GOOD,
    )
    later = NOW + timedelta(seconds=9)
    assert auction_text.end(sale, later, NOW.tzinfo) == ("ends 13:00:05", Tone.PLAIN)


def test_ones_place_follows_from_the_receipt_and_the_events() -> None:
    sale = followed()
    assert sale.place is BidderPosition.NONE
    sale.answered(receipt())
    sale.apply(placed(2, bid(1, bidder="bidder-1")))
    assert sale.place is BidderPosition.LEADING
    sale.apply(placed(3, bid(2, bidder="bidder-2")))
    assert sale.place is BidderPosition.OUTBID
    sale.apply(changed("auction_ended", 4, winner="bidder-1", price=1200))
    assert sale.place is BidderPosition.WON


@pytest.mark.parametrize(
    ("changes", "price"),
    [
        ({"buy_now": 5000}, 5000),
        ({"buy_now": 5000, "bid_count": 1}, None),
        ({"buy_now": 5000, "bid_count": 1, "has_reserve": True}, 5000),
        ({"buy_now": 5000, "has_reserve": True, "reserve_met": True}, None),
        ({"buy_now": 5000, "status": "ended"}, None),
        ({}, None),
    ],
)
def test_buy_now_is_offered_as_the_rules_have_it(
    changes: dict[str, object], price: int | None
) -> None:
    assert followed(**changes).buy_now == price


def test_what_matters_most_is_said_in_one_line() -> None:
    def said(sale: AuctionPageState) -> str:
        return auction_text.place(sale, "USD", NOW, NOW.tzinfo)[0]

    assert said(followed()) == "No bids yet: the first one leads"
    assert said(followed(start_at=NOW + timedelta(minutes=2))) == "Starts in 2m 00s, at 12:02:00"
    assert said(followed(status="ended")) == "■ Ended without a bid"
    assert "Ended below the reserve: no sale" in said(
        followed(status="ended", bid_count=3, current_bid=900)
    )
    sale = followed()
    sale.apply(changed("auction_cancelled", 2, reason="broken\x1b[2J"))
    assert said(sale) == "■ Cancelled: broken\ufffd[2J"


def test_a_question_tells_when_it_is_late() -> None:
    sale = followed()
    wish = BidInput(1000, None)
    assert auction_text.news(sale, wish, "USD") == ""
    sale.apply(placed(2, bid(1)))
    assert "11.50" in auction_text.news(sale, wish, "USD")
    assert auction_text.news(sale, BidInput(None, 1150), "USD") == ""
    sale.apply(changed("auction_ended", 3))
    assert auction_text.news(sale, wish, "USD") == "The auction is over."


def test_what_a_bid_may_cost_at_most_is_shown_with_shipping() -> None:
    sale = followed(shipping_amount=650)
    assert auction_text.bid_lines(sale, BidInput(1000, 2500), "USD") == [
        ("You bid", "10.00"),
        ("Automatic bids up to", "25.00"),
        ("At most, with shipping", "31.50"),
    ]


def test_the_seller_is_shown_with_the_number_of_sales() -> None:
    sale = followed()
    sale.view = AuctionView(
        state=state(), description="", condition="new", category_path="Watches",
        seller_name="Sam", currency="USD", increments="ebay", server_time=NOW,
    )  # fmt: skip
    assert auction_text.item_line(sale) == "Watches · new · sold by Sam"
    record = SellerRecord(
        member_since=NOW, sales_completed=12, disputes_lost=0, chargebacks=0,
        shipping_seconds_average=None,
    )  # fmt: skip
    sale.view = sale.view.model_copy(update={"seller": record})
    assert auction_text.item_line(sale) == "Watches · new · sold by Sam (12 sales)"


def test_a_seller_is_no_bidder() -> None:
    sale = AuctionPageState(auction_id(1))
    sale.apply(joined(state(), you=You(is_seller=True)))
    assert sale.place is BidderPosition.SELLER


def test_the_chart_is_a_step_line_with_bids_as_points() -> None:
    bids = [bid(1, 1100), bid(11, 2000, bidder="bidder-2")]
    start = NOW - timedelta(minutes=30)
    course = PriceHistory(1000, bids, start, start + timedelta(seconds=20), "bidder-2", "USD")
    low, high = span(course)
    plot = drawn(course, 20, 5, low, high)
    lines = ["".join(row) for row in plot.chars]
    assert lines == [
        "           ●────────",
        "           │        ",
        "           │        ",
        "           │        ",
        "┄•─────────╯        ",
    ]


def test_the_chart_of_no_bids_is_a_flat_line_at_the_opening() -> None:
    course = PriceHistory(1000, [], NOW, NOW, None, "USD")
    plot = drawn(course, 8, 3, *span(course))
    assert ["".join(row) for row in plot.chars] == [" " * 8, " " * 8, "┄" * 8]
