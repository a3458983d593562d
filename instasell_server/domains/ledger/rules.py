"""The movements of money, each as the rows that it writes. Pure: no I/O, no clock.

A transfer's key is what it is done for, so that the same thing done twice is refused by the
database.
"""

from __future__ import annotations

from instasell_client.models.wallets import EntryType, WalletAccount
from instasell_server.domains.ledger.postings import (
    Hold,
    LedgerAccount,
    Posting,
    ReturnHeld,
    SpendHeld,
    Transfer,
    transfer,
)


def top_up(
    payment_id: str, user_id: str, amount: int, target: WalletAccount, hold: Hold | None = None
) -> Transfer:
    """Book money that the provider has into the wallet; gas never leaves, so it needs no hold."""
    held = hold if target is WalletAccount.BALANCE else None
    return transfer(
        f"topup:{payment_id}",
        payment_id,
        (
            Posting(LedgerAccount.STRIPE, -amount, EntryType.TOPUP),
            Posting(LedgerAccount(target.value), amount, EntryType.TOPUP, user_id, None, held),
        ),
    )


def gas_grant(user_id: str, amount: int) -> Transfer:
    """Grant a new account the gas that it begins with."""
    return transfer(
        f"gas-grant:{user_id}",
        user_id,
        (
            Posting(LedgerAccount.GAS_SALES, -amount, EntryType.TOPUP),
            Posting(LedgerAccount.GAS, amount, EntryType.TOPUP, user_id),
        ),
    )


def gas_fee(purpose: str, subject_id: str, user_id: str, amount: int) -> Transfer:
    """Return gas that is spent on a purpose (`auction`, `feature`) of an auction."""
    return transfer(
        f"gas:{purpose}:{subject_id}",
        subject_id,
        (
            Posting(LedgerAccount.GAS, -amount, EntryType.GAS, user_id),
            Posting(LedgerAccount.GAS_SALES, amount, EntryType.GAS),
        ),
    )


def gas_refund(purpose: str, subject_id: str, user_id: str, amount: int) -> Transfer:
    """Reverse `gas_fee`."""
    return transfer(
        f"gas-refund:{purpose}:{subject_id}",
        subject_id,
        (
            Posting(LedgerAccount.GAS_SALES, -amount, EntryType.GAS),
            Posting(LedgerAccount.GAS, amount, EntryType.GAS, user_id),
        ),
    )


def pay_by_card(order_id: str, payment_id: str, buyer_id: str, amount: int) -> list[Transfer]:
    """Move what the provider received through the buyer's wallet into escrow."""
    charge = transfer(
        f"charge:{payment_id}",
        payment_id,
        (
            Posting(LedgerAccount.STRIPE, -amount, EntryType.CHARGE, None, order_id),
            Posting(LedgerAccount.BALANCE, amount, EntryType.CHARGE, buyer_id, order_id),
        ),
    )
    return [charge, _hold_for_order(order_id, buyer_id, amount, None)]


def pay_from_wallet(order_id: str, buyer_id: str, amount: int) -> Transfer:
    """Hold the buyer's money for the order; what cannot be withdrawn yet is spent first."""
    return _hold_for_order(order_id, buyer_id, amount, SpendHeld(order_id))


def _hold_for_order(order_id: str, buyer_id: str, amount: int, held: SpendHeld | None) -> Transfer:
    return transfer(
        f"hold:{order_id}",
        order_id,
        (
            Posting(LedgerAccount.BALANCE, -amount, EntryType.HOLD, buyer_id, order_id, held),
            Posting(LedgerAccount.ESCROW, amount, EntryType.HOLD, None, order_id),
        ),
    )


def refund(
    refund_id: str, order_id: str, buyer_id: str, amount: int, hold: Hold | None = None
) -> Transfer:
    """Send held money of an order to the buyer's wallet.

    `hold` is given where a card paid the order; what a wallet paid is held as it was before.
    """
    held = hold or ReturnHeld(order_id)
    return _refund(refund_id, order_id, buyer_id, amount, held)


def _refund(
    refund_id: str, order_id: str, buyer_id: str, amount: int, held: Hold | ReturnHeld | None
) -> Transfer:
    return transfer(
        f"refund:{refund_id}",
        order_id,
        (
            Posting(LedgerAccount.ESCROW, -amount, EntryType.REFUND, None, order_id),
            Posting(LedgerAccount.BALANCE, amount, EntryType.REFUND, buyer_id, order_id, held),
        ),
    )


def refund_to_card(refund_id: str, order_id: str, buyer_id: str, amount: int) -> list[Transfer]:
    """Book held money that goes back through the wallet, and on its way to the card."""
    sent = transfer(
        f"refund-sent:{refund_id}",
        refund_id,
        (
            Posting(LedgerAccount.BALANCE, -amount, EntryType.CHARGE, buyer_id, order_id),
            Posting(LedgerAccount.IN_TRANSIT, amount, EntryType.CHARGE, None, order_id),
        ),
    )
    return [_refund(refund_id, order_id, buyer_id, amount, None), sent]


