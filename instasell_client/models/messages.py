"""Messages between buyers and sellers, about a listing or about an order.

`data` of a live event `new_message` is a `NewMessage`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from instasell_client.models.base import Id, Instant, Paging, Reply, Request
from instasell_client.models.text import Message as Prose

Text = Annotated[Prose, Field(min_length=1, max_length=2000)]
Side = Literal["buyer", "seller"]


class StartConversation(Request):
    """Write about a listing to its seller, or about an order to its other side.

    There is one conversation for each listing and asker, and one for each order.
    """

    listing_id: Id | None = None
    order_id: Id | None = None
    text: Text

    @model_validator(mode="after")
    def _one_of_both(self) -> StartConversation:
        if (self.listing_id is None) == (self.order_id is None):
            raise ValueError("name either listing_id or order_id")
        return self


class SendMessage(Request):
    """Send a message."""

    text: Text


class MarkMessagesRead(Request):
    """Mark the messages up to this `seq` as read."""

    up_to: Annotated[int, Field(strict=True, ge=1, le=2**53)]


class Message(Reply):
    """Record a message of one side; `seq` counts from 1 in its conversation.

    The buyer is who bought, or who asks about a listing.
    """

    conversation_id: Id
    seq: int
    author: Side
    author_id: Id
    author_name: str
    text: str
    created_at: Instant


class Conversation(Reply):
    """Describe a conversation as one of its sides sees it; `you` is which side that is.

    `order_id` is None for a question about a listing. `unread_count` counts what the other side
    said since the reader marked it as read, and `last_text` is the newest message.
    """

    id: Id
    listing_id: Id
    order_id: Id | None
    title: str
    you: Side
    buyer_id: Id
    buyer_name: str
    seller_id: Id
    seller_name: str
    message_count: int
    unread_count: int
    last_text: str
    created_at: Instant
    updated_at: Instant


class NewMessage(Reply):
    """Report a message and its conversation."""

    conversation: Conversation
    message: Message


class ConversationsQuery(Paging):
    """Select the conversations about one listing, or the one about an order."""

    listing_id: Id | None = None
    order_id: Id | None = None
