"""Customers, payment intents, and the charges that come of them."""

from __future__ import annotations

from typing import NamedTuple

from instasell_server.sandbox.balances import post
from instasell_server.sandbox.call import SandboxCall, list_page
from instasell_server.sandbox.errors import Declined, InvalidRequest, Json, Missing, RequestRefused
from instasell_server.sandbox.params import Params
from instasell_server.sandbox.records import SandboxRecords, new_id
from instasell_server.sandbox.settings import SandboxSettings


class Card(NamedTuple):
    """Hold a test card: its name, and how its bank declines, if it does."""

    payment_method: str
    brand: str
    last4: str
    code: str | None = None
    decline_code: str | None = None
    message: str = ""


GOOD_CARD = Card("pm_card_visa", "visa", "4242")
DECLINED_CARD = Card(
    "pm_card_chargeDeclined",
    "visa",
    "0002",
    "card_declined",
    "generic_decline",
    "Your card was declined.",
)
CARDS = {
    card.payment_method: card
    for card in (
        GOOD_CARD,
        DECLINED_CARD,
        Card("pm_card_mastercard", "mastercard", "4444"),
        Card("pm_card_amex", "amex", "8431"),
        Card(
            "pm_card_chargeDeclinedInsufficientFunds",
            "visa",
            "9995",
            "card_declined",
            "insufficient_funds",
            "Your card has insufficient funds.",
        ),
        Card(
            "pm_card_chargeDeclinedExpiredCard",
            "visa",
            "0069",
            "expired_card",
            None,
            "Your card has expired.",
        ),
        Card(
            "pm_card_chargeDeclinedProcessingError",
            "visa",
            "0119",
            "processing_error",
            None,
            "An error occurred while processing your card. Try again in a little bit.",
        ),
    )
}

CANCELLATION_REASONS = ("abandoned", "duplicate", "fraudulent", "requested_by_customer")


def create_customer(call: SandboxCall) -> Json:
    """Create a customer."""
    params = call.params
    params.ignore("address", "balance", "invoice_settings", "preferred_locales", "shipping", "tax")
    return call.records.insert(
        {
            "id": new_id("cus_", 14),
            "object": "customer",
            "balance": 0,
            "created": call.records.created,
            "default_source": None,
            "delinquent": False,
            "description": params.find_text("description"),
            "email": params.find_text("email"),
            "livemode": False,
            "metadata": params.find_metadata(),
            "name": params.find_text("name"),
            "phone": params.find_text("phone"),
        },
        call.account,
    )


def retrieve_customer(call: SandboxCall) -> Json:
    """Retrieve one customer."""
    return call.records.get("customer", call.ids["id"], call.account)


def create_intent(call: SandboxCall) -> Json:
    """Create a payment intent; with `confirm` it is paid at once, or raises `Declined`."""
    params = call.params
    params.ignore(
        "automatic_payment_methods", "confirmation_method", "error_on_requires_action",
        "off_session", "payment_method_options", "payment_method_types", "receipt_email",
        "return_url", "setup_future_usage", "shipping", "statement_descriptor",
        "statement_descriptor_suffix",
    )  # fmt: skip
    params.find_text("capture_method", ("automatic", "automatic_async"))
    amount, currency = params.get_amount(), params.get_currency()
    card = _find_card(params)
    confirm = params.find_flag("confirm")
    intent = new_intent(
        call.records,
        amount,
        currency,
        customer=find_customer(call),
        description=params.find_text("description"),
        metadata=params.find_metadata(),
        transfer_group=params.find_text("transfer_group"),
    )
    params.finish()
    if card is not None:
        intent.update(payment_method=card.payment_method, status="requires_confirmation")
    call.records.insert(intent, call.account)
    if not confirm:
        return intent
    return charge(call.records, call.settings, intent, _require_card(card))


def find_customer(call: SandboxCall) -> str | None:
    """Find the customer that the parameters name; raises `Missing`."""
    customer = call.params.find_text("customer")
    if customer is not None:
        call.records.get("customer", customer, call.account, param="customer")
    return customer


def new_intent(
    records: SandboxRecords,
    amount: int,
    currency: str,
    *,
    customer: str | None = None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
    transfer_group: str | None = None,
) -> Json:
    """Return an intent that waits for a card, not stored yet. `amount` is in minor units."""
    intent_id = new_id("pi_")
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": new_id(f"{intent_id}_secret_"),
        "confirmation_method": "automatic",
        "created": records.created,
        "currency": currency,
        "customer": customer,
        "description": description,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": metadata or {},
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        "transfer_group": transfer_group,
    }


def retrieve_intent(call: SandboxCall) -> Json:
    """Retrieve one payment intent."""
    call.params.ignore("client_secret")
    return call.records.get("payment_intent", call.ids["id"], call.account)


