"""Connected accounts: how sellers come to be paid, by transfers to them and payouts from them."""

from __future__ import annotations

from instasell_server.sandbox.balances import post, require_funds
from instasell_server.sandbox.call import SandboxCall, list_page
from instasell_server.sandbox.errors import Json, Missing, RequestRefused
from instasell_server.sandbox.records import PLATFORM, SandboxRecords, new_id
from instasell_server.sandbox.settings import Faults

SETTLE = "settle_payout"
"""The plan that ends a payout."""

LINK_SECONDS = 300


def create_account(call: SandboxCall) -> Json:
    """Create an account that has to be onboarded before money can go to it."""
    params, records = call.params, call.records
    params.ignore("business_type", "tos_acceptance")
    kind = params.find_text("type", ("express", "custom", "standard"))
    for name in ("controller", "capabilities", "business_profile", "company", "individual",
                 "settings"):  # fmt: skip
        branch = params.find_branch(name)
        if branch is not None:
            branch.ignore_all()
    account: Json = {
        "id": new_id("acct_", 16),
        "object": "account",
        "business_profile": {"name": None, "url": None},
        "business_type": None,
        "capabilities": {},
        "charges_enabled": False,
        "controller": {
            "is_controller": True,
            "stripe_dashboard": {"type": "express"},
            "type": "application",
        },
        "country": params.find_text("country") or "US",
        "created": records.created,
        "default_currency": params.find_text("default_currency") or "usd",
        "details_submitted": False,
        "email": params.find_text("email"),
        "external_accounts": {
            "object": "list", "data": [], "has_more": False, "url": "/v1/accounts"
        },
        "metadata": params.find_metadata(),
        "payouts_enabled": False,
        "requirements": {},
        "type": kind or "none",
    }  # fmt: skip
    params.finish()
    _set_onboarded(account, onboarded=False)
    return records.insert(account)


def retrieve_account(call: SandboxCall) -> Json:
    """Retrieve one account."""
    return call.records.get("account", call.ids["id"])


def create_account_link(call: SandboxCall) -> Json:
    """Create the address of a page that onboards an account, good for five minutes."""
    params, records = call.params, call.records
    params.ignore("collect", "collection_options")
    params.get_text("type", ("account_onboarding", "account_update"))
    account = records.get("account", params.get_text("account"), param="account")
    link_id = new_id("alink_", 32)
    link: Json = {
        "id": link_id,
        "object": "account_link",
        "account": account["id"],
        "created": records.created,
        "expires_at": records.created + LINK_SECONDS,
        "refresh_url": params.get_url("refresh_url"),
        "return_url": params.get_url("return_url"),
        "url": f"{call.base_url}/onboard/{link_id}",
    }
    params.finish()
    records.insert(link)
    return {name: link[name] for name in ("object", "created", "expires_at", "url")}


def onboard(records: SandboxRecords, account_id: str) -> Json:
    """Mark an account's details as complete."""
    account = records.get("account", account_id)
    if not account["details_submitted"]:
        _set_onboarded(account, onboarded=True)
        records.update(account)
        records.emit("account.updated", account, account_id)
    return account


def create_transfer(call: SandboxCall) -> Json:
    """Move money from the platform to a connected account."""
    params, records = call.params, call.records
    params.ignore("source_type")
    amount, currency = params.get_amount(), params.get_currency()
    destination = params.get_text("destination")
    source = params.find_text("source_transaction")
    transfer: Json = {
        "id": new_id("tr_"),
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": None,
        "created": records.created,
        "currency": currency,
        "description": params.find_text("description"),
        "destination": destination,
        "destination_payment": new_id("py_"),
        "livemode": False,
        "metadata": params.find_metadata(),
        "reversals": {"object": "list", "data": [], "has_more": False, "url": ""},
        "reversed": False,
        "source_transaction": source,
        "source_type": "card",
        "transfer_group": params.find_text("transfer_group"),
    }
    transfer["reversals"]["url"] = f"/v1/transfers/{transfer['id']}/reversals"
    params.finish()
    account = records.find("account", destination)
    if account is None:
        raise Missing("destination", destination, "destination", 400)
    if source is not None:
        records.get("charge", source, call.account, param="source_transaction")
    if account["capabilities"]["transfers"] != "active":
        message = (
            "Your destination account needs to have at least one of the following capabilities"
            " enabled: transfers, crypto_transfers, legacy_payments"
        )
        raise RequestRefused(message, code="insufficient_capabilities_for_transfer")
    require_funds(records, call.account, currency, amount)
    moved = post(
        records, "transfer", "transfer", -amount, currency, transfer["id"], account=call.account
    )
    post(
        records,
        "payment",
        "transfer",
        amount,
        currency,
        transfer["destination_payment"],
        account=destination,
    )
    transfer["balance_transaction"] = moved["id"]
    records.insert(transfer, call.account)
    records.emit("transfer.created", transfer, call.account)
    return transfer


def retrieve_transfer(call: SandboxCall) -> Json:
    """Retrieve one transfer."""
    return call.records.get("transfer", call.ids["id"], call.account)


def list_transfers(call: SandboxCall) -> Json:
    """List transfers, by `destination`, `transfer_group` and `created`."""
    params = call.params
    fields = {
        "destination": params.find_text("destination"),
        "transfer_group": params.find_text("transfer_group"),
    }
    return list_page(call, "transfer", fields)


