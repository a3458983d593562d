"""Read and write notifications, their causes, and the kinds that users want."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic_core import to_json

from instasell_client.models.notifications import Notification, SetPreference
from instasell_server.db.connections import Database, DbConnection, Row
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.domains.notifications.rules import ChannelChoice, NotificationDraft

_sql = load(__file__)


class Cause(NamedTuple):
    """Hold what happened and has to be dispatched."""

    id: int
    kind: str
    payload: Mapping[str, Any]


Span = tuple[int, int]
"""The first and the last seq of some bids."""


class LeadPosition(NamedTuple):
    """Hold who led an auction, and the last bid after which they did."""

    auction_id: str
    user_id: str
    seq: int


class DueWork(NamedTuple):
    """Hold the work that is due."""

    causes: bool
    lead_changes: bool
    endings: bool


async def find_due(connection: DbConnection, minutes: int) -> DueWork:
    """Find whether there is anything to dispatch; an end is near `minutes` before it."""
    return DueWork(**await connection.one(_sql.find_due, {"minutes": minutes}))


async def lock_causes(tx: Transaction, limit: int) -> list[Cause]:
    """Lock waiting causes, oldest first, skipping those of another worker."""
    rows = await tx.rows(_sql.lock_causes, {"limit": limit})
    return [Cause(row["id"], row["kind"], row["payload"]) for row in rows]


async def delete_causes(tx: Transaction, ids: Sequence[int]) -> None:
    """Delete causes that were dispatched."""
    await tx.execute(_sql.delete_causes, {"ids": list(ids)})


async def update_cause_failed(tx: Transaction, cause_id: int) -> None:
    """Postpone a cause that failed, longer each time."""
    await tx.execute(_sql.update_cause_failed, {"cause_id": cause_id})


async def insert_cause(tx: Transaction, kind: str, payload: Mapping[str, Any]) -> None:
    """Add a cause, or the rest of one."""
    await tx.execute(_sql.insert_cause, {"kind": kind, "payload": to_json(payload).decode()})


async def insert_notifications(
    tx: Transaction, drafts: Sequence[NotificationDraft]
) -> list[tuple[str, Notification]]:
    """Insert those that are not there yet; return them, each with whose it is."""
    rows = await tx.rows(
        _sql.insert_notifications,
        {
            "user_ids": [each.user_id for each in drafts],
            "kinds": [each.kind.value for each in drafts],
            "payloads": [to_json(each.facts).decode() for each in drafts],
            "causes": [each.cause for each in drafts],
        },
    )
    return [(row["user_id"], Notification.model_validate(row)) for row in rows]


async def list_choices(
    connection: DbConnection, user_ids: Sequence[str]
) -> dict[tuple[str, str], ChannelChoice]:
    """List what these users chose, by user and kind."""
    rows = await connection.rows(_sql.list_choices, {"user_ids": list(user_ids)})
    return {
        (row["user_id"], row["kind"]): ChannelChoice(row["in_app"], row["email"]) for row in rows
    }


async def take_lead_changes(tx: Transaction, limit: int) -> dict[str, Span]:
    """Take changes of the lead away; return the first and last bid of each auction's."""
    spans: dict[str, Span] = {}
    for row in await tx.rows(_sql.take_lead_changes, {"limit": limit}):
        first, last = spans.get(row["auction_id"], (row["first_seq"], row["last_seq"]))
        spans[row["auction_id"]] = min(first, row["first_seq"]), max(last, row["last_seq"])
    return spans


async def list_led(tx: Transaction, spans: Mapping[str, Span]) -> list[LeadPosition]:
    """List who led between these bids, and does not lead an open auction now."""
    values = {
        "auction_ids": list(spans),
        "first_seqs": [first for first, _ in spans.values()],
        "last_seqs": [last for _, last in spans.values()],
    }
    return [LeadPosition(*row) for row in await tx.tuples(_sql.list_led, values)]


async def list_outbid(tx: Transaction, led: Sequence[tuple[str, str, int]]) -> list[LeadPosition]:
    """List those of these who do not lead an open auction now."""
    auction_ids, user_ids, seqs = zip(*led, strict=True)
    values = {"auction_ids": list(auction_ids), "user_ids": list(user_ids), "seqs": list(seqs)}
    return [LeadPosition(*row) for row in await tx.tuples(_sql.list_outbid, values)]


async def mark_ending(tx: Transaction, minutes: int, limit: int) -> list[str]:
    """Mark and return the auctions that end within `minutes` without a warning so far."""
    values = {"minutes": minutes, "limit": limit}
    return [row[0] for row in await tx.tuples(_sql.mark_ending, values)]


