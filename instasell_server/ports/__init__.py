"""The seams of the server: what the domains need of engines, said without them.

Each Protocol has its implementation in `adapters/`, and `wiring.py` joins the two. An adapter that
cannot reach its engine raises `Unreachable`; every caller says what it does then.
"""

from __future__ import annotations

from instasell_server.ports.engines import (
    Bus,
    Cache,
    Deliver,
    Event,
    Events,
    History,
    Limiter,
    Locks,
    OwnBid,
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
    Letter,
    Mail,
    MailRefused,
)
from instasell_server.ports.payments import (
    Change,
    Checkout,
    CheckoutExpired,
    CheckoutWish,
    Disputed,
    Movements,
    NotUnderstood,
    Paid,
    PaymentDeclined,
    Payments,
    PayoutDestination,
    ProviderEvent,
    RefundMoved,
    RefundState,
    Refused,
)

__all__ = [
    "PRESIGNED_SECONDS",
    "Bus",
    "Cache",
    "Change",
    "Checkout",
    "CheckoutExpired",
    "CheckoutWish",
    "Deliver",
    "DeliveryUnknown",
    "Disputed",
    "DownloadGrant",
    "Event",
    "Events",
    "History",
    "Letter",
    "Limiter",
    "Locks",
    "Mail",
    "MailRefused",
    "Movements",
    "NotUnderstood",
    "ObjectMissing",
    "ObjectTooLarge",
    "Objects",
    "OwnBid",
    "OwnFiles",
    "Paid",
    "PaymentDeclined",
    "Payments",
    "PayoutDestination",
    "ProviderEvent",
    "Quota",
    "RefundMoved",
    "RefundState",
    "Refused",
    "Unreachable",
    "UploadAddress",
    "UploadGrant",
]
