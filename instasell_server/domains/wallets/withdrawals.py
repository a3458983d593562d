"""Withdrawals: money that leaves the market for its owner's account at the provider.

It leaves the wallet in the transaction that writes the withdrawal down, so nothing can be spent
twice; then a worker has it sent, under the withdrawal's own id, as often as it takes to hear what
became of it. A no puts it back.
"""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from instasell_client.models.base import Page
from instasell_client.models.errors import (
    InstaSellError,
    NoPayoutAccount,
    NotVerified,
    PaymentFailed,
    Unavailable,
)
from instasell_client.models.wallets import (
    PayoutAccount,
    Withdraw,
    Withdrawal,
    WithdrawalsQuery,
)
from instasell_server.db.connections import Database
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.ledger import rules as movements
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.payments.provider_calls import AT_ONCE, call_provider
from instasell_server.domains.payments.return_address import ReturnAddress
from instasell_server.domains.wallets import store
from instasell_server.paging import INTEGER, ROW_ID, Cursor
from instasell_server.ports import (
    PaymentProvider,
    PayoutDestination,
    PayoutFailed,
    TransferReversed,
)
from instasell_server.ports.principal import Principal

_PAGES = Cursor("withdrawals", INTEGER, ROW_ID)
_log = structlog.get_logger("instasell.payments")