def refund_settled(refund_id: str, amount: int) -> Transfer:
    """Record that the provider has paid a refund out."""
    return transfer(
        f"settle:{refund_id}",
        refund_id,
        (
            Posting(LedgerAccount.IN_TRANSIT, -amount, EntryType.SETTLE),
            Posting(LedgerAccount.STRIPE, amount, EntryType.SETTLE),
        ),
    )


def refund_returned(refund_id: str, amount: int) -> Transfer:
    """Take back a refund that the provider could not pay out, as to a card that is closed."""
    return transfer(
        f"unsettle:{refund_id}",
        refund_id,
        (
            Posting(LedgerAccount.STRIPE, -amount, EntryType.SETTLE),
            Posting(LedgerAccount.IN_TRANSIT, amount, EntryType.SETTLE),
        ),
    )


def refund_failed(
    refund_id: str, order_id: str, buyer_id: str, amount: int, hold: Hold
) -> Transfer:
    """Keep a refund in the buyer's wallet that the provider could not pay out."""
    return transfer(
        f"refund-failed:{refund_id}",
        refund_id,
        (
            Posting(LedgerAccount.IN_TRANSIT, -amount, EntryType.REFUND, None, order_id),
            Posting(LedgerAccount.BALANCE, amount, EntryType.REFUND, buyer_id, order_id, hold),
        ),
    )


def withdraw(withdrawal_id: str, user_id: str, amount: int) -> Transfer:
    """Book money that leaves a wallet, on its way to the provider."""
    return transfer(
        f"withdraw:{withdrawal_id}",
        withdrawal_id,
        (
            Posting(LedgerAccount.BALANCE, -amount, EntryType.WITHDRAWAL, user_id),
            Posting(LedgerAccount.IN_TRANSIT, amount, EntryType.WITHDRAWAL),
        ),
    )


def withdrawal_settled(withdrawal_id: str, amount: int) -> Transfer:
    """Record that the provider has sent a withdrawal."""
    return transfer(
        f"withdraw-settled:{withdrawal_id}",
        withdrawal_id,
        (
            Posting(LedgerAccount.IN_TRANSIT, -amount, EntryType.SETTLE),
            Posting(LedgerAccount.STRIPE, amount, EntryType.SETTLE),
        ),
    )


def withdrawal_failed(withdrawal_id: str, user_id: str, amount: int) -> Transfer:
    """Return a withdrawal that the provider will not send to the wallet."""
    return transfer(
        f"withdraw-failed:{withdrawal_id}",
        withdrawal_id,
        (
            Posting(LedgerAccount.IN_TRANSIT, -amount, EntryType.WITHDRAWAL),
            Posting(LedgerAccount.BALANCE, amount, EntryType.WITHDRAWAL, user_id),
        ),
    )


def unmatched_payment(payment_id: str, amount: int) -> Transfer:
    """Book money that nothing waits for: it is kept apart."""
    return transfer(
        f"stray:{payment_id}",
        payment_id,
        (
            Posting(LedgerAccount.STRIPE, -amount, EntryType.CHARGE),
            Posting(LedgerAccount.SUSPENSE, amount, EntryType.CHARGE),
        ),
    )


def unmatched_payment_refunded(refund_id: str, amount: int) -> Transfer:
    """Send back a payment that was kept apart."""
    return transfer(
        f"stray-back:{refund_id}",
        refund_id,
        (
            Posting(LedgerAccount.SUSPENSE, -amount, EntryType.REFUND),
            Posting(LedgerAccount.IN_TRANSIT, amount, EntryType.REFUND),
        ),
    )


def unmatched_payment_kept(refund_id: str, amount: int) -> Transfer:
    """Keep a payment that could not be sent back apart again, for an operator."""
    return transfer(
        f"stray-kept:{refund_id}",
        refund_id,
        (
            Posting(LedgerAccount.IN_TRANSIT, -amount, EntryType.REFUND),
            Posting(LedgerAccount.SUSPENSE, amount, EntryType.REFUND),
        ),
    )


def withdrawal_returned(withdrawal_id: str, user_id: str, amount: int, total: int) -> Transfer:
    """Book money back that was sent and came back; `total` is all of it so far."""
    return transfer(
        f"withdraw-returned:{withdrawal_id}:{total}",
        withdrawal_id,
        (
            Posting(LedgerAccount.STRIPE, -amount, EntryType.WITHDRAWAL),
            Posting(LedgerAccount.BALANCE, amount, EntryType.WITHDRAWAL, user_id),
        ),
    )


def release(order_id: str, seller_id: str, amount: int) -> Transfer:
    """Release all that is still held to the seller."""
    return transfer(
        f"release:{order_id}",
        order_id,
        (
            Posting(LedgerAccount.ESCROW, -amount, EntryType.RELEASE, None, order_id),
            Posting(LedgerAccount.BALANCE, amount, EntryType.RELEASE, seller_id, order_id),
        ),
    )
