"""Books movements of money: rows, wallets and what orders hold, in the caller's transaction."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from pydantic_core import to_json

from instasell_client.models.errors import (
    FundsHeld,
    InsufficientFunds,
    InsufficientGas,
    PayoutsStopped,
    UserNotFound,
)
from instasell_client.models.money import format_amount
from instasell_client.models.wallets import Wallet
from instasell_server.db.transaction import Transaction
from instasell_server.domains.ledger import store
from instasell_server.domains.ledger.postings import (
    Hold,
    LedgerAccount,
    Posting,
    ReturnHeld,
    SpendHeld,
    Transfer,
)
from instasell_server.domains.ledger.rules import withdraw
from instasell_server.domains.ledger.store import PostedEntries, WalletRow
from instasell_server.ports import Cache, Events

WALLET_TTL_SECONDS = 300


def wallet_key(user_id: str) -> str:
    """Return the seed's cache key of a wallet."""
    return f"user:{user_id}:wallet"


class Ledger:
    """Everything that moves money goes through `post`.

    `card_hold_days` and `topup_hold_days` are for how long money of card payments and of top-ups
    is spent only, counted from the payment.
    """

    def __init__(
        self,
        cache: Cache,
        events: Events,
        *,
        currency: str,
        card_hold_days: int,
        topup_hold_days: int,
    ) -> None:
        self._cache = cache
        self._events = events
        self.currency = currency
        self._card_hold_days = card_hold_days
        self._topup_hold_days = topup_hold_days

    def hold_of_top_up(self, payment_id: str) -> Hold:
        """Return the hold of money that a card puts into a wallet now."""
        return Hold(payment_id, self._topup_hold_days)

    def hold_of_refund(self, payment_id: str, paid_at: datetime | None) -> Hold:
        """Return the hold of a card payment that comes back into a wallet."""
        return Hold(payment_id, self._card_hold_days, paid_at)

    async def post(self, tx: Transaction, transfers: Sequence[Transfer]) -> list[WalletRow]:
        """Book transfers; return the wallets that they moved, as they are now.

        Locks the wallets by user, so orders have to be locked before. Raises InsufficientFunds
        and InsufficientGas with what is missing, and psycopg2's UniqueViolation for a transfer
        that is booked already.
        """
        postings = [each for transfer in transfers for each in transfer.postings]
        users = sorted({each.user_id for each in postings if each.user_id is not None})
        wallets = await store.lock_wallets(tx, users) if users else {}
        if len(wallets) < len(users):
            raise UserNotFound
        rows = [
            PostedEntries(transfer_id, f"{transfer.key}#{number}", transfer.reference, each, after)
            for transfer in transfers
            for transfer_id in (str(uuid.uuid4()),)
            for number, each in enumerate(transfer.postings, 1)
            for after in (_apply(wallets, each),)
        ]
        await store.insert_postings(tx, rows)
        held = _held(postings)
        if held:
            await store.move_held(tx, held)
        for each in postings:
            await _apply_hold(tx, each)
        changed = await store.update_wallets(tx, wallets) if wallets else []
        if changed:
            tx.after_commit(partial(self._publish, changed))
        return changed

    async def withdraw(
        self, tx: Transaction, withdrawal_id: str, user_id: str, amount: int
    ) -> None:
        """Take money out of a balance that is neither held nor owed.

        Raises InsufficientFunds for more than the balance, FundsHeld with what can be withdrawn
        now and when the rest can, PayoutsStopped for an account that may withdraw nothing.
        """
        balance = await self.lock_balance(tx, user_id)
        wallet = await store.find_wallet(tx, user_id)
        assert wallet is not None, "it is locked"
        if wallet.payouts_stopped:
            raise PayoutsStopped(
                "a bank has taken a payment of yours back, so that nothing is paid out; write to"
                " the market's support"
            )
        free = withdrawable(wallet)
        if free < amount <= balance:
            free_at = await store.find_free_at(tx, user_id, amount - free)
            raise _held_back(free, free_at, self.currency)
        await self.post(tx, [withdraw(withdrawal_id, user_id, amount)])

    async def stop_payouts(self, tx: Transaction, user_id: str) -> None:
        """Let nothing leave a wallet until an admin allows it."""
        await store.stop_payouts(tx, user_id)

    async def allow_payouts(self, tx: Transaction, user_id: str) -> bool:
        """Let money leave a wallet again; False when nothing had stopped it."""
        return await store.allow_payouts(tx, user_id)

    async def lock_balance(self, tx: Transaction, user_id: str) -> int:
        """Lock a wallet and return its balance, for who takes no more than there is."""
        wallets = await store.lock_wallets(tx, [user_id])
        return wallets[user_id][0]

    async def find_left(self, tx: Transaction, payment_id: str) -> int:
        """Return what of a top-up a locked wallet has at most, in minor units."""
        return await store.find_left(tx, payment_id)

    async def move_use(
        self, tx: Transaction, payment_id: str, source_id: str, target_id: str, amount: int
    ) -> None:
        """Have a part of a top-up be spent on a bank's claim instead of an order, or back."""
        await store.move_use(tx, payment_id, source_id, target_id, amount)

    def wallet_of(self, wallet: WalletRow) -> Wallet:
        """Return a wallet as the wire has it."""
        return Wallet.model_validate(
            {
                **wallet._asdict(),
                "currency": self.currency,
                "withdrawable_amount": withdrawable(wallet),
            }
        )

    async def remember(self, wallet: WalletRow) -> None:
        """Put a wallet into the cache; an older one never replaces a newer."""
        await self._cache.put(
            wallet_key(wallet.user_id),
            self.wallet_of(wallet).model_dump_json().encode(),
            version=wallet.version,
            ttl_seconds=WALLET_TTL_SECONDS,
        )

    async def _publish(self, changed: Sequence[WalletRow]) -> None:
        for each in changed:
            await self.remember(each)
            wallet = self.wallet_of(each).model_dump(mode="json")
            frame = to_json({"event": "wallet_changed", "data": wallet})
            await self._events.notify_user(each.user_id, frame)


