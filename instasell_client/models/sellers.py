"""Define what a buyer sees of a seller."""

from __future__ import annotations

from instasell_client.models.base import Instant, Reply


class SellerRecord(Reply):
    """Count what a seller has done. Counts stop at 10,000, which then means "or more".

    `sales_completed` are orders that were delivered, `disputes_lost` those where money went back,
    `chargebacks` payments that a buyer's bank took back, whatever came of it.
    `shipping_seconds_average` is from payment to shipping, absent before the first sale.
    """

    member_since: Instant
    sales_completed: int
    disputes_lost: int
    chargebacks: int
    shipping_seconds_average: int | None
