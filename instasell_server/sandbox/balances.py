"""Report what moves money at the provider: balance transactions, balances, and all books."""

from __future__ import annotations

from instasell_server.sandbox.call import SandboxCall, list_page
from instasell_server.sandbox.errors import Json, RequestRefused
from instasell_server.sandbox.records import PLATFORM, SandboxRecords, new_id

_CATEGORIES = {
    "captured": "charge",
    "refunded": "refund",
    "refunds_failed": "refund_failure",
    "disputed": "dispute",
    "disputes_won": "dispute_reversal",
    "transferred": "transfer",
    "paid_out": "payout",
    "payouts_returned": "payout_reversal",
}


def post(
    records: SandboxRecords,
    kind: str,
    category: str,
    amount: int,
    currency: str,
    source: str,
    *,
    account: str = PLATFORM,
    fee: int = 0,
) -> Json:
    """Move `amount` minor units, less `fee`, into an account; a negative amount moves them out."""
    net = amount - fee
    details = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Processing fee",
        "type": "stripe_fee",
    }
    records.add_to_balance(account, currency, net)
    return records.insert(
        {
            "id": new_id("txn_"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": records.created,
            "balance_type": "payments",
            "created": records.created,
            "currency": currency,
            "description": None,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [details] if fee else [],
            "net": net,
            "reporting_category": category,
            "source": source,
            "status": "available",
            "type": kind,
        },
        account,
    )


def require_funds(records: SandboxRecords, account: str, currency: str, amount: int) -> None:
    """Raise `RequestRefused` when an account has less than `amount` minor units."""
    if records.balances(account).get(currency, 0) < amount:
        raise RequestRefused(
            "You have insufficient available funds in your account.",
            code="balance_insufficient",
            param="amount",
        )


def retrieve_balance(call: SandboxCall) -> Json:
    """Return what is available to the account; in the sandbox that is everything, at once."""
    balances = call.records.balances(call.account) or {"usd": 0}
    return {
        "object": "balance",
        "available": [_part(amount, currency) for currency, amount in balances.items()],
        "livemode": False,
        "pending": [_part(0, currency) for currency in balances],
    }


def retrieve_balance_transaction(call: SandboxCall) -> Json:
    """Retrieve one balance transaction."""
    return call.records.get("balance_transaction", call.ids["id"], call.account)


def list_balance_transactions(call: SandboxCall) -> Json:
    """Return balance transactions, by `type`, `source`, `currency` and `created`."""
    params = call.params
    fields = {
        "type": params.find_text("type"),
        "source": params.find_text("source"),
        "currency": params.find_text("currency"),
    }
    return list_page(call, "balance_transaction", fields)


def ledger(records: SandboxRecords) -> Json:
    """Return what the provider holds, by currency, in minor units.

    `refunded`, `disputed` and `paid_out` are net of what came back. `platform` and `accounts` are
    the balances of the platform and of all connected accounts; `net` is their sum, and equals
    captured - refunded - disputed - fees - paid_out.
    """
    currencies: dict[str, dict[str, int]] = {}
    for currency, own, category, amount, fee in records.sums():
        sums = currencies.setdefault(currency, {})
        # A transfer has two sides, and what it moves is counted once.
        if category != "transfer" or own:
            sums[category] = sums.get(category, 0) + amount
        sums["fees"] = sums.get("fees", 0) + fee
        side = "platform" if own else "accounts"
        sums[side] = sums.get(side, 0) + amount - fee
    return {
        "object": "sandbox.ledger",
        "currencies": {currency: _book(sums) for currency, sums in sorted(currencies.items())},
    }


def _book(sums: dict[str, int]) -> dict[str, int]:
    moved = {name: sums.get(category, 0) for name, category in _CATEGORIES.items()}
    platform, accounts = sums.get("platform", 0), sums.get("accounts", 0)
    return {
        "captured": moved["captured"],
        "refunded": -moved["refunded"] - moved["refunds_failed"],
        "disputed": -moved["disputed"] - moved["disputes_won"],
        "fees": sums.get("fees", 0),
        "transferred": -moved["transferred"],
        "paid_out": -moved["paid_out"] - moved["payouts_returned"],
        "platform": platform,
        "accounts": accounts,
        "net": platform + accounts,
    }


def _part(amount: int, currency: str) -> Json:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}
