"""Check who may say what in a dispute, and who decides it. Pure: no I/O, no clock."""

from __future__ import annotations

from typing import NamedTuple

from instasell_client.models.disputes import DisputeKind, DisputeStatus
from instasell_client.models.errors import ChargebackOpen, DisputeClosed, DisputeNotFound, Forbidden


class DisputeState(NamedTuple):
    """Hold the sides of a dispute and its status."""

    buyer_id: str
    seller_id: str
    status: DisputeStatus
    kind: DisputeKind = DisputeKind.COMPLAINT


def is_side(state: DisputeState, user_id: str) -> bool:
    """Return whether a user is the buyer or the seller."""
    return user_id in (state.buyer_id, state.seller_id)


def check_open(state: DisputeState) -> None:
    """Raise DisputeClosed unless the dispute still waits to be decided."""
    if state.status is not DisputeStatus.OPEN:
        raise DisputeClosed("the dispute is resolved, and nothing can be added to it")


def check_reply(state: DisputeState, user_id: str) -> None:
    """Raise DisputeNotFound for a stranger, DisputeClosed when it is too late to say more."""
    if not is_side(state, user_id):
        raise DisputeNotFound
    check_open(state)


def check_resolve(state: DisputeState, judge_id: str) -> None:
    """Raise Forbidden for an admin who is a side of it, DisputeClosed when it is decided.

    And ChargebackOpen for one that only the provider's verdict closes.
    """
    if is_side(state, judge_id):
        # An account that bought or sold before it became an admin's is still one of the two.
        raise Forbidden("you cannot decide a dispute that you are a side of; ask another admin")
    check_open(state)
    if state.kind is DisputeKind.CHARGEBACK:
        raise ChargebackOpen("only the verdict of the buyer's bank closes it; wait for that")
