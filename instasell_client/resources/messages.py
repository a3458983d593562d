"""Ask about listings, and write to the other side of an order."""

from __future__ import annotations

from functools import partial
from typing import TypedDict, Unpack

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


class ConversationFilters(TypedDict, total=False):
    """Select conversations."""

    listing_id: str | None
    order_id: str | None


class Messages(Resource[Mode]):
    """Group the calls of `client.messages`. Live, they come as `new_message` of `live.events()`."""

    @paged
    def conversations(
        self, *, page_size: int = 100, **filters: Unpack[ConversationFilters]
    ) -> Pages[Conversation]:
        """List your conversations; the one with the newest message is first.

        Args:
            listing_id: Only those about this listing.
            order_id: Only those about this order.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of Conversation; pages are requested as you read.

        Raises:
            Invalid

        Example:
            for conversation in client.messages.conversations():
                print(conversation.id)

        See docs/api.md#get-conversations.
        """
        return pages(partial(_conversations_page, limit=page_size, **filters))

    @endpoint
    def conversations_page(
        self, *, cursor: str | None = None, limit: int = 50, **filters: Unpack[ConversationFilters]
    ) -> Operation[Page[Conversation]]:
        """Return one page of your conversations.

        Args:
            filters: Those of `conversations`.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            Page[Conversation].

        Raises:
            Invalid

        Example:
            page = client.messages.conversations_page(limit=20)

        See docs/api.md#get-conversations.
        """
        return _conversations_page(cursor, limit=limit, **filters)

    @paged
    def list(self, conversation_id: str, *, page_size: int = 100) -> Pages[Message]:
        """List the messages of a conversation, the newest first.

        Args:
            conversation_id: Id of the conversation.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of Message; pages are requested as you read.

        Raises:
            ConversationNotFound, Invalid

        Example:
            for message in client.messages.list(conversation_id):
                print(message.text)

        See docs/api.md#get-conversationsconversation_idmessages.
        """
        return pages(partial(_page, conversation_id, limit=page_size))

    @endpoint
    def page(
        self, conversation_id: str, *, cursor: str | None = None, limit: int = 50
    ) -> Operation[Page[Message]]:
        """Return one page of messages, the newest first.

        Args:
            conversation_id: Id of the conversation.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            Page[Message].

        Raises:
            ConversationNotFound, Invalid

        Example:
            page = client.messages.page(conversation_id, limit=20)

        See docs/api.md#get-conversationsconversation_idmessages.
        """
        return _page(conversation_id, cursor, limit=limit)

    @endpoint
    def ask(
        self, listing_id: str, text: str, *, idempotency_key: str | None = None
    ) -> Operation[NewMessage]:
        """Ask the seller of a listing; later questions continue the same conversation.

        Args:
            listing_id: Id of the listing.
            text: Message to send.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            NewMessage.

        Raises:
            ListingNotFound, Forbidden for your own listing, RateLimited, Invalid

        Example:
            client.messages.ask(listing_id, "Does it include the lens cap?")

        See docs/api.md#post-conversations.
        """
        body = request(StartConversation, listing_id=listing_id, text=text)
        return post("/conversations", reads(NewMessage), body, key=idempotency_key)

    @endpoint
    def write(
        self, order_id: str, text: str, *, idempotency_key: str | None = None
    ) -> Operation[NewMessage]:
        """Write to the other side of an order.

        Args:
            order_id: Id of the order.
            text: Message to send.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            NewMessage.

        Raises:
            OrderNotFound, RateLimited, Invalid

        Example:
            client.messages.write(order_id, "When will you ship it?")

        See docs/api.md#post-conversations.
        """
        body = request(StartConversation, order_id=order_id, text=text)
        return post("/conversations", reads(NewMessage), body, key=idempotency_key)

    @endpoint
    def send(
        self, conversation_id: str, text: str, *, idempotency_key: str | None = None
    ) -> Operation[NewMessage]:
        """Send a message to a conversation.

        Args:
            conversation_id: Id of the conversation.
            text: Message to send.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            NewMessage.

        Raises:
            ConversationNotFound, RateLimited, Invalid

        Example:
            client.messages.send(conversation_id, "Thank you.")

        See docs/api.md#post-conversationsconversation_idmessages.
        """
        at = path("/conversations/{}/messages", conversation_id)
        body = request(SendMessage, text=text)
        return post(at, reads(NewMessage), body, key=idempotency_key)

    @endpoint
    def mark_read(self, conversation_id: str, up_to: int) -> Operation[Conversation]:
        """Mark the messages up to one as read.

        Args:
            conversation_id: Id of the conversation.
            up_to: `seq` of the newest message that you saw.

        Returns:
            Conversation.

        Raises:
            ConversationNotFound, Invalid

        Example:
            client.messages.mark_read(conversation_id, up_to=message.seq)

        See docs/api.md#post-conversationsconversation_idread.
        """
        at = path("/conversations/{}/read", conversation_id)
        return post(at, reads(Conversation), request(MarkMessagesRead, up_to=up_to))


def _conversations_page(cursor: str | None, **filters: object) -> Operation[Page[Conversation]]:
    query = request(ConversationsQuery, cursor=cursor, **filters)
    return get("/conversations", Page[Conversation], query)


def _page(conversation_id: str, cursor: str | None, *, limit: int) -> Operation[Page[Message]]:
    query = request(Paging, cursor=cursor, limit=limit)
    return get(path("/conversations/{}/messages", conversation_id), Page[Message], query)
