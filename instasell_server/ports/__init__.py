"""The seams of the server: what the domains need of engines, said without them.

Each Protocol has its implementation in `adapters/`, and `wiring` joins the two. An adapter that
cannot reach its engine raises `Unreachable`; every caller says what it does then.
"""

from __future__ import annotations

from instasell_server.ports.engines import (
    Bus,
    Cache,
    Deliver,
    Events,
    Limiter,
    Locks,
    Quota,
    Unreachable,
)
from instasell_server.ports.files import (
    PRESIGNED_SECONDS,
    DownloadGrant,
    ObjectMissing,
    Objects,
    ObjectTooLarge,
    OwnFiles,
    UploadAddress,
    UploadGrant,
)
from instasell_server.ports.mail import (
    DeliveryUnknown,
    MailRefused,
    MailTransport,
    OutgoingMail,
)
from instasell_server.ports.payments import (
    OWNERS_MOVEMENTS,
    Change,
    ChargebackChanged,
    ChargeRefunded,
    Checkout,
    CheckoutExpired,
    CheckoutRequest,
    Movements,
    Paid,
    PaymentDeclined,
    PaymentProvider,
    PayoutDestination,
    PayoutFailed,
    ProviderBooks,
    ProviderEvent,
    RefundChanged,
    RefundState,
    TransferReversed,
    UnknownEvent,
    WebhookRefused,
)

__all__ = [
    "OWNERS_MOVEMENTS",
    "PRESIGNED_SECONDS",
    "Bus",
    "Cache",
    "Change",
    "ChargeRefunded",
    "ChargebackChanged",
    "Checkout",
    "CheckoutExpired",
    "CheckoutRequest",
    "Deliver",
    "DeliveryUnknown",
    "DownloadGrant",
    "Events",
    "Limiter",
    "Locks",
    "MailRefused",
    "MailTransport",
    "Movements",
    "ObjectMissing",
    "ObjectTooLarge",
    "Objects",
    "OutgoingMail",
    "OwnFiles",
    "Paid",
    "PaymentDeclined",
    "PaymentProvider",
    "PayoutDestination",
    "PayoutFailed",
    "ProviderBooks",
    "ProviderEvent",
    "Quota",
    "RefundChanged",
    "RefundState",
    "TransferReversed",
    "UnknownEvent",
    "Unreachable",
    "UploadAddress",
    "UploadGrant",
    "WebhookRefused",
]
