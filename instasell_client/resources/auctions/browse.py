"""Find auctions and read them; nobody has to be signed in."""

from __future__ import annotations

from functools import partial
from typing import Literal, TypedDict, Unpack

from instasell_client.endpoint import Mode, Resource, endpoint, paged
from instasell_client.models.auctions import (
    AuctionsQuery,
    AuctionState,
    AuctionStatus,
    AuctionStatusReply,
    AuctionView,
    Bid,
    BidList,
    BidsQuery,
    LivePage,
    LiveQuery,
    LiveSort,
)
from instasell_client.operation import Operation, Pages, get, pages, path, request

StatusName = AuctionStatus | Literal["pending", "live", "ended", "cancelled"]
SortName = LiveSort | Literal["ending", "price", "-price", "bids"]


class AuctionListFilters(TypedDict, total=False):
    """Select auctions of any status."""

    status: StatusName | None
    seller: str | None


class LiveFilters(TypedDict, total=False):
    """Select and sort open auctions."""

    q: str | None
    category: str | None
    seller: str | None
    price_min: int | None
    price_max: int | None
    sort: SortName


class BrowseCalls(Resource[Mode]):
    """Read auctions. Amounts are minor units of the market's currency."""

    @endpoint
    def get(self, auction_id: str) -> Operation[AuctionView]:
        """Return an auction, its item and your relation to it.

        Args:
            auction_id: Id of the auction.

        Returns:
            AuctionView.

        Raises:
            AuctionNotFound, Invalid

        Example:
            view = client.auctions.get(auction_id)
            print(view.state.title, view.state.current_bid)

        See docs/api.md#get-auctionsauction_id.
        """
        return get(path("/auctions/{}", auction_id), AuctionView)

    @endpoint
    def status(self, auction_id: str) -> Operation[AuctionStatusReply]:
        """Return what changes while an auction runs, and the server's clock.

        Args:
            auction_id: Id of the auction.

        Returns:
            AuctionStatusReply.

        Raises:
            AuctionNotFound, Invalid

        Example:
            reply = client.auctions.status(auction_id)

        See docs/api.md#get-auctionsauction_idstatus.
        """
        return get(path("/auctions/{}/status", auction_id), AuctionStatusReply)

    @paged
    def list(
        self, *, page_size: int = 100, **filters: Unpack[AuctionListFilters]
    ) -> Pages[AuctionState]:
        """List auctions of any status, the newest first.

        Args:
            status: Only auctions of this status.
            seller: Id of a seller.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of AuctionState; pages are requested as you read.

        Raises:
            Invalid

        Example:
            for auction in client.auctions.list(status="ended"):
                print(auction.title, auction.current_bid)

        See docs/api.md#get-auctions.
        """
        return pages(partial(_page, limit=page_size, **filters))

    @endpoint
    def list_page(
        self, *, cursor: str | None = None, limit: int = 50, **filters: Unpack[AuctionListFilters]
    ) -> Operation[LivePage]:
        """Return one page of `list`.

        Args:
            filters: Those of `list`.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            LivePage.

        Raises:
            Invalid

        Example:
            page = client.auctions.list_page(status="ended", limit=20)

        See docs/api.md#get-auctions.
        """
        return _page(cursor, limit=limit, **filters)

    @paged
    def live(self, *, page_size: int = 100, **filters: Unpack[LiveFilters]) -> Pages[AuctionState]:
        """List the open auctions that match the filters.

        Args:
            q: Words of the title or the description.
            category: Id of a category; those below it count too.
            seller: Id of a seller.
            price_min: Lowest present price, in minor units.
            price_max: Highest present price, in minor units.
            sort: `ending` (the default), `price`, `-price` or `bids`.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of AuctionState; pages are requested as you read.

        Raises:
            Invalid

        Example:
            for auction in client.auctions.live(q="leica", price_max=50_000):
                print(auction.title, auction.minimum_bid)

        See docs/api.md#get-auctionslive.
        """
        return pages(partial(_live_page, limit=page_size, **filters))

    @endpoint
    def live_page(
        self, *, cursor: str | None = None, limit: int = 50, **filters: Unpack[LiveFilters]
    ) -> Operation[LivePage]:
        """Return one page of `live`.

        Args:
            filters: Those of `live`.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            LivePage.

        Raises:
            Invalid

        Example:
            page = client.auctions.live_page(sort="price", limit=20)

        See docs/api.md#get-auctionslive.
        """
        return _live_page(cursor, limit=limit, **filters)

    @paged
    def bids(self, auction_id: str, *, after_seq: int = 0, page_size: int = 500) -> Pages[Bid]:
        """List the bids of an auction in the order in which they were placed.

        Args:
            auction_id: Id of the auction.
            after_seq: Only bids with a higher `seq`; the first bid has 1.
            page_size: Items of each request, 1 to 500.

        Returns:
            An iterator of Bid; pages are requested as you read.

        Raises:
            AuctionNotFound, Invalid

        Example:
            for bid in client.auctions.bids(auction_id):
                print(bid.seq, bid.amount)

        See docs/api.md#get-auctionsauction_idbids.
        """

        def ask(following: int | None) -> Operation[BidList]:
            return _bids_page(auction_id, following or after_seq, page_size)

        return pages(ask)

    @endpoint
    def bids_page(
        self, auction_id: str, *, after_seq: int = 0, limit: int = 100
    ) -> Operation[BidList]:
        """Return one page of `bids`.

        Args:
            auction_id: Id of the auction.
            after_seq: Only bids with a higher `seq`; the first bid has 1.
            limit: Items of the page, 1 to 500.

        Returns:
            BidList.

        Raises:
            AuctionNotFound, Invalid

        Example:
            newest = client.auctions.bids_page(auction_id, after_seq=120)

        See docs/api.md#get-auctionsauction_idbids.
        """
        return _bids_page(auction_id, after_seq, limit)


def _page(cursor: str | None, **filters: object) -> Operation[LivePage]:
    return get("/auctions", LivePage, request(AuctionsQuery, cursor=cursor, **filters))


def _live_page(cursor: str | None, **filters: object) -> Operation[LivePage]:
    return get("/auctions/live", LivePage, request(LiveQuery, cursor=cursor, **filters))


def _bids_page(auction_id: str, after_seq: int, limit: int) -> Operation[BidList]:
    query = request(BidsQuery, after_seq=after_seq, limit=limit)
    return get(path("/auctions/{}/bids", auction_id), BidList, query)
