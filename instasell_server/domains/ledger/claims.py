"""The movements of money that banks or the provider take back. Pure: no I/O, no clock."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from instasell_client.models.wallets import EntryType
from instasell_server.domains.ledger.postings import (
    LedgerAccount,
    Posting,
    ReturnHeld,
    SpendHeld,
    Transfer,
    transfer,
)


def chargeback(
    chargeback_id: str, order_id: str | None, from_escrow: Mapping[str, int], owed: int
) -> Transfer:
    """Book what the provider has given back to a payer's bank: out of escrow, the rest is owed.

    `from_escrow` has what each order loses, in minor units.
    """
    whole = sum(from_escrow.values()) + owed
    return transfer(
        f"chargeback:{chargeback_id}",
        chargeback_id,
        (
            *(
                Posting(LedgerAccount.ESCROW, -amount, EntryType.CHARGEBACK, None, paid_id)
                for paid_id, amount in from_escrow.items()
            ),
            Posting(LedgerAccount.RECEIVABLE, -owed, EntryType.CHARGEBACK, None, order_id),
            Posting(LedgerAccount.STRIPE, whole, EntryType.CHARGEBACK, None, order_id),
        ),
    )


def refund_elsewhere(
    refund_id: str, order_id: str | None, *, from_escrow: int, from_suspense: int, owed: int
) -> Transfer:
    """Book a refund that was made at the provider: held and kept money first, the rest is owed."""
    whole = from_escrow + from_suspense + owed
    return transfer(
        f"refund-elsewhere:{refund_id}",
        refund_id,
        (
            Posting(LedgerAccount.ESCROW, -from_escrow, EntryType.REFUND, None, order_id),
            Posting(LedgerAccount.SUSPENSE, -from_suspense, EntryType.CHARGEBACK),
            Posting(LedgerAccount.RECEIVABLE, -owed, EntryType.CHARGEBACK, None, order_id),
            Posting(LedgerAccount.STRIPE, whole, EntryType.CHARGEBACK, None, order_id),
        ),
    )


def covered_from_suspense(refund_id: str, amount: int, owed_before: int) -> Transfer:
    """Cover what nobody owes with money that was kept apart for the same payment."""
    return transfer(
        f"covered:{refund_id}:{owed_before}",
        refund_id,
        (
            Posting(LedgerAccount.SUSPENSE, -amount, EntryType.CHARGEBACK),
            Posting(LedgerAccount.RECEIVABLE, amount, EntryType.CHARGEBACK),
        ),
    )


def refund_elsewhere_failed(
    refund_id: str,
    order_id: str | None,
    *,
    to_buyer: Posting | None,
    to_suspense: int,
    owed: int,
    recovered: Mapping[str, int],
) -> Transfer:
    """Book a refund back that was made at the provider and that the card did not take."""
    held = ReturnHeld(refund_id)
    back = (
        Posting(LedgerAccount.SUSPENSE, to_suspense, EntryType.CHARGEBACK),
        Posting(LedgerAccount.RECEIVABLE, owed, EntryType.CHARGEBACK, None, order_id),
        *([] if to_buyer is None else [to_buyer]),
        *(
            Posting(LedgerAccount.BALANCE, amount, EntryType.CHARGEBACK, debtor_id, order_id, held)
            for debtor_id, amount in recovered.items()
        ),
    )
    whole = sum(each.amount for each in back)
    stripe = Posting(LedgerAccount.STRIPE, -whole, EntryType.CHARGEBACK, None, order_id)
    return transfer(f"refund-elsewhere-failed:{refund_id}", refund_id, (stripe, *back))


def chargeback_covered(
    chargeback_id: str, order_id: str, amount: int, kind: EntryType = EntryType.CHARGEBACK
) -> Transfer:
    """Cover a chargeback that came before its payment from what that put into escrow."""
    return transfer(
        f"chargeback-covered:{chargeback_id}",
        chargeback_id,
        (
            Posting(LedgerAccount.ESCROW, -amount, kind, None, order_id),
            Posting(LedgerAccount.RECEIVABLE, amount, EntryType.CHARGEBACK, None, order_id),
        ),
    )


def chargeback_won(
    chargeback_id: str,
    order_id: str | None,
    *,
    to_escrow: Mapping[str, int],
    owed: int,
    recovered: Mapping[str, int],
    to_suspense: int = 0,
) -> Transfer:
    """Book what the bank gives back: to where it was taken from, and to who has paid for it."""
    whole = sum(to_escrow.values()) + to_suspense + owed + sum(recovered.values())
    held = ReturnHeld(chargeback_id)
    return transfer(
        f"chargeback-won:{chargeback_id}",
        chargeback_id,
        (
            Posting(LedgerAccount.STRIPE, -whole, EntryType.CHARGEBACK, None, order_id),
            *(
                Posting(LedgerAccount.ESCROW, amount, EntryType.CHARGEBACK, None, paid_id)
                for paid_id, amount in to_escrow.items()
            ),
            Posting(LedgerAccount.SUSPENSE, to_suspense, EntryType.CHARGEBACK),
            Posting(LedgerAccount.RECEIVABLE, owed, EntryType.CHARGEBACK, None, order_id),
            *(
                Posting(
                    LedgerAccount.BALANCE, amount, EntryType.CHARGEBACK, debtor_id, order_id, held
                )
                for debtor_id, amount in recovered.items()
            ),
        ),
    )


def chargeback_grew(
    chargeback_id: str, order_id: str | None, from_escrow: Mapping[str, int], owed: int
) -> Transfer:
    """Book that the provider has given more to a payer's bank than was booked."""
    more = chargeback(chargeback_id, order_id, from_escrow, owed)
    return more._replace(key=f"chargeback-grew:{uuid.uuid4()}")


