"""Take off the market what may not be sold, settle disputes, and look at orders and figures."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Literal, TypedDict, Unpack

from instasell_client.endpoint import Mode, Resource, endpoint, paged
from instasell_client.models.admin import (
    AdminOrder,
    AdminOrdersQuery,
    Analytics,
    AnalyticsQuery,
    Bucket,
    Reason,
)
from instasell_client.models.auctions import AuctionStatusReply
from instasell_client.models.base import Page
from instasell_client.models.disputes import Dispute, DisputesQuery, DisputeView, ResolveDispute
from instasell_client.models.listings import Listing
from instasell_client.models.orders import Order
from instasell_client.operation import Operation, Pages, get, pages, path, post, reads, request
from instasell_client.resources.disputes import DisputeFilters
from instasell_client.resources.orders import StatusName

BucketName = Bucket | Literal["hour", "day", "week"]


class OrderFilters(TypedDict, total=False):
    """Select orders of all users."""

    status: StatusName | None
    buyer: str | None
    seller: str | None


class TradeCalls(Resource[Mode]):
    """Supervise auctions, listings, disputes and orders. Amounts are minor units."""

    @endpoint
    def cancel_auction(self, auction_id: str, reason: str) -> Operation[AuctionStatusReply]:
        """Cancel an open auction, also one with bids.

        Args:
            auction_id: Id of the auction.
            reason: Text for the audit log; bidders read it, too.

        Returns:
            AuctionStatusReply.

        Raises:
            AuctionNotFound, AuctionNotOpen(auction_status), Forbidden, Invalid

        Example:
            client.admin.cancel_auction(auction_id, "Counterfeit")

        See docs/api.md#post-adminauctionsauction_idcancel.
        """
        at = path("/admin/auctions/{}/cancel", auction_id)
        return post(at, reads(AuctionStatusReply), request(Reason, reason=reason))

    @endpoint
    def remove_listing(self, listing_id: str, reason: str) -> Operation[Listing]:
        """Remove a listing from all lists.

        Args:
            listing_id: Id of the listing.
            reason: Text for the audit log.

        Returns:
            Listing.

        Raises:
            ListingNotFound, ListingInUse while an auction of it is open, Forbidden, Invalid

        Example:
            client.admin.remove_listing(listing_id, "Counterfeit")

        See docs/api.md#post-adminlistingslisting_idremove.
        """
        at = path("/admin/listings/{}/remove", listing_id)
        return post(at, reads(Listing), request(Reason, reason=reason))

    @paged
    def disputes(
        self, *, page_size: int = 100, **filters: Unpack[DisputeFilters]
    ) -> Pages[Dispute]:
        """List the disputes of all users; the one that has waited longest is first.

        Args:
            status: Only `open` or `resolved` disputes.
            order_id: Only the dispute of this order.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of Dispute; pages are requested as you read.

        Raises:
            Forbidden, Invalid

        Example:
            for dispute in client.admin.disputes(status="open"):
                print(dispute.id, dispute.title)

        See docs/api.md#get-admindisputes.
        """
        return pages(partial(_disputes, limit=page_size, **filters))

    @endpoint
    def disputes_page(
        self, *, cursor: str | None = None, limit: int = 50, **filters: Unpack[DisputeFilters]
    ) -> Operation[Page[Dispute]]:
        """Return one page of `disputes`.

        Args:
            filters: Those of `disputes`.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            Page[Dispute].

        Raises:
            Forbidden, Invalid

        Example:
            page = client.admin.disputes_page(order_id=order_id)

        See docs/api.md#get-admindisputes.
        """
        return _disputes(cursor, limit=limit, **filters)

    @endpoint
    def resolve_dispute(
        self,
        dispute_id: str,
        refund_amount: int,
        reason: str,
        *,
        idempotency_key: str | None = None,
    ) -> Operation[DisputeView]:
        """Resolve a dispute: a part goes back to the buyer, the rest to the seller.

        Args:
            dispute_id: Id of the dispute.
            refund_amount: Minor units for the buyer, from 0 to what is held.
            reason: Text for both sides.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            DisputeView.

        Raises:
            DisputeNotFound, DisputeClosed, ChargebackOpen, Forbidden for a side of it, Invalid for
            more than is held

        Example:
            client.admin.resolve_dispute(dispute_id, 2500, "Half each")

        See docs/api.md#post-admindisputesdispute_idresolve.
        """
        at = path("/admin/disputes/{}/resolve", dispute_id)
        body = request(ResolveDispute, refund_amount=refund_amount, reason=reason)
        return post(at, reads(DisputeView), body, key=idempotency_key)

    @paged
    def orders(self, *, page_size: int = 100, **filters: Unpack[OrderFilters]) -> Pages[Order]:
        """List the orders of all users, the newest first.

        Args:
            status: Only orders of this status.
            buyer: Id of a buyer.
            seller: Id of a seller.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of Order; pages are requested as you read.

        Raises:
            Forbidden, Invalid

        Example:
            for order in client.admin.orders(status="disputed"):
                print(order.id, order.total_amount)

        See docs/api.md#get-adminorders.
        """
        return pages(partial(_orders, limit=page_size, **filters))

    @endpoint
    def orders_page(
        self, *, cursor: str | None = None, limit: int = 50, **filters: Unpack[OrderFilters]
    ) -> Operation[Page[Order]]:
        """Return one page of `orders`.

        Args:
            filters: Those of `orders`.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            Page[Order].

        Raises:
            Forbidden, Invalid

        Example:
            page = client.admin.orders_page(seller=user_id, limit=20)

        See docs/api.md#get-adminorders.
        """
        return _orders(cursor, limit=limit, **filters)

    @endpoint
    def order(self, order_id: str) -> Operation[AdminOrder]:
        """Return an order with its history, its money and its messages.

        Args:
            order_id: Id of the order.

        Returns:
            AdminOrder.

        Raises:
            OrderNotFound, Forbidden, Invalid

        Example:
            for row in client.admin.order(order_id).ledger:
                print(row.account, row.amount)

        See docs/api.md#get-adminordersorder_id.
        """
        return get(path("/admin/orders/{}", order_id), AdminOrder)

    @endpoint
    def analytics(
        self,
        *,
        from_at: datetime | None = None,
        to_at: datetime | None = None,
        bucket: BucketName = "day",
    ) -> Operation[Analytics]:
        """Return figures for each bucket of time, the oldest first; 400 buckets at most.

        Args:
            from_at: Begin of the period, with a time zone; by default 24 hours, 30 days or 26
                weeks before its end.
            to_at: End of the period, with a time zone; now by default.
            bucket: `hour`, `day` or `week`, in UTC.

        Returns:
            Analytics, with amounts in minor units.

        Raises:
            Forbidden, Invalid

        Example:
            figures = client.admin.analytics(from_at=start, to_at=end, bucket="week")

        See docs/api.md#get-adminanalytics.
        """
        query = request(AnalyticsQuery, from_at=from_at, to_at=to_at, bucket=bucket)
        return get("/admin/analytics", Analytics, query)


def _disputes(cursor: str | None, **filters: object) -> Operation[Page[Dispute]]:
    return get("/admin/disputes", Page[Dispute], request(DisputesQuery, cursor=cursor, **filters))


def _orders(cursor: str | None, **filters: object) -> Operation[Page[Order]]:
    return get("/admin/orders", Page[Order], request(AdminOrdersQuery, cursor=cursor, **filters))
