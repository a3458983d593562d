"""The HTTP face of notifications and of what people follow."""

from __future__ import annotations

from aiohttp import web

from instasell_client.models.accounts import Scope
from instasell_client.models.base import Page, Paging
from instasell_client.models.errors import AuctionNotFound, CategoryNotFound, Conflict, UserNotFound
from instasell_client.models.notifications import (
    MarkedRead,
    MarkRead,
    NotificationPage,
    NotificationsQuery,
    Preferences,
    SetPreferences,
    Subscription,
)
from instasell_server.domains.notifications.dispatch import NotificationDispatcher
from instasell_server.domains.notifications.service import NotificationService
from instasell_server.domains.notifications.subscriptions import SubscriptionService
from instasell_server.http.route import TRADERS, Call, Route, signed_in

SERVICE = web.AppKey("notifications", NotificationService)
SUBSCRIPTIONS = web.AppKey("subscriptions", SubscriptionService)
TELLING = web.AppKey("telling", NotificationDispatcher)

_LOOKING = signed_in(Scope.READ, suspended=True)
_FOLLOWING = signed_in(Scope.BID, roles=TRADERS)


async def list_notifications(call: Call[None, NotificationsQuery]) -> NotificationPage:
    """Handle `GET /notifications`."""
    return await call.service(SERVICE).list(call.user, call.query)


async def mark_read(call: Call[MarkRead, None]) -> MarkedRead:
    """Handle `POST /notifications/read`."""
    return await call.service(SERVICE).mark_read(call.user, call.body, call.idempotency_key)


async def get_preferences(call: Call[None, None]) -> Preferences:
    """Handle `GET /notifications/preferences`."""
    return await call.service(SERVICE).preferences(call.user)


async def set_preferences(call: Call[SetPreferences, None]) -> Preferences:
    """Handle `PUT /notifications/preferences`."""
    service = call.service(SERVICE)
    return await service.set_preferences(call.user, call.body, call.idempotency_key)


async def list_subscriptions(call: Call[None, Paging]) -> Page[Subscription]:
    """Handle `GET /subscriptions`."""
    return await call.service(SUBSCRIPTIONS).list(call.user, call.query)


async def follow(call: Call[None, None]) -> None:
    """Handle `PUT /subscriptions/{kind}/{id}`."""
    kind, subject_id = call.path["kind"], call.path["subject_id"]
    service = call.service(SUBSCRIPTIONS)
    await service.follow(call.user, kind, subject_id, call.idempotency_key)


async def leave(call: Call[None, None]) -> None:
    """Handle `DELETE /subscriptions/{kind}/{id}`."""
    kind, subject_id = call.path["kind"], call.path["subject_id"]
    service = call.service(SUBSCRIPTIONS)
    await service.leave(call.user, kind, subject_id, call.idempotency_key)


ROUTES: list[Route] = [
    Route(
        "GET", "/notifications", list_notifications, _LOOKING,
        "List your notifications, the newest first",
        query=NotificationsQuery, reply=NotificationPage, tag="notifications",
    ),
    Route(
        "POST", "/notifications/read", mark_read, signed_in(Scope.READ),
        "Mark notifications as read: some, all up to one, or all",
        body=MarkRead, reply=MarkedRead, tag="notifications",
    ),
    Route(
        "GET", "/notifications/preferences", get_preferences, _LOOKING,
        "Show how you are notified of each kind of event",
        reply=Preferences, tag="notifications",
    ),
    Route(
        "PUT", "/notifications/preferences", set_preferences, signed_in(None),
        "Change how you are notified of kinds of events",
        body=SetPreferences, reply=Preferences, tag="notifications",
    ),
    Route(
        "GET", "/subscriptions", list_subscriptions, _LOOKING,
        "List the auctions, categories and sellers that you follow",
        query=Paging, reply=Page[Subscription], tag="notifications",
    ),
    Route(
        "PUT", "/subscriptions/{kind}/{subject_id}", follow, _FOLLOWING,
        "Follow an auction, a category with those below it, or a seller",
        status=204, tag="notifications",
        errors=(AuctionNotFound, CategoryNotFound, UserNotFound, Conflict),
    ),
    Route(
        "DELETE", "/subscriptions/{kind}/{subject_id}", leave, _FOLLOWING,
        "Stop following an auction, category or seller", status=204, tag="notifications",
    ),
]  # fmt: skip
