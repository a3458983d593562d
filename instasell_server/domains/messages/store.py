"""The rows of conversations and messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from instasell_client.models.messages import Conversation, Message
from instasell_server.db.connections import DbConnection
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction

_sql = load(__file__)


class ConversationSubject(NamedTuple):
    """Hold what a conversation is about, and its sides; without an order it is a listing."""

    listing_id: str
    order_id: str | None
    buyer_id: str
    seller_id: str


class LockedConversation(NamedTuple):
    """Hold a conversation whose row is locked."""

    id: str
    buyer_id: str
    seller_id: str
    last_seq: int


async def find_seller_of_listing(connection: DbConnection, listing_id: str) -> str | None:
    """Return who sells a listing that is neither removed nor a suspended seller's."""
    row = await connection.maybe(_sql.find_listing, {"listing_id": listing_id})
    return row["seller_id"] if row else None


async def find_order(connection: DbConnection, order_id: str) -> ConversationSubject | None:
    """Find an order as the subject of a conversation."""
    row = await connection.maybe(_sql.find_order, {"order_id": order_id})
    return (
        ConversationSubject(row["listing_id"], order_id, row["buyer_id"], row["seller_id"])
        if row
        else None
    )


async def insert_conversation(tx: Transaction, subject: ConversationSubject) -> str:
    """Return the id of the one conversation about a subject, made when first asked for."""
    values = subject._asdict()
    await tx.execute(_sql.insert_conversation, values)
    find = _sql.find_conversation_of_order
    if subject.order_id is None:
        find = _sql.find_conversation_of_listing
    conversation_id: str = (await tx.one(find, values))["id"]
    return conversation_id


async def lock_conversation(tx: Transaction, conversation_id: str) -> LockedConversation | None:
    """Lock a conversation, so that its messages are counted one by one."""
    row = await tx.maybe(_sql.lock_conversation, {"conversation_id": conversation_id})
    return LockedConversation(**row) if row else None


async def insert_message(
    tx: Transaction, conversation: LockedConversation, author_id: str, text: str, now: datetime
) -> int:
    """Add a message to a locked conversation, and notify the other side; return its seq."""
    seq = conversation.last_seq + 1
    values = {
        "conversation_id": conversation.id, "seq": seq, "author_id": author_id, "text": text,
        "now": now,
    }  # fmt: skip
    await tx.execute(_sql.insert_message, values)
    return seq


async def update_read(tx: Transaction, conversation_id: str, user_id: str, up_to: int) -> bool:
    """Mark messages as read by one side; False for a stranger."""
    values = {"conversation_id": conversation_id, "user_id": user_id, "up_to": up_to}
    return await tx.execute(_sql.update_read, values) > 0


async def find_conversation(
    connection: DbConnection, conversation_id: str, user_id: str
) -> Conversation | None:
    """Find a conversation as one of its sides sees it; None for a stranger."""
    values = {"conversation_id": conversation_id, "user_id": user_id}
    row = await connection.maybe(_sql.find_conversation, values)
    return Conversation.model_validate(row) if row else None


async def list_conversations(
    connection: DbConnection, filters: dict[str, Any], limit: int
) -> list[Conversation]:
    """List a user's conversations behind a cursor, those with the newest messages first."""
    rows = await connection.rows(_sql.list_conversations, {**filters, "limit": limit})
    return [Conversation.model_validate(row) for row in rows]


async def get_message(connection: DbConnection, conversation_id: str, seq: int) -> Message:
    """Get one message."""
    values = {"conversation_id": conversation_id, "seq": seq}
    return Message.model_validate(await connection.one(_sql.find_message, values))


async def list_messages(
    connection: DbConnection, conversation_id: str, user_id: str, before_seq: int | None, limit: int
) -> list[Message]:
    """List the messages before a seq, newest first; none for a stranger."""
    values = {
        "conversation_id": conversation_id, "user_id": user_id, "before_seq": before_seq,
        "limit": limit,
    }  # fmt: skip
    rows = await connection.rows(_sql.list_messages, values)
    return [Message.model_validate(row) for row in rows]


async def list_messages_of_order(connection: DbConnection, order_id: str) -> list[Message]:
    """List what the two sides of an order wrote, oldest first."""
    rows = await connection.rows(_sql.list_messages_of_order, {"order_id": order_id})
    return [Message.model_validate(row) for row in rows]
