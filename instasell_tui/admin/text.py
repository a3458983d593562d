"""Write the texts of the admin screens. Pure: no clock, no widgets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

from instasell_client.models.accounts import User, UserStatus
from instasell_client.models.admin import AdminAction, AdminOrder, Alert, Analytics, Bucket, Figures
from instasell_client.models.disputes import Dispute, DisputeReason, DisputeStatus, DisputeView
from instasell_tui.orders import text as orders_text
from instasell_tui.widgets.formats import NOTHING, local_time, money, prose, safe_text
from instasell_tui.widgets.line_table import Cell
from instasell_tui.widgets.row_table import TableRow
from instasell_tui.widgets.tone import Tone, TonedText

Facts = Sequence[tuple[str, str]]

REASONS = {
    DisputeReason.NOT_RECEIVED: "not received",
    DisputeReason.NOT_AS_DESCRIBED: "not as described",
    DisputeReason.DAMAGED: "damaged",
    DisputeReason.OTHER: "other",
}
AMOUNT_CELLS = 12


class Statement(NamedTuple):
    """Hold a statement in a dispute: its author and time, and its lines."""

    head: str
    lines: Sequence[str]


# Rows and their details -------------------------------------------------------------------------


def dispute_row(each: Dispute, zone: tzinfo | None, now: datetime) -> TableRow:
    """Return a dispute as a line of the list."""
    is_open = each.status is DisputeStatus.OPEN
    amount = each.held_amount if is_open else each.refund_amount
    cells: dict[str, Cell] = {
        "title": (safe_text(each.title), "strong" if is_open else "plain"),
        "reason": (REASONS[each.reason], "plain"),
        "buyer": (safe_text(each.buyer_name), "quiet"),
        "seller": (safe_text(each.seller_name), "quiet"),
        "state": ("open" if is_open else "resolved", "soon" if is_open else "quiet"),
        "amount": (money(amount, each.currency, AMOUNT_CELLS), "plain"),
        "when": (local_time(each.created_at, zone, now), "quiet"),
    }
    return TableRow(each.id, ("!", "bad") if is_open else ("✓", "good"), cells)


def dispute_facts(each: Dispute) -> Facts:
    """Return the details below the list of disputes."""
    last = [("Decided", safe_text(each.resolution))] if each.resolution is not None else []
    return [
        ("Buyer", safe_text(each.buyer_name)),
        ("Seller", safe_text(each.seller_name)),
        ("Says", safe_text(each.text)),
        *last,
    ]


def alert_row(each: Alert, zone: tzinfo | None, now: datetime) -> TableRow:
    """Return an alert as a line of the list."""
    is_open = each.closed_at is None
    cells: dict[str, Cell] = {
        "kind": (safe_text(each.kind), "strong" if is_open else "plain"),
        "subject": (safe_text(each.subject), "quiet"),
        "state": ("open" if is_open else "closed", "soon" if is_open else "quiet"),
        "when": (local_time(each.created_at, zone, now), "quiet"),
    }
    return TableRow(each.id, ("!", "bad") if is_open else ("✓", "good"), cells)


def alert_facts(each: Alert) -> Facts:
    """Return the details below the list of alerts."""
    remedy: Facts = [("Do", safe_text(each.remedy))] if each.remedy else []
    return [("Subject", safe_text(each.subject)), *_details(each.details), *remedy]


def user_row(each: User, zone: tzinfo | None, now: datetime) -> TableRow:
    """Return an account as a line of the list."""
    suspended = each.status is UserStatus.SUSPENDED
    cells: dict[str, Cell] = {
        "name": (safe_text(each.display_name), "plain"),
        "email": (safe_text(each.email), "quiet"),
        "role": (each.role.value, "quiet"),
        "state": (each.status.value, "bad" if suspended else "plain"),
        "proof": (each.verification_status.value, "quiet"),
        "when": (local_time(each.created_at, zone, now), "quiet"),
    }
    return TableRow(each.id, ("■", "bad") if suspended else ("·", "quiet"), cells)


def user_facts(each: User) -> Facts:
    """Return the details below the list of users."""
    return [
        ("Name", safe_text(each.display_name)),
        ("E-mail", f"{safe_text(each.email)} ({each.verification_status.value})"),
        ("Id", each.id),
    ]


def action_row(each: AdminAction, zone: tzinfo | None, now: datetime) -> TableRow:
    """Return an action of an admin as a row of the list."""
    cells: dict[str, Cell] = {
        "when": (local_time(each.created_at, zone, now), "quiet"),
        "admin": (safe_text(each.admin_name), "plain"),
        "action": (safe_text(each.action.replace("_", " ")), "strong"),
        "reason": (safe_text(each.reason), "quiet"),
    }
    return TableRow(str(each.id), ("·", "quiet"), cells)


def action_facts(each: AdminAction) -> Facts:
    """Return the details below the list of actions."""
    return [
        ("Subject", f"{safe_text(each.subject_kind)} {each.subject_id}"),
        ("Reason", safe_text(each.reason)),
        *_details(each.details),
    ]


def _details(details: Mapping[str, object]) -> Facts:
    if not details:
        return []
    words = " · ".join(f"{name} {_value(name, value)}" for name, value in details.items())
    return [("Details", safe_text(words))]


def _value(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    # The currency of a detail is nowhere told, so that the amount stays as the market counts it.
    unit = " in minor units" if name.endswith("amount") else ""
    return json.dumps(value, ensure_ascii=False) + unit


# One dispute ------------------------------------------------------------------------------------


def headline(each: Dispute) -> TonedText:
    """Describe the state of a dispute, in one line."""
    held = money(each.held_amount, each.currency)
    if each.status is DisputeStatus.OPEN:
        return f"! Open: {held} is held until it is decided", Tone.BAD
    back = money(each.refund_amount, each.currency)
    by = _judge(each)
    return f"✓ Resolved by {by}: {back} went back to the buyer", Tone.GOOD


def statements(view: DisputeView, zone: tzinfo | None, now: datetime) -> Sequence[Statement]:
    """Return the complaint, every answer in its order, and the decision."""
    each = view.dispute
    why = REASONS[each.reason]
    said = [
        Statement(
            f"The buyer {safe_text(each.buyer_name)}, "
            f"{local_time(each.created_at, zone, now)}: {why}",
            _lines(each.text),
        )
    ]
    names = {"buyer": each.buyer_name, "seller": each.seller_name}
    answers = [(one.created_at, one.author, one.text) for one in view.messages]
    files = [(one.created_at, one.author, orders_text.sent(one)) for one in view.evidence]
    for created_at, author, text in sorted([*answers, *files], key=lambda one: one[0]):
        head = f"The {author} {safe_text(names[author])}, {local_time(created_at, zone, now)}"
        said.append(Statement(head, _lines(text)))
    if each.resolution is not None and each.resolved_at is not None:
        at = local_time(each.resolved_at, zone, now)
        said.append(
            Statement(f"{_judge(each).capitalize()} decided, {at}", _lines(each.resolution))
        )
    return said


def _judge(each: Dispute) -> str:
    """Name the party that decided: a chargeback is decided by a bank."""
    return {"seller": "the seller", "admin": "an admin", None: "the bank"}[each.resolved_by]


def _lines(text: str) -> Sequence[str]:
    return prose(text).split("\n")


def ledger(
    found: AdminOrder, zone: tzinfo | None, now: datetime
) -> Sequence[tuple[str, str, str, str]]:
    """Return time, amount, reason and account of each entry; the oldest first."""
    order = found.order
    sides = {order.buyer_id: "the buyer", order.seller_id: "the seller"}
    rows = []
    for each in found.ledger:
        whose = f", {sides.get(each.user_id, each.user_id)}" if each.user_id else ""
        sign = "+" if each.amount > 0 else ""
        rows.append(
            (
                local_time(each.created_at, zone, now),
                f"{sign}{money(each.amount, order.currency)}",
                safe_text(each.type),
                f"{safe_text(each.account)}{whose}",
            )
        )
    return rows


def split(each: Dispute, refund: int) -> Facts:
    """Return the amounts that a decision would give to each side."""
    return [
        (f"To the buyer, {safe_text(each.buyer_name)}", money(refund, each.currency)),
        (
            f"To the seller, {safe_text(each.seller_name)}",
            money(each.held_amount - refund, each.currency),
        ),
    ]


# Figures ----------------------------------------------------------------------------------------

FIGURES = {
    "bids": "Bids",
    "orders_paid": "Orders paid",
    "gross_amount": "Gross",
    "payment_success_rate": "Payments that succeed",
    "registrations": "Registrations",
    "orders_delivered": "Orders delivered",
}


def values(found: Analytics, name: str) -> Sequence[float | None]:
    """Return one figure of every bucket, the oldest first."""
    return [getattr(each, name) for each in found.items]


def figure(value: float | None, name: str, currency: str, width: int | None = None) -> str:
    """Return a value of a figure, in words."""
    if value is None:
        return NOTHING
    if name == "gross_amount":
        return money(int(value), currency, width)
    return f"{value:.0%}" if name == "payment_success_rate" else f"{int(value):,}"


def bucket_start(each: Figures, bucket: Bucket, zone: tzinfo | None) -> str:
    """Return the start of a bucket: hours in the local zone, days and weeks as they are cut, in
    UTC.
    """
    if bucket is Bucket.HOUR:
        return f"{each.start_at.astimezone(zone):%d %b %H:%M}"
    return f"{each.start_at:%d %b}"
