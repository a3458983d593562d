"""Keeps running auctions true to listings that are edited under them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from instasell_server.db import clock
from instasell_server.db.connections import Database
from instasell_server.db.outbox import OutboxTask
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.auctions import locked_store, store
from instasell_server.domains.auctions.closing.lifecycle import Lifecycle
from instasell_server.domains.auctions.events import AuctionUpdated


@dataclass(frozen=True)
class UpdateAuctionOfListing(OutboxTask):
    """Give an auction a new version, as its listing was edited. A trigger leaves it."""

    kind = "listing_edited"
    auction_id: str


class ListingEdits:
    """Works on the outbox rows that a trigger leaves when a listing's words change."""

    def __init__(self, database: Database, lifecycle: Lifecycle) -> None:
        self._database = database
        self._lifecycle = lifecycle

    async def carry_out(self, task: UpdateAuctionOfListing) -> None:
        """Give the auction a new version, whose event has the state with the new words."""
        auction_id = task.auction_id

        async def work(tx: Transaction) -> None:
            locked = await locked_store.lock_waiting(tx, [auction_id])
            if auction_id not in locked:
                return
            now = await clock.get_now(tx)
            if locked[auction_id].standing.status not in ("pending", "live"):
                return
            await store.update_version(tx, auction_id)
            [state] = await store.list_states(tx, [auction_id])
            event = AuctionUpdated(state, now)
            tx.after_commit(partial(self._lifecycle.publish, [event]))

        await transact(self._database, work)
