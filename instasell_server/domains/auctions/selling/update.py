"""Keeps running auctions true to listings that are edited under them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from instasell_server.db import clock
from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.auctions import locked_store, store
from instasell_server.domains.auctions.closing.lifecycle import Lifecycle
from instasell_server.domains.auctions.events import AuctionUpdated

LISTING_EDITED = "listing_edited"


class ListingEdits:
    """Works on the outbox rows that a trigger leaves when a listing's words change."""

    def __init__(self, database: Database, lifecycle: Lifecycle) -> None:
        self._database = database
        self._lifecycle = lifecycle

    async def carry_out(self, payload: Mapping[str, Any]) -> None:
        """Gives the auction a new version, whose event has the state with the new words."""
        auction_id = payload["auction_id"]

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
            tx.after_commit.append(lambda: self._lifecycle.publish([event]))

        await transact(self._database, work)
