"""Hold the address that payers come back to from the provider's pages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ReturnAddress:
    """Name the page of this server that ends a payment.

    A server that lets the system choose its port learns the address only once it listens, and
    sets it then; nobody pays before that.
    """

    url: str
