"""Shows an auction before others for a while, for gas."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from instasell_client.models.errors import AuctionNotFound, AuctionNotOpen
from instasell_server.db import clock
from instasell_server.db.transaction import Transaction
from instasell_server.domains.auctions import locked_store, store
from instasell_server.domains.auctions.closing.lifecycle import Lifecycle
from instasell_server.domains.auctions.events import AuctionUpdated
from instasell_server.domains.auctions.listing_fees import ListingFees
from instasell_server.ports.principal import Principal

FEATURED_HOURS = 24


class Promotion:
    """Sell sellers what they spend gas on besides creating auctions."""

    def __init__(self, gas: ListingFees, lifecycle: Lifecycle) -> None:
        self._gas = gas
        self._lifecycle = lifecycle

    async def feature(self, tx: Transaction, seller: Principal, auction_id: str) -> datetime:
        """Feature an open auction of the seller for 24 hours more; return until when.

        Raises AuctionNotFound, AuctionNotOpen, InsufficientGas.
        """
        auction = (await locked_store.lock_waiting(tx, [auction_id])).get(auction_id)
        if auction is None or auction.terms.seller_id != seller.user_id:
            raise AuctionNotFound
        now = await clock.get_now(tx)
        standing = auction.standing
        if standing.status not in ("pending", "live") or standing.end_at <= now:
            raise AuctionNotOpen("the auction is over", auction_status=standing.status)
        until = await store.update_featured(tx, auction_id, now, timedelta(hours=FEATURED_HOURS))
        version = auction.version + 1
        await self._gas.charge_feature(tx, auction_id, version, seller.user_id)
        [state] = await store.list_states(tx, [auction_id])
        event = AuctionUpdated(state, now)
        tx.after_commit(partial(self._lifecycle.publish, [event]))
        return until
