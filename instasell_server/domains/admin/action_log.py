"""Write the log of what admins do, which is chained by hashes and never edited."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from instasell_server.db.transaction import Transaction
from instasell_server.domains.admin import store
from instasell_server.ports.principal import Principal


class Action(StrEnum):
    """Name an action of an admin, as in the audit log."""

    CREATE_USER = "create_user"
    SUSPEND_USER = "suspend_user"
    UNSUSPEND_USER = "unsuspend_user"
    SET_ROLE = "set_role"
    VERIFY_USER = "verify_user"
    ALLOW_PAYOUTS = "allow_payouts"
    CLOSE_ALERT = "close_alert"
    REFUND_PAYMENT = "refund_payment"
    CHARGE_SELLER = "charge_seller"
    CORRECT_CHARGEBACK = "correct_chargeback"
    CANCEL_AUCTION = "cancel_auction"
    REMOVE_LISTING = "remove_listing"
    RESOLVE_DISPUTE = "resolve_dispute"


class AdminActionLog:
    """Log actions of admins for other domains. Implements `disputes.AuditLog`."""

    async def note_resolution(
        self,
        tx: Transaction,
        admin: Principal,
        dispute_id: str,
        reason: str,
        details: Mapping[str, Any],
    ) -> None:
        """Write down what an admin decided on a dispute, in the transaction that decided it."""
        subject = ("dispute", dispute_id)
        await note_action(tx, admin, Action.RESOLVE_DISPUTE, subject, reason, details)


async def note_action(
    tx: Transaction,
    admin: Principal,
    action: Action,
    subject: tuple[str, str],
    reason: str,
    details: Mapping[str, Any],
) -> None:
    """Write down an action of an admin, in the transaction that does it."""
    await store.insert_action(
        tx,
        admin_id=admin.user_id,
        action=action.value,
        subject=subject,
        reason=reason,
        details=details,
    )
