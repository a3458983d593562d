"""Messages: an asker and a seller about a listing, the two sides of an order about that.

There is one conversation for each listing and asker and one for each order, however many first
messages come at once. Nobody but its two sides sees it; admins see that of an order.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from pydantic_core import to_json

from instasell_client.models.base import Page, Paging
from instasell_client.models.errors import (
    ConversationNotFound,
    Forbidden,
    ListingNotFound,
    OrderNotFound,
)
from instasell_client.models.live import ServerEvent
from instasell_client.models.messages import (
    Conversation,
    ConversationsQuery,
    MarkMessagesRead,
    Message,
    NewMessage,
    SendMessage,
    StartConversation,
)
from instasell_server.db import clock
from instasell_server.db.connections import Database, DbConnection
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.transaction import Transaction
from instasell_server.domains.messages import store
from instasell_server.domains.messages.store import ConversationSubject, LockedConversation
from instasell_server.paging import INSTANT, INTEGER, ROW_ID, Cursor
from instasell_server.ports import Events, Limiter
from instasell_server.ports.principal import Principal
from instasell_server.ports.quotas import require_quota

WINDOW_SECONDS = 60
_CONVERSATION_PAGES = Cursor("conversations", INSTANT, ROW_ID)
_MESSAGE_PAGES = Cursor("messages", INTEGER)


class MessageService:
    """Carries messages between two people."""

    def __init__(
        self, database: Database, limiter: Limiter, events: Events, *, per_minute: int
    ) -> None:
        self._database = database
        self._limiter = limiter
        self._events = events
        self._per_minute = per_minute

    async def start(
        self, author: Principal, request: StartConversation, key: RequestKey | None
    ) -> NewMessage:
        """Send a message about a listing or an order, in the one conversation about it.

        Raises ListingNotFound, OrderNotFound, Forbidden for sellers who ask themselves, and
        RateLimited.
        """
        await self._count(author)

        async def work(tx: Transaction) -> NewMessage:
            subject = await _subject(tx, author, request)
            conversation_id = await store.insert_conversation(tx, subject)
            return await self._add(tx, author, conversation_id, request.text)

        return await once(self._database, key, NewMessage, work)

    async def send(
        self, author: Principal, conversation_id: str, request: SendMessage, key: RequestKey | None
    ) -> NewMessage:
        """Send a further message. Raises ConversationNotFound for a stranger, RateLimited."""
        await self._count(author)

        async def work(tx: Transaction) -> NewMessage:
            return await self._add(tx, author, conversation_id, request.text)

        return await once(self._database, key, NewMessage, work)

    async def _add(
        self, tx: Transaction, author: Principal, conversation_id: str, text: str
    ) -> NewMessage:
        locked = await store.lock_conversation(tx, conversation_id)
        if locked is None or author.user_id not in (locked.buyer_id, locked.seller_id):
            raise ConversationNotFound
        seq = await store.insert_message(tx, locked, author.user_id, text, await clock.get_now(tx))
        message = await store.get_message(tx, conversation_id, seq)
        shown = {
            side: NewMessage(
                conversation=await self._seen_by(tx, conversation_id, side), message=message
            )
            for side in _sides(locked)
        }
        tx.after_commit(partial(self._show, shown))
        return shown[author.user_id]

    async def _seen_by(
        self, connection: DbConnection, conversation_id: str, user_id: str
    ) -> Conversation:
        found = await store.find_conversation(connection, conversation_id, user_id)
        if found is None:
            raise ConversationNotFound
        return found

    async def _show(self, shown: dict[str, NewMessage]) -> None:
        """Send it to every socket of both sides, also to those of the author elsewhere."""
        event = ServerEvent.NEW_MESSAGE.value
        await self._events.notify_users(
            [
                (user_id, to_json({"event": event, "data": each.model_dump(mode="json")}))
                for user_id, each in shown.items()
            ]
        )

    async def _count(self, author: Principal) -> None:
        if not self._per_minute:
            return
        quota = await self._limiter.hit(
            "messages", author.user_id, limit=self._per_minute, window_seconds=WINDOW_SECONDS
        )
        require_quota(quota, "messages by your account")

    async def mark_read(
        self,
        reader: Principal,
        conversation_id: str,
        request: MarkMessagesRead,
        key: RequestKey | None,
    ) -> Conversation:
        """Mark messages as read up to a seq; an earlier seq takes nothing back."""

        async def work(tx: Transaction) -> Conversation:
            if not await store.update_read(tx, conversation_id, reader.user_id, request.up_to):
                raise ConversationNotFound
            return await self._seen_by(tx, conversation_id, reader.user_id)

        return await once(self._database, key, Conversation, work)

    # Looking ----------------------------------------------------------------------------------

    async def list(self, reader: Principal, query: ConversationsQuery) -> Page[Conversation]:
        """List the reader's conversations, those with the newest messages first."""
        before_at, before_id = _CONVERSATION_PAGES.read(query.cursor)
        filters: dict[str, Any] = {
            "user_id": reader.user_id,
            "listing_id": query.listing_id,
            "order_id": query.order_id,
            "before_at": before_at,
            "before_id": before_id,
        }
        async with self._database.connection() as connection:
            found = await store.list_conversations(connection, filters, query.limit + 1)
        shown, following = _CONVERSATION_PAGES.cut(
            found, query.limit, lambda last: (last.updated_at, last.id)
        )
        return Page[Conversation](items=shown, next=following)

    async def messages(
        self, reader: Principal, conversation_id: str, query: Paging
    ) -> Page[Message]:
        """List the messages, newest first. Raises ConversationNotFound for a stranger."""
        (before_seq,) = _MESSAGE_PAGES.read(query.cursor)
        async with self._database.connection() as connection:
            await self._seen_by(connection, conversation_id, reader.user_id)
            found = await store.list_messages(
                connection, conversation_id, reader.user_id, before_seq, query.limit + 1
            )
        shown, following = _MESSAGE_PAGES.cut(found, query.limit, lambda last: (last.seq,))
        return Page[Message](items=shown, next=following)

    async def said_on_order(self, connection: DbConnection, order_id: str) -> Sequence[Message]:
        """List what the two sides of an order wrote, oldest first; for admins."""
        return await store.list_messages_of_order(connection, order_id)


async def _subject(
    tx: Transaction, author: Principal, request: StartConversation
) -> ConversationSubject:
    if request.order_id is not None:
        order = await store.find_order(tx, request.order_id)
        if order is None or author.user_id not in (order.buyer_id, order.seller_id):
            raise OrderNotFound
        return order
    assert request.listing_id is not None
    seller_id = await store.find_seller_of_listing(tx, request.listing_id)
    if seller_id is None:
        raise ListingNotFound
    if seller_id == author.user_id:
        raise Forbidden("you sell it yourself; answer those who ask in their conversations")
    return ConversationSubject(request.listing_id, None, author.user_id, seller_id)


def _sides(conversation: LockedConversation) -> tuple[str, str]:
    return conversation.buyer_id, conversation.seller_id
