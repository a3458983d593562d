"""Chargebacks whose amount the provider has changed: an admin has the difference booked.

Until the verdict, more is shared out as a second chargeback of the same payment would be: what is
still held goes first, and orders that a top-up paid are frozen. After it, the payer owes more, who
has it from the bank. Less goes back the way it came, the seller first: what is owed is owed no
more, what was paid is in its wallet again, and what was taken out of escrow is where the rest of
the order's money is by now.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from instasell_client.models.errors import Unavailable
from instasell_client.models.money import MAX_AMOUNT, format_amount
from instasell_client.models.orders import OrderStatus
from instasell_server.db import clock
from instasell_server.db.transaction import Transaction
from instasell_server.domains.chargebacks import rules, store
from instasell_server.domains.chargebacks.debts import Debts
from instasell_server.domains.chargebacks.store import Chargeback, ClaimedOrder, Debt
from instasell_server.domains.chargebacks.top_ups import MOST_ORDERS, TopUpClaims
from instasell_server.domains.ledger import claims as movements
from instasell_server.domains.ledger.postings import Transfer
from instasell_server.domains.ledger.rules import refund
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.orders.bank_claims import BankClaims, LockedOrder
from instasell_server.domains.payments.counterparts import PaidMeanwhile


class _More(NamedTuple):
    """Sources of what a chargeback grew by, in minor units; nobody owes the rest."""

    from_escrow: Mapping[str, int]
    refunded: int
    debts: Sequence[Debt]


class Corrections:
    """Book by how much the amount of a chargeback has changed."""

    def __init__(
        self, claims: BankClaims, ledger: Ledger, debts: Debts, top_ups: TopUpClaims
    ) -> None:
        self._claims = claims
        self._ledger = ledger
        self._debts = debts
        self._top_ups = top_ups

    async def correct(self, tx: Transaction, provider_id: str, amount: int) -> int:
        """Book that a chargeback is of another amount; returns by how much it differs.

        Returns 0 where nothing is to be booked: it is of that amount, or was won. Raises
        Unavailable when a top-up pays another order at this moment; nothing is booked then.
        """
        order_ids = await store.list_orders_of_chargeback(tx, provider_id)
        payment_id = await store.find_open_top_up(tx, provider_id)
        if payment_id is not None:
            paid = await store.list_paid_parts(tx, payment_id, MOST_ORDERS)
            order_ids = sorted({*order_ids, *paid})
        orders = {each.id: each for each in await self._claims.lock_all(tx, order_ids)}
        found = await store.lock_chargeback(tx, provider_id)
        if found is None or found.kind != "chargeback" or found.status == "won":
            return 0
        if amount == found.amount or not 1 <= amount <= MAX_AMOUNT:
            return 0
        now = await clock.get_now(tx)
        if amount > found.amount:
            await self._take_more(tx, found, amount - found.amount, orders, now)
        else:
            await self._give_back(tx, found, found.amount - amount, orders, now)
        return abs(amount - found.amount)

    async def _take_more(
        self,
        tx: Transaction,
        found: Chargeback,
        amount: int,
        orders: Mapping[str, LockedOrder],
        now: datetime,
    ) -> None:
        payer_id = await store.find_payer(tx, found.id)
        more = await self._share_more(tx, found, payer_id, amount, orders, now)
        owed = amount - sum(more.from_escrow.values())
        changed = found._replace(
            amount=found.amount + amount,
            refunded_amount=found.refunded_amount + more.refunded,
            escrow_amount=found.escrow_amount + amount - owed,
            owed_amount=found.owed_amount + owed,
        )
        await store.update_chargeback(tx, changed, now)
        for debt in more.debts:
            await _owe_more(tx, found.id, debt)
        grew = movements.chargeback_grew(found.id, found.order_id, more.from_escrow, owed)
        await self._ledger.post(tx, [grew])
        if payer_id is not None:
            await self._debts.recover_within(tx, changed, payer_id, now)

    async def _share_more(
        self,
        tx: Transaction,
        found: Chargeback,
        payer_id: str | None,
        amount: int,
        orders: Mapping[str, LockedOrder],
        now: datetime,
    ) -> _More:
        if payer_id is None:
            return _More({}, 0, [])
        if found.status != "open":
            return _More({}, 0, [Debt(payer_id, amount, 0, is_due=True)])
        if found.order_id is None:
            try:
                locked = [*orders.values()]
                parts = await self._top_ups.take_more(tx, found, payer_id, amount, locked, now)
            except PaidMeanwhile as error:
                raise Unavailable from error
            owed = amount - sum(parts.values())
            return _More(parts, 0, [Debt(payer_id, owed, 0, is_due=True)])
        order = orders[found.order_id]
        others = await store.get_claims(tx, order.id, order.seller_id)
        balance = await self._ledger.lock_balance(tx, order.buyer_id)
        shares = rules.share_of_order(amount, order.state, others, buyer_balance=balance)
        debts = [
            Debt(order.buyer_id, shares.refunded + shares.buyer, 0, is_due=True),
            Debt(order.seller_id, shares.seller, 0, is_due=False),
        ]
        return _More({order.id: shares.escrow}, shares.refunded, debts)

    async def _give_back(
        self,
        tx: Transaction,
        found: Chargeback,
        amount: int,
        orders: Mapping[str, LockedOrder],
        now: datetime,
    ) -> None:
        payer_id = await store.find_payer(tx, found.id)
        debts = await store.list_debts(tx, found.id)
        debts.sort(key=lambda each: (each.debtor_id == payer_id, each.debtor_id))
        claimed = await store.list_claimed_orders(tx, found)
        back = rules.share_of_return(
            amount,
            nobody=found.owed_amount - sum(each.owed_amount for each in debts),
            suspense=found.suspense_amount,
            debts=[(each.owed_amount, each.recovered_amount) for each in debts],
            escrows=[each.escrow_amount for each in claimed],
        )
        for debt, owed, paid in zip(debts, back.owed, back.recovered, strict=True):
            rest = debt._replace(
                owed_amount=debt.owed_amount - owed, recovered_amount=debt.recovered_amount - paid
            )
            await store.update_debt(tx, found.id, rest)
        if back.suspense:
            await store.keep(tx, found.intent_id, back.suspense)
        changed = found._replace(
            amount=found.amount - amount,
            refunded_amount=min(found.refunded_amount, found.amount - amount),
            owed_amount=found.owed_amount - back.nobody - sum(back.owed),
            recovered_amount=found.recovered_amount - sum(back.recovered),
            suspense_amount=found.suspense_amount - back.suspense,
            escrow_amount=found.escrow_amount - sum(back.escrows),
        )
        await store.update_chargeback(tx, changed, now)
        parts = [pair for pair in zip(claimed, back.escrows, strict=True) if pair[1]]
        await self._return_uses(tx, found, parts)
        shrunk = movements.chargeback_shrank(
            found.id,
            found.order_id,
            to_escrow={each.order_id: part for each, part in parts},
            to_suspense=back.suspense,
            owed=back.nobody + sum(back.owed),
            recovered={
                each.debtor_id: paid for each, paid in zip(debts, back.recovered, strict=True)
            },
        )
        # In one step, since an order at its end holds nothing.
        passed = [self._pass_on(found, orders[each.order_id], part) for each, part in parts]
        await self._ledger.post(tx, [shrunk, *(each for each in passed if each is not None)])
        for each, part in parts:
            order = orders[each.order_id]
            if order.state.status is OrderStatus.CANCELLED:
                shown = format_amount(part, self._ledger.currency)
                reason = f"the buyer's bank has taken {shown} less"
                await self._claims.refunded_elsewhere(tx, order, part, reason, now)

    async def _return_uses(
        self, tx: Transaction, found: Chargeback, parts: Sequence[tuple[ClaimedOrder, int]]
    ) -> None:
        if found.order_id is not None:
            return
        assert found.payment_id is not None or not parts
        for each, part in parts:
            await store.update_claimed_order(tx, found.id, each.order_id, each.escrow_amount - part)
            await self._ledger.move_use(
                tx, str(found.payment_id), str(each.dispute_id), each.order_id, part
            )

    def _pass_on(self, found: Chargeback, order: LockedOrder, amount: int) -> Transfer | None:
        """Return what moves money of an order's escrow to where the rest of it has gone."""
        if order.state.status is OrderStatus.DELIVERED:
            return movements.release_of_correction(found.id, order.id, order.seller_id, amount)
        if order.state.status is not OrderStatus.CANCELLED:
            return None
        hold = None
        if found.order_id is not None and found.payment_id is not None:
            hold = self._ledger.hold_of_refund(found.payment_id, order.state.paid_at)
        return refund(str(uuid.uuid4()), order.id, order.buyer_id, amount, hold)


async def _owe_more(tx: Transaction, chargeback_id: str, more: Debt) -> None:
    if not more.owed_amount:
        return
    debts = {each.debtor_id: each for each in await store.list_debts(tx, chargeback_id)}
    before = debts.get(more.debtor_id)
    if before is None:
        await store.insert_debt(tx, chargeback_id, more)
        return
    owed = before.owed_amount + more.owed_amount
    await store.update_debt(tx, chargeback_id, before._replace(owed_amount=owed))


__all__ = ["Corrections"]
