"""Choose the defaults, and who is notified of an event. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from instasell_client.models.notifications import NotificationKind as Kind

NOT_BY_EMAIL = frozenset({Kind.OUTBID, Kind.ENDING_SOON, Kind.NEW_AUCTION, Kind.NEW_LISTING})
"""Kinds that come too often for e-mail; all others use both channels by default."""

Facts = dict[str, Any]


class NotificationDraft(NamedTuple):
    """Hold a notification for one user. The same `cause` notifies once for each kind."""

    user_id: str
    kind: Kind
    cause: str
    facts: Facts


class ChannelChoice(NamedTuple):
    """Hold what a user chose for a kind; None where nothing is set."""

    in_app: bool | None
    email: bool | None


class Channels(NamedTuple):
    """Name the channels of a kind."""

    in_app: bool
    email: bool


def channels(kind: str, choice: ChannelChoice | None) -> Channels:
    """Return the channels that were chosen, or else the default."""
    in_app, email = choice or (None, None)
    by_default = kind not in NOT_BY_EMAIL
    return Channels(in_app is not False, by_default if email is None else email)


def order_notices(row: Mapping[str, Any]) -> list[NotificationDraft]:
    """Draft the notifications of an order's step. `row` has the step, the order and its names."""
    facts = {"order_id": row["order_id"], "title": row["title"]}
    buyer, seller, cause = row["buyer_id"], row["seller_id"], f"order-event:{row['id']}"
    match row["to_status"]:
        case "pending" if row["auction_id"] is not None:
            facts |= {
                "auction_id": row["auction_id"],
                "total_amount": row["total_amount"],
                "payment_due_at": row["payment_due_at"],
            }
            return [NotificationDraft(buyer, Kind.WON, cause, facts)]
        case "processing":
            facts |= {"total_amount": row["total_amount"], "buyer_name": row["buyer_name"]}
            return [NotificationDraft(seller, Kind.PAID, cause, facts)]
        case "shipped":
            names = ("carrier", "tracking", "escrow_release_at")
            facts |= {name: row[name] for name in names}
            return [NotificationDraft(buyer, Kind.SHIPPED, cause, facts)]
        case "delivered":
            return [NotificationDraft(seller, Kind.DELIVERED, cause, facts)]
        case "cancelled":
            facts["reason"] = row["reason"]
            return [
                NotificationDraft(side, Kind.ORDER_CANCELLED, cause, facts)
                for side in (buyer, seller)
                if side != row["actor_id"]
            ]
    return []


def dispute_opened(row: Mapping[str, Any]) -> list[NotificationDraft]:
    """Notify the seller of what the buyer complains of."""
    facts = {**_dispute_facts(row), "reason": row["reason"]}
    return [NotificationDraft(row["seller_id"], Kind.DISPUTE_OPENED, f"dispute:{row['id']}", facts)]


def dispute_answered(row: Mapping[str, Any]) -> list[NotificationDraft]:
    """Notify all sides but the author. `row` has the message's author and id."""
    cause = f"dispute-message:{row['message_id']}"
    return [
        NotificationDraft(side, Kind.DISPUTE_ANSWERED, cause, _dispute_facts(row))
        for side in (row["buyer_id"], row["seller_id"])
        if side != row["author_id"]
    ]


def dispute_resolved(row: Mapping[str, Any]) -> list[NotificationDraft]:
    """Notify both sides of how it ended."""
    decided = {"refund_amount": row["refund_amount"], "resolution": row["resolution"]}
    facts = {**_dispute_facts(row), **decided}
    return [
        NotificationDraft(side, Kind.DISPUTE_RESOLVED, f"dispute:{row['id']}", facts)
        for side in (row["buyer_id"], row["seller_id"])
    ]


def _dispute_facts(row: Mapping[str, Any]) -> Facts:
    return {"dispute_id": row["id"], "order_id": row["order_id"], "title": row["title"]}


def money_notice(
    kind: Kind, payload: Mapping[str, Any], row: Mapping[str, Any]
) -> list[NotificationDraft]:
    """Notify the buyer of a refund, the seller of a release. `row` is the order."""
    facts = {"order_id": row["order_id"], "title": row["title"], "amount": payload["amount"]}
    user_id = row["buyer_id"] if kind is Kind.REFUND else row["seller_id"]
    return [NotificationDraft(user_id, kind, payload["posting_key"], facts)]


def failed_sign_ins_notice(payload: Mapping[str, Any]) -> list[NotificationDraft]:
    """Return the notification for an account whose password is being guessed."""
    facts = {"attempts": payload["attempts"], "address": payload["address"]}
    cause = f"failed-sign-ins:{payload['burst_id']}"
    return [NotificationDraft(payload["user_id"], Kind.FAILED_SIGN_INS, cause, facts)]


def message_notice(row: Mapping[str, Any]) -> list[NotificationDraft]:
    """Notify the other side of a conversation of a message."""
    about = "listing_id" if row["order_id"] is None else "order_id"
    facts = {
        "conversation_id": row["conversation_id"],
        "sender_name": row["sender_name"],
        "text": row["text"],
        about: row[about],
    }
    cause = f"message:{row['conversation_id']}:{row['seq']}"
    return [NotificationDraft(row["recipient_id"], Kind.MESSAGE, cause, facts)]
