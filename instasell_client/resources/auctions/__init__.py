"""Create auctions, bid in them and follow them."""

from __future__ import annotations

from instasell_client.endpoint import Mode
from instasell_client.resources.auctions.bid import BidderCalls
from instasell_client.resources.auctions.browse import BrowseCalls
from instasell_client.resources.auctions.sell import SellerCalls


class Auctions(BrowseCalls[Mode], BidderCalls[Mode], SellerCalls[Mode]):
    """Group the calls of `client.auctions`. Amounts are minor units of the market's currency."""
