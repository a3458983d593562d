"""Notifications: what happened to a user's bids, orders and listings, and what to send.

`data` of a live event `notification` is a `Notification`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from instasell_client.models.base import Id, Instant, JsonObject, Page, Paging, Reply, Request


class NotificationKind(StrEnum):
    """Name the cause of a notification."""

    OUTBID = "outbid"
    WON = "won"
    LOST = "lost"
    AUCTION_ENDED = "auction_ended"
    AUCTION_CANCELLED = "auction_cancelled"
    ENDING_SOON = "ending_soon"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    ORDER_CANCELLED = "order_cancelled"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_ANSWERED = "dispute_answered"
    DISPUTE_RESOLVED = "dispute_resolved"
    REFUND = "refund"
    RELEASE = "release"
    MESSAGE = "message"
    NEW_AUCTION = "new_auction"
    NEW_LISTING = "new_listing"
    FAILED_SIGN_INS = "failed_sign_ins"


class Notification(Reply):
    """Describe a notification. `kind` is a NotificationKind, or one that a newer server knows.

    `payload` has ids (`auction_id`, `order_id`, `listing_id`, `dispute_id`, `conversation_id`),
    the `title` of the item, amounts in minor units of `currency`, and instants as text.
    """

    id: Id
    kind: str
    payload: JsonObject
    created_at: Instant
    read_at: Instant | None


class NotificationPage(Page[Notification]):
    """List notifications, the newest first, and count all that are unread."""

    unread_count: int


class NotificationsQuery(Paging):
    """Select all notifications, or only those that are unread or read."""

    unread: bool | None = None


class MarkRead(Request):
    """Mark as read: some `ids`, one and all older ones (`up_to`), or `all` of them."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=100)] | None = None
    up_to: Id | None = None
    all: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _one_of_three(self) -> MarkRead:
        if [self.ids is not None, self.up_to is not None, self.all].count(True) != 1:
            raise ValueError("give one of ids, up_to and all: true")
        return self


class MarkedRead(Reply):
    """Count how many were marked, and how many are unread still."""

    marked: int
    unread_count: int


class Preference(Reply):
    """Say how a kind is sent: in the app, by e-mail, or both."""

    kind: str
    in_app: bool
    email: bool


class Preferences(Reply):
    """List every kind, with what was set or else its default.

    By default all is shown in the app, and by e-mail all but `outbid`, `ending_soon`, `new_auction`
    and `new_listing`.
    """

    items: list[Preference]


class SetPreference(Request):
    """Change how a kind is sent; what is not given stays as it is."""

    kind: NotificationKind
    in_app: Annotated[bool, Field(strict=True)] | None = None
    email: Annotated[bool, Field(strict=True)] | None = None


class SetPreferences(Request):
    """Change some kinds; the others stay as they are."""

    items: Annotated[list[SetPreference], Field(min_length=1, max_length=len(NotificationKind))]

    @model_validator(mode="after")
    def _each_once(self) -> SetPreferences:
        if len({each.kind for each in self.items}) < len(self.items):
            raise ValueError("name each kind once")
        return self


class SubscriptionKind(StrEnum):
    """Name what can be followed. A category includes those below it."""

    AUCTION = "auction"
    CATEGORY = "category"
    SELLER = "seller"


class Subscription(Reply):
    """Describe what a user follows; `name` is a title, a category's path, or a seller's name."""

    kind: str
    subject_id: Id
    name: str
    created_at: Instant
