"""Administration of accounts, listings, auctions, orders and alerts, and its log.

What an admin does and its row of the audit log are one transaction. Doing a thing a second time
changes nothing, and leaves no second row.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from instasell_client.models.accounts import Role, User
from instasell_client.models.admin import (
    AdminAction,
    AdminOrder,
    AdminOrdersQuery,
    Analytics,
    AnalyticsQuery,
    AuditLogQuery,
    SetRole,
    UsersQuery,
)
from instasell_client.models.auctions import AuctionStatusReply
from instasell_client.models.base import Page
from instasell_client.models.errors import Forbidden, LastAdmin
from instasell_client.models.listings import Listing
from instasell_client.models.orders import Order
from instasell_server.db import clock
from instasell_server.db.connections import Database
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.transaction import BEGIN_SNAPSHOT, Transaction, transact
from instasell_server.domains.accounts.service import AccountService
from instasell_server.domains.admin import rules, store
from instasell_server.domains.admin.action_log import Action, note_action
from instasell_server.domains.auctions.closing.lifecycle import Lifecycle
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.listings.service import ListingService
from instasell_server.domains.messages.service import MessageService
from instasell_server.domains.orders.service import OrderService
from instasell_server.paging import (
    INSTANT,
    INTEGER,
    ROW_ID,
    Cursor,
)
from instasell_server.ports.principal import Principal

_USER_PAGES = Cursor("users", INSTANT, ROW_ID)
_ACTION_PAGES = Cursor("actions", INTEGER)


class AdminService:
    """The use cases of admins. `public` serves figures, from a replica if there is one."""

    def __init__(
        self,
        database: Database,
        public: Database,
        accounts: AccountService,
        listings: ListingService,
        lifecycle: Lifecycle,
        orders: OrderService,
        messages: MessageService,
        ledger: Ledger,
        *,
        currency: str,
    ) -> None:
        self._database = database
        self._public = public
        self._accounts = accounts
        self._listings = listings
        self._lifecycle = lifecycle
        self._orders = orders
        self._messages = messages
        self._ledger = ledger
        self._currency = currency

    # People -----------------------------------------------------------------------------------

    async def list_users(self, query: UsersQuery) -> Page[User]:
        """Return accounts, the newest first. Raises Invalid for a cursor of another list."""
        before_at, before_id = _USER_PAGES.read(query.cursor)
        filters = {
            "q": query.q,
            "role": query.role,
            "status": query.status,
            "before_at": before_at,
            "before_id": before_id,
        }
        async with self._database.connection() as connection:
            found = await store.list_users(connection, filters, query.limit + 1)
        users, following = _USER_PAGES.cut(
            found, query.limit, lambda last: (last.created_at, last.id)
        )
        return Page[User](items=users, next=following)

    async def suspend(
        self, admin: Principal, user_id: str, reason: str, key: RequestKey | None
    ) -> User:
        """End the sessions of an account, which only reads from then on.

        Its open auctions are cancelled by the outbox, each in a transaction of its own. Raises
        UserNotFound, Forbidden for the admin's account, LastAdmin.
        """

        async def change(tx: Transaction) -> bool:
            await self._keep_an_admin(tx, admin, user_id)
            return await self._accounts.suspend_within(tx, user_id, reason)

        return await self._change_user(admin, user_id, Action.SUSPEND_USER, reason, change, key)

    async def unsuspend(
        self, admin: Principal, user_id: str, reason: str, key: RequestKey | None
    ) -> User:
        """Let a suspended account act again; its buyers have the whole time to pay from now on.

        Raises UserNotFound.
        """

        async def change(tx: Transaction) -> bool:
            await self._orders.extend_deadlines(tx, user_id)
            return await self._accounts.unsuspend_within(tx, user_id)

        return await self._change_user(admin, user_id, Action.UNSUSPEND_USER, reason, change, key)

    async def set_role(
        self, admin: Principal, user_id: str, wish: SetRole, key: RequestKey | None
    ) -> User:
        """Give an account a role, in every session at once.

        Raises UserNotFound, Forbidden for admins who demote themselves, LastAdmin.
        """

        async def change(tx: Transaction) -> bool:
            if wish.role is not Role.ADMIN:
                await self._keep_an_admin(tx, admin, user_id)
            return await self._accounts.set_role_within(tx, user_id, wish.role)

        action, details = Action.SET_ROLE, {"role": wish.role.value}
        return await self._change_user(admin, user_id, action, wish.reason, change, key, details)

    async def verify(
        self, admin: Principal, user_id: str, reason: str, key: RequestKey | None
    ) -> User:
        """Take the address of an account as proved. Raises UserNotFound."""

        async def change(tx: Transaction) -> bool:
            return await self._accounts.verify_within(tx, user_id)

        return await self._change_user(admin, user_id, Action.VERIFY_USER, reason, change, key)

    async def allow_payouts(
        self, admin: Principal, user_id: str, reason: str, key: RequestKey | None
    ) -> User:
        """Let an account withdraw again after a chargeback. Raises UserNotFound."""

        async def change(tx: Transaction) -> bool:
            return await self._ledger.allow_payouts(tx, user_id)

        return await self._change_user(admin, user_id, Action.ALLOW_PAYOUTS, reason, change, key)

    async def _keep_an_admin(self, tx: Transaction, admin: Principal, user_id: str) -> None:
        if user_id == admin.user_id:
            raise Forbidden("you cannot suspend or demote yourself; ask another admin")
        await store.lock_admins(tx)
        # The admin may have been demoted while they waited.
        if not await store.has_other_admin(tx, user_id):
            raise LastAdmin

    async def _change_user(
        self,
        admin: Principal,
        user_id: str,
        action: Action,
        reason: str,
        change: Callable[[Transaction], Awaitable[bool]],
        key: RequestKey | None,
        details: Mapping[str, Any] | None = None,
    ) -> User:
        async def work(tx: Transaction) -> User:
            before = await self._accounts.get_within(tx, user_id)
            if await change(tx):
                logged = dict(details or {})
                if action is Action.SET_ROLE:
                    logged["role_before"] = before.role.value
                await note_action(tx, admin, action, ("user", user_id), reason, logged)
            return await self._accounts.get_within(tx, user_id)

        return await once(self._database, key, User, work)

    # Listings and auctions --------------------------------------------------------------------

    async def cancel_auction(
        self, admin: Principal, auction_id: str, reason: str, key: RequestKey | None
    ) -> AuctionStatusReply:
        """Cancel an open auction, with bids or without.

        Raises AuctionNotFound, AuctionNotOpen.
        """

        async def work(tx: Transaction) -> AuctionStatusReply:
            reply = await self._lifecycle.cancel_open(tx, auction_id, reason)
            details = {"bid_count": reply.state.bid_count}
            subject = ("auction", auction_id)
            await note_action(tx, admin, Action.CANCEL_AUCTION, subject, reason, details)
            return reply

        return await once(self._database, key, AuctionStatusReply, work)

    async def remove_listing(
        self, admin: Principal, listing_id: str, reason: str, key: RequestKey | None
    ) -> Listing:
        """Take a listing out of every list; its orders go on.

        Raises ListingNotFound, and ListingInUse while an auction is open.
        """

        async def work(tx: Transaction) -> Listing:
            if await self._listings.remove_within(tx, listing_id):
                subject = ("listing", listing_id)
                await note_action(tx, admin, Action.REMOVE_LISTING, subject, reason, {})
            return await self._listings.get_within(tx, listing_id)

        return await once(self._database, key, Listing, work)

    async def get_order(self, admin: Principal, order_id: str) -> AdminOrder:
        """Get an order with its history, its money and what its sides said, as of one moment.

        Raises OrderNotFound.
        """

        async def work(tx: Transaction) -> AdminOrder:
            view = await self._orders.show(tx, admin, order_id)
            ledger = await store.list_ledger_of_order(tx, order_id)
            return AdminOrder(
                order=view.order,
                events=view.events,
                checkout_url=None,
                ledger=ledger,
                messages=list(await self._messages.said_on_order(tx, order_id)),
            )

        return await transact(self._database, work, begin=BEGIN_SNAPSHOT)

    async def list_orders(self, query: AdminOrdersQuery) -> Page[Order]:
        """Return all orders, the newest first. Raises Invalid for a cursor of another list."""
        return await self._orders.list_all(query)

    # The log and figures ----------------------------------------------------------------------

    async def list_actions(self, query: AuditLogQuery) -> Page[AdminAction]:
        """List actions of admins, newest first. Raises Invalid for a cursor of another list."""
        (before,) = _ACTION_PAGES.read(query.cursor)
        filters = {
            "admin_id": query.admin,
            "action": query.action,
            "subject_id": query.subject,
            "before": before,
        }
        async with self._database.connection() as connection:
            found = await store.list_actions(connection, filters, query.limit + 1)
        actions, following = _ACTION_PAGES.cut(found, query.limit, lambda last: (last.id,))
        return Page[AdminAction](items=actions, next=following)

    async def analyse(self, query: AnalyticsQuery) -> Analytics:
        """Return figures of every bucket of a span. Raises Invalid for an empty or too long one."""
        async with self._public.connection() as connection:
            now = await clock.get_now(connection)
            span = rules.span_of(query.from_at, query.to_at, query.bucket, now)
            figures = await store.list_figures(connection, span, now)
        return Analytics(
            from_at=span.from_at,
            to_at=span.to_at,
            bucket=query.bucket,
            currency=self._currency,
            items=figures,
        )
