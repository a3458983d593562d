"""The payment provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class WebhookRefused(Exception):
    """Refuse a request that was understood; the text says why."""


@dataclass(frozen=True, slots=True)
class CheckoutRequest:
    """Describe what the payer is asked for. `payment_id` is the key by which it is asked once."""

    payment_id: str
    amount: int
    currency: str
    description: str
    return_url: str


@dataclass(frozen=True, slots=True)
class Checkout:
    """The provider's page for a payment, and what became of it.

    `status` is open, paid or expired; `amount` and `currency` are what was paid, once it was.
    """

    session_id: str
    url: str | None
    status: str
    payment_id: str | None
    intent_id: str | None
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundState:
    """A refund at the provider; `status` is pending, succeeded or failed.

    `refund_id` is ours, and absent for one that was made there by hand.
    """

    provider_id: str
    refund_id: str | None
    status: str
    intent_id: str | None = None
    amount: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class PayoutDestination:
    """An account that money is sent to; `onboarding_url` while it is not ready."""

    is_ready: bool
    onboarding_url: str | None


@dataclass(frozen=True, slots=True)
class Paid:
    """Report that a payer paid."""

    payment_id: str | None
    intent_id: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class CheckoutExpired:
    """A page that nobody paid on can be paid on no more."""

    session_id: str
    payment_id: str | None


@dataclass(frozen=True, slots=True)
class PaymentDeclined:
    """A payer's attempt was declined; the page is still there for another."""

    intent_id: str
    payment_id: str | None


@dataclass(frozen=True, slots=True)
class RefundChanged:
    """A refund has got somewhere."""

    refund: RefundState


@dataclass(frozen=True, slots=True)
class ChargebackChanged:
    """The payer's bank has taken money back, and may have decided.

    `fee_amount` is what the provider has charged for it so far; `verdict` is won, lost or None.
    """

    intent_id: str
    dispute_id: str
    amount: int
    currency: str
    fee_amount: int
    reason: str
    verdict: str | None


@dataclass(frozen=True, slots=True)
class ChargeRefunded:
    """So much of a payment has gone back in all; which refunds that were has to be asked."""

    intent_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class TransferReversed:
    """Money that was sent to a user's account has come back; `amount` is all of it so far."""

    provider_id: str
    withdrawal_id: str | None
    amount: int


@dataclass(frozen=True, slots=True)
class PayoutFailed:
    """A bank did not take what the provider paid out; it is in the provider's account again."""

    provider_id: str
    account_id: str | None
    amount: int
    currency: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """A message of a kind that the market heeds, with fields that it cannot book."""

    problem: str


Change = (
    Paid
    | CheckoutExpired
    | PaymentDeclined
    | RefundChanged
    | ChargeRefunded
    | ChargebackChanged
    | TransferReversed
    | PayoutFailed
    | UnknownEvent
)


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """A signed message of the provider; `change` is None for what the market does not heed."""

    id: str
    type: str
    change: Change | None


@dataclass(frozen=True, slots=True)
class Movements:
    """Hold what the provider's books say of the market's account, in minor units of one currency.

    `amount` is what came in less what went out, `fee_amount` what was kept of it for fees; what
    the market's owner moves to and from a bank is not in it. `is_complete` is False when there
    were more movements than were looked at.
    """

    count: int
    amount: int
    fee_amount: int
    is_complete: bool


OWNERS_MOVEMENTS = ("payout", "payout_cancel", "payout_failure", "topup", "topup_reversal")
"""Types of balance transactions between the market's account and its owner's bank."""


class ProviderBooks(Protocol):
    """Read a provider's books."""

    async def sum_movements(self, currency: str, limit: int) -> Movements:
        """Return the sums of all movements in a currency, of the newest `limit` at least."""
        ...


class PaymentProvider(Protocol):
    """The provider who takes people's money. Every call is bounded by a time-out.

    All raise Unreachable when the provider does not answer, so that it is not known what it did,
    and Refused when it says no. What is asked for twice with one id is done once.
    """

    async def open_checkout(self, wish: CheckoutRequest) -> Checkout:
        """Open a page where the request is paid."""
        ...

    async def look_up(self, session_id: str) -> Checkout:
        """Retrieve the current state of a checkout page."""
        ...

    async def expire(self, session_id: str) -> None:
        """Close a page that is to be paid on no more; harmless for one that is closed."""
        ...

    async def refund(self, refund_id: str, intent_id: str, amount: int) -> RefundState:
        """Send money back to where it came from."""
        ...

    async def look_up_refund(self, provider_id: str) -> RefundState:
        """Retrieve the current state of a refund."""
        ...

    async def list_refunds(
        self, limit: int, *, since: int | None = None, intent_id: str | None = None
    ) -> list[RefundState]:
        """List the newest refunds of a payment, or since an instant of the provider's clock."""
        ...

    async def open_account(self, user_id: str, email: str) -> str:
        """Create an account to send a user's money to, and return its id; the same each time."""
        ...

    async def find_account(self, account_id: str, return_url: str) -> PayoutDestination:
        """Retrieve whether an account can receive money, and the page to complete if not."""
        ...

    async def send(self, withdrawal_id: str, account_id: str, amount: int, currency: str) -> str:
        """Send money to an account; return the provider's id of it."""
        ...

    async def sum_movements(self, currency: str, limit: int) -> Movements:
        """Sum everything in a currency by the provider's account; read at most `limit` rows."""
        ...

    def read_event(self, payload: bytes, signature: str) -> ProviderEvent:
        """Verify a message and return its event. Raises Refused for a wrong signature."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
