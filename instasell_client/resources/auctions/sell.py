"""Create auctions, change or cancel them, and sell again what was not sold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Literal

from instasell_client.endpoint import Mode, Resource, endpoint, paged
from instasell_client.errors import Invalid
from instasell_client.models.auctions import (
    AuctionChecks,
    AuctionStatusReply,
    CancelAuction,
    CheckAuctions,
    CreateAuction,
    RelistAuction,
    UpdateAuction,
)
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
    get,
    json_body,
    new_key,
    pages,
    path,
    post,
    put,
    reads,
    request,
)

Increments = Literal["ebay", "none"] | Sequence[tuple[int, int]]
TermName = Literal["reserve", "buy_now"]
PartName = SellingPart | Literal["running", "sold", "unsold", "cancelled", "relisted"]


class SellerCalls(Resource[Mode]):
    """Sell by auction. Amounts are minor units of the market's currency, instants are UTC."""

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
        """Create an auction of a listing; it costs gas. Give a duration or an end.

        Args:
            listing_id: Id of a listing of type auction, in stock.
            min_bid: Lowest first bid, in minor units.
            duration_seconds: Length in seconds, from the start on.
            end_at: End of the auction; it replaces `duration_seconds`.
            start_at: Start of the auction; it starts at once by default.
            reserve: Hidden price in minor units below which it is not sold.
            buy_now: Price in minor units at which a buyer ends it before the first bid.
            increments: `ebay`, `none`, or pairs of (price from, increment) in minor units.
            extension_window_seconds: A bid in the last seconds, so many, extends the auction.
            extension_seconds: Seconds that are left at least after such a bid.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            AuctionStatusReply.

        Raises:
            ListingHasAuction(auction_id), ListingNotFound, OutOfStock, InsufficientGas(missing),
            Forbidden, Invalid

        Example:
            client.auctions.create(listing_id, min_bid=1000, duration_seconds=3600)

        See docs/api.md#post-auctions.
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
        """Check auctions as `create` would, and return the gas that they cost together.

        Args:
            auctions: Up to 500 mappings of the arguments of `create`.

        Returns:
            AuctionChecks, with a result for each auction.

        Raises:
            Forbidden, Invalid

        Example:
            term = {"listing_id": listing_id, "min_bid": 1000, "duration_seconds": 3600}
            print(client.auctions.check([term]).gas_needed)

        See docs/api.md#post-auctionscheck.
        """
        body = request(CheckAuctions, auctions=[*map(dict, auctions)])
        return post("/auctions/check", reads(AuctionChecks), body)

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
        """Change the terms or times of your auction before the first bid.

        Args:
            auction_id: Id of the auction.
            start_at: New start, while the auction is pending.
            end_at: New end.
            min_bid: Lowest first bid, in minor units.
            reserve: Hidden price below which it is not sold, in minor units.
            buy_now: Price at which a buyer ends it, in minor units.

        Returns:
            AuctionStatusReply.

        Raises:
            AuctionHasBids, AuctionNotOpen(auction_status), AuctionNotFound, Forbidden, Invalid

        Example:
            client.auctions.update(auction_id, min_bid=2000)

        See docs/api.md#put-auctionsauction_id.
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
    def cancel(
        self, auction_id: str, reason: str | None = None, *, dry_run: bool = False
    ) -> Operation[AuctionStatusReply]:
        """Cancel an auction: as its seller before the first bid, as an admin always.

        Args:
            auction_id: Id of the auction.
            reason: Text for those who bid or watch.
            dry_run: Check whether you can cancel it, and change nothing.

        Returns:
            AuctionStatusReply.

        Raises:
            AuctionHasBids, AuctionNotOpen(auction_status), AuctionNotFound, Forbidden, Invalid

        Example:
            client.auctions.cancel(auction_id, "Item broken")

        See docs/api.md#post-auctionsauction_idcancel.
        """
        at = path("/auctions/{}/cancel", auction_id)
        operation = post(at, reads(AuctionStatusReply), request(CancelAuction, reason=reason))
        return replace(operation, query={"dry_run": "true"}) if dry_run else operation

    @endpoint
    def offer_runner_up(
        self, auction_id: str, *, idempotency_key: str | None = None
    ) -> Operation[OrderView]:
        """Offer an auction that was not paid to the next bidder, at that bidder's last bid.

        Args:
            auction_id: Id of the auction.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            OrderView: the order of the next bidder.

        Raises:
            AuctionStillOpen(auction_status), AuctionHasOrder(order_id), NoRunnerUp,
            ListingHasAuction(auction_id), OutOfStock, AuctionNotFound, ListingNotFound, Forbidden,
            Invalid

        Example:
            view = client.auctions.offer_runner_up(auction_id)

        See docs/api.md#post-auctionsauction_idoffer-runner-up.
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
        """Create an unsold auction again, for gas; what you leave out is as it was.

        Args:
            auction_id: Id of the auction that was not sold.
            duration_seconds: Length in seconds.
            end_at: End of the auction; it replaces `duration_seconds`.
            start_at: Start of the auction; it starts at once by default.
            min_bid: Lowest first bid, in minor units.
            reserve: Hidden price below which it is not sold, in minor units.
            buy_now: Price at which a buyer ends it, in minor units.
            without: Terms to remove: `reserve`, `buy_now`.
            dry_run: Check whether you can relist it, and change nothing.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            AuctionStatusReply of the new auction.

        Raises:
            AuctionStillOpen(auction_status), AuctionHasOrder(order_id), AuctionNotFound,
            ListingHasAuction(auction_id), OutOfStock, InsufficientGas(missing), Forbidden, Invalid

        Example:
            client.auctions.relist(auction_id, min_bid=800, without=["reserve"])

        See docs/api.md#post-auctionsauction_idrelist.
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
                raise Invalid.one(name, "either give it or remove it")
        return Operation(
            "POST",
            path("/auctions/{}/relist", auction_id),
            reads(AuctionStatusReply),
            query={"dry_run": "true"} if dry_run else {},
            body=json_body(body, without),
            key=idempotency_key or new_key(),
        )

    @paged
    def selling(
        self, *, part: PartName | None = None, page_size: int = 100
    ) -> Pages[SellingAuction]:
        """List the auctions that you created, with their results, the newest first.

        Args:
            part: Only one part: `running`, `sold`, `unsold`, `cancelled` or `relisted`.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of SellingAuction; pages are requested as you read.

        Raises:
            Forbidden, Invalid

        Example:
            for auction in client.auctions.selling(part="sold"):
                print(auction.state.title, auction.order_id)

        See docs/api.md#get-auctionsselling.
        """
        return pages(partial(_selling_page, part=part, limit=page_size))

    @endpoint
    def selling_page(
        self, *, part: PartName | None = None, cursor: str | None = None, limit: int = 50
    ) -> Operation[SellingPage]:
        """Return one page of `selling`.

        Args:
            part: Only one part: `running`, `sold`, `unsold`, `cancelled` or `relisted`.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            SellingPage.

        Raises:
            Forbidden, Invalid

        Example:
            page = client.auctions.selling_page(limit=20)

        See docs/api.md#get-auctionsselling.
        """
        return _selling_page(cursor, part=part, limit=limit)


def _selling_page(cursor: str | None, **filters: object) -> Operation[SellingPage]:
    query = request(SellingQuery, cursor=cursor, **filters)
    return get("/auctions/selling", SellingPage, query)