class WithdrawalService:
    """Send balances to where their owners want them."""

    def __init__(
        self,
        database: Database,
        provider: PaymentProvider,
        ledger: Ledger,
        return_address: ReturnAddress,
    ) -> None:
        self._database = database
        self._provider = provider
        self._ledger = ledger
        self._return_address = return_address

    async def open_account(self, owner: Principal) -> PayoutAccount:
        """Return the caller's account at the provider, made on the first call, and what it lacks.

        Raises PaymentFailed, Unavailable.
        """
        async with self._database.connection() as connection:
            account_id = await store.find_payout_account(connection, owner.user_id)
            email = (await store.get_owner(connection, owner.user_id)).email
        if account_id is None:
            account_id = await call_provider(self._provider.open_account(owner.user_id, email))
            async with self._database.connection() as connection:
                await store.insert_payout_account(connection, owner.user_id, account_id)
        found = await self._look_at(account_id)
        return PayoutAccount(ready=found.is_ready, onboarding_url=found.onboarding_url)

    async def _look_at(self, account_id: str) -> PayoutDestination:
        return await call_provider(
            self._provider.find_account(account_id, self._return_address.url)
        )

    async def withdraw(
        self, owner: Principal, wish: Withdraw, key: RequestKey | None
    ) -> Withdrawal:
        """Take money out of the balance, and have it sent.

        Raises NotVerified, NoPayoutAccount, InsufficientFunds, FundsHeld, PayoutsStopped,
        PaymentFailed, Unavailable.
        """
        await self._check_destination(owner)

        async def work(tx: Transaction) -> Withdrawal:
            if not (await store.get_owner(tx, owner.user_id)).is_verified:
                raise NotVerified("money leaves only to people whose address is verified")
            made = await store.insert_withdrawal(tx, owner.user_id, wish.amount)
            await self._ledger.withdraw(tx, made.id, owner.user_id, wish.amount)
            return made

        return await once(self._database, key, Withdrawal, work)

    async def _check_destination(self, owner: Principal) -> None:
        async with self._database.connection() as connection:
            account_id = await store.find_payout_account(connection, owner.user_id)
        if account_id is None or not (await self._look_at(account_id)).is_ready:
            raise NoPayoutAccount("open a payout account first, and fill its page in")

    async def send_pending(self) -> int:
        """Have the provider send what waits, each once however often it is asked.

        What was never asked of it goes back into a wallet from which nothing may leave meanwhile.
        """
        async with self._database.connection() as connection:
            stopped = await store.list_stopped(connection, AT_ONCE)
            found = await store.lease_pending(connection, AT_ONCE)
        for each in stopped:
            await transact(self._database, partial(self._keep_back, each))
        await asyncio.gather(*(self._send(each) for each in found))
        return len(found) + len(stopped)

    async def _keep_back(self, withdrawal_id: str, tx: Transaction) -> None:
        sending = await store.lock_unsent_withdrawal(tx, withdrawal_id)
        if sending is not None:
            reason = "a bank has taken a payment of yours back, so that nothing is paid out"
            await self._put_back(tx, sending, reason)

    async def _send(self, sending: store.PendingWithdrawal) -> None:
        try:
            sent = await call_provider(
                self._provider.send(
                    sending.id, sending.account_id, sending.amount, self._ledger.currency
                )
            )
        except PaymentFailed as error:
            _log.warning("withdrawal_refused", withdrawal_id=sending.id, reason=str(error))
            reason = str(error)
            await transact(self._database, lambda tx: self._give_back(tx, sending, reason))
        except InstaSellError as error:
            # The lease runs out, and it is asked again.
            _log.warning("withdrawal_waits", withdrawal_id=sending.id, code=error.code)
        else:
            await transact(self._database, lambda tx: self._settle(tx, sending, sent))

    async def _settle(
        self, tx: Transaction, sending: store.PendingWithdrawal, provider_id: str
    ) -> None:
        if await store.lock_pending(tx, sending.id):
            await store.update_succeeded(tx, sending.id, provider_id)
            await self._ledger.post(tx, [movements.withdrawal_settled(sending.id, sending.amount)])

    async def _give_back(
        self, tx: Transaction, sending: store.PendingWithdrawal, reason: str
    ) -> None:
        if await store.lock_pending(tx, sending.id):
            await self._put_back(tx, sending, reason)

    async def _put_back(
        self, tx: Transaction, sending: store.PendingWithdrawal, reason: str
    ) -> None:
        await store.update_failed(tx, sending.id, reason)
        await self._ledger.post(
            tx, [movements.withdrawal_failed(sending.id, sending.user_id, sending.amount)]
        )

    async def take_back(self, tx: Transaction, reversed_transfer: TransferReversed) -> None:
        """Book money back that was sent and that the provider has taken back since."""
        found = await store.lock_sent(
            tx, reversed_transfer.withdrawal_id, reversed_transfer.provider_id
        )
        if found is None:
            wanted = reversed_transfer.withdrawal_id
            if wanted is not None and await store.lock_pending(tx, wanted):
                raise Unavailable("the answer to this transfer is not booked yet; send it again")
            return
        amount = min(reversed_transfer.amount, found.amount)
        if amount <= found.returned_amount:
            return
        await store.update_returned(tx, found.id, amount)
        back = movements.withdrawal_returned(
            found.id, found.user_id, amount - found.returned_amount, amount
        )
        await self._ledger.post(tx, [back])
        details = {"user_id": found.user_id, "withdrawal_id": found.id, "amount": amount}
        await store.insert_alert(tx, "withdrawal_returned", reversed_transfer.provider_id, details)

    async def note_failed_payout(self, tx: Transaction, failed: PayoutFailed) -> None:
        """Leave an alert: the money is in its owner's account at the provider, and not here."""
        user_id = None
        if failed.account_id is not None:
            user_id = await store.find_owner_of_account(tx, failed.account_id)
        details = {
            "user_id": user_id,
            "account_id": failed.account_id,
            "amount": failed.amount,
            "currency": failed.currency,
            "reason": failed.reason,
        }
        await store.insert_alert(tx, "payout_failed", failed.provider_id, details)

    async def list(self, owner: Principal, query: WithdrawalsQuery) -> Page[Withdrawal]:
        """List the caller's withdrawals, newest first."""
        after_key, after_id = _PAGES.read(query.cursor)
        async with self._database.connection() as connection:
            found = await store.list_withdrawals(
                connection, owner.user_id, after_key, after_id, query.limit + 1
            )
        shown, following = _PAGES.cut(found, query.limit, lambda last: last[1])
        return Page[Withdrawal](items=[withdrawal for withdrawal, _ in shown], next=following)
