"""The HTTP face of messages."""

from __future__ import annotations

from aiohttp import web

from instasell_client.models.accounts import Scope
from instasell_client.models.base import Page, Paging
from instasell_client.models.errors import ConversationNotFound, ListingNotFound, OrderNotFound
from instasell_client.models.messages import (
    Conversation,
    ConversationsQuery,
    MarkMessagesRead,
    Message,
    NewMessage,
    SendMessage,
    StartConversation,
)
from instasell_server.domains.messages.service import MessageService
from instasell_server.http.route import TRADERS, Call, Route, signed_in

SERVICE = web.AppKey("messages", MessageService)

_LOOKING = signed_in(Scope.READ, suspended=True)
_SPEAKING = signed_in(Scope.PAY, roles=TRADERS)


async def list_conversations(call: Call[None, ConversationsQuery]) -> Page[Conversation]:
    """Handle `GET /conversations`."""
    return await call.service(SERVICE).list(call.user, call.query)


async def start_conversation(call: Call[StartConversation, None]) -> NewMessage:
    """Handle `POST /conversations`."""
    return await call.service(SERVICE).start(call.user, call.body, call.idempotency_key)


async def list_messages(call: Call[None, Paging]) -> Page[Message]:
    """Handle `GET /conversations/{id}/messages`."""
    service, conversation_id = call.service(SERVICE), call.path["conversation_id"]
    return await service.messages(call.user, conversation_id, call.query)


async def send_message(call: Call[SendMessage, None]) -> NewMessage:
    """Handle `POST /conversations/{id}/messages`."""
    service, conversation_id = call.service(SERVICE), call.path["conversation_id"]
    return await service.send(call.user, conversation_id, call.body, call.idempotency_key)


async def mark_messages_read(call: Call[MarkMessagesRead, None]) -> Conversation:
    """Handle `POST /conversations/{id}/read`."""
    service, conversation_id = call.service(SERVICE), call.path["conversation_id"]
    return await service.mark_read(call.user, conversation_id, call.body, call.idempotency_key)


ROUTES: list[Route] = [
    Route(
        "GET", "/conversations", list_conversations, _LOOKING,
        "List your conversations, those with the newest messages first",
        query=ConversationsQuery, reply=Page[Conversation], tag="messages",
    ),
    Route(
        "POST", "/conversations", start_conversation, _SPEAKING,
        "Write to the seller of a listing, or to the other side of an order",
        body=StartConversation, reply=NewMessage, status=201, tag="messages",
        errors=(ListingNotFound, OrderNotFound),
    ),
    Route(
        "GET", "/conversations/{conversation_id}/messages", list_messages, _LOOKING,
        "List the messages of a conversation, the newest first",
        query=Paging, reply=Page[Message], tag="messages", errors=(ConversationNotFound,),
    ),
    Route(
        "POST", "/conversations/{conversation_id}/messages", send_message, _SPEAKING,
        "Send a message", body=SendMessage, reply=NewMessage, status=201, tag="messages",
        errors=(ConversationNotFound,),
    ),
    Route(
        "POST", "/conversations/{conversation_id}/read", mark_messages_read,
        signed_in(Scope.READ), "Mark messages as read",
        body=MarkMessagesRead, reply=Conversation, tag="messages",
        errors=(ConversationNotFound,),
    ),
]  # fmt: skip
