"""Messages: questions about listings, and what the two sides of an order say to each other."""

from __future__ import annotations

from functools import partial

from instasell_client.endpoint import Mode, Resource, endpoint, paged
from instasell_client.models.base import Page, Paging
from instasell_client.models.messages import (
    Conversation,
    ConversationsQuery,
    MarkMessagesRead,
    Message,
    NewMessage,
    SendMessage,
    StartConversation,
)
from instasell_client.operation import (
    Operation,
    Pages,
    get,
    pages,
    path,
    post,
    reads,
    request,
)


class Messages(Resource[Mode]):
    """`client.messages`. Live, they come as `new_message` of `live.events()`."""

    @paged
    def conversations(
        self,
        *,
        listing_id: str | None = None,
        order_id: str | None = None,
        page_size: int = 100,
    ) -> Pages[Conversation]:
        """The caller's conversations, those with the newest messages first."""
        ask = partial(
            _conversations_page, listing_id=listing_id, order_id=order_id, limit=page_size
        )
        return pages(ask)

    @endpoint
    def conversations_page(
        self,
        *,
        listing_id: str | None = None,
        order_id: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Operation[Page[Conversation]]:
        """One page of conversations. `limit` is 1 to 100."""
        return _conversations_page(cursor, listing_id=listing_id, order_id=order_id, limit=limit)

    @paged
    def list(self, conversation_id: str, *, page_size: int = 100) -> Pages[Message]:
        """What was said, the newest first. Raises ConversationNotFound."""
        return pages(partial(_page, conversation_id, limit=page_size))

    @endpoint
    def page(
        self, conversation_id: str, *, cursor: str | None = None, limit: int = 50
    ) -> Operation[Page[Message]]:
        """One page of messages, the newest first. `limit` is 1 to 100."""
        return _page(conversation_id, cursor, limit=limit)

    @endpoint
    def ask(
        self, listing_id: str, text: str, *, idempotency_key: str | None = None
    ) -> Operation[NewMessage]:
        """Asks the seller of a listing; further questions go into the same conversation.

        Raises ListingNotFound, Forbidden for one's own goods, RateLimited, Invalid.
        """
        body = request(StartConversation, listing_id=listing_id, text=text)
        return post("/conversations", reads(NewMessage), body, key=idempotency_key)

    @endpoint
    def write(
        self, order_id: str, text: str, *, idempotency_key: str | None = None
    ) -> Operation[NewMessage]:
        """Writes to the other side of an order. Raises OrderNotFound, RateLimited, Invalid."""
        body = request(StartConversation, order_id=order_id, text=text)
        return post("/conversations", reads(NewMessage), body, key=idempotency_key)

    @endpoint
    def send(
        self, conversation_id: str, text: str, *, idempotency_key: str | None = None
    ) -> Operation[NewMessage]:
        """Says something. Raises ConversationNotFound, RateLimited, Invalid."""
        at = path("/conversations/{}/messages", conversation_id)
        body = request(SendMessage, text=text)
        return post(at, reads(NewMessage), body, key=idempotency_key)

    @endpoint
    def mark_read(self, conversation_id: str, up_to: int) -> Operation[Conversation]:
        """Messages up to this `seq` were seen. Raises ConversationNotFound."""
        at = path("/conversations/{}/read", conversation_id)
        return post(at, reads(Conversation), request(MarkMessagesRead, up_to=up_to))


def _conversations_page(cursor: str | None, **filters: object) -> Operation[Page[Conversation]]:
    query = request(ConversationsQuery, cursor=cursor, **filters)
    return get("/conversations", Page[Conversation], query)


def _page(conversation_id: str, cursor: str | None, *, limit: int) -> Operation[Page[Message]]:
    query = request(Paging, cursor=cursor, limit=limit)
    return get(path("/conversations/{}/messages", conversation_id), Page[Message], query)
