"""Say what to do about each kind of alert, and by which command. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping

_COMMAND = "instasell admin alerts {} {}"

_TEXTS: Mapping[str, str] = {
    "unknown_payment": "Send the money back: {refund}. If you have refunded it at the payment"
    " provider, {close} asks the provider and books that.",
    "stray_payment": "The money is on its way back by itself. Close the alert: {close}.",
    "refund_failed": "A refund of an order stays in the buyer's wallet, and nothing is left to"
    " book. Money of a payment that nothing waited for is kept apart: {refund} sends it again.",
    "refund_at_provider": "It is booked. What neither the order nor the buyer covers is the"
    " market's loss, unless the seller pays it: {charge}.",
    "refund_currency": "The books have one currency, so that nothing is booked. Settle it at the"
    " payment provider, then {close}.",
    "chargeback": "Answer the bank at the payment provider; the verdict is booked by itself."
    " instasell admin users allow-payouts lets the payer withdraw again.",
    "chargeback_currency": "The books have one currency, so that nothing is booked. Settle it at"
    " the payment provider, then {close}.",
    "chargeback_amount": "What was booked first stays until you say otherwise. Look the amount up"
    " at the payment provider, and book the one that it says now: {correct}.",
    "webhook_not_understood": "Nothing is booked. Look the event up at the payment provider, and"
    " compare the books: instasell-server audit --provider.",
    "withdrawal_returned": "The money is in the owner's wallet again, and nothing is left to book."
    " Close the alert: {close}.",
    "payout_failed": "The money is in the owner's account at the payment provider, and nothing is"
    " left to book here. The owner corrects the bank details there: instasell wallet"
    " payout-account.",
}


def remedy_of(kind: str, alert_id: str) -> str | None:
    """Return what to do about an alert; None for a kind that has no usual remedy."""
    text = _TEXTS.get(kind)
    if text is None:
        return None
    names = ("refund", "charge", "correct", "close")
    commands = {name: _COMMAND.format(name, alert_id) for name in names}
    return text.format(**commands)
