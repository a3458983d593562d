"""Wallets: a balance to pay with, gas to list with, and the ledger's rows of both."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from instasell_client.models.base import Id, Instant, Paging, Reply, Request
from instasell_client.models.money import Amount


class WalletAccount(StrEnum):
    """Name the accounts of a wallet: money, and gas, which pays for listing."""

    BALANCE = "balance"
    GAS = "gas"


class EntryType(StrEnum):
    """Name why money moved."""

    TOPUP = "topup"
    CHARGE = "charge"
    REFUND = "refund"
    HOLD = "hold"
    RELEASE = "release"
    WITHDRAWAL = "withdrawal"
    GAS = "gas"
    SETTLE = "settle"
    CHARGEBACK = "chargeback"
    FEE = "fee"


class PaymentStatus(StrEnum):
    """Name the state of a payment; only the provider can make it succeed."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class HeldMoney(Reply):
    """Describe money that can be spent now and withdrawn from `free_at` on."""

    amount: int
    free_at: Instant


class Wallet(Reply):
    """Show what an account has, in minor units of the market's currency.

    Of `balance`, `withdrawable_amount` can be withdrawn now (None from an older server).
    `held_amount` can be spent only: the card payments that it stems from can still be taken back.
    `held` tells when it becomes free, the next 20 instants of it. `owed_amount` is owed for
    payments that banks have taken back, and `payouts_stopped` says that nothing can be withdrawn.
    """

    user_id: Id
    balance: int
    gas_balance: int
    currency: str
    version: int
    updated_at: Instant
    withdrawable_amount: int | None = None
    held_amount: int = 0
    owed_amount: int = 0
    held: list[HeldMoney] = []
    payouts_stopped: bool = False


class TopUp(Request):
    """Pay money into the balance, or for gas, through the payment provider."""

    amount: Amount
    target: WalletAccount = WalletAccount.BALANCE


class TopUpReply(Reply):
    """Return the payment that was begun, and the provider's page where it is paid."""

    payment_id: Id
    status: PaymentStatus
    amount: int
    target: WalletAccount
    checkout_url: str | None = None


class UseGas(Request):
    """Spend gas: `feature` shows your auction before others for 24 hours."""

    purpose: Literal["feature"]
    auction_id: Id


class UseGasReply(Reply):
    """Show what the gas bought, and what is left."""

    auction_id: Id
    featured_until: Instant
    wallet: Wallet


class Withdraw(Request):
    """Send money from the balance to the user's account at the payment provider."""

    amount: Amount


class Withdrawal(Reply):
    """Describe money on its way out; what fails comes back into the balance."""

    id: Id
    amount: int
    status: PaymentStatus
    failure: str | None = None
    created_at: Instant
    updated_at: Instant


class PayoutAccount(Reply):
    """Show the user's account at the payment provider; it is ready once its page was filled in."""

    ready: bool
    onboarding_url: str | None = None


class WithdrawalsQuery(Paging):
    """List the caller's withdrawals, the newest first."""


class WalletEntry(Reply):
    """Describe one row of the ledger in a wallet. `balance_after` is that of its `account`.

    `reference` names what moved the money: a payment, an order, an auction.
    """

    id: Id
    account: WalletAccount
    type: EntryType
    amount: int
    balance_after: int
    order_id: Id | None = None
    reference: str | None = None
    created_at: Instant


class EntriesQuery(Paging):
    """Select rows of a wallet, the newest first."""

    account: WalletAccount | None = None
