"""Open and close disputes as what happens to orders demands: full refunds and chargebacks."""

from __future__ import annotations

from datetime import datetime

from instasell_client.models.disputes import DisputeKind, DisputeReason
from instasell_server.db.transaction import Transaction
from instasell_server.domains.disputes import store
from instasell_server.domains.disputes.store import NewDispute, Resolution


class OrderDisputes:
    """Keep the disputes of locked orders true to what was decided elsewhere.

    Implements `orders.OpenDisputes`. Nothing here moves money: the caller does.
    """

    async def close(
        self,
        tx: Transaction,
        order_id: str,
        refund_amount: int,
        *,
        actor_id: str | None,
        reason: str,
        now: datetime,
    ) -> None:
        """Resolve the open dispute of a locked order that is refunded in full by itself."""
        dispute = await store.lock_open_dispute_of_order(tx, order_id)
        if dispute is not None:
            resolution = Resolution(refund_amount, reason, actor_id, now)
            await store.update_resolved(tx, dispute.id, resolution)

    async def open_of_bank(
        self,
        tx: Transaction,
        order_id: str,
        *,
        buyer_id: str,
        seller_id: str,
        text: str,
        now: datetime,
    ) -> str:
        """Open a chargeback on a locked order and return the dispute's id. It holds nothing."""
        reason, kind = DisputeReason.OTHER, DisputeKind.CHARGEBACK
        dispute = NewDispute(order_id, buyer_id, seller_id, reason, text, now, kind)
        return await store.insert_dispute(tx, dispute)

    async def close_of_bank(
        self, tx: Transaction, dispute_id: str, refund_amount: int, verdict: str, now: datetime
    ) -> None:
        """Close a dispute that the bank decided; `refund_amount` is what the buyer got of it."""
        await store.lock_dispute(tx, dispute_id)
        await store.update_resolved(tx, dispute_id, Resolution(refund_amount, verdict, None, now))
