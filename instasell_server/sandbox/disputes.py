"""Disputes: a customer's bank takes a payment back, and later says for good who is right."""

from __future__ import annotations

from instasell_server.sandbox.balances import post
from instasell_server.sandbox.call import SandboxCall, list_page
from instasell_server.sandbox.errors import Json, RequestRefused
from instasell_server.sandbox.params import Params
from instasell_server.sandbox.records import PLATFORM, SandboxRecords, new_id
from instasell_server.sandbox.settings import SandboxSettings

RESPONSE_SECONDS = 7 * 24 * 3600
VERDICTS = {"winning_evidence": True, "losing_evidence": False}
"""Evidence in `uncategorized_text` that has the bank decide at once, as in Stripe's test mode."""

OPEN = ("needs_response", "under_review")
REASONS = (
    "bank_cannot_process", "check_returned", "credit_not_processed", "customer_initiated",
    "debit_not_authorized", "duplicate", "fraudulent", "general", "incorrect_account_details",
    "insufficient_funds", "noncompliant", "product_not_received", "product_unacceptable",
    "subscription_canceled", "unrecognized",
)  # fmt: skip


def open_dispute(
    records: SandboxRecords,
    settings: SandboxSettings,
    intent_id: str,
    amount: int | None = None,
    reason: str = "fraudulent",
) -> Json:
    """Charge a payment back: what was not refunded yet, or `amount` minor units of it."""
    account = PLATFORM
    intent = records.get("payment_intent", intent_id, account, param="payment_intent")
    if intent["status"] != "succeeded":
        raise RequestRefused("Only what was paid can be disputed.", param="payment_intent")
    charge = records.get("charge", intent["latest_charge"], account)
    if charge["disputed"]:
        raise RequestRefused("This charge is disputed already.", param="payment_intent")
    most = charge["amount_captured"]
    if amount is None:
        amount = most - charge["amount_refunded"] or most
    if amount > most:
        raise RequestRefused(f"Only {most} was paid.", param="amount", code="amount_too_large")
    dispute: Json = {
        "id": new_id("du_"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": records.created,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": records.created + RESPONSE_SECONDS,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": intent_id,
        "reason": reason,
        "status": "needs_response",
    }
    _move(records, dispute, "dispute", -amount, settings.dispute_fee)
    charge["disputed"] = True
    records.update(charge)
    records.insert(dispute, account)
    records.emit("charge.dispute.created", dispute, account)
    return dispute


def retrieve_dispute(call: SandboxCall) -> Json:
    """Retrieve one dispute."""
    return call.records.get("dispute", call.ids["id"], call.account)


def list_disputes(call: SandboxCall) -> Json:
    """List disputes, by `payment_intent`, `charge` and `created`."""
    params = call.params
    fields = {
        "payment_intent": params.find_text("payment_intent"),
        "charge": params.find_text("charge"),
    }
    return list_page(call, "dispute", fields)


def update_dispute(call: SandboxCall) -> Json:
    """Add evidence; with `submit` it goes to the bank, which then has to say who is right."""
    params, records = call.params, call.records
    dispute = retrieve_dispute(call)
    evidence = _evidence(params.find_branch("evidence"))
    submit = params.find_flag("submit")
    dispute["metadata"].update(params.find_metadata())
    params.finish()
    _require_open(dispute)
    details = dispute["evidence_details"]
    dispute["evidence"].update(evidence)
    details["has_evidence"] = bool(dispute["evidence"])
    if submit:
        details["submission_count"] += 1
        dispute["status"] = "under_review"
    records.update(dispute)
    records.emit("charge.dispute.updated", dispute, call.account)
    verdict = VERDICTS.get(dispute["evidence"].get("uncategorized_text", ""))
    if submit and verdict is not None:
        return judge(records, dispute, won=verdict)
    return dispute


def close_dispute(call: SandboxCall) -> Json:
    """Concede a dispute, which is lost by that."""
    dispute = retrieve_dispute(call)
    call.params.finish()
    return judge(call.records, dispute, won=False)


def judge(records: SandboxRecords, dispute: Json, *, won: bool) -> Json:
    """Decide a dispute for the bank. What was taken comes back when the dispute is won."""
    _require_open(dispute)
    dispute["status"] = "won" if won else "lost"
    if won:
        _move(records, dispute, "dispute_reversal", dispute["amount"], 0)
        charge = records.get("charge", dispute["charge"])
        charge["disputed"] = False
        records.update(charge)
    records.update(dispute)
    records.emit("charge.dispute.closed", dispute)
    return dispute


def _move(records: SandboxRecords, dispute: Json, category: str, amount: int, fee: int) -> None:
    moved = post(
        records, "adjustment", category, amount, dispute["currency"], dispute["id"], fee=fee
    )
    dispute["balance_transactions"].append(moved)


def _evidence(branch: Params | None) -> dict[str, str]:
    if branch is None:
        return {}
    found = {name: branch.find_text(name) for name in branch.names()}
    return {name: text for name, text in found.items() if text is not None}


def _require_open(dispute: Json) -> None:
    if dispute["status"] not in OPEN:
        raise RequestRefused(f"This dispute is already closed: it is {dispute['status']}.")
