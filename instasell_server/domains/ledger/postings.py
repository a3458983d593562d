"""Accounts, and the rows that move money between them. Pure: no I/O, no clock.

A transfer sums to zero: what leaves one account arrives in others. Accounts of people are `balance`
and `gas`, that of an order `escrow`; the rest are the platform's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from instasell_client.models.wallets import EntryType


class LedgerAccount(StrEnum):
    """Name where money is. A negative `stripe` is held at the provider."""

    BALANCE = "balance"
    GAS = "gas"
    ESCROW = "escrow"
    STRIPE = "stripe"
    IN_TRANSIT = "in_transit"
    SUSPENSE = "suspense"
    RECEIVABLE = "receivable"
    GAS_SALES = "gas_sales"
    FEES = "fees"


class Hold(NamedTuple):
    """Money that is withdrawn `days` after `since` at the earliest, or after it came."""

    payment_id: str
    days: int
    since: datetime | None = None


class SpendHeld(NamedTuple):
    """Money goes into an order or a chargeback: what is held goes first.

    Of that, what came of `payment_id`, then what would be free last.
    """

    purpose_id: str
    payment_id: str | None = None


class ReturnHeld(NamedTuple):
    """Money comes back from an order or a chargeback, and is held as it was before."""

    purpose_id: str


class Posting(NamedTuple):
    """One row: `amount` is in minor units, positive into the account. `user_id` for a wallet.

    `held` says what a row of a balance does to the part of it that cannot be withdrawn yet.
    """

    account: LedgerAccount
    amount: int
    type: EntryType
    user_id: str | None = None
    order_id: str | None = None
    held: Hold | SpendHeld | ReturnHeld | None = None


class Transfer(NamedTuple):
    """Rows that belong together. `key` is unique in the ledger, `reference` is for people."""

    key: str
    reference: str
    postings: tuple[Posting, ...]


class Unbalanced(Exception):
    """A transfer that does not sum to zero; a mistake of ours, never of a caller."""


def transfer(key: str, reference: str, postings: Iterable[Posting]) -> Transfer:
    """Build a transfer of the postings that move anything. Raises Unbalanced."""
    moving = tuple(each for each in postings if each.amount)
    if sum(each.amount for each in moving) or not moving:
        raise Unbalanced(f"{key}: {moving}")
    return Transfer(key, reference, moving)
