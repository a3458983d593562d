"""Describe what notifications need of e-mail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from instasell_server.db.transaction import Transaction


class MailQueue(Protocol):
    """Send e-mail about notifications."""

    async def queue(
        self,
        tx: Transaction,
        *,
        user_id: str,
        kind: str,
        facts: Mapping[str, Any],
        cause: str,
        send_at: datetime | None = None,
    ) -> None:
        """Leave an e-mail to be sent, once for the same user, kind and cause, at once or later."""
        ...
