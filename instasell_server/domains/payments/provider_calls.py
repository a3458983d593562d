"""Calls to the payment provider, with its answers as the market's own errors."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from instasell_client.models.errors import PaymentFailed, Unavailable
from instasell_server.ports import Unreachable, WebhookRefused

AT_ONCE = 20
"""Questions to the provider that are open at the same time, of each kind."""

T = TypeVar("T")


async def call_provider(question: Awaitable[T]) -> T:
    """Return the provider's answer. Raises PaymentFailed for a no, Unavailable for silence."""
    try:
        return await question
    except WebhookRefused as error:
        raise PaymentFailed(str(error)) from error
    except Unreachable as error:
        raise Unavailable("the payment provider does not answer; try again") from error
