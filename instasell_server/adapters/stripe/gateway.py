"""Stripe, or a server that speaks its HTTP API, by the library `stripe`.

Everything that is asked carries our own id as the idempotency key and in the metadata, so that a
question asked again changes nothing, and an answer or an event finds its row even when the first
answer was lost.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

import aiohttp
import stripe

from instasell_server.adapters.stripe import events
from instasell_server.ports import (
    OWNERS_MOVEMENTS,
    Checkout,
    CheckoutRequest,
    Movements,
    PayoutDestination,
    ProviderEvent,
    RefundState,
    Unreachable,
    WebhookRefused,
)

TIMEOUT_SECONDS = 8.0
RETRIES = 2

# How long our calls take is nobody's business.
stripe.enable_telemetry = False

T = TypeVar("T")

PAGE_ROWS = 100
_SESSION_STATUSES = {"complete": "paid", "expired": "expired"}


class StripeGateway:
    """Implements `ports.Payments`. `api_base` is empty for Stripe itself."""

    def __init__(self, secret_key: str, webhook_secret: str, api_base: str | None) -> None:
        self._secret_key = secret_key
        self._webhook_secret = webhook_secret
        self._api_base = api_base
        self._client: stripe.StripeClient | None = None
        self._http: stripe.AIOHTTPClient | None = None

    @property
    def _stripe(self) -> stripe.StripeClient:
        """Make the client when it is first needed, which has to be inside the running loop."""
        if self._client is None:
            self._http = stripe.AIOHTTPClient(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS))
            addresses: Any = {"api": self._api_base} if self._api_base else None
            self._client = stripe.StripeClient(
                self._secret_key,
                base_addresses=addresses,
                http_client=self._http,
                max_network_retries=RETRIES,
            )
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close_async()  # type: ignore[no-untyped-call]
        self._client = self._http = None

    async def open_checkout(self, wish: CheckoutRequest) -> Checkout:
        """Open a page where the request is paid."""
        metadata = {"payment_id": wish.payment_id}
        price = {
            "currency": wish.currency.lower(),
            "unit_amount": wish.amount,
            "product_data": {"name": wish.description},
        }
        params: Any = {
            "mode": "payment",
            "line_items": [{"quantity": 1, "price_data": price}],
            "client_reference_id": wish.payment_id,
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata},
            "success_url": wish.return_url,
        }
        options: Any = {"idempotency_key": f"checkout-{wish.payment_id}"}
        sessions = self._stripe.v1.checkout.sessions
        return _checkout(await _asked(sessions.create_async(params, options)))

    async def look_up(self, session_id: str) -> Checkout:
        """Retrieve the current state of a checkout page."""
        return _checkout(await _asked(self._stripe.v1.checkout.sessions.retrieve_async(session_id)))

    async def expire(self, session_id: str) -> None:
        """Close a page; one that is complete or expired stays as it is."""
        try:
            await _asked(self._stripe.v1.checkout.sessions.expire_async(session_id))
        except WebhookRefused:
            return

    async def refund(self, refund_id: str, intent_id: str, amount: int) -> RefundState:
        """Send money back to where it came from."""
        params: Any = {
            "payment_intent": intent_id,
            "amount": amount,
            "metadata": {"refund_id": refund_id},
        }
        options: Any = {"idempotency_key": f"refund-{refund_id}"}
        return events.read_refund(
            await _asked(self._stripe.v1.refunds.create_async(params, options))
        )

    async def look_up_refund(self, provider_id: str) -> RefundState:
        """Retrieve the current state of a refund."""
        return events.read_refund(await _asked(self._stripe.v1.refunds.retrieve_async(provider_id)))

    async def list_refunds(
        self, limit: int, *, since: int | None = None, intent_id: str | None = None
    ) -> list[RefundState]:
        """List the newest refunds of a payment, or since an instant of the provider's clock."""
        params: Any = {"limit": PAGE_ROWS}
        if since is not None:
            params["created"] = {"gte": since}
        if intent_id is not None:
            params["payment_intent"] = intent_id
        found: list[RefundState] = []
        while len(found) < limit:
            page = await _asked(self._stripe.v1.refunds.list_async(params))
            found += [events.read_refund(each) for each in page.data]
            if not page.has_more or not page.data:
                break
            params["starting_after"] = page.data[-1].id
        return found[:limit]

    async def open_account(self, user_id: str, email: str) -> str:
        """Create an account to send a user's money to, and return its id; the same each time."""
        params: Any = {
            "type": "express",
            "email": email,
            "capabilities": {"transfers": {"requested": True}},
            "metadata": {"user_id": user_id},
        }
        options: Any = {"idempotency_key": f"account-{user_id}"}
        return str((await _asked(self._stripe.v1.accounts.create_async(params, options))).id)

    async def find_account(self, account_id: str, return_url: str) -> PayoutDestination:
        """Retrieve whether an account can receive money, and the page to complete if not."""
        found = await _asked(self._stripe.v1.accounts.retrieve_async(account_id))
        if found.payouts_enabled:
            return PayoutDestination(True, None)
        params: Any = {
            "account": account_id,
            "type": "account_onboarding",
            "refresh_url": return_url,
            "return_url": return_url,
        }
        link = await _asked(self._stripe.v1.account_links.create_async(params))
        return PayoutDestination(False, str(link.url))

    async def send(self, withdrawal_id: str, account_id: str, amount: int, currency: str) -> str:
        """Send money to an account; from there the provider pays it out to the owner's bank."""
        params: Any = {
            "amount": amount,
            "currency": currency.lower(),
            "destination": account_id,
            "metadata": {"withdrawal_id": withdrawal_id},
        }
        options: Any = {"idempotency_key": f"withdrawal-{withdrawal_id}"}
        return str((await _asked(self._stripe.v1.transfers.create_async(params, options))).id)

    async def sum_movements(self, currency: str, limit: int) -> Movements:
        """Sum the balance transactions in a currency, newest first."""
        transactions = self._stripe.v1.balance_transactions
        params: Any = {"limit": PAGE_ROWS, "currency": currency.lower()}
        count = amount = fee_amount = 0
        while count < limit:
            page = await _asked(transactions.list_async(params))
            for each in page.data:
                if each.type not in OWNERS_MOVEMENTS:
                    amount += each.amount
                    fee_amount += each.fee
            count += len(page.data)
            if not page.has_more or not page.data:
                return Movements(count, amount, fee_amount, is_complete=True)
            params["starting_after"] = page.data[-1].id
        return Movements(count, amount, fee_amount, is_complete=False)

    def read_event(self, payload: bytes, signature: str) -> ProviderEvent:
        """Verify a message, at most 300 s old, and return its event. Raises Refused."""
        events.check_signature(payload, signature, self._webhook_secret)
        return events.read_event(payload)


async def _asked(question: Awaitable[T]) -> T:
    """Await an answer. Raises Refused for a no, Unreachable for what may have been done."""
    try:
        return await question
    except (stripe.CardError, stripe.InvalidRequestError) as error:
        raise WebhookRefused(error.user_message or "it does not take this") from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise WebhookRefused("the key of the payment provider does not hold") from error
    except stripe.StripeError as error:
        raise Unreachable(type(error).__name__) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unreachable(type(error).__name__) from error


def _checkout(session: Any) -> Checkout:
    found = events.plain(session)
    status = _SESSION_STATUSES.get(str(found["status"]), "open")
    if status == "paid" and found["payment_status"] != "paid":
        # A payment that takes days is complete as a page before there is money.
        status = "open"
    intent = found.get("payment_intent")
    return Checkout(
        str(found["id"]),
        found.get("url"),
        status,
        events.id_of(found, "payment_id"),
        str(intent) if intent else None,
        int(found.get("amount_total") or 0),
        str(found.get("currency") or "").upper(),
    )
