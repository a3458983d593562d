"""Read notifications, choose how they reach you, and manage your subscriptions."""

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
    """Group the calls of `client.notifications`. `live.events()` yields them live."""

    @paged
    def list(self, *, unread: bool | None = None, page_size: int = 100) -> Pages[Notification]:
        """List your notifications, the newest first.

        Args:
            unread: Only those that are unread, or that are not.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of Notification; pages are requested as you read.

        Raises:
            Invalid

        Example:
            for notification in client.notifications.list(unread=True):
                print(notification.kind)

        See docs/api.md#get-notifications.
        """
        return pages(partial(_page, unread=unread, limit=page_size))

    @endpoint
    def page(
        self, *, unread: bool | None = None, cursor: str | None = None, limit: int = 50
    ) -> Operation[NotificationPage]:
        """Return one page of your notifications, and the `unread_count` of all.

        Args:
            unread: Only those that are unread, or that are not.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            NotificationPage.

        Raises:
            Invalid

        Example:
            unread = client.notifications.page(limit=1).unread_count

        See docs/api.md#get-notifications.
        """
        return _page(cursor, unread=unread, limit=limit)

    @endpoint
    def mark_read(
        self,
        ids: Sequence[str] | None = None,
        *,
        up_to: str | None = None,
        everything: bool = False,
    ) -> Operation[MarkedRead]:
        """Mark notifications as read; give exactly one of the arguments.

        Args:
            ids: Ids of up to 100 notifications.
            up_to: Id of one; all older ones are marked too.
            everything: Mark all.

        Returns:
            MarkedRead.

        Raises:
            Invalid

        Example:
            client.notifications.mark_read(everything=True)

        See docs/api.md#post-notificationsread.
        """
        chosen = None if ids is None else [*ids]
        body = request(MarkRead, ids=chosen, up_to=up_to, all=everything or None)
        return post("/notifications/read", reads(MarkedRead), body)

    @endpoint
    def preferences(self) -> Operation[Preferences]:
        """Return which kinds reach you in the app and by e-mail.

        Returns:
            Preferences.

        Raises:
            Unauthenticated

        Example:
            preferences = client.notifications.preferences().items

        See docs/api.md#get-notificationspreferences.
        """
        return get("/notifications/preferences", Preferences)

    @endpoint
    def set_preference(
        self, kind: KindName, *, in_app: bool | None = None, email: bool | None = None
    ) -> Operation[Preferences]:
        """Change how a kind reaches you; what you omit stays as it is.

        Args:
            kind: Kind of notification.
            in_app: Show it in the inbox.
            email: Send it by e-mail.

        Returns:
            Preferences: All preferences.

        Raises:
            Invalid

        Example:
            client.notifications.set_preference("outbid", email=True)

        See docs/api.md#put-notificationspreferences.
        """
        preference = request(SetPreference, kind=kind, in_app=in_app, email=email)
        body = request(SetPreferences, items=[preference])
        return put("/notifications/preferences", reads(Preferences), body)


class Subscriptions(Resource[Mode]):
    """Group the calls of `client.subscriptions`: followed auctions, categories and sellers."""

    @paged
    def list(self, *, page_size: int = 100) -> Pages[Subscription]:
        """List your subscriptions, the newest first.

        Args:
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of Subscription; pages are requested as you read.

        Raises:
            Invalid

        Example:
            names = [each.name for each in client.subscriptions.list()]

        See docs/api.md#get-subscriptions.
        """
        return pages(partial(_followed_page, limit=page_size))

    @endpoint
    def page(self, *, cursor: str | None = None, limit: int = 50) -> Operation[Page[Subscription]]:
        """Return one page of your subscriptions, the newest first.

        Args:
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            Page[Subscription].

        Raises:
            Invalid

        Example:
            page = client.subscriptions.page(limit=20)

        See docs/api.md#get-subscriptions.
        """
        return _followed_page(cursor, limit=limit)

    @endpoint
    def add(self, kind: SubjectKind, subject_id: str) -> Operation[None]:
        """Follow an auction, a category with those below it, or a seller.

        A repeat changes nothing. To follow an auction is to watch it, as `auctions.watch` does.

        Args:
            kind: `auction`, `category` or `seller`.
            subject_id: Id of the auction, category or seller.

        Raises:
            NotFound, Conflict when there are too many

        Example:
            client.subscriptions.add("seller", seller_id)

        See docs/api.md#put-subscriptionskindsubject_id.
        """
        return put(path("/subscriptions/{}/{}", SubscriptionKind(kind), subject_id), read_nothing)

    @endpoint
    def remove(self, kind: SubjectKind, subject_id: str) -> Operation[None]:
        """Stop following an auction, a category or a seller.

        Args:
            kind: `auction`, `category` or `seller`.
            subject_id: Id of the auction, category or seller.

        Raises:
            Forbidden, NotFound, Invalid

        Example:
            client.subscriptions.remove("seller", seller_id)

        See docs/api.md#delete-subscriptionskindsubject_id.
        """
        return delete(path("/subscriptions/{}/{}", SubscriptionKind(kind), subject_id))


def _page(cursor: str | None, **filters: object) -> Operation[NotificationPage]:
    query = request(NotificationsQuery, cursor=cursor, **filters)
    return get("/notifications", NotificationPage, query)


def _followed_page(cursor: str | None, *, limit: int) -> Operation[Page[Subscription]]:
    query = request(Paging, cursor=cursor, limit=limit)
    return get("/subscriptions", Page[Subscription], query)
