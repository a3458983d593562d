"""Follow auctions, categories with those below them, and sellers."""

from __future__ import annotations

from instasell_client.models.base import Empty, Page, Paging
from instasell_client.models.errors import (
    AuctionNotFound,
    CategoryNotFound,
    Conflict,
    NotFound,
    UserNotFound,
)
from instasell_client.models.notifications import Subscription, SubscriptionKind
from instasell_server.db.connections import Database
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.paging import INSTANT, ROW_ID, Cursor
from instasell_server.ports.principal import Principal

FOLLOWED_MAX = 1000

_sql = load(__file__, "subscriptions.sql")
_PAGES = Cursor("subscriptions", INSTANT, ROW_ID)

_SUBJECTS = {
    SubscriptionKind.AUCTION: (_sql.find_auction, AuctionNotFound),
    SubscriptionKind.CATEGORY: (_sql.find_category, CategoryNotFound),
    SubscriptionKind.SELLER: (_sql.find_seller, UserNotFound),
}


class SubscriptionService:
    """Follows and stops following. An auction is followed by watching it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def follow(
        self, user: Principal, kind: str, subject_id: str, key: RequestKey | None
    ) -> None:
        """Follow it, once however often. Raises NotFound, Conflict at the limit."""
        what = _kind(kind)
        values = {"user_id": user.user_id, "kind": what.value, "subject_id": subject_id}
        find, missing = _SUBJECTS[what]

        async def work(tx: Transaction) -> Empty:
            if await tx.maybe(find, values) is None:
                raise missing
            await tx.rows(_sql.lock_follower, values)
            followed = (await tx.one(_sql.count_followed, values))["followed"]
            if followed >= FOLLOWED_MAX:
                raise Conflict(f"you can follow {FOLLOWED_MAX} at most; stop following one first")
            insert = _sql.insert_subscription
            if what is SubscriptionKind.AUCTION:
                insert = _sql.insert_watch
            await tx.execute(insert, values)
            return Empty()

        await once(self._database, key, Empty, work)

    async def leave(
        self, user: Principal, kind: str, subject_id: str, key: RequestKey | None
    ) -> None:
        """Stop following; nothing changes when it is not followed. Raises NotFound."""
        what = _kind(kind)
        values = {"user_id": user.user_id, "kind": what.value, "subject_id": subject_id}

        async def work(tx: Transaction) -> Empty:
            delete = _sql.delete_subscription
            if what is SubscriptionKind.AUCTION:
                delete = _sql.delete_watch
            await tx.execute(delete, values)
            return Empty()

        await once(self._database, key, Empty, work)

    async def list(self, user: Principal, query: Paging) -> Page[Subscription]:
        """List what the user follows, newest first."""
        before_at, before_id = _PAGES.read(query.cursor)
        values = {
            "user_id": user.user_id,
            "before_at": before_at,
            "before_id": before_id,
            "limit": query.limit + 1,
        }
        async with self._database.connection() as connection:
            rows = await connection.rows(_sql.list_subscriptions, values)
        shown, following = _PAGES.cut(
            rows, query.limit, lambda last: (last["created_at"], last["subject_id"])
        )
        return Page[Subscription](
            items=[Subscription.model_validate(row) for row in shown], next=following
        )


def _kind(text: str) -> SubscriptionKind:
    try:
        return SubscriptionKind(text)
    except ValueError:
        raise NotFound("auction, category and seller can be followed") from None
