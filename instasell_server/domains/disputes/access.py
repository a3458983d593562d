"""Check who may say something in a dispute."""

from __future__ import annotations

from instasell_client.models.errors import DisputeNotFound
from instasell_server.db.connections import DbConnection
from instasell_server.db.transaction import Transaction
from instasell_server.domains.disputes import rules, store


class DisputeAccess:
    """Check access to disputes, for their files too. Implements `media.EvidenceRights`."""

    def __init__(self, currency: str) -> None:
        self._currency = currency

    async def lock_side(self, tx: Transaction, user_id: str, dispute_id: str) -> None:
        """Lock an open dispute. Raises DisputeNotFound for a stranger, DisputeClosed."""
        dispute = await store.lock_dispute(tx, dispute_id)
        if dispute is None:
            raise DisputeNotFound
        rules.check_reply(dispute.state, user_id)

    async def get_buyer(self, connection: DbConnection, dispute_id: str) -> str:
        """Return the buyer's id. Raises DisputeNotFound."""
        dispute = await store.find_dispute(connection, dispute_id, self._currency)
        if dispute is None:
            raise DisputeNotFound
        return dispute.buyer_id
