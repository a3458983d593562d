"""Checkout sessions: what a customer is sent to, to pay on a page of the provider's.

As at Stripe, a session has no payment intent before the customer first tries to pay.
"""

from __future__ import annotations

from typing import NamedTuple

from instasell_server.sandbox.call import SandboxCall, list_page
from instasell_server.sandbox.errors import InvalidRequest, Json, RequestRefused
from instasell_server.sandbox.params import AMOUNT_MAX, Params
from instasell_server.sandbox.payments import Card, cancel, charge, find_customer, new_intent
from instasell_server.sandbox.records import SandboxRecords, new_id
from instasell_server.sandbox.settings import SESSION_SECONDS, SandboxSettings

EXPIRE = "expire_session"
"""The plan that ends a session which nobody paid."""

LINE_ITEMS_MAX = 100
QUANTITY_MAX = 1_000_000
SESSION_ID = "{CHECKOUT_SESSION_ID}"


class LineItem(NamedTuple):
    """Describe what is paid for. `unit_amount` is in minor units."""

    name: str
    currency: str
    unit_amount: int
    quantity: int


def create_session(call: SandboxCall) -> Json:
    """Create a session, open until it is paid or expires."""
    params, records = call.params, call.records
    params.ignore(
        "allow_promotion_codes", "automatic_tax", "billing_address_collection", "branding_settings",
        "customer_creation", "custom_text", "invoice_creation", "locale", "payment_method_options",
        "payment_method_types", "phone_number_collection", "shipping_address_collection",
        "submit_type", "tax_id_collection", "ui_mode",
    )  # fmt: skip
    params.get_text("mode", ("payment",))
    items = _line_items(params)
    currency, total = _total(items)
    session_id = new_id("cs_test_", 58)
    session: Json = {
        "id": session_id,
        "object": "checkout.session",
        "amount_subtotal": total,
        "amount_total": total,
        "cancel_url": params.find_url("cancel_url"),
        "client_reference_id": params.find_text("client_reference_id"),
        "created": records.created,
        "currency": currency,
        "customer": find_customer(call),
        "customer_details": None,
        "customer_email": params.find_text("customer_email"),
        "expires_at": _expires_at(call),
        "livemode": False,
        "metadata": params.find_metadata(),
        "mode": "payment",
        "payment_intent": None,
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "success_url": params.find_url("success_url"),
        "ui_mode": "hosted_page",
        "url": f"{call.base_url}/pay/{session_id}",
    }
    draft = _draft(params.find_branch("payment_intent_data"), session_id, items)
    params.finish()
    records.insert(session, call.account)
    records.insert(draft, call.account)
    records.plan(EXPIRE, session_id, float(session["expires_at"]))
    return session


def retrieve_session(call: SandboxCall) -> Json:
    """Retrieve one session."""
    return call.records.get("checkout.session", call.ids["id"], call.account)


def list_sessions(call: SandboxCall) -> Json:
    """List sessions, by `payment_intent`, `customer`, `status` and `created`."""
    params = call.params
    fields = {
        "payment_intent": params.find_text("payment_intent"),
        "customer": params.find_text("customer"),
        "status": params.find_text("status", ("open", "complete", "expired")),
    }
    return list_page(call, "checkout.session", fields)


def expire_session(call: SandboxCall) -> Json:
    """End an open session, so that it cannot be paid any more."""
    session = retrieve_session(call)
    call.params.finish()
    if session["status"] != "open":
        message = (
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout'
            f" Session has a status of {session['status']}."
        )
        raise RequestRefused(message)
    return expire(call.records, session)


def expire(records: SandboxRecords, session: Json) -> Json:
    """End an open session and the intent that it may have, and say so."""
    if session["payment_intent"] is not None:
        account = records.owner_of(session["id"])
        cancel(records, records.get("payment_intent", session["payment_intent"], account), None)
    _close(records, session, "expired", "unpaid")
    records.emit("checkout.session.expired", session, records.owner_of(session["id"]))
    return session


def expire_planned(records: SandboxRecords, session_id: str) -> None:
    """Carry the plan out."""
    session = records.find("checkout.session", session_id, None)
    if session is not None and session["status"] == "open":
        expire(records, session)


def find_session(records: SandboxRecords, session_id: str) -> Json | None:
    """Find a session for its page. One whose time is over is expired, if nobody has done so yet."""
    session = records.find("checkout.session", session_id, None)
    if session is not None and session["status"] == "open" and is_over(records, session):
        expire(records, session)
    return session


