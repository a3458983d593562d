"""Create auctions, bid in them and follow them; docs/api.md#auctions has the limits."""

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
    """Group the calls of `client.auctions`: minor units, UTC instants, `limit` from 1 to 100."""

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
        """Create an auction of a listing, of `duration_seconds` or until `end_at` (UTC).
        It starts at once or at `start_at`; `increments` may be pairs of (price from, increment).
        Raises ListingHasAuction, ListingNotFound, OutOfStock, InsufficientGas(missing), Invalid.
        Example: `client.auctions.create(listing_id, min_bid=1000, duration_seconds=3600)`"""
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
        """Check up to 500 auctions, given as mappings, as `create` would, and return their gas.
        Example: `client.auctions.check([{"listing_id": id, "min_bid": 1000, "end_at": end}])`"""
        body = request(CheckAuctions, auctions=[*map(dict, auctions)])
        return post("/auctions/check", reads(AuctionChecks), body)

    @endpoint
    def get(self, auction_id: str) -> Operation[AuctionView]:
        """Return an auction, its item and your relation to it. Raises AuctionNotFound.
        Example: `client.auctions.get(auction_id)`"""
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
        """Change terms or times before the first bid. Raises AuctionHasBids, AuctionNotOpen.
        Example: `client.auctions.update(auction_id, min_bid=2000)`"""
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
        """Return what changes while an auction runs, and the server's clock.
        Example: `client.auctions.status(auction_id)`"""
        return get(path("/auctions/{}/status", auction_id), AuctionStatusReply)

    @paged
    def list(
        self, *, status: StatusName | None = None, seller: str | None = None, page_size: int = 100
    ) -> Pages[AuctionState]:
        """List auctions, the newest first; `seller` is an id.
        Example: `for auction in client.auctions.list(status="ended"): ...`"""
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
        """Return one page of `list`. >>> client.auctions.list_page(limit=20)"""
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
        """List the open auctions that match the filters; pages come as needed.
        Example: `for auction in client.auctions.live(q="leica", price_max=50_000): ...`"""
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
        """Return one page of `live`. >>> client.auctions.live_page(limit=20)"""
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
        """Bid `amount` now, or up to `max_amount` automatically.
        Returns a receipt: its `outcome` is leading or outbid. Raises BidTooLow(minimum),
        AlreadyLeading(minimum), AuctionNotOpen, AuctionNotFound, SellerCannotBid, Invalid.
        Example: `client.auctions.bid(auction_id, amount=9200, max_amount=12_000)`"""
        body = request(PlaceBid, amount=amount, max_amount=max_amount)
        at = path("/auctions/{}/bid", auction_id)
        return post(at, reads(BidReceipt), body, key=idempotency_key)

    @paged
    def bids(self, auction_id: str, *, after_seq: int = 0, page_size: int = 500) -> Pages[Bid]:
        """List the bids above `after_seq` in order; the first has `seq` 1.
        Example: `for bid in client.auctions.bids(auction_id): ...`"""

        def ask(following: int | None) -> Operation[BidList]:
            return _bids_page(auction_id, following or after_seq, page_size)

        return pages(ask)

    @endpoint
    def bids_page(
        self, auction_id: str, *, after_seq: int = 0, limit: int = 100
    ) -> Operation[BidList]:
        """Return one page of `bids`. >>> client.auctions.bids_page(auction_id, limit=500)"""
        return _bids_page(auction_id, after_seq, limit)

    @endpoint
    def buy_now(
        self, auction_id: str, amount: int, *, idempotency_key: str | None = None
    ) -> Operation[BidReceipt]:
        """Buy at the `amount` that you saw, and end the auction. Raises BuyNowUnavailable.
        Example: `client.auctions.buy_now(auction_id, 15_000)`"""
        at = path("/auctions/{}/buy-now", auction_id)
        return post(at, reads(BidReceipt), request(BuyNow, amount=amount), key=idempotency_key)

    @endpoint
    def cancel(
        self, auction_id: str, reason: str | None = None, *, dry_run: bool = False
    ) -> Operation[AuctionStatusReply]:
        """Cancel an auction: as seller before bids, as admin always; `dry_run` only checks.
        Example: `client.auctions.cancel(auction_id, "Item broken")`"""
        at = path("/auctions/{}/cancel", auction_id)
        asked = post(at, reads(AuctionStatusReply), request(CancelAuction, reason=reason))
        return replace(asked, query={"dry_run": "true"}) if dry_run else asked

    @endpoint
    def offer_runner_up(
        self, auction_id: str, *, idempotency_key: str | None = None
    ) -> Operation[OrderView]:
        """Offer an unpaid auction to the next bidder at that bidder's last bid; return the order.
        Raises AuctionStillOpen, AuctionHasOrder, NoRunnerUp, ListingHasAuction, OutOfStock.
        Example: `client.auctions.offer_runner_up(auction_id)`"""
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
        """Relist an unsold auction for gas, with the old length and terms but for what you give.
        `without` removes terms, `dry_run` only checks. Raises AuctionStillOpen, AuctionHasOrder,
        ListingHasAuction, OutOfStock, InsufficientGas(missing), Invalid.
        Example: `client.auctions.relist(auction_id, min_bid=800, without=["reserve"])`"""
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
        """Put an auction on your watchlist; a repeat changes nothing.
        Example: `client.auctions.watch(auction_id)`"""
        return put(path("/auctions/{}/watch", auction_id), read_nothing)

    @endpoint
    def unwatch(self, auction_id: str) -> Operation[None]:
        """Remove an auction from your watchlist.
        Example: `client.auctions.unwatch(auction_id)`"""
        return delete(path("/auctions/{}/watch", auction_id))

    @paged
    def selling(
        self, *, part: PartName | None = None, page_size: int = 100
    ) -> Pages[SellingAuction]:
        """List the auctions that you created and their results, the newest first.
        Example: `for auction in client.auctions.selling(part="sold"): ...`"""
        return pages(partial(_selling_page, part=part, limit=page_size))

    @endpoint
    def selling_page(
        self, *, part: PartName | None = None, cursor: str | None = None, limit: int = 50
    ) -> Operation[SellingPage]:
        """Return one page of `selling`. >>> client.auctions.selling_page(limit=20)"""
        return _selling_page(cursor, part=part, limit=limit)

    @paged
    def bidding(
        self, *, part: BidPartName | None = None, page_size: int = 100
    ) -> Pages[BiddingAuction]:
        """List the auctions that you bid in, the most urgent first; one may move between pages.
        Example: `for auction in client.auctions.bidding(part="to_pay"): ...`"""
        return pages(partial(_bidding_page, part=part, limit=page_size))

    @endpoint
    def bidding_page(
        self, *, part: BidPartName | None = None, cursor: str | None = None, limit: int = 50
    ) -> Operation[BiddingPage]:
        """Return one page of `bidding`. >>> client.auctions.bidding_page(limit=20)"""
        return _bidding_page(cursor, part=part, limit=limit)

    @paged
    def watched(self, *, page_size: int = 100) -> Pages[AuctionState]:
        """List your watchlist, including auctions that ended.
        Example: `for auction in client.auctions.watched(): ...`"""
        return pages(partial(_watched_page, limit=page_size))

    @endpoint
    def watched_page(self, *, cursor: str | None = None, limit: int = 50) -> Operation[LivePage]:
        """Return one page of `watched`. >>> client.auctions.watched_page(limit=20)"""
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