def withdrawable(wallet: WalletRow) -> int:
    """Return what of a balance may leave now, in minor units."""
    if wallet.payouts_stopped:
        return 0
    return max(0, wallet.balance - wallet.held_amount - wallet.owed_amount)


def _held_back(free: int, free_at: datetime | None, currency: str) -> FundsHeld:
    shown = format_amount(free, currency)
    if free_at is None:
        # What is owed goes before any withdrawal, and only paying it changes that.
        return FundsHeld(
            f"{shown} {currency} can be withdrawn now; the rest covers a payment that a bank has"
            " taken back",
            withdrawable=free,
        )
    return FundsHeld(
        f"{shown} {currency} can be withdrawn now, and this much from"
        f" {free_at:%Y-%m-%d %H:%M} UTC on; all of it can be spent here",
        withdrawable=free,
        free_at=free_at.isoformat().replace("+00:00", "Z"),
    )


async def _apply_hold(tx: Transaction, posting: Posting) -> None:
    """Change what of a locked wallet is held, as a row of its balance says."""
    if posting.user_id is None:
        return
    if isinstance(posting.held, Hold):
        await store.insert_hold(tx, posting.user_id, posting.amount, posting.held)
    elif isinstance(posting.held, SpendHeld):
        await store.spend_held(tx, posting.user_id, -posting.amount, posting.held)
    elif isinstance(posting.held, ReturnHeld):
        await store.return_held(tx, posting.user_id, posting.amount, posting.held.purpose_id)


def _apply(wallets: dict[str, tuple[int, int]], posting: Posting) -> int | None:
    """Move a posting's wallet, and return what its account has then."""
    if posting.user_id is None:
        return None
    balance, gas = wallets[posting.user_id]
    if posting.account is LedgerAccount.GAS:
        gas += posting.amount
        if gas < 0:
            raise InsufficientGas(f"{-gas} more gas is needed; top the wallet up", missing=-gas)
    else:
        balance += posting.amount
        if balance < 0:
            raise InsufficientFunds("the wallet has less than that; top it up", missing=-balance)
    wallets[posting.user_id] = (balance, gas)
    return gas if posting.account is LedgerAccount.GAS else balance


def _held(postings: Sequence[Posting]) -> dict[str, int]:
    held: Counter[str] = Counter()
    for each in postings:
        if each.account is LedgerAccount.ESCROW and each.order_id is not None:
            held[each.order_id] += each.amount
    return dict(held)
