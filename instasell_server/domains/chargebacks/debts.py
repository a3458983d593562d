"""Collect what users owe for money that was taken back, as soon as they have something."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog

from instasell_client.models.errors import InstaSellError
from instasell_server.db import clock
from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.chargebacks import store
from instasell_server.domains.chargebacks.store import Chargeback
from instasell_server.domains.ledger import claims as movements
from instasell_server.domains.ledger.service import Ledger

AT_ONCE = 100

_log = structlog.get_logger("instasell.chargebacks")


class Debts:
    """Recovers what is owed, never below zero."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self._database = database
        self._ledger = ledger

    async def recover(self) -> int:
        """Take what is owed from who has something now; return from how many."""
        async with self._database.connection() as connection:
            found = await store.list_recoverable(connection, AT_ONCE)
        recovered = 0
        for chargeback_id, debtor_id in found:
            work = partial(self._recover, chargeback_id, debtor_id)
            try:
                recovered += await transact(self._database, work)
            except InstaSellError as error:
                _log.warning("recovery_waits", chargeback_id=chargeback_id, code=error.code)
        return recovered

    async def _recover(self, chargeback_id: str, debtor_id: str, tx: Transaction) -> int:
        found = await store.lock_open_debt(tx, chargeback_id)
        if found is None:
            return 0
        rest = await self.recover_within(tx, found, debtor_id, await clock.get_now(tx))
        return int(rest.owed_amount < found.owed_amount)

    async def recover_within(
        self, tx: Transaction, found: Chargeback, debtor_id: str, now: datetime
    ) -> Chargeback:
        """Take what a user owes for a locked chargeback, as far as the wallet has it."""
        debts = await store.list_debts(tx, found.id)
        debt = next((each for each in debts if each.debtor_id == debtor_id), None)
        if debt is None or not debt.is_due:
            return found
        amount = min(await self._ledger.lock_balance(tx, debtor_id), debt.owed_amount)
        if not amount:
            return found
        paid = movements.recovered(
            found.id, found.order_id, found.payment_id, debtor_id, amount, debt.owed_amount
        )
        after = debt._replace(
            owed_amount=debt.owed_amount - amount,
            recovered_amount=debt.recovered_amount + amount,
        )
        # Before the ledger, which tells the debtor what is still owed.
        await store.update_debt(tx, found.id, after)
        await self._ledger.post(tx, [paid])
        rest = found._replace(
            owed_amount=found.owed_amount - amount,
            recovered_amount=found.recovered_amount + amount,
        )
        await store.update_chargeback(tx, rest, now)
        return rest

    async def forgive(self, tx: Transaction, chargeback_id: str) -> dict[str, int]:
        """End the debts of a locked chargeback; returns what each debtor has paid."""
        recovered = {}
        for debt in await store.list_debts(tx, chargeback_id):
            recovered[debt.debtor_id] = debt.recovered_amount
            ended = debt._replace(owed_amount=0, recovered_amount=0, is_due=False)
            await store.update_debt(tx, chargeback_id, ended)
        return recovered


__all__ = ["Debts"]