def create_payout(call: SandboxCall) -> Json:
    """Send an account's money to its bank; it is pending until the bank has answered."""
    params, records = call.params, call.records
    params.ignore("source_type")
    amount, currency = params.get_amount(), params.get_currency()
    payout: Json = {
        "id": new_id("po_"),
        "object": "payout",
        "amount": amount,
        "arrival_date": records.created,
        "automatic": False,
        "balance_transaction": None,
        "created": records.created,
        "currency": currency,
        "description": params.find_text("description"),
        "destination": params.find_text("destination"),
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": params.find_metadata(),
        "method": params.find_text("method", ("standard", "instant")) or "standard",
        "reconciliation_status": "not_applicable",
        "source_type": "card",
        "statement_descriptor": params.find_text("statement_descriptor"),
        "status": "pending",
        "type": "bank_account",
    }
    params.finish()
    if call.account != PLATFORM and not records.get("account", call.account)["payouts_enabled"]:
        message = "Payouts are not allowed: the account has to be onboarded first."
        raise RequestRefused(message, code="payouts_not_allowed")
    require_funds(records, call.account, currency, amount)
    moved = post(records, "payout", "payout", -amount, currency, payout["id"], account=call.account)
    payout["balance_transaction"] = moved["id"]
    records.insert(payout, call.account)
    records.plan(SETTLE, payout["id"], records.now + call.settings.settle_seconds)
    return payout


def retrieve_payout(call: SandboxCall) -> Json:
    """Retrieve one payout."""
    return call.records.get("payout", call.ids["id"], call.account)


def list_payouts(call: SandboxCall) -> Json:
    """List payouts, by `status` and `created`."""
    return list_page(call, "payout", {"status": call.params.find_text("status")})


def cancel_payout(call: SandboxCall) -> Json:
    """Take a pending payout back."""
    payout = retrieve_payout(call)
    call.params.finish()
    if payout["status"] != "pending":
        message = f"Payouts can only be canceled while pending; this one is {payout['status']}."
        raise RequestRefused(message)
    call.records.drop_plans(payout["id"])
    _return(call.records, payout, "canceled")
    call.records.emit("payout.canceled", payout, call.account)
    return payout


def settle_planned(records: SandboxRecords, payout_id: str, faults: Faults) -> None:
    """Settle a payout by the bank's planned answer."""
    payout = records.find("payout", payout_id, None)
    if payout is None or payout["status"] != "pending":
        return
    account = records.owner_of(payout_id)
    if faults.fail_payouts:
        payout.update(
            failure_code="account_closed",
            failure_message="The bank account has been closed.",
        )
        _return(records, payout, "failed")
        records.emit("payout.failed", payout, account)
        return
    payout["status"] = "paid"
    records.update(payout)
    records.emit("payout.paid", payout, account)


def _return(records: SandboxRecords, payout: Json, status: str) -> None:
    moved = post(
        records,
        "payout_failure" if status == "failed" else "payout_cancel",
        "payout_reversal",
        payout["amount"],
        payout["currency"],
        payout["id"],
        account=records.owner_of(payout["id"]),
    )
    payout.update(status=status, failure_balance_transaction=moved["id"])
    records.update(payout)


def _set_onboarded(account: Json, *, onboarded: bool) -> None:
    due = [] if onboarded else ["external_account", "individual.verification.document"]
    state = "active" if onboarded else "inactive"
    account.update(
        capabilities={"card_payments": state, "transfers": state},
        charges_enabled=onboarded,
        details_submitted=onboarded,
        payouts_enabled=onboarded,
        requirements={
            "currently_due": due,
            "disabled_reason": None if onboarded else "requirements.past_due",
            "errors": [],
            "eventually_due": due,
            "past_due": due,
            "pending_verification": [],
        },
    )


def find_link(records: SandboxRecords, link_id: str) -> Json | None:
    """Find an account link, also one whose time is over."""
    return records.find("account_link", link_id)


def is_over(records: SandboxRecords, link: Json) -> bool:
    """Return whether a link's time is over."""
    return bool(link["expires_at"] <= records.now)


def reverse_transfer(call: SandboxCall) -> Json:
    """Take a transfer back from a connected account, all of it or a part."""
    params, records = call.params, call.records
    params.ignore("description", "refund_application_fee")
    transfer = retrieve_transfer(call)
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = params.find_amount() or left
    metadata = params.find_metadata()
    params.finish()
    if not left or amount > left:
        raise RequestRefused(f"Only {left} of this transfer can be reversed.", param="amount")
    destination, currency = transfer["destination"], transfer["currency"]
    require_funds(records, destination, currency, amount)
    reversal: Json = {
        "id": new_id("trr_"),
        "object": "transfer_reversal",
        "amount": amount,
        "balance_transaction": None,
        "created": records.created,
        "currency": currency,
        "destination_payment_refund": None,
        "metadata": metadata,
        "source_refund": None,
        "transfer": transfer["id"],
    }
    kind, category = "transfer_refund", "transfer"
    account = call.account
    moved = post(records, kind, category, amount, currency, reversal["id"], account=account)
    post(records, "payment_refund", category, -amount, currency, reversal["id"],
         account=destination)  # fmt: skip
    reversal["balance_transaction"] = moved["id"]
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    records.update(transfer)
    records.insert(reversal, account)
    records.emit("transfer.reversed", transfer, account)
    return reversal
