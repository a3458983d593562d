"""Wallets: what people have, how it grows, what it is spent on."""

from __future__ import annotations

from instasell_client.models.base import Page
from instasell_client.models.errors import UserNotFound
from instasell_client.models.wallets import (
    EntriesQuery,
    PaymentStatus,
    TopUp,
    TopUpReply,
    UseGas,
    UseGasReply,
    Wallet,
    WalletEntry,
)
from instasell_server.db.connections import Database
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.transaction import Transaction
from instasell_server.domains.auctions.promotion.promotion import Promotion
from instasell_server.domains.ledger import store
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.payments.service import PaymentService
from instasell_server.domains.wallets.withdrawals import WithdrawalService
from instasell_server.paging import INTEGER, Cursor
from instasell_server.ports.principal import Principal

_ENTRY_PAGES = Cursor("entries", INTEGER)


class WalletService:
    """A wallet is its owner's alone: for anybody else it does not exist."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        payments: PaymentService,
        featuring: Promotion,
        withdrawals: WithdrawalService,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._payments = payments
        self._featuring = featuring
        self.withdrawals = withdrawals

    async def get(self, owner: Principal, user_id: str) -> Wallet:
        """Read the wallet from the database, and refresh its copy in the cache."""
        check_owner(owner, user_id)
        async with self._database.connection() as connection:
            row = await store.find_wallet(connection, user_id)
        if row is None:
            raise UserNotFound
        await self._ledger.remember(row)
        return self._ledger.wallet_of(row)

    async def list_entries(
        self, owner: Principal, user_id: str, query: EntriesQuery
    ) -> Page[WalletEntry]:
        """List the wallet's rows of the ledger, the newest first."""
        check_owner(owner, user_id)
        (before,) = _ENTRY_PAGES.read(query.cursor)
        account = query.account.value if query.account else None
        async with self._database.connection() as connection:
            found = await store.list_entries(connection, user_id, account, before, query.limit + 1)
        shown, following = _ENTRY_PAGES.cut(found, query.limit, lambda last: (last[0],))
        return Page[WalletEntry](items=[entry for _, entry in shown], next=following)

    async def top_up(
        self, owner: Principal, user_id: str, wish: TopUp, key: RequestKey | None
    ) -> TopUpReply:
        """Begin a payment; the wallet grows when the provider says that it was paid.

        Raises PaymentFailed, Unavailable.
        """
        check_owner(owner, user_id)

        async def work(tx: Transaction) -> TopUpReply:
            payment_id = await self._payments.begin(tx, user_id, wish.target.value, wish.amount)
            return TopUpReply(
                payment_id=payment_id,
                status=PaymentStatus.PENDING,
                amount=wish.amount,
                target=wish.target,
            )

        reply = await once(self._database, key, TopUpReply, work)
        url = await self._payments.open(reply.payment_id)
        return reply.model_copy(update={"checkout_url": url})

    async def use_gas(
        self, owner: Principal, user_id: str, wish: UseGas, key: RequestKey | None
    ) -> UseGasReply:
        """Feature an auction for 24 hours. Raises InsufficientGas, AuctionNotFound."""
        check_owner(owner, user_id)

        async def work(tx: Transaction) -> UseGasReply:
            featured_until = await self._featuring.feature(tx, owner, wish.auction_id)
            row = await store.find_wallet(tx, user_id)
            assert row is not None, "who has paid has a wallet"
            return UseGasReply(
                auction_id=wish.auction_id,
                featured_until=featured_until,
                wallet=self._ledger.wallet_of(row),
            )

        return await once(self._database, key, UseGasReply, work)


def check_owner(principal: Principal, user_id: str) -> None:
    """Raise UserNotFound for the wallet of another, as for one that does not exist."""
    if principal.user_id != user_id:
        raise UserNotFound
