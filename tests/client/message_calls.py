"""The calls of messages, notifications and subscriptions: what goes out, and what comes back."""

from __future__ import annotations

from instasell_client.models import messages, notifications
from instasell_client.models.base import Page
from tests.client import samples
from tests.client.call_case import Case
from tests.client.samples import CATEGORY, LISTING, ORDER, OTHER, SELLER

MESSAGES = {
    "messages.conversations_page": Case(
        lambda c: c.messages.conversations_page(listing_id=LISTING, limit=3),
        "GET", "/conversations", {"items": [samples.conversation()]},
        Page[messages.Conversation], query={"listing_id": LISTING, "limit": "3"},
    ),
    "messages.page": Case(
        lambda c: c.messages.page(OTHER, cursor="x"),
        "GET", f"/conversations/{OTHER}/messages", {"items": [samples.message()]},
        Page[messages.Message], query={"cursor": "x", "limit": "50"},
    ),
    "messages.ask": Case(
        lambda c: c.messages.ask(LISTING, "Is it new?"),
        "POST", "/conversations", samples.new_message(), messages.NewMessage,
        {"listing_id": LISTING, "text": "Is it new?"}, keyed=True,
    ),
    "messages.write": Case(
        lambda c: c.messages.write(ORDER, "When will it come?"),
        "POST", "/conversations", samples.new_message(), messages.NewMessage,
        {"order_id": ORDER, "text": "When will it come?"}, keyed=True,
    ),
    "messages.send": Case(
        lambda c: c.messages.send(OTHER, "Yes."),
        "POST", f"/conversations/{OTHER}/messages", samples.new_message(),
        messages.NewMessage, {"text": "Yes."}, keyed=True,
    ),
    "messages.mark_read": Case(
        lambda c: c.messages.mark_read(OTHER, 3),
        "POST", f"/conversations/{OTHER}/read", samples.conversation(),
        messages.Conversation, {"up_to": 3}, keyed=True,
    ),
    "notifications.page": Case(
        lambda c: c.notifications.page(unread=True, cursor="x", limit=3),
        "GET", "/notifications", {"items": [samples.notification()], "unread_count": 1},
        notifications.NotificationPage, query={"unread": "true", "cursor": "x", "limit": "3"},
    ),
    "notifications.mark_read": Case(
        lambda c: c.notifications.mark_read([OTHER]),
        "POST", "/notifications/read", {"marked": 1, "unread_count": 0},
        notifications.MarkedRead, {"ids": [OTHER], "all": False}, keyed=True,
    ),
    "notifications.mark_read everything": Case(
        lambda c: c.notifications.mark_read(everything=True),
        "POST", "/notifications/read", {"marked": 1, "unread_count": 0},
        notifications.MarkedRead, {"all": True}, keyed=True,
    ),
    "notifications.preferences": Case(
        lambda c: c.notifications.preferences(),
        "GET", "/notifications/preferences", samples.preferences(), notifications.Preferences,
    ),
    "notifications.set_preference": Case(
        lambda c: c.notifications.set_preference("outbid", email=True),
        "PUT", "/notifications/preferences", samples.preferences(),
        notifications.Preferences, {"items": [{"kind": "outbid", "email": True}]}, keyed=True,
    ),
    "subscriptions.page": Case(
        lambda c: c.subscriptions.page(limit=3),
        "GET", "/subscriptions", {"items": [samples.subscription()]},
        Page[notifications.Subscription], query={"limit": "3"},
    ),
    "subscriptions.add": Case(
        lambda c: c.subscriptions.add("seller", SELLER),
        "PUT", f"/subscriptions/seller/{SELLER}", None, None, keyed=True,
    ),
    "subscriptions.remove": Case(
        lambda c: c.subscriptions.remove("category", CATEGORY),
        "DELETE", f"/subscriptions/category/{CATEGORY}", None, None, keyed=True,
    ),
}  # fmt: skip
