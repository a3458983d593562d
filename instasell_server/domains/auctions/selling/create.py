"""Create auctions: of a listing for the first time, or again."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from instasell_client.models.auctions import AuctionStatusReply, CreateAuction
from instasell_client.models.errors import Invalid, ListingHasAuction, ListingNotFound, OutOfStock
from instasell_server.db.transaction import Transaction
from instasell_server.domains.auctions import store
from instasell_server.domains.auctions.closing.lifecycle import Lifecycle, started_events
from instasell_server.domains.auctions.listing_fees import ListingFees
from instasell_server.domains.auctions.selling import terms
from instasell_server.ports.principal import Principal


class AuctionCreation:
    """Makes auctions of listings that the caller has claimed, for gas."""

    def __init__(self, lifecycle: Lifecycle, gas: ListingFees, *, max_days: int) -> None:
        self._lifecycle = lifecycle
        self._gas = gas
        self._max_days = max_days

    async def open(
        self, tx: Transaction, seller: Principal, wish: CreateAuction, now: datetime
    ) -> AuctionStatusReply:
        """Create an auction; `now` is the market's, read after the listing was locked.

        Raises Invalid with every bad field, and InsufficientGas.
        """
        values = terms.opening_values(wish, now, self._max_days)
        auction_id = await store.insert_auction(
            tx,
            {
                **values,
                "listing_id": wish.listing_id,
                "seller_id": seller.user_id,
                "now": now,
            },
        )
        await self._gas.charge(tx, auction_id, seller.user_id)
        self._lifecycle.show_on_listings(tx, [wish.listing_id])
        if values["status"] == "live":
            started = await started_events(tx, [auction_id], now)
            tx.after_commit(partial(self._lifecycle.publish, started))
        return await status_of(tx, auction_id, now)


async def claim_listing(tx: Transaction, seller: Principal, listing_id: str) -> None:
    """Lock a listing of the seller's that has stock and no open auction.

    Raises ListingNotFound, ListingHasAuction, OutOfStock, Invalid for a listing with a price.
    """
    listing = await store.lock_listing(tx, listing_id)
    is_own = listing is not None and listing.seller_id == seller.user_id
    check_claim(listing, seller, await store.find_open_auction(tx, listing_id) if is_own else None)


def check_claim(
    listing: store.LockedListing | None, seller: Principal, open_auction: str | None
) -> None:
    """Check that a seller may create an auction of a listing; `open_auction` is on it already.

    Raises ListingNotFound, ListingHasAuction, OutOfStock, Invalid for a listing with a price.
    """
    if listing is None or listing.seller_id != seller.user_id or listing.status != "active":
        raise ListingNotFound
    if listing.type != "auction":
        raise Invalid.one("listing_id", "is sold at a price; choose a listing of type auction")
    if open_auction is not None:
        raise ListingHasAuction(auction_id=open_auction)
    if listing.stock < 1:
        raise OutOfStock("this listing is sold out; raise its stock first", available=0)


async def status_of(tx: Transaction, auction_id: str, now: datetime) -> AuctionStatusReply:
    """Return an auction's state as the transaction sees it."""
    [state] = await store.list_states(tx, [auction_id])
    return AuctionStatusReply(state=state, server_time=now)