async def find_order_event(connection: DbConnection, event_id: int) -> Row | None:
    """Find a step of an order, with the facts of its notifications."""
    return await connection.maybe(_sql.find_order_event, {"event_id": event_id})


async def find_order(connection: DbConnection, order_id: str) -> Row | None:
    """Find the two sides of an order and its listing."""
    return await connection.maybe(_sql.find_order, {"order_id": order_id})


async def find_dispute(connection: DbConnection, dispute_id: str) -> Row | None:
    """Find a dispute, with the facts of its notifications."""
    return await connection.maybe(_sql.find_dispute, {"dispute_id": dispute_id})


async def find_dispute_message(connection: DbConnection, message_id: int) -> Row | None:
    """Find a message of a dispute."""
    return await connection.maybe(_sql.find_dispute_message, {"message_id": message_id})


async def find_message(connection: DbConnection, conversation_id: str, seq: int) -> Row | None:
    """Find a message, with the facts of its notification."""
    values = {"conversation_id": conversation_id, "seq": seq}
    return await connection.maybe(_sql.find_message, values)


async def find_sale(connection: DbConnection, auction_id: str) -> str | None:
    """Find the id of the order that an auction has now."""
    row = await connection.maybe(_sql.find_sale, {"auction_id": auction_id})
    return row["id"] if row else None


async def find_listing(connection: DbConnection, listing_id: str) -> Row | None:
    """Find a listing, with the facts of its notifications."""
    return await connection.maybe(_sql.find_listing, {"listing_id": listing_id})


async def list_buyers(connection: DbConnection, auction_id: str) -> set[str]:
    """List who has or had an order of an auction."""
    rows = await connection.tuples(_sql.list_buyers, {"auction_id": auction_id})
    return {row[0] for row in rows}


async def list_bidders(
    connection: DbConnection, auction_id: str, after: str | None, limit: int
) -> list[str]:
    """List the bidders of an auction behind a user id, in order."""
    values = {"auction_id": auction_id, "after": after, "limit": limit}
    return [row[0] for row in await connection.tuples(_sql.list_bidders, values)]


async def list_followers_of_auction(
    connection: DbConnection, auction_id: str, after: str | None, limit: int
) -> list[str]:
    """List the bidders and the watchers of an auction behind a user id, in order."""
    values = {"auction_id": auction_id, "after": after, "limit": limit}
    return [row[0] for row in await connection.tuples(_sql.list_followers_of_auction, values)]


async def list_followers_of_listing(
    connection: DbConnection, listing_id: str, after: str | None, limit: int
) -> list[str]:
    """List followers of a listing's seller or categories, after a user id, in order of ids."""
    values = {"listing_id": listing_id, "after": after, "limit": limit}
    return [row[0] for row in await connection.tuples(_sql.list_followers_of_listing, values)]


async def list_notifications(
    connection: DbConnection,
    user_id: str,
    unread: bool | None,
    before_at: datetime | None,
    before_id: str | None,
    limit: int,
) -> list[Notification]:
    """List a user's notifications, the newest first, from behind a row."""
    values = {
        "user_id": user_id, "unread": unread, "before_at": before_at, "before_id": before_id,
        "limit": limit,
    }  # fmt: skip
    rows = await connection.rows(_sql.list_notifications, values)
    return [Notification.model_validate(row) for row in rows]


async def count_unread(connection: DbConnection, user_id: str) -> int:
    """Count the unread notifications of a user."""
    unread: int = (await connection.one(_sql.count_unread, {"user_id": user_id}))["unread"]
    return unread


async def update_read(
    tx: Transaction, user_id: str, ids: Sequence[str] | None, up_to: str | None
) -> int:
    """Mark notifications as read, all of them without `ids` and `up_to`; return how many."""
    values = {"user_id": user_id, "ids": list(ids) if ids else None, "up_to": up_to}
    return await tx.execute(_sql.update_read, values)


async def upsert_choices(tx: Transaction, user_id: str, wishes: Sequence[SetPreference]) -> None:
    """Set the channels that a user wants; None leaves what was set."""
    values = {
        "user_id": user_id,
        "kinds": [each.kind.value for each in wishes],
        "in_apps": [each.in_app for each in wishes],
        "emails": [each.email for each in wishes],
    }
    await tx.execute(_sql.upsert_choices, values)


async def delete_old(database: Database, read_days: int) -> int:
    """Sweep a part of what was read that long ago, and the marks of auctions that are over."""
    async with database.connection() as connection:
        swept = await connection.execute(_sql.delete_old_notices, {"days": read_days})
        return swept + await connection.execute(_sql.delete_old_endings)
