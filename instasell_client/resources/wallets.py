"""The own wallet: what it has, how it grows, and what its gas buys."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal, TypeVar

from instasell_client.endpoint import Mode, Resource, endpoint, paged
from instasell_client.models.base import Page
from instasell_client.models.wallets import (
    EntriesQuery,
    PayoutAccount,
    TopUp,
    TopUpReply,
    UseGas,
    UseGasReply,
    Wallet,
    WalletAccount,
    WalletEntry,
    Withdraw,
    Withdrawal,
    WithdrawalsQuery,
)
from instasell_client.operation import Operation, Pages, get, pages, post, reads, request

AccountName = WalletAccount | Literal["balance", "gas"]
T = TypeVar("T")


class WalletResource(Resource[Mode]):
    """`client.wallet`. Money is in minor units of the market's currency, gas in whole units.

    The paths name the account: the client asks whose its token is, once, with the scope `read`.
    """

    @endpoint
    def get(self) -> Operation[Wallet]:
        """What the wallet has."""
        return _owned(get("/wallet/{}", Wallet))

    @endpoint
    def top_up(
        self,
        amount: int,
        target: AccountName = "balance",
        *,
        idempotency_key: str | None = None,
    ) -> Operation[TopUpReply]:
        """Begins a payment of `amount` minor units; the reply has the page where it is paid.

        Into `gas`, a minor unit buys one unit of gas. The wallet grows when the payment provider
        says that it was paid: its entry then has the `payment_id` as its reference. Raises
        PaymentFailed, Unavailable, Invalid.
        """
        body = request(TopUp, amount=amount, target=target)
        return _owned(post("/wallet/{}/topup", reads(TopUpReply), body, key=idempotency_key))

    @paged
    def entries(
        self, *, account: AccountName | None = None, page_size: int = 100
    ) -> Pages[WalletEntry]:
        """The wallet's rows of the ledger, the newest first; of one account if it is given."""
        return pages(partial(_page, account=account, limit=page_size))

    @endpoint
    def entries_page(
        self,
        *,
        account: AccountName | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Operation[Page[WalletEntry]]:
        """One page of rows; its `next` is the `cursor` of the following one. `limit` 1 to 100."""
        return _page(cursor, account=account, limit=limit)

    @endpoint
    def use_gas(
        self, auction_id: str, *, idempotency_key: str | None = None
    ) -> Operation[UseGasReply]:
        """Shows an own open auction before others, for 24 hours more each time.

        Raises InsufficientGas(missing), AuctionNotFound, AuctionNotOpen.
        """
        body = request(UseGas, purpose="feature", auction_id=auction_id)
        return _owned(post("/wallet/{}/use-gas", reads(UseGasReply), body, key=idempotency_key))

    @endpoint
    def payout_account(self) -> Operation[PayoutAccount]:
        """The own account at the payment provider, to withdraw to; made when first asked for.

        While it is not `ready`, `onboarding_url` is the page to fill in. Not for the tokens of
        scripts. Raises PaymentFailed, Unavailable.
        """
        return _owned(post("/wallet/{}/payout-account", reads(PayoutAccount)))

    @endpoint
    def withdraw(self, amount: int, *, idempotency_key: str | None = None) -> Operation[Withdrawal]:
        """Sends `amount` minor units of the balance to the own account at the provider.

        It is on its way at once; what the provider refuses comes back into the balance. Raises
        NotVerified, NoPayoutAccount, InsufficientFunds(missing), PaymentFailed, Unavailable.
        """
        body = request(Withdraw, amount=amount)
        return _owned(post("/wallet/{}/withdraw", reads(Withdrawal), body, key=idempotency_key))

    @paged
    def withdrawals(self, *, page_size: int = 100) -> Pages[Withdrawal]:
        """The own withdrawals and what became of them, the newest first."""
        return pages(partial(_withdrawals, limit=page_size))

    @endpoint
    def withdrawals_page(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> Operation[Page[Withdrawal]]:
        """One page; its `next` is the `cursor` of the following one. `limit` is 1 to 100."""
        return _withdrawals(cursor, limit=limit)


def _owned(operation: Operation[T]) -> Operation[T]:
    return replace(operation, owned=True)


def _page(cursor: str | None, **filters: object) -> Operation[Page[WalletEntry]]:
    query = request(EntriesQuery, cursor=cursor, **filters)
    return _owned(get("/wallet/{}/transactions", Page[WalletEntry], query))


def _withdrawals(cursor: str | None, *, limit: int) -> Operation[Page[Withdrawal]]:
    query = request(WithdrawalsQuery, cursor=cursor, limit=limit)
    return _owned(get("/wallet/{}/withdrawals", Page[Withdrawal], query))
