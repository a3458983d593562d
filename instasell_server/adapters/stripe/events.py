"""Stripe's webhooks: whether they are Stripe's, and what they say.

A signature proves the sender, and nothing about the fields. Of an event that is signed and odd
nothing is booked, and it is answered as taken: a refusal would have it sent again for three days.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, cast

import stripe

from instasell_client.models.money import MAX_AMOUNT
from instasell_server.ports import (
    Change,
    ChargebackChanged,
    ChargeRefunded,
    CheckoutExpired,
    Paid,
    PaymentDeclined,
    PayoutFailed,
    ProviderEvent,
    RefundChanged,
    RefundState,
    TransferReversed,
    UnknownEvent,
    Unreachable,
    WebhookRefused,
)

SIGNATURE_AGE_SECONDS = 300
"""How far the time of a signature may be from now, before it or after it."""

Object = Mapping[str, Any]

_NAME = re.compile(r"[\x21-\x7e]{1,255}")
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_REFUND_STATUSES = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}


class UnreadableEvent(Unreachable):
    """Name a field that is not what the provider documents, so that nothing is known."""


def check_signature(payload: bytes, signature: str, secret: str) -> None:
    """Raise Refused unless a signature holds and was made within the last or next 300 s."""
    try:
        stripe.WebhookSignature.verify_header(payload, signature, secret, SIGNATURE_AGE_SECONDS)
        # The library refuses what is too old, and takes a time that has not come yet.
        stamps = [part[2:] for part in signature.split(",") if part.startswith("t=")]
        if len(stamps) != 1 or int(stamps[0]) > time.time() + SIGNATURE_AGE_SECONDS:
            raise WebhookRefused("the signature is from another time")
    except stripe.SignatureVerificationError:
        raise WebhookRefused("the signature does not hold, or is too old") from None
    except (ValueError, TypeError):
        raise WebhookRefused("the signature cannot be read") from None


def read_event(payload: bytes) -> ProviderEvent:
    """Read a message whose signature holds. Raises Refused for one that is no event."""
    try:
        event = json.loads(payload)
        event_id, kind = text(event, "id"), text(event, "type")
    except (ValueError, RecursionError, UnreadableEvent):
        raise WebhookRefused("the message is no event of the provider") from None
    try:
        return ProviderEvent(event_id, kind, _change(kind, event))
    except UnreadableEvent as error:
        return ProviderEvent(event_id, kind, UnknownEvent(str(error)))


def text(found: object, name: str) -> str:
    """Return an id or a word of the provider's: printable ASCII, 255 characters at most."""
    value = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise UnreadableEvent(f"{name} is no name")
    return value


def amount(found: object, name: str, *, least: int = 1) -> int:
    """Return an amount in minor units, within what the market can book."""
    value = found.get(name) if isinstance(found, Mapping) else None
    if type(value) is not int or not least <= value <= MAX_AMOUNT:
        raise UnreadableEvent(f"{name} is no amount from {least} to {MAX_AMOUNT}")
    return value


def currency(found: Object) -> str:
    """Return an ISO 4217 code in capitals."""
    value = found.get("currency")
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise UnreadableEvent("currency is no code of a currency")
    return value.upper()


def id_of(found: Object, name: str) -> str | None:
    """Return one of our own ids out of the metadata; what is no id is nobody's."""
    metadata = found.get("metadata")
    value = metadata.get(name) if isinstance(metadata, Mapping) else None
    try:
        return str(uuid.UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def plain(found: Any) -> Object:
    """Return an object of the library as a mapping."""
    return cast(Object, found.to_dict() if hasattr(found, "to_dict") else found)


def read_refund(refund: Any) -> RefundState:
    """Read a refund. Raises UnreadableEvent."""
    found = plain(refund)
    status = _REFUND_STATUSES.get(str(found.get("status")), "pending")
    return RefundState(
        text(found, "id"),
        id_of(found, "refund_id"),
        status,
        text(found, "payment_intent" if found.get("payment_intent") else "charge"),
        amount(found, "amount"),
        currency(found),
    )


def _change(kind: str, event: Object) -> Change | None:
    data = event.get("data")
    found = data.get("object") if isinstance(data, Mapping) else None
    reader: Callable[[Object], Change | None] | None = _READERS.get(kind)
    if kind.startswith("charge.dispute."):
        reader = _dispute
    if reader is None and kind != "payout.failed":
        return None
    if not isinstance(found, Mapping):
        raise UnreadableEvent("data.object is no object")
    if kind == "payout.failed":
        # Of a connected account, which is beside the object.
        account = text(event, "account") if event.get("account") else None
        reason = str(found.get("failure_code") or "unknown")[:100]
        return PayoutFailed(
            text(found, "id"), account, amount(found, "amount"), currency(found), reason
        )
    return reader(found) if reader is not None else None


def _paid(found: Object) -> Paid:
    return Paid(
        id_of(found, "payment_id"),
        text(found, "id"),
        amount(found, "amount_received"),
        currency(found),
    )


def _expired(found: Object) -> CheckoutExpired:
    return CheckoutExpired(text(found, "id"), id_of(found, "payment_id"))


def _declined(found: Object) -> PaymentDeclined:
    return PaymentDeclined(text(found, "id"), id_of(found, "payment_id"))


def _refund_moved(found: Object) -> RefundChanged:
    return RefundChanged(read_refund(found))


def _refunded_in_all(found: Object) -> ChargeRefunded:
    intent = "payment_intent" if found.get("payment_intent") else "id"
    return ChargeRefunded(text(found, intent), amount(found, "amount_refunded"))


def _transfer_reversed(found: Object) -> TransferReversed:
    return TransferReversed(
        text(found, "id"), id_of(found, "withdrawal_id"), amount(found, "amount_reversed")
    )


def _dispute(found: Object) -> ChargebackChanged | None:
    status = text(found, "status")
    if status.startswith("warning"):
        # An inquiry: the bank asks, and has taken nothing.
        return None
    moved = found.get("balance_transactions") or ()
    if not isinstance(moved, (list, tuple)) or len(moved) > 100:
        raise UnreadableEvent("balance_transactions is no list")
    intent = "payment_intent" if found.get("payment_intent") else "charge"
    return ChargebackChanged(
        text(found, intent),
        text(found, "id"),
        amount(found, "amount"),
        currency(found),
        sum(amount(each, "fee", least=-MAX_AMOUNT) for each in moved),
        _reason(found),
        status if status in ("won", "lost") else None,
    )


def _reason(found: Object) -> str:
    """Return why a bank took money back; what cannot be read is no reason not to book it."""
    try:
        return text(found, "reason").replace("_", " ")
    except UnreadableEvent:
        return "general"


_READERS: Mapping[str, Callable[[Object], Change]] = {
    "payment_intent.succeeded": _paid,
    "payment_intent.payment_failed": _declined,
    "checkout.session.expired": _expired,
    "refund.created": _refund_moved,
    "refund.updated": _refund_moved,
    "refund.failed": _refund_moved,
    "charge.refunded": _refunded_in_all,
    "transfer.reversed": _transfer_reversed,
}
