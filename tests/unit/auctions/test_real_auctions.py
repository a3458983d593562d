"""305 real auctions: the maxima that people typed must lead to the prices that were paid."""

import csv
import os
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from instasell_server.domains.auctions.replay import replay

from .play import START, Play, terms


class RealBid(NamedTuple):
    """One line of the file, amounts in minor units."""

    bidder: str
    days: Decimal
    maximum: int
    opening: int
    closed_at: int


def cents(text: str) -> int:
    amount = Decimal(text) * 100
    assert amount == amount.to_integral_value(), text
    return int(amount)


@pytest.fixture(scope="module")
def real_auctions() -> list[list[RealBid]]:
    folder = os.environ.get("INSTASELL_REAL_DATA")
    if not folder:
        pytest.skip("INSTASELL_REAL_DATA names no folder with ebay-bids.csv")
    auctions: dict[str, list[RealBid]] = defaultdict(list)
    with (Path(folder) / "ebay-bids.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            auctions[row["auctionid"]].append(
                RealBid(
                    bidder=row["bidder"],
                    days=Decimal(row["bidtime"]),
                    maximum=cents(row["bid"]),
                    opening=cents(row["openbid"]),
                    closed_at=cents(row["price"]),
                )
            )
    return [sorted(bids, key=lambda bid: bid.days) for bids in auctions.values()]


def run(bids: list[RealBid], reserve: int | None = None) -> Play:
    # The end lies beyond the longest auction, as the extension is not eBay's.
    game = Play(terms(bids[0].opening, reserve=reserve), end_at=START + timedelta(days=30))
    for bid in bids:
        at = START + timedelta(microseconds=int(bid.days * 86_400_000_000))
        game.offer(bid.bidder, None, bid.maximum, at=at)
    return game


def test_real_bids_lead_to_the_real_prices(real_auctions: list[list[RealBid]]) -> None:
    games = [run(bids) for bids in real_auctions]
    paid = [bids[0].closed_at for bids in real_auctions]
    reached = [game.standing.price or 0 for game in games]
    exact = sum(price == due for price, due in zip(reached, paid, strict=True))
    above = sum(price < due for price, due in zip(reached, paid, strict=True))
    accepted = sum(len(game.rows) for game in games)
    assert (len(games), exact, above, accepted) == (305, 297, 8, 5_215)
    assert all(
        replay(game.terms, game.end_at, game.rows, game.standing).differences == []
        for game in games
    )


def test_a_hidden_reserve_explains_those_that_closed_above(
    real_auctions: list[list[RealBid]],
) -> None:
    exact = 0
    for bids in real_auctions:
        due = bids[0].closed_at
        game = run(bids)
        if game.standing.price != due:
            game = run(bids, reserve=due)
        assert replay(game.terms, game.end_at, game.rows, game.standing).differences == []
        exact += game.standing.price == due and game.standing.reserve_met
    assert exact == 305
