"""POST /webhooks/stripe, and the page to which a payer comes back."""

from __future__ import annotations

from aiohttp import web

from instasell_client.models.base import Empty
from instasell_client.models.errors import BadSignature, TooLarge
from instasell_server.domains.payments.service import PaymentService
from instasell_server.http.route import PUBLIC, Call, Route

SERVICE = web.AppKey("payments", PaymentService)
EVENT_BYTES_MAX = 256 * 1024
HOOK_PATH = "/webhooks/stripe"
RETURN_PATH = "/payments/return"


# The names of handlers are the `operationId`s of /openapi.json, which stay.
async def hear(call: Call[None, None]) -> Empty:
    """Handle `POST /webhooks/stripe`."""
    # The signature is over the bytes as they came, so they are read and not parsed.
    payload = await call.request.content.read(EVENT_BYTES_MAX + 1)
    while len(payload) <= EVENT_BYTES_MAX and not call.request.content.at_eof():
        payload += await call.request.content.read(EVENT_BYTES_MAX + 1 - len(payload))
    if len(payload) > EVENT_BYTES_MAX:
        raise TooLarge(limit_bytes=EVENT_BYTES_MAX)
    await call.service(SERVICE).handle_webhook(
        payload, call.request.headers.get("Stripe-Signature", "")
    )
    return Empty()


async def come_back(call: Call[None, None]) -> web.Response:
    """Handle `GET /payments/return`."""
    return web.Response(
        text="The payment provider has heard you. Close this page and go back to the terminal.\n"
    )


ROUTES: list[Route] = [
    Route(
        "POST", HOOK_PATH, hear, PUBLIC, "Take a signed message of the payment provider",
        reply=Empty, tag="payments", errors=(BadSignature, TooLarge), idempotent=False,
        cache_control="no-store",
    ),
    Route(
        "GET", RETURN_PATH, come_back, PUBLIC, "Show the page to which a payer returns",
        content="text/plain", tag="payments", cache_control="no-store",
    ),
]  # fmt: skip
