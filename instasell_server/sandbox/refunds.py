"""Refunds. Together they are never more than what was captured."""

from __future__ import annotations

from instasell_server.sandbox.balances import post
from instasell_server.sandbox.call import SandboxCall, list_page
from instasell_server.sandbox.errors import InvalidRequest, Json, Missing, RequestRefused
from instasell_server.sandbox.records import SandboxRecords, new_id
from instasell_server.sandbox.settings import Faults

SETTLE = "settle_refund"
"""The plan that ends a refund which did not end at once."""

REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def create_refund(call: SandboxCall) -> Json:
    """Give all or a part of a payment back.

    A refund succeeds at once. Under the fault `hold_refunds` it is pending until the fault goes;
    under `fail_refunds` it fails afterwards, as a refund to a card does that was closed.
    """
    params, records = call.params, call.records
    params.ignore("instructions_email", "origin", "refund_application_fee", "reverse_transfer")
    charge = _charge_of(call)
    amount = params.find_amount()
    reason = params.find_text("reason", REASONS)
    metadata = params.find_metadata()
    params.finish()
    left = charge["amount_captured"] - charge["amount_refunded"]
    _refuse(charge, amount, left)
    refund: Json = {
        "id": new_id("re_"),
        "object": "refund",
        "amount": amount if amount is not None else left,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": records.created,
        "currency": charge["currency"],
        "failure_balance_transaction": None,
        "failure_reason": None,
        "metadata": metadata,
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "status": "pending" if call.faults.hold_refunds else "succeeded",
    }
    account = call.account
    moved = post(
        records,
        "refund",
        "refund",
        -refund["amount"],
        refund["currency"],
        refund["id"],
        account=account,
    )
    refund["balance_transaction"] = moved["id"]
    _add_refunded(records, charge, refund["amount"])
    records.insert(refund, account)
    records.emit("refund.created", refund, account)
    records.emit("charge.refunded", charge, account)
    if call.faults.hold_refunds or call.faults.fail_refunds:
        records.plan(SETTLE, refund["id"], records.now + call.settings.settle_seconds)
    return refund


def retrieve_refund(call: SandboxCall) -> Json:
    """Retrieve one refund."""
    return call.records.get("refund", call.ids["id"], call.account)


def list_refunds(call: SandboxCall) -> Json:
    """List refunds, by `payment_intent`, `charge` and `created`."""
    params = call.params
    fields = {
        "payment_intent": params.find_text("payment_intent"),
        "charge": params.find_text("charge"),
    }
    return list_page(call, "refund", fields)


def settle_planned(records: SandboxRecords, refund_id: str, faults: Faults) -> None:
    """Let a refund succeed that was pending, or fail."""
    refund = records.find("refund", refund_id, None)
    if refund is None or refund["status"] == "failed":
        return
    account = records.owner_of(refund_id)
    if not faults.fail_refunds:
        if refund["status"] == "pending":
            refund["status"] = "succeeded"
            records.update(refund)
            records.emit("refund.updated", refund, account)
        return
    moved = post(
        records,
        "refund_failure",
        "refund_failure",
        refund["amount"],
        refund["currency"],
        refund_id,
        account=account,
    )
    refund.update(
        status="failed",
        failure_reason="expired_or_canceled_card",
        failure_balance_transaction=moved["id"],
    )
    _add_refunded(records, records.get("charge", refund["charge"], account), -refund["amount"])
    records.update(refund)
    records.emit("refund.updated", refund, account)
    records.emit("refund.failed", refund, account)


def _charge_of(call: SandboxCall) -> Json:
    params, records = call.params, call.records
    intent_id, charge_id = params.find_text("payment_intent"), params.find_text("charge")
    if charge_id is not None:
        charge = records.get("charge", charge_id, call.account, param="charge")
        if intent_id not in (None, charge["payment_intent"]):
            raise Missing("payment_intent", str(intent_id), "payment_intent", 400)
        return charge
    if intent_id is None:
        message = "One of the following params should be provided: payment_intent or charge."
        raise InvalidRequest(message, param="payment_intent", code="parameter_missing")
    intent = records.get("payment_intent", intent_id, call.account, param="payment_intent")
    if intent["status"] != "succeeded":
        message = "This PaymentIntent does not have a successful charge to refund."
        raise RequestRefused(
            message, param="payment_intent", code="payment_intent_unexpected_state"
        )
    return records.get("charge", intent["latest_charge"], call.account)


def _refuse(charge: Json, amount: int | None, left: int) -> None:
    if charge["status"] != "succeeded":
        raise RequestRefused("This charge did not succeed, and cannot be refunded.", param="charge")
    if charge["disputed"]:
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise RequestRefused(message, code="charge_disputed")
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise RequestRefused(message, code="charge_already_refunded")
    if amount is not None and amount > left:
        message = (
            f"Refund amount ({amount} {charge['currency']}) is greater than unrefunded amount on"
            f" charge ({left} {charge['currency']})"
        )
        raise RequestRefused(message, param="amount", code="amount_too_large")


def _add_refunded(records: SandboxRecords, charge: Json, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    records.update(charge)
