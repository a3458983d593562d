"""Bursts of failed sign-ins, of which an account is notified once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.accounts import link_store, rules, store
from instasell_server.domains.accounts.emails import spellings

SIGN_INS_FAILED = "sign_ins_failed"


class SignInAlerts:
    """Leaves a row of the outbox at a failure, and a notice to the account later."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def carry_out(self, payload: Mapping[str, Any]) -> None:
        """Works on an outbox row of kind `sign_ins_failed`: notifies the account, if there is one.

        The account is looked for here and not at the failure, which takes as long for every
        e-mail address.
        """
        facts = {name: payload[name] for name in ("burst_id", "attempts", "address")}

        async def work(tx: Transaction) -> None:
            user_id = await store.find_account(tx, spellings(payload["email"]))
            if user_id is not None:
                await store.insert_burst_cause(tx, user_id, facts)

        await transact(self._database, work)

    async def leave(self, email: str, attempts: int, address: str) -> None:
        """Queue the notification, whether or not the e-mail address has an account."""
        if not rules.is_storable(email):
            return
        facts = {"attempts": attempts, "address": address, "burst_id": str(uuid.uuid4())}
        async with self._database.connection() as connection:
            await link_store.insert_note(connection, SIGN_INS_FAILED, {"email": email, **facts})
