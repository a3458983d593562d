"""The port `PaymentProvider` without a provider: nobody can pay, everything else works."""

from __future__ import annotations

from instasell_server.ports import (
    Checkout,
    CheckoutRequest,
    Movements,
    PayoutDestination,
    ProviderEvent,
    RefundState,
    WebhookRefused,
)

_REASON = "this market has no payment provider; set INSTASELL_STRIPE_SECRET_KEY"


class NoProvider:
    """Refuses everything, and says what to configure."""

    async def open_checkout(self, wish: CheckoutRequest) -> Checkout:
        """Raise Refused."""
        raise WebhookRefused(_REASON)

    async def look_up(self, session_id: str) -> Checkout:
        """Raise Refused."""
        raise WebhookRefused(_REASON)

    async def expire(self, session_id: str) -> None:
        """Raise Refused."""
        raise WebhookRefused(_REASON)

    async def refund(self, refund_id: str, intent_id: str, amount: int) -> RefundState:
        """Raise Refused."""
        raise WebhookRefused(_REASON)

    async def look_up_refund(self, provider_id: str) -> RefundState:
        """Raise Refused."""
        raise WebhookRefused(_REASON)

    async def list_refunds(
        self, limit: int, *, since: int | None = None, intent_id: str | None = None
    ) -> list[RefundState]:
        """Raise Refused."""
        raise WebhookRefused(_REASON)

    async def open_account(self, user_id: str, email: str) -> str:
        """Raise Refused."""
        raise WebhookRefused(_REASON)

    async def find_account(self, account_id: str, return_url: str) -> PayoutDestination:
        """Raise Refused."""
        raise WebhookRefused(_REASON)

    async def send(self, withdrawal_id: str, account_id: str, amount: int, currency: str) -> str:
        """Raise Refused."""
        raise WebhookRefused(_REASON)

    async def sum_movements(self, currency: str, limit: int) -> Movements:
        """Raise Refused."""
        raise WebhookRefused(_REASON)

    def read_event(self, payload: bytes, signature: str) -> ProviderEvent:
        """Raise Refused."""
        raise WebhookRefused(_REASON)

    async def close(self) -> None:
        """Do nothing: no connection is open."""
