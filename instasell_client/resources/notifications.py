"""Notifications: what happened, by which ways it is told, and what the caller follows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from instasell_client.endpoint import Mode, Resource, endpoint, paged
from instasell_client.models.base import Page, Paging
from instasell_client.models.notifications import (
    MarkedRead,
    MarkRead,
    Notification,
    NotificationKind,
    NotificationPage,
    NotificationsQuery,
    Preferences,
    SetPreference,
    SetPreferences,
    Subscription,
    SubscriptionKind,
)
from instasell_client.operation import (
    Operation,
    Pages,
    delete,
    get,
    pages,
    path,
    post,
    put,
    read_nothing,
    reads,
    request,
)

SubjectKind = SubscriptionKind | Literal["auction", "category", "seller"]
KindName = (
    NotificationKind
    | Literal[
        "outbid", "won", "lost", "auction_ended", "auction_cancelled", "ending_soon", "paid",
        "shipped", "delivered", "order_cancelled", "dispute_opened", "dispute_answered",
        "dispute_resolved", "refund", "release", "message", "new_auction", "new_listing",
        "failed_sign_ins",
    ]
)  # fmt: skip


class Notifications(Resource[Mode]):
    """`client.notifications`. Live, they come as `notification` of `live.events()`."""

    @paged
    def list(self, *, unread: bool | None = None, page_size: int = 100) -> Pages[Notification]:
        """The caller's notifications, the newest first; pages come as they are needed."""
        return pages(partial(_page, unread=unread, limit=page_size))

    @endpoint
    def page(
        self, *, unread: bool | None = None, cursor: str | None = None, limit: int = 50
    ) -> Operation[NotificationPage]:
        """One page, with the `unread_count` of all. `limit` is 1 to 100."""
        return _page(cursor, unread=unread, limit=limit)

    @endpoint
    def mark_read(
        self,
        ids: Sequence[str] | None = None,
        *,
        up_to: str | None = None,
        everything: bool = False,
    ) -> Operation[MarkedRead]:
        """Marks some, one and all older ones (`up_to`), or `everything`. Raises Invalid."""
        given = None if ids is None else [*ids]
        body = request(MarkRead, ids=given, up_to=up_to, all=everything or None)
        return post("/notifications/read", reads(MarkedRead), body)

    @endpoint
    def preferences(self) -> Operation[Preferences]:
        """By which ways each kind is told."""
        return get("/notifications/preferences", Preferences)

    @endpoint
    def set_preference(
        self, kind: KindName, *, in_app: bool | None = None, email: bool | None = None
    ) -> Operation[Preferences]:
        """Changes a kind; what is not given stays as it is. Returns all. Raises Invalid."""
        wish = request(SetPreference, kind=kind, in_app=in_app, email=email)
        body = request(SetPreferences, items=[wish])
        return put("/notifications/preferences", reads(Preferences), body)


class Subscriptions(Resource[Mode]):
    """`client.subscriptions`: auctions, categories with those below them, and sellers."""

    @paged
    def list(self, *, page_size: int = 100) -> Pages[Subscription]:
        """What the caller follows, the newest first; pages come as they are needed."""
        return pages(partial(_followed_page, limit=page_size))

    @endpoint
    def page(self, *, cursor: str | None = None, limit: int = 50) -> Operation[Page[Subscription]]:
        """One page. `limit` is 1 to 100."""
        return _followed_page(cursor, limit=limit)

    @endpoint
    def add(self, kind: SubjectKind, subject_id: str) -> Operation[None]:
        """Follows; once followed, it stays. Raises NotFound, and Conflict when there are too many.

        To follow an auction is to watch it, as `auctions.watch` does.
        """
        return put(path("/subscriptions/{}/{}", SubscriptionKind(kind), subject_id), read_nothing)

    @endpoint
    def remove(self, kind: SubjectKind, subject_id: str) -> Operation[None]:
        """Follows something no longer."""
        return delete(path("/subscriptions/{}/{}", SubscriptionKind(kind), subject_id))


def _page(cursor: str | None, **filters: object) -> Operation[NotificationPage]:
    query = request(NotificationsQuery, cursor=cursor, **filters)
    return get("/notifications", NotificationPage, query)


def _followed_page(cursor: str | None, *, limit: int) -> Operation[Page[Subscription]]:
    query = request(Paging, cursor=cursor, limit=limit)
    return get("/subscriptions", Page[Subscription], query)