def list_intents(call: SandboxCall) -> Json:
    """Return payment intents, by `customer` and `created`."""
    return list_page(call, "payment_intent", {"customer": call.params.find_text("customer")})


def confirm_intent(call: SandboxCall) -> Json:
    """Pay an intent; raise `Declined` when the card is."""
    call.params.ignore("off_session", "payment_method_options", "receipt_email", "return_url")
    intent = retrieve_intent(call)
    card = _find_card(call.params)
    call.params.finish()
    _not_of_a_session(call.records, intent, "confirm")
    if intent["status"] in ("succeeded", "canceled"):
        raise _unexpected("confirm", intent)
    if card is None and intent["payment_method"] is not None:
        card = CARDS[intent["payment_method"]]
    return charge(call.records, call.settings, intent, _require_card(card))


def cancel_intent(call: SandboxCall) -> Json:
    """Give an intent up that was not paid."""
    reason = call.params.find_text("cancellation_reason", CANCELLATION_REASONS)
    intent = retrieve_intent(call)
    call.params.finish()
    _not_of_a_session(call.records, intent, "cancel")
    if intent["status"] in ("succeeded", "canceled"):
        raise _unexpected("cancel", intent)
    return cancel(call.records, intent, reason)


def cancel(records: SandboxRecords, intent: Json, reason: str | None) -> Json:
    """Mark an intent as canceled, and say so."""
    intent.update(
        status="canceled", canceled_at=records.created, cancellation_reason=reason, next_action=None
    )
    records.update(intent)
    records.emit("payment_intent.canceled", intent, records.owner_of(intent["id"]))
    return intent


def charge(records: SandboxRecords, settings: SandboxSettings, intent: Json, card: Card) -> Json:
    """Charge a card for a stored intent; raise `Declined`, with what was noted about it."""
    account = records.owner_of(intent["id"])
    charged = _new_charge(records, intent, card)
    intent.update(payment_method=card.payment_method, latest_charge=charged["id"])
    if card.code is not None:
        error = {
            "charge": charged["id"],
            "code": card.code,
            "decline_code": card.decline_code,
            "message": card.message,
            "type": "card_error",
        }
        intent.update(
            status="requires_payment_method", payment_method=None, last_payment_error=error
        )
        records.insert(charged, account)
        records.update(intent)
        records.emit("payment_intent.payment_failed", intent, account)
        raise Declined(
            card.message,
            code=card.code,
            decline_code=card.decline_code,
            charge=charged["id"],
            payment_intent=intent,
        )
    moved = post(
        records,
        "charge",
        "charge",
        intent["amount"],
        intent["currency"],
        charged["id"],
        account=account,
        fee=settings.fee_of(intent["amount"]),
    )
    charged["balance_transaction"] = moved["id"]
    intent.update(status="succeeded", amount_received=intent["amount"], last_payment_error=None)
    records.insert(charged, account)
    records.update(intent)
    records.emit("payment_intent.succeeded", intent, account)
    return intent


def retrieve_charge(call: SandboxCall) -> Json:
    """Retrieve one charge."""
    return call.records.get("charge", call.ids["id"], call.account)


def _new_charge(records: SandboxRecords, intent: Json, card: Card) -> Json:
    paid = card.code is None
    return {
        "id": new_id("ch_"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": {"address": None, "email": None, "name": None, "phone": None},
        "captured": paid,
        "created": records.created,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": card.code,
        "failure_message": card.message or None,
        "livemode": False,
        "metadata": intent["metadata"],
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": card.payment_method,
        "payment_method_details": {
            "card": {"brand": card.brand, "country": "US", "last4": card.last4},
            "type": "card",
        },
        "refunded": False,
        "status": "succeeded" if paid else "failed",
        "transfer_group": intent["transfer_group"],
    }


def _find_card(params: Params) -> Card | None:
    name = params.find_text("payment_method")
    if name is None:
        return None
    if name not in CARDS:
        raise Missing("PaymentMethod", name, "payment_method", 400)
    return CARDS[name]


def _require_card(card: Card | None) -> Card:
    if card is None:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. Update"
            " the PaymentIntent with a payment method and then confirm it again."
        )
        raise InvalidRequest(
            message, param="payment_method", code="payment_intent_unexpected_state"
        )
    return card


def _not_of_a_session(records: SandboxRecords, intent: Json, verb: str) -> None:
    session = records.find_session_of(intent["id"])
    if session is not None and session["status"] == "open":
        message = (
            f"You cannot {verb} the PaymentIntent of an open Checkout Session."
            " Let the customer pay it, or expire the Checkout Session."
        )
        raise RequestRefused(message)


def _unexpected(verb: str, intent: Json) -> RequestRefused:
    return RequestRefused(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=intent,
    )