def line_items(records: SandboxRecords, session_id: str) -> list[LineItem]:
    """Return what a session is to be paid for."""
    draft = records.find("checkout.draft", f"draft_{session_id}", None)
    return [] if draft is None else [LineItem(*each) for each in draft["items"]]


def is_over(records: SandboxRecords, session: Json) -> bool:
    """Return whether an open session's time is over."""
    return bool(session["expires_at"] <= records.now)


def pay(records: SandboxRecords, settings: SandboxSettings, session: Json, card: Card) -> Json:
    """Pay an open session; raise `Declined`, and the session stays open."""
    account = records.owner_of(session["id"])
    if session["payment_intent"] is None:
        draft = records.get("checkout.draft", f"draft_{session['id']}", account)
        intent = new_intent(
            records,
            session["amount_total"],
            session["currency"],
            customer=session["customer"],
            **draft["intent"],
        )
        records.insert(intent, account)
        session["payment_intent"] = intent["id"]
        records.update(session)
    else:
        intent = records.get("payment_intent", session["payment_intent"], account)
    charge(records, settings, intent, card)
    session["customer_details"] = {"email": session["customer_email"], "name": None}
    _close(records, session, "complete", "paid")
    records.emit("checkout.session.completed", session, account)
    return session


def success_url(session: Json) -> str | None:
    """Return where a customer goes after paying."""
    url = session["success_url"]
    return None if url is None else str(url).replace(SESSION_ID, session["id"])


def _close(records: SandboxRecords, session: Json, status: str, payment_status: str) -> None:
    session.update(status=status, payment_status=payment_status, url=None)
    records.update(session)
    records.drop_plans(session["id"])


def _expires_at(call: SandboxCall) -> int:
    created = call.records.created
    given = call.params.find_integer("expires_at")
    if given is None:
        return created + SESSION_SECONDS
    least = call.settings.session_seconds_min
    if not created + least <= given <= created + SESSION_SECONDS:
        message = (
            f"The `expires_at` timestamp must be from {least} seconds to 24 hours after the"
            " creation of the Checkout Session."
        )
        raise InvalidRequest(message, param="expires_at")
    return given


def _draft(data: Params | None, session_id: str, items: list[LineItem]) -> Json:
    intent: Json = {}
    if data is not None:
        data.ignore("receipt_email", "setup_future_usage", "statement_descriptor_suffix")
        data.find_text("capture_method", ("automatic", "automatic_async"))
        intent = {
            "description": data.find_text("description"),
            "metadata": data.find_metadata(),
            "transfer_group": data.find_text("transfer_group"),
        }
    return {
        "id": f"draft_{session_id}",
        "object": "checkout.draft",
        "intent": intent,
        "items": [list(each) for each in items],
    }


def _line_items(params: Params) -> list[LineItem]:
    branches = params.list_branches("line_items")
    if not 1 <= len(branches) <= LINE_ITEMS_MAX:
        message = f"From 1 to {LINE_ITEMS_MAX} line items are expected."
        raise InvalidRequest(message, param="line_items", code="parameter_missing")
    return [_line_item(each) for each in branches]


def _line_item(branch: Params) -> LineItem:
    branch.ignore("adjustable_quantity", "tax_rates", "dynamic_tax_rates")
    quantity = branch.find_integer("quantity", 1, QUANTITY_MAX) or 1
    price = branch.find_branch("price_data")
    if price is None:
        name = branch.find_text("name") or "Payment"
        return LineItem(name, branch.get_currency(), branch.get_amount(), quantity)
    price.ignore("tax_behavior")
    product = price.find_branch("product_data")
    name = "Payment"
    if product is not None:
        product.ignore("description", "images", "metadata", "tax_code")
        name = product.get_text("name")
    return LineItem(name, price.get_currency(), price.get_amount("unit_amount"), quantity)


def _total(items: list[LineItem]) -> tuple[str, int]:
    currency = items[0].currency
    if any(each.currency != currency for each in items):
        raise InvalidRequest("All line items must have the same currency.", param="line_items")
    total = sum(each.unit_amount * each.quantity for each in items)
    if total > AMOUNT_MAX:
        message = f"The Checkout Session's total amount must be at most {AMOUNT_MAX}."
        raise InvalidRequest(message, param="line_items", code="amount_too_large")
    return currency, total
