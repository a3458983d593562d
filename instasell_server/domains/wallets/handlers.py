"""The HTTP face of wallets."""

from __future__ import annotations

from aiohttp import web

from instasell_client.models.accounts import Scope
from instasell_client.models.base import Page
from instasell_client.models.errors import (
    AuctionNotFound,
    AuctionNotOpen,
    FundsHeld,
    InsufficientFunds,
    InsufficientGas,
    NoPayoutAccount,
    NotVerified,
    PaymentFailed,
    PayoutsStopped,
    Unavailable,
    UserNotFound,
)
from instasell_client.models.wallets import (
    EntriesQuery,
    PayoutAccount,
    TopUp,
    TopUpReply,
    UseGas,
    UseGasReply,
    Wallet,
    WalletEntry,
    Withdraw,
    Withdrawal,
    WithdrawalsQuery,
)
from instasell_server.domains.wallets.service import WalletService, check_owner
from instasell_server.http.route import SELLERS, TRADERS, Call, Route, signed_in

SERVICE = web.AppKey("wallets", WalletService)

_LOOKING = signed_in(Scope.READ, roles=TRADERS, suspended=True)


async def get_wallet(call: Call[None, None]) -> Wallet:
    """Handle `GET /wallet/{user_id}`."""
    return await call.service(SERVICE).get(call.user, call.path["user_id"])


async def list_entries(call: Call[None, EntriesQuery]) -> Page[WalletEntry]:
    """Handle `GET /wallet/{user_id}/transactions`."""
    service, user_id = call.service(SERVICE), call.path["user_id"]
    return await service.list_entries(call.user, user_id, call.query)


async def top_up(call: Call[TopUp, None]) -> TopUpReply:
    """Handle `POST /wallet/{user_id}/topup`."""
    service, user_id = call.service(SERVICE), call.path["user_id"]
    return await service.top_up(call.user, user_id, call.body, call.idempotency_key)


async def use_gas(call: Call[UseGas, None]) -> UseGasReply:
    """Handle `POST /wallet/{user_id}/use-gas`."""
    service, user_id = call.service(SERVICE), call.path["user_id"]
    return await service.use_gas(call.user, user_id, call.body, call.idempotency_key)


async def open_account(call: Call[None, None]) -> PayoutAccount:
    """Handle `POST /wallet/{user_id}/payout-account`."""
    check_owner(call.user, call.path["user_id"])
    return await call.service(SERVICE).withdrawals.open_account(call.user)


async def withdraw(call: Call[Withdraw, None]) -> Withdrawal:
    """Handle `POST /wallet/{user_id}/withdraw`."""
    check_owner(call.user, call.path["user_id"])
    return await call.service(SERVICE).withdrawals.withdraw(
        call.user, call.body, call.idempotency_key
    )


async def list_withdrawals(call: Call[None, WithdrawalsQuery]) -> Page[Withdrawal]:
    """Handle `GET /wallet/{user_id}/withdrawals`."""
    check_owner(call.user, call.path["user_id"])
    return await call.service(SERVICE).withdrawals.list(call.user, call.query)


ROUTES: list[Route] = [
    Route(
        "GET", "/wallet/{user_id}", get_wallet, _LOOKING, "Show your wallet",
        reply=Wallet, tag="wallet", errors=(UserNotFound,),
    ),
    Route(
        "GET", "/wallet/{user_id}/transactions", list_entries, _LOOKING,
        "List the entries of your wallet with the running balance, the newest first",
        query=EntriesQuery, reply=Page[WalletEntry], tag="wallet", errors=(UserNotFound,),
    ),
    Route(
        "POST", "/wallet/{user_id}/topup", top_up, signed_in(Scope.PAY, roles=TRADERS),
        "Begin a payment into your wallet, for its balance or for gas",
        body=TopUp, reply=TopUpReply, status=201, tag="wallet",
        errors=(UserNotFound, PaymentFailed, Unavailable),
    ),
    Route(
        "POST", "/wallet/{user_id}/payout-account", open_account,
        signed_in(None, roles=TRADERS),
        "Open your account at the payment provider, to withdraw to, or show what it lacks",
        reply=PayoutAccount, tag="wallet", errors=(UserNotFound, PaymentFailed, Unavailable),
    ),
    Route(
        "POST", "/wallet/{user_id}/withdraw", withdraw, signed_in(None, roles=TRADERS),
        "Send money from your balance to your account at the payment provider",
        body=Withdraw, reply=Withdrawal, status=201, tag="wallet",
        errors=(
            UserNotFound, NotVerified, NoPayoutAccount, InsufficientFunds, FundsHeld,
            PayoutsStopped, PaymentFailed, Unavailable,
        ),
    ),
    Route(
        "GET", "/wallet/{user_id}/withdrawals", list_withdrawals, _LOOKING,
        "List your withdrawals with their states, the newest first",
        query=WithdrawalsQuery, reply=Page[Withdrawal], tag="wallet", errors=(UserNotFound,),
    ),
    Route(
        "POST", "/wallet/{user_id}/use-gas", use_gas, signed_in(Scope.SELL, roles=SELLERS),
        "Spend gas: feature an own auction for 24 hours",
        body=UseGas, reply=UseGasReply, tag="wallet",
        errors=(UserNotFound, AuctionNotFound, AuctionNotOpen, InsufficientGas),
    ),
]  # fmt: skip
