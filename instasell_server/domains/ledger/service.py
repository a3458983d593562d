"""Books movements of money: rows, wallets and what orders hold, in the caller's transaction."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence

from pydantic_core import to_json

from instasell_client.models.wallets import Wallet
from instasell_server.db.transaction import Transaction
from instasell_server.domains.ledger import store
from instasell_server.domains.ledger.rules import Account, Posting, Transfer
from instasell_server.domains.ledger.store import Purse, Written
from instasell_server.errors import InsufficientFunds, InsufficientGas, UserNotFound
from instasell_server.ports import Cache, Events

WALLET_TTL_SECONDS = 300


def wallet_key(user_id: str) -> str:
    """The seed's cache key of a wallet."""
    return f"user:{user_id}:wallet"


class Ledger:
    """Everything that moves money goes through `post`."""

    def __init__(self, cache: Cache, events: Events, *, currency: str) -> None:
        self._cache = cache
        self._events = events
        self.currency = currency

    async def post(self, tx: Transaction, transfers: Sequence[Transfer]) -> list[Purse]:
        """Books transfers; returns the wallets that they moved, as they are now.

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
            Written(transfer_id, f"{transfer.key}#{number}", transfer.reference, each, after)
            for transfer in transfers
            for transfer_id in (str(uuid.uuid4()),)
            for number, each in enumerate(transfer.postings, 1)
            for after in (_apply(wallets, each),)
        ]
        await store.insert_postings(tx, rows)
        held = _held(postings)
        if held:
            await store.move_held(tx, held)
        purses = await store.update_wallets(tx, wallets) if wallets else []
        if purses:
            tx.after_commit.append(lambda: self._tell(purses))
        return purses

    async def lock_balance(self, tx: Transaction, user_id: str) -> int:
        """Locks a wallet and returns its balance, for who takes no more than there is."""
        wallets = await store.lock_wallets(tx, [user_id])
        return wallets[user_id][0]

    def wallet_of(self, purse: Purse) -> Wallet:
        """A wallet as the wire has it."""
        return Wallet(**purse._asdict(), currency=self.currency)

    async def remember(self, purse: Purse) -> None:
        """Puts a wallet into the cache; an older one never replaces a newer."""
        await self._cache.put(
            wallet_key(purse.user_id),
            self.wallet_of(purse).model_dump_json().encode(),
            version=purse.version,
            ttl_seconds=WALLET_TTL_SECONDS,
        )

    async def _tell(self, purses: Sequence[Purse]) -> None:
        for each in purses:
            await self.remember(each)
            wallet = self.wallet_of(each).model_dump(mode="json")
            frame = to_json({"event": "wallet_changed", "data": wallet})
            await self._events.tell_user(each.user_id, frame)


def _apply(wallets: dict[str, tuple[int, int]], posting: Posting) -> int | None:
    """Moves a posting's wallet, and returns what its account has then."""
    if posting.user_id is None:
        return None
    balance, gas = wallets[posting.user_id]
    if posting.account is Account.GAS:
        gas += posting.amount
        if gas < 0:
            raise InsufficientGas(f"{-gas} more gas is needed; top the wallet up", missing=-gas)
    else:
        balance += posting.amount
        if balance < 0:
            raise InsufficientFunds("the wallet has less than that; top it up", missing=-balance)
    wallets[posting.user_id] = (balance, gas)
    return gas if posting.account is Account.GAS else balance


def _held(postings: Sequence[Posting]) -> dict[str, int]:
    held: Counter[str] = Counter()
    for each in postings:
        if each.account is Account.ESCROW and each.order_id is not None:
            held[each.order_id] += each.amount
    return dict(held)
