"""Bursts of failed sign-ins, of which an account is notified once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from instasell_server.db.connections import Database
from instasell_server.db.outbox import OutboxTask, leave_task
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.accounts import rules, store
from instasell_server.domains.accounts.emails import spellings


@dataclass(frozen=True)
class AlertOfFailedSignIns(OutboxTask):
    """Notify the account of an e-mail address, if it has one, of a burst of failures."""

    kind = "sign_ins_failed"
    email: str
    attempts: int
    address: str
    burst_id: str


class SignInAlerts:
    """Leaves a row of the outbox at a failure, and a notice to the account later."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def carry_out(self, task: AlertOfFailedSignIns) -> None:
        """Notify the account, if there is one.

        The account is looked for here and not at the failure, which takes as long for every
        e-mail address.
        """
        facts = {
            "burst_id": task.burst_id,
            "attempts": task.attempts,
            "address": task.address,
        }

        async def work(tx: Transaction) -> None:
            user_id = await store.find_account(tx, spellings(task.email))
            if user_id is not None:
                await store.insert_burst_cause(tx, user_id, facts)

        await transact(self._database, work)

    async def leave(self, email: str, attempts: int, address: str) -> None:
        """Queue the notification, whether or not the e-mail address has an account."""
        if not rules.is_storable(email):
            return
        task = AlertOfFailedSignIns(email, attempts, address, burst_id=str(uuid.uuid4()))
        await leave_task(self._database, task)
