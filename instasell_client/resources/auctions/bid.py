"""Bid in auctions, and follow those that you bid in or watch."""

from __future__ import annotations

from functools import partial
from typing import Literal

from instasell_client.endpoint import Mode, Resource, endpoint, paged
from instasell_client.models.auctions import AuctionState, BidReceipt, BuyNow, LivePage, PlaceBid
from instasell_client.models.base import Paging
from instasell_client.models.bids import BiddingAuction, BiddingPage, BiddingPart, BiddingQuery
from instasell_client.operation import (
    Operation,
    Pages,
    delete,
    get,
    pages,
    path,
    post,
    put,
    read_nothing,
    reads,
    request,
)

BidPartName = BiddingPart | Literal["to_pay", "outbid", "leading", "won", "lost", "cancelled"]


class BidderCalls(Resource[Mode]):
    """Bid and watch. Amounts are minor units of the market's currency."""

    @endpoint
    def bid(
        self,
        auction_id: str,
        *,
        amount: int | None = None,
        max_amount: int | None = None,
        idempotency_key: str | None = None,
    ) -> Operation[BidReceipt]:
        """Bid an amount now, or let the market bid for you up to a maximum.

        Args:
            auction_id: Id of the auction.
            amount: Minor units to bid now.
            max_amount: Minor units up to which the market bids for you; others do not see it.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            BidReceipt: its `outcome` is `leading` or `outbid`.

        Raises:
            BidTooLow(minimum), AlreadyLeading(minimum), AuctionNotOpen(auction_status),
            AuctionNotFound, SellerCannotBid, Invalid

        Example:
            receipt = client.auctions.bid(auction_id, amount=9200, max_amount=12_000)

        See docs/api.md#post-auctionsauction_idbid.
        """
        body = request(PlaceBid, amount=amount, max_amount=max_amount)
        at = path("/auctions/{}/bid", auction_id)
        return post(at, reads(BidReceipt), body, key=idempotency_key)

    @endpoint
    def buy_now(
        self, auction_id: str, amount: int, *, idempotency_key: str | None = None
    ) -> Operation[BidReceipt]:
        """Buy at the buy-now price that you saw, and end the auction.

        Args:
            auction_id: Id of the auction.
            amount: The price that you saw, in minor units.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            BidReceipt.

        Raises:
            BuyNowUnavailable(buy_now), AuctionNotOpen(auction_status), AuctionNotFound,
            SellerCannotBid, Invalid

        Example:
            client.auctions.buy_now(auction_id, 15_000)

        See docs/api.md#post-auctionsauction_idbuy-now.
        """
        at = path("/auctions/{}/buy-now", auction_id)
        return post(at, reads(BidReceipt), request(BuyNow, amount=amount), key=idempotency_key)

    @paged
    def bidding(
        self, *, part: BidPartName | None = None, page_size: int = 100
    ) -> Pages[BiddingAuction]:
        """List the auctions that you bid in, the most urgent first.

        An auction whose state changes meanwhile may move from one page to another.

        Args:
            part: Only one part: `to_pay`, `outbid`, `leading`, `won`, `lost` or `cancelled`.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of BiddingAuction; pages are requested as you read.

        Raises:
            Invalid

        Example:
            for auction in client.auctions.bidding(part="to_pay"):
                print(auction.state.title)

        See docs/api.md#get-auctionsbidding.
        """
        return pages(partial(_bidding_page, part=part, limit=page_size))

    @endpoint
    def bidding_page(
        self, *, part: BidPartName | None = None, cursor: str | None = None, limit: int = 50
    ) -> Operation[BiddingPage]:
        """Return one page of `bidding`.

        Args:
            part: Only one part: `to_pay`, `outbid`, `leading`, `won`, `lost` or `cancelled`.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            BiddingPage.

        Raises:
            Invalid

        Example:
            page = client.auctions.bidding_page(limit=20)

        See docs/api.md#get-auctionsbidding.
        """
        return _bidding_page(cursor, part=part, limit=limit)

    @endpoint
    def watch(self, auction_id: str) -> Operation[None]:
        """Put an auction on your watchlist; a repeat changes nothing.

        Args:
            auction_id: Id of the auction.

        Raises:
            AuctionNotFound, Invalid

        Example:
            client.auctions.watch(auction_id)

        See docs/api.md#put-auctionsauction_idwatch.
        """
        return put(path("/auctions/{}/watch", auction_id), read_nothing)

    @endpoint
    def unwatch(self, auction_id: str) -> Operation[None]:
        """Remove an auction from your watchlist.

        Args:
            auction_id: Id of the auction.

        Raises:
            AuctionNotFound, Invalid

        Example:
            client.auctions.unwatch(auction_id)

        See docs/api.md#delete-auctionsauction_idwatch.
        """
        return delete(path("/auctions/{}/watch", auction_id))

    @paged
    def watched(self, *, page_size: int = 100) -> Pages[AuctionState]:
        """List the auctions of your watchlist, including those that ended.

        Args:
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of AuctionState; pages are requested as you read.

        Raises:
            Invalid

        Example:
            for auction in client.auctions.watched():
                print(auction.title, auction.end_at)

        See docs/api.md#get-auctionswatched.
        """
        return pages(partial(_watched_page, limit=page_size))

    @endpoint
    def watched_page(self, *, cursor: str | None = None, limit: int = 50) -> Operation[LivePage]:
        """Return one page of `watched`.

        Args:
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            LivePage.

        Raises:
            Invalid

        Example:
            page = client.auctions.watched_page(limit=20)

        See docs/api.md#get-auctionswatched.
        """
        return _watched_page(cursor, limit=limit)


def _bidding_page(cursor: str | None, **filters: object) -> Operation[BiddingPage]:
    query = request(BiddingQuery, cursor=cursor, **filters)
    return get("/auctions/bidding", BiddingPage, query)


def _watched_page(cursor: str | None, *, limit: int) -> Operation[LivePage]:
    return get("/auctions/watched", LivePage, request(Paging, cursor=cursor, limit=limit))
