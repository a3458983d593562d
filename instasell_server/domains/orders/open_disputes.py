"""Answer what orders ask of the disputes that are open on them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from instasell_server.db.transaction import Transaction


class OpenDisputes(Protocol):
    """Answer what orders ask of the disputes that are open on them."""

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
        """Resolve the dispute of a locked order of which all that is held goes back."""
        ...
