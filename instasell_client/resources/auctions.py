"""Auctions: putting goods up, bidding, and looking on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Literal

from instasell_client.endpoint import Mode, Resource, endpoint, paged
from instasell_client.models.auctions import (
    AuctionChecks,
    AuctionsQuery,
    AuctionState,
    AuctionStatus,
    AuctionStatusReply,
    AuctionView,
    Bid,
    BidList,
    BidReceipt,
    BidsQuery,
    BuyNow,
    CancelAuction,
    CheckAuctions,
    CreateAuction,
    LivePage,
    LiveQuery,
    LiveSort,
    PlaceBid,
    RelistAuction,
    UpdateAuction,
)
from instasell_client.models.base import Paging
from instasell_client.models.bids import BiddingAuction, BiddingPage, BiddingPart, BiddingQuery
from instasell_client.models.orders import OrderView
from instasell_client.models.seller_auctions import (
    SellingAuction,
    SellingPage,
    SellingPart,
    SellingQuery,
)
from instasell_client.operation import (
    Operation,
    Pages,
    delete,
    get,
    invalid,
    json_body,
    new_key,
    pages,
    path,
    post,
    put,
    read_nothing,
    reads,
    request,
)

Increments = Literal["ebay", "none"] | Sequence[tuple[int, int]]
TermName = Literal["reserve", "buy_now"]
PartName = SellingPart | Literal["running", "sold", "unsold", "cancelled", "relisted"]
BidPartName = BiddingPart | Literal["to_pay", "outbid", "leading", "won", "lost", "cancelled"]
StatusName = AuctionStatus | Literal["pending", "live", "ended", "cancelled"]
SortName = LiveSort | Literal["ending", "price", "-price", "bids"]


class Auctions(Resource[Mode]):
    """`client.auctions`. Amounts are minor units of the market's currency."""

    @endpoint
    def create(
        self,
        listing_id: str,
        *,
        min_bid: int,
        duration_seconds: int | None = None,
        end_at: datetime | None = None,
        start_at: datetime | None = None,
        reserve: int | None = None,
        buy_now: int | None = None,
        increments: Increments = "ebay",
        extension_window_seconds: int = 5,
        extension_seconds: int = 5,
        idempotency_key: str | None = None,
    ) -> Operation[AuctionStatusReply]:
        """Puts a listing of type auction up; give `end_at` or `duration_seconds`.

        Without `start_at` it starts at once. `increments` may be pairs of (price from which on,
        increment). Raises ListingHasAuction, ListingNotFound, InsufficientGas(missing), Invalid.
        """
        body = request(
            CreateAuction,
            listing_id=listing_id,
            min_bid=min_bid,
            duration_seconds=duration_seconds,
            end_at=end_at,
            start_at=start_at,
            reserve=reserve,
            buy_now=buy_now,
            increments=increments,
            extension_window_seconds=extension_window_seconds,
            extension_seconds=extension_seconds,
        )
        return post("/auctions", reads(AuctionStatusReply), body, key=idempotency_key)

    @endpoint
    def check(self, auctions: Sequence[Mapping[str, object]]) -> Operation[AuctionChecks]:
        """Has up to 500 auctions judged as `create` would; tells the gas, and creates nothing."""
        body = request(CheckAuctions, auctions=[*map(dict, auctions)])
        return post("/auctions/check", reads(AuctionChecks), body)

    @endpoint
    def get(self, auction_id: str) -> Operation[AuctionView]:
        """The auction, its goods, and what it is to the caller. Raises AuctionNotFound."""
        return get(path("/auctions/{}", auction_id), AuctionView)

    @endpoint
    def update(
        self,
        auction_id: str,
        *,
        start_at: datetime | None = None,
        end_at: datetime | None = None,
        min_bid: int | None = None,
        reserve: int | None = None,
        buy_now: int | None = None,
    ) -> Operation[AuctionStatusReply]:
        """New terms or times of an auction without bids; what is not given stays as it is.

        Raises AuctionHasBids, AuctionNotOpen.
        """
        body = request(
            UpdateAuction,
            start_at=start_at,
            end_at=end_at,
            min_bid=min_bid,
            reserve=reserve,
            buy_now=buy_now,
        )
        return put(path("/auctions/{}", auction_id), reads(AuctionStatusReply), body)

    @endpoint
    def status(self, auction_id: str) -> Operation[AuctionStatusReply]:
        """What changes while an auction runs, and the server's clock."""
        return get(path("/auctions/{}/status", auction_id), AuctionStatusReply)

    @paged
    def list(
        self, *, status: StatusName | None = None, seller: str | None = None, page_size: int = 100
    ) -> Pages[AuctionState]:
        """Auctions of every status, or of one, the newest first; `seller` is an id."""
        return pages(partial(_page, status=status, seller=seller, limit=page_size))

    @endpoint
    def list_page(
        self,
        *,
        status: StatusName | None = None,
        seller: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Operation[LivePage]:
        """One page; its `next` is the `cursor` of the following one. `limit` is 1 to 100."""
        return _page(cursor, status=status, seller=seller, limit=limit)

    @paged
    def live(
        self,
        *,
        q: str | None = None,
        category: str | None = None,
        seller: str | None = None,
        price_min: int | None = None,
        price_max: int | None = None,
        sort: SortName = "ending",
        page_size: int = 100,
    ) -> Pages[AuctionState]:
        """Every open auction that the filters let through; pages come as they are needed."""
        ask = partial(
            _live_page,
            q=q,
            category=category,
            seller=seller,
            price_min=price_min,
            price_max=price_max,
            sort=sort,
            limit=page_size,
        )
        return pages(ask)

    @endpoint
    def live_page(
        self,
        *,
        q: str | None = None,
        category: str | None = None,
        seller: str | None = None,
        price_min: int | None = None,
        price_max: int | None = None,
        sort: SortName = "ending",
        cursor: str | None = None,
        limit: int = 50,
    ) -> Operation[LivePage]:
        """One page of open auctions, with the server's clock. `limit` is 1 to 100."""
        return _live_page(
            cursor,
            q=q,
            category=category,
            seller=seller,
            price_min=price_min,
            price_max=price_max,
            sort=sort,
            limit=limit,
        )

    @endpoint
    def bid(
        self,
        auction_id: str,
        *,
        amount: int | None = None,
        max_amount: int | None = None,
        idempotency_key: str | None = None,
    ) -> Operation[BidReceipt]:
        """Bids: `amount` is offered now, and up to `max_amount` the engine bids on by itself.

        The receipt's `outcome` says leading or outbid at once. Raises BidTooLow(minimum),
        AlreadyLeading(minimum), AuctionNotOpen, SellerCannotBid, Invalid.
        """
        body = request(PlaceBid, amount=amount, max_amount=max_amount)
        at = path("/auctions/{}/bid", auction_id)
        return post(at, reads(BidReceipt), body, key=idempotency_key)

    @paged
    def bids(self, auction_id: str, *, after_seq: int = 0, page_size: int = 500) -> Pages[Bid]:
        """The bids above `after_seq` in order; `seq` is 1 for the first."""

        def ask(following: int | None) -> Operation[BidList]:
            return _bids_page(auction_id, following or after_seq, page_size)

        return pages(ask)

    @endpoint
    def bids_page(
        self, auction_id: str, *, after_seq: int = 0, limit: int = 100
    ) -> Operation[BidList]:
        """One page of bids; its `next` is the following `after_seq`. `limit` is 1 to 500."""
        return _bids_page(auction_id, after_seq, limit)

    @endpoint
    def buy_now(
        self, auction_id: str, amount: int, *, idempotency_key: str | None = None
    ) -> Operation[BidReceipt]:
        """Buys at the price that was seen, which ends the auction. Raises BuyNowUnavailable."""
        at = path("/auctions/{}/buy-now", auction_id)
        return post(at, reads(BidReceipt), request(BuyNow, amount=amount), key=idempotency_key)

    @endpoint
    def cancel(
        self, auction_id: str, reason: str | None = None, *, dry_run: bool = False
    ) -> Operation[AuctionStatusReply]:
        """Cancel an auction: its seller without bids, an admin always; `dry_run` only answers."""
        at = path("/auctions/{}/cancel", auction_id)
        asked = post(at, reads(AuctionStatusReply), request(CancelAuction, reason=reason))
        return replace(asked, query={"dry_run": "true"}) if dry_run else asked

    @endpoint
    def offer_runner_up(
        self, auction_id: str, *, idempotency_key: str | None = None
    ) -> Operation[OrderView]:
        """Offers an auction whose order was not paid to the next bidder, at his own last bid.

        Returns the bidder's order. Raises AuctionStillOpen, AuctionHasOrder, NoRunnerUp,
        ListingHasAuction, OutOfStock.
        """
        at = path("/auctions/{}/offer-runner-up", auction_id)
        return post(at, reads(OrderView), key=idempotency_key)

    @endpoint
    def relist(
        self,
        auction_id: str,
        *,
        duration_seconds: int | None = None,
        end_at: datetime | None = None,
        start_at: datetime | None = None,
        min_bid: int | None = None,
        reserve: int | None = None,
        buy_now: int | None = None,
        without: Collection[TermName] = (),
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Operation[AuctionStatusReply]:
        """Relist an auction that was not sold, for gas.

        What is not given is as in the old auction, the length too; what stands in `without` is
        taken away. Without `start_at` the new one starts at once. A `dry_run` changes nothing.

        Raises AuctionStillOpen, AuctionHasOrder, ListingHasAuction, OutOfStock,
        InsufficientGas(missing), Invalid.
        """
        body = request(
            RelistAuction,
            duration_seconds=duration_seconds,
            end_at=end_at,
            start_at=start_at,
            min_bid=min_bid,
            reserve=reserve,
            buy_now=buy_now,
        )
        for name in without:
            if getattr(body, name) is not None:
                raise invalid(name, "either give it or take it away")
        return Operation(
            "POST",
            path("/auctions/{}/relist", auction_id),
            reads(AuctionStatusReply),
            query={"dry_run": "true"} if dry_run else {},
            body=json_body(body, without),
            key=idempotency_key or new_key(),
        )

    @endpoint
    def watch(self, auction_id: str) -> Operation[None]:
        """Puts an auction on the caller's watch list; once on it, it stays."""
        return put(path("/auctions/{}/watch", auction_id), read_nothing)

    @endpoint
    def unwatch(self, auction_id: str) -> Operation[None]:
        """Takes an auction off the caller's watch list."""
        return delete(path("/auctions/{}/watch", auction_id))

    @paged
    def selling(
        self, *, part: PartName | None = None, page_size: int = 100
    ) -> Pages[SellingAuction]:
        """The caller's own auctions and what came of them, the newest first."""
        return pages(partial(_selling_page, part=part, limit=page_size))

    @endpoint
    def selling_page(
        self, *, part: PartName | None = None, cursor: str | None = None, limit: int = 50
    ) -> Operation[SellingPage]:
        """One page of own auctions, with what the market asks in gas. `limit` is 1 to 100."""
        return _selling_page(cursor, part=part, limit=limit)

    @paged
    def bidding(
        self, *, part: BidPartName | None = None, page_size: int = 100
    ) -> Pages[BiddingAuction]:
        """The auctions that the caller has bid in, what needs him most first.

        One that changes its part while pages are read may come twice or not at all.
        """
        return pages(partial(_bidding_page, part=part, limit=page_size))

    @endpoint
    def bidding_page(
        self, *, part: BidPartName | None = None, cursor: str | None = None, limit: int = 50
    ) -> Operation[BiddingPage]:
        """One page of the auctions that the caller has bid in. `limit` is 1 to 100."""
        return _bidding_page(cursor, part=part, limit=limit)

    @paged
    def watched(self, *, page_size: int = 100) -> Pages[AuctionState]:
        """The caller's watch list, with auctions that have ended."""
        return pages(partial(_watched_page, limit=page_size))

    @endpoint
    def watched_page(self, *, cursor: str | None = None, limit: int = 50) -> Operation[LivePage]:
        """One page of the caller's watch list. `limit` is 1 to 100."""
        return _watched_page(cursor, limit=limit)


def _page(cursor: str | None, **filters: object) -> Operation[LivePage]:
    return get("/auctions", LivePage, request(AuctionsQuery, cursor=cursor, **filters))


def _live_page(cursor: str | None, **filters: object) -> Operation[LivePage]:
    return get("/auctions/live", LivePage, request(LiveQuery, cursor=cursor, **filters))


def _selling_page(cursor: str | None, **filters: object) -> Operation[SellingPage]:
    query = request(SellingQuery, cursor=cursor, **filters)
    return get("/auctions/selling", SellingPage, query)


def _bidding_page(cursor: str | None, **filters: object) -> Operation[BiddingPage]:
    query = request(BiddingQuery, cursor=cursor, **filters)
    return get("/auctions/bidding", BiddingPage, query)


def _watched_page(cursor: str | None, *, limit: int) -> Operation[LivePage]:
    return get("/auctions/watched", LivePage, request(Paging, cursor=cursor, limit=limit))


def _bids_page(auction_id: str, after_seq: int, limit: int) -> Operation[BidList]:
    query = request(BidsQuery, after_seq=after_seq, limit=limit)
    return get(path("/auctions/{}/bids", auction_id), BidList, query)
