"""Read and fill your wallet, withdraw from it, and spend its gas."""

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
    """Group the calls of `client.wallet`. Money is in minor units, gas in whole units.

    The paths name the account: the client asks whose its token is, once, with the scope `read`.
    """

    @endpoint
    def get(self) -> Operation[Wallet]:
        """Return the balance and the gas of your wallet.

        Returns:
            Wallet.

        Raises:
            Forbidden

        Example:
            wallet = client.wallet.get()

        See docs/api.md#get-walletuser_id.
        """
        return _owned(get("/wallet/{}", Wallet))

    @endpoint
    def top_up(
        self,
        amount: int,
        target: AccountName = "balance",
        *,
        idempotency_key: str | None = None,
    ) -> Operation[TopUpReply]:
        """Start a payment into your wallet.

        The wallet grows when the payment provider confirms the payment: the reference of the new
        entry is the `payment_id`.

        Args:
            amount: Minor units to pay.
            target: `balance`, or `gas`: a minor unit buys one unit of gas.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            TopUpReply: `checkout_url` is the page to pay on.

        Raises:
            PaymentFailed, Unavailable, Invalid

        Example:
            print(client.wallet.top_up(5000).checkout_url)

        See docs/api.md#post-walletuser_idtopup.
        """
        body = request(TopUp, amount=amount, target=target)
        return _owned(post("/wallet/{}/topup", reads(TopUpReply), body, key=idempotency_key))

    @paged
    def entries(
        self, *, account: AccountName | None = None, page_size: int = 100
    ) -> Pages[WalletEntry]:
        """List the ledger entries of your wallet, the newest first.

        Args:
            account: Only entries of `balance` or of `gas`.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of WalletEntry; pages are requested as you read.

        Raises:
            Forbidden, Invalid

        Example:
            for entry in client.wallet.entries(account="gas"):
                print(entry.amount)

        See docs/api.md#get-walletuser_idtransactions.
        """
        return pages(partial(_page, account=account, limit=page_size))

    @endpoint
    def entries_page(
        self,
        *,
        account: AccountName | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Operation[Page[WalletEntry]]:
        """Return one page of the ledger entries of your wallet.

        Args:
            account: Only entries of `balance` or of `gas`.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            Page[WalletEntry].

        Raises:
            Forbidden, Invalid

        Example:
            page = client.wallet.entries_page(limit=20)

        See docs/api.md#get-walletuser_idtransactions.
        """
        return _page(cursor, account=account, limit=limit)

    @endpoint
    def use_gas(
        self, auction_id: str, *, idempotency_key: str | None = None
    ) -> Operation[UseGasReply]:
        """Promote your open auction for 24 hours; each call adds 24 hours.

        Args:
            auction_id: Id of the auction.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            UseGasReply.

        Raises:
            InsufficientGas(missing), AuctionNotFound, AuctionNotOpen(auction_status)

        Example:
            client.wallet.use_gas(auction_id)

        See docs/api.md#post-walletuser_iduse-gas.
        """
        body = request(UseGas, purpose="feature", auction_id=auction_id)
        return _owned(post("/wallet/{}/use-gas", reads(UseGasReply), body, key=idempotency_key))

    @endpoint
    def payout_account(self) -> Operation[PayoutAccount]:
        """Return your account at the payment provider; the first call creates it.

        While it is not `ready`, `onboarding_url` is the page to fill in. Script tokens cannot call
        it.

        Returns:
            PayoutAccount.

        Raises:
            Forbidden, PaymentFailed, Unavailable

        Example:
            account = client.wallet.payout_account()
            if not account.ready:
                print(account.onboarding_url)

        See docs/api.md#post-walletuser_idpayout-account.
        """
        return _owned(post("/wallet/{}/payout-account", reads(PayoutAccount)))

    @endpoint
    def withdraw(self, amount: int, *, idempotency_key: str | None = None) -> Operation[Withdrawal]:
        """Send money from your balance to your account at the payment provider.

        It starts at once; what the provider refuses returns to the balance.

        Args:
            amount: Minor units to send.
            idempotency_key: Key that makes a repeat safe; a new one by default.

        Returns:
            Withdrawal.

        Raises:
            NotVerified, NoPayoutAccount, InsufficientFunds(missing), FundsHeld, PayoutsStopped,
            PaymentFailed, Unavailable

        Example:
            withdrawal = client.wallet.withdraw(2500)

        See docs/api.md#post-walletuser_idwithdraw.
        """
        body = request(Withdraw, amount=amount)
        return _owned(post("/wallet/{}/withdraw", reads(Withdrawal), body, key=idempotency_key))

    @paged
    def withdrawals(self, *, page_size: int = 100) -> Pages[Withdrawal]:
        """List your withdrawals and their states, the newest first.

        Args:
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of Withdrawal; pages are requested as you read.

        Raises:
            Forbidden, Invalid

        Example:
            for withdrawal in client.wallet.withdrawals():
                print(withdrawal.amount, withdrawal.status)

        See docs/api.md#get-walletuser_idwithdrawals.
        """
        return pages(partial(_withdrawals, limit=page_size))

    @endpoint
    def withdrawals_page(
        self, *, cursor: str | None = None, limit: int = 50
    ) -> Operation[Page[Withdrawal]]:
        """Return one page of your withdrawals, the newest first.

        Args:
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            Page[Withdrawal].

        Raises:
            Forbidden, Invalid

        Example:
            page = client.wallet.withdrawals_page(limit=20)

        See docs/api.md#get-walletuser_idwithdrawals.
        """
        return _withdrawals(cursor, limit=limit)


def _owned(operation: Operation[T]) -> Operation[T]:
    return replace(operation, owned=True)


def _page(cursor: str | None, **filters: object) -> Operation[Page[WalletEntry]]:
    query = request(EntriesQuery, cursor=cursor, **filters)
    return _owned(get("/wallet/{}/transactions", Page[WalletEntry], query))


def _withdrawals(cursor: str | None, *, limit: int) -> Operation[Page[Withdrawal]]:
    query = request(WithdrawalsQuery, cursor=cursor, limit=limit)
    return _owned(get("/wallet/{}/withdrawals", Page[Withdrawal], query))
