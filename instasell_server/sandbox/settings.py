"""Configure a sandbox when it starts, and what tests make it do wrong."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass

API_VERSION = "2026-10-28.endive"
"""The version of Stripe's API whose shapes the sandbox speaks."""

SESSION_SECONDS = 24 * 3600

HOLD_LOOK_SECONDS = 0.02
"""A request that is held looks so often whether it may go on."""


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """Name where webhooks go, and the secret that signs them (`whsec_...`)."""

    url: str
    secret: str = dataclasses.field(repr=False)


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Hold what does not change while a sandbox runs.

    Fees are in minor units of the charge's own currency, those of `fee_basis_points` in hundredths
    of a per cent of its amount. `public_url` is what pages are reached by from outside; without it
    they are at the address that the caller of the API used. `settle_seconds` is how long payouts
    and failing refunds take.
    """

    secret_key: str = dataclasses.field(repr=False)
    endpoints: tuple[WebhookEndpoint, ...] = ()
    fee_basis_points: int = 0
    fee_fixed: int = 0
    dispute_fee: int = 0
    public_url: str | None = None
    session_seconds_min: int = 1800
    settle_seconds: float = 0.0
    retry_seconds: float = 0.2
    retry_seconds_max: float = 10.0

    def fee_of(self, amount: int) -> int:
        """Return the fee of a charge, in minor units; halves are rounded up, and never above it."""
        return min(amount, (amount * self.fee_basis_points + 5000) // 10000 + self.fee_fixed)


@dataclass(slots=True)
class Faults:
    """Hold what goes wrong on purpose, in memory: a restart clears all faults.

    `held_requests` is the number of requests that wait because of `hold_requests`.
    """

    duplicate_webhooks: int = 0
    reorder_webhooks: bool = False
    hold_webhooks: bool = False
    refuse_next: int = 0
    drop_reply_next: int = 0
    fail_payouts: bool = False
    fail_refunds: bool = False
    hold_payouts: bool = False
    hold_refunds: bool = False
    hold_requests: bool = False
    held_requests: int = 0

    async def hold(self) -> None:
        """Keep a request waiting as long as `hold_requests` is set."""
        self.held_requests += 1
        try:
            while self.hold_requests:  # noqa: ASYNC110 - it is set as an attribute
                await asyncio.sleep(HOLD_LOOK_SECONDS)
        finally:
            self.held_requests -= 1

    def take_refusal(self) -> bool:
        """Count this request, and return whether it is one of those to refuse."""
        due = self.refuse_next > 0
        self.refuse_next -= due
        return due

    def take_dropped_reply(self) -> bool:
        """Count this request, and return whether to leave it without an answer."""
        due = self.drop_reply_next > 0
        self.drop_reply_next -= due
        return due