def chargeback_shrank(
    chargeback_id: str,
    order_id: str | None,
    *,
    to_escrow: Mapping[str, int],
    to_suspense: int,
    owed: int,
    recovered: Mapping[str, int],
) -> Transfer:
    """Book that the provider has given less to a payer's bank than was booked."""
    back = chargeback_won(
        chargeback_id,
        order_id,
        to_escrow=to_escrow,
        to_suspense=to_suspense,
        owed=owed,
        recovered=recovered,
    )
    return back._replace(key=f"chargeback-shrank:{uuid.uuid4()}")


def release_of_correction(
    chargeback_id: str, order_id: str, seller_id: str, amount: int
) -> Transfer:
    """Send what is in escrow again to the seller of an order that is delivered."""
    return transfer(
        f"release:{chargeback_id}:{uuid.uuid4()}",
        order_id,
        (
            Posting(LedgerAccount.ESCROW, -amount, EntryType.RELEASE, None, order_id),
            Posting(LedgerAccount.BALANCE, amount, EntryType.RELEASE, seller_id, order_id),
        ),
    )


def recovered(
    chargeback_id: str,
    order_id: str | None,
    payment_id: str | None,
    debtor_id: str,
    amount: int,
    owed_before: int,
) -> Transfer:
    """Take what a debtor owes for a chargeback; `owed_before` tells the payments apart."""
    held = SpendHeld(chargeback_id, payment_id)
    return transfer(
        f"recovered:{chargeback_id}:{debtor_id}:{owed_before}",
        chargeback_id,
        (
            Posting(
                LedgerAccount.BALANCE, -amount, EntryType.CHARGEBACK, debtor_id, order_id, held
            ),
            Posting(LedgerAccount.RECEIVABLE, amount, EntryType.CHARGEBACK, None, order_id),
        ),
    )


def provider_fee(chargeback_id: str, total: int, amount: int) -> Transfer:
    """Return what the provider charges for a chargeback; `total` is all of it so far."""
    return transfer(
        f"chargeback-fee:{chargeback_id}:{total}",
        chargeback_id,
        (
            Posting(LedgerAccount.FEES, -amount, EntryType.FEE),
            Posting(LedgerAccount.STRIPE, amount, EntryType.FEE),
        ),
    )
