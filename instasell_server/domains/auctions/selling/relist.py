"""Offer an auction that came to nothing to the runner-up, or relist its item.

The auction's own row stays as it ended. Its orders, of which one at most is in force, name who has
the item, with the stock of the listing, which is locked before it is taken.
"""

from __future__ import annotations

from instasell_client.models.auctions import AuctionStatusReply, RelistAuction
from instasell_client.models.errors import (
    AuctionHasOrder,
    AuctionNotFound,
    AuctionStillOpen,
    NoRunnerUp,
)
from instasell_client.models.orders import OrderStatus, OrderView
from instasell_server.db import clock
from instasell_server.db.connections import Database
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.transaction import Transaction
from instasell_server.domains.auctions import locked_store, store
from instasell_server.domains.auctions.closing.lifecycle import Lifecycle
from instasell_server.domains.auctions.records import LockedAuction
from instasell_server.domains.auctions.selling import terms
from instasell_server.domains.auctions.selling.create import AuctionCreation, claim_listing
from instasell_server.domains.orders.service import OrderService
from instasell_server.ports.principal import Principal


class Relisting:
    """Second chances of auctions that are over."""

    def __init__(
        self,
        database: Database,
        lifecycle: Lifecycle,
        orders: OrderService,
        opening: AuctionCreation,
    ) -> None:
        self._database = database
        self._lifecycle = lifecycle
        self._orders = orders
        self._opening = opening

    async def offer_runner_up(
        self, seller: Principal, auction_id: str, key: RequestKey | None
    ) -> OrderView:
        """Make an order for the next bidder, at the highest amount that they named themselves.

        Raises AuctionNotFound, AuctionStillOpen, AuctionHasOrder while one is in force or after one
        was paid, NoRunnerUp, ListingHasAuction, OutOfStock, ListingNotFound.
        """

        async def work(tx: Transaction) -> OrderView:
            auction = await self._lock_over(tx, seller, auction_id)
            passed_over = await self._check_free(tx, auction, after_payment=False)
            await claim_listing(tx, seller, auction.listing_id)
            if not passed_over:
                raise NoRunnerUp("nobody won the auction; relist it")
            found = await store.find_next_bidder(tx, auction_id, passed_over)
            if found is None:
                raise NoRunnerUp("no other bidder is left; relist it")
            bidder_id, amount = found
            reserve = auction.terms.reserve
            if reserve is not None and amount < reserve:
                raise NoRunnerUp("the next bid is below the reserve; relist it")
            now = await clock.get_now(tx)
            await store.take_stock(tx, [auction.listing_id])
            order_id = await self._orders.record_offered(tx, auction_id, bidder_id, amount, now)
            self._lifecycle.show_on_listings(tx, [auction.listing_id])
            return await self._orders.show(tx, seller, order_id)

        return await once(self._database, key, OrderView, work)

    async def relist(
        self,
        seller: Principal,
        auction_id: str,
        wish: RelistAuction,
        key: RequestKey | None,
        *,
        dry_run: bool = False,
    ) -> AuctionStatusReply:
        """Create a new auction of the same item, with the old terms where no new ones are given.

        Raises AuctionNotFound, AuctionStillOpen, AuctionHasOrder while one is in force,
        ListingHasAuction, OutOfStock, ListingNotFound, InsufficientGas, Invalid.
        """

        async def work(tx: Transaction) -> AuctionStatusReply:
            auction = await self._lock_over(tx, seller, auction_id)
            await self._check_free(tx, auction, after_payment=True)
            await claim_listing(tx, seller, auction.listing_id)
            old = await store.get_terms(tx, auction_id)
            now = await clock.get_now(tx)
            return await self._opening.open(tx, seller, terms.relist_values(old, wish, now), now)

        return await once(self._database, key, AuctionStatusReply, work, dry_run=dry_run)

    async def _lock_over(
        self, tx: Transaction, seller: Principal, auction_id: str
    ) -> LockedAuction:
        """Lock an auction of the seller's that is over: only who has it makes orders of it."""
        auction = (await locked_store.lock_waiting(tx, [auction_id])).get(auction_id)
        if auction is None or auction.terms.seller_id != seller.user_id:
            raise AuctionNotFound
        status = auction.standing.status
        if status not in ("ended", "cancelled"):
            raise AuctionStillOpen("wait for its end, or cancel it", auction_status=status)
        return auction

    async def _check_free(
        self, tx: Transaction, auction: LockedAuction, *, after_payment: bool
    ) -> list[str]:
        """Return the buyers of its orders. Raises AuctionHasOrder for one that is in force.

        One that was paid and then cancelled is in the way too, unless `after_payment`.
        """
        orders = await self._orders.list_of_auction(tx, auction.id)
        for each in orders:
            if each.status is not OrderStatus.CANCELLED:
                raise AuctionHasOrder(f"its order is {each.status.value}", order_id=each.order_id)
            if each.paid_at is not None and not after_payment:
                raise AuctionHasOrder(
                    "its order was paid and then cancelled; relist it",
                    order_id=each.order_id,
                )
        return [each.buyer_id for each in orders]
