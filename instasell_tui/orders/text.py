"""Write the texts of the screens of orders and of the wallet. Pure: no clock, no widgets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from instasell_client import (
    InstaSellError,
    InsufficientFunds,
    OrderNotReady,
    PaymentFailed,
)
from instasell_client.models.disputes import (
    Dispute,
    DisputeKind,
    DisputeReason,
    DisputeView,
)
from instasell_client.models.media import Evidence
from instasell_client.models.orders import Order, OrderEvent, OrderStatus, PaymentMethod
from instasell_client.models.wallets import EntryType, Wallet, WalletAccount, WalletEntry
from instasell_tui.orders.rules import OrderDue, OrderSide, due_of, overdue, side_of
from instasell_tui.widgets import formats
from instasell_tui.widgets.formats import NOTHING, duration, local_time, money, prose, safe_text
from instasell_tui.widgets.tone import Tone, TonedText

Lines = Sequence[tuple[str, str]]

HOUR_SECONDS = 3600
COMPLAINTS = {
    DisputeReason.NOT_RECEIVED.value: "not received",
    DisputeReason.NOT_AS_DESCRIBED.value: "not as described",
    DisputeReason.DAMAGED.value: "damaged",
    DisputeReason.OTHER.value: "something else",
}

_STATUS = {
    (OrderSide.BUYER, OrderStatus.PENDING): "to pay",
    (OrderSide.SELLER, OrderStatus.PENDING): "not paid yet",
    (OrderSide.BUYER, OrderStatus.PROCESSING): "paid",
    (OrderSide.SELLER, OrderStatus.PROCESSING): "to ship",
    (OrderSide.BUYER, OrderStatus.SHIPPED): "to confirm",
    (OrderSide.SELLER, OrderStatus.SHIPPED): "on its way",
}
_FOR_BOTH = {
    OrderStatus.DELIVERED: "delivered",
    OrderStatus.DISPUTED: "in dispute",
    OrderStatus.CANCELLED: "cancelled",
}
_STEPS = {
    OrderStatus.PENDING: "ordered",
    OrderStatus.PROCESSING: "paid",
    OrderStatus.SHIPPED: "shipped",
    **_FOR_BOTH,
}
_ENTRIES = {
    EntryType.TOPUP: "Top-up",
    EntryType.CHARGE: "Paid in by card",
    EntryType.REFUND: "Refund",
    EntryType.HOLD: "Paid for an order",
    EntryType.RELEASE: "Sale",
    EntryType.WITHDRAWAL: "Pay-out",
    EntryType.GAS: "Gas",
    EntryType.SETTLE: "Settlement",
    EntryType.CHARGEBACK: "Chargeback",
    EntryType.FEE: "Fee",
}


# Orders ---------------------------------------------------------------------------------------


def role(order: Order, user_id: str) -> str:
    """Name the user's side of an order, in a word."""
    return "buying" if side_of(order, user_id) is OrderSide.BUYER else "selling"


def status(order: Order, user_id: str, now: datetime) -> str:
    """Describe the state of the order for the user, in two words."""
    if overdue(order, now):
        return "expired"
    side = side_of(order, user_id)
    return _STATUS.get((side, order.status)) or _FOR_BOTH[order.status]


def mark(order: Order, user_id: str, now: datetime) -> tuple[str, str]:
    """Return the sign of the state and the name of its style: it waits for you, is done, is off."""
    if due_of(order, user_id, now) is not OrderDue.NOTHING:
        return "▶", "soon"
    if order.status is OrderStatus.DELIVERED:
        return "✓", "good"
    if order.status is OrderStatus.CANCELLED or overdue(order, now):
        return "■", "quiet"
    return ("!", "bad") if order.status is OrderStatus.DISPUTED else ("·", "quiet")


def when(order: Order, user_id: str, now: datetime, zone: tzinfo | None) -> tuple[str, str]:
    """Return the time left until the deadline, or that of the end, and the name of its style."""
    if order.status is OrderStatus.PENDING and not overdue(order, now):
        left = (order.payment_due_at - now).total_seconds()
        if due_of(order, user_id, now) is not OrderDue.PAY:
            return f"{duration(left)} left", "quiet"
        hurry = left < HOUR_SECONDS
        return f"{'! ' if hurry else ''}{duration(left)} left", "urgent" if hurry else "soon"
    if order.status is OrderStatus.PROCESSING and order.paid_at is not None:
        return local_time(order.paid_at, zone, now), "quiet"
    release = order.escrow_release_at
    if order.status is OrderStatus.SHIPPED and release is not None and release > now:
        return f"{duration((release - now).total_seconds())} left", "quiet"
    return local_time(order.delivered_at or order.updated_at, zone, now), "quiet"


def headline(order: Order, user_id: str, now: datetime) -> TonedText:
    """Return the most important fact about an order, in one line."""
    side = side_of(order, user_id)
    if overdue(order, now):
        return "■ The time to pay is over: the market cancels the order", Tone.BAD
    if order.status is OrderStatus.DISPUTED:
        return "! A dispute is open: the market decides who gets the money", Tone.BAD
    if order.status is OrderStatus.DELIVERED:
        return "✓ Delivered: the seller has the money", Tone.GOOD
    if order.status is OrderStatus.CANCELLED:
        back = order.refunded_amount
        returned = f": {money(back, order.currency)} went back to the buyer" if back else ""
        return f"■ Cancelled{returned}", Tone.PLAIN
    return (_to_buyer if side is OrderSide.BUYER else _to_seller)(order, now)


def _to_buyer(order: Order, now: datetime) -> TonedText:
    total = money(order.total_amount, order.currency)
    if order.status is OrderStatus.PENDING:
        left = duration((order.payment_due_at - now).total_seconds())
        return f"▶ Pay {total} within {left}; then the order would end by itself", Tone.WARN
    if order.status is OrderStatus.PROCESSING:
        return "· Paid: the market holds the money, the seller is to ship", Tone.PLAIN
    return f"▶ On its way: confirm when it has come{_by_itself(order, now)}", Tone.WARN


def _to_seller(order: Order, now: datetime) -> TonedText:
    held = money(order.held_amount, order.currency)
    if order.status is OrderStatus.PENDING:
        left = duration((order.payment_due_at - now).total_seconds())
        return f"· Not paid yet: the buyer has {left} left", Tone.PLAIN
    if order.status is OrderStatus.PROCESSING:
        return f"▶ Ship it: the buyer has paid, and the market holds {held} for you", Tone.WARN
    return f"· On its way: {held} is yours once it is confirmed{_by_itself(order, now)}", Tone.PLAIN


def _by_itself(order: Order, now: datetime) -> str:
    release = order.escrow_release_at
    if release is None or release <= now:
        return ""
    return f", or in {duration((release - now).total_seconds())}"


def parties(order: Order, user_id: str) -> str:
    """Name the other side of an order, and the order's number, in one line."""
    if side_of(order, user_id) is OrderSide.BUYER:
        return f"you buy from {safe_text(order.seller_name)} · order {order.id}"
    return f"you sell to {safe_text(order.buyer_name)} · order {order.id}"


def amounts(order: Order) -> Lines:
    """Return names and values of every amount."""
    currency = order.currency
    unit = money(order.unit_amount, currency)
    method = {PaymentMethod.CARD: "by card", PaymentMethod.WALLET: "from the wallet"}
    paid = method[order.payment_method] if order.payment_method else "no"
    return [
        (f"{order.quantity:,} × {unit}", money(order.unit_amount * order.quantity, currency)),
        ("Shipping", money(order.shipping_amount, currency)),
        (f"Total, {currency}", money(order.total_amount, currency)),
        ("Paid", paid if order.paid_at else "no"),
        ("Held by the market", money(order.held_amount, currency)),
        ("Refunded", money(order.refunded_amount, currency)),
    ]


def delivery(order: Order, user_id: str) -> Lines:
    """Return the address of the delivery, the carrier and the tracking number."""
    address = order.address
    if address is not None:
        city = f"{address.postal_code} {address.city}"
        parts = [
            address.name, address.line1, address.line2, city, address.region, address.country,
        ]  # fmt: skip
        lines = [
            ("" if at else "To", safe_text(part)) for at, part in enumerate(filter(None, parts))
        ]
    elif side_of(order, user_id) is OrderSide.BUYER:
        lines = [("To", "no address yet")]
    else:
        lines = [("To", "shown once paid" if order.paid_at is None else "no address yet")]
    carrier = safe_text(order.carrier) if order.carrier else NOTHING
    return [
        *lines,
        ("Carrier", carrier),
        ("Tracking", safe_text(order.tracking) if order.tracking else NOTHING),
    ]


def history(
    events: Sequence[OrderEvent], user_side: OrderSide | None, zone: tzinfo | None, now: datetime
) -> Sequence[tuple[str, str, str, str]]:
    """Return time, step, author and reason of each event; the newest first."""
    return [
        (
            local_time(each.created_at, zone, now),
            _STEPS[each.to_status] if each.from_status != each.to_status else "refund",
            "you"
            if user_side is not None and each.actor == user_side.value
            else f"the {each.actor}",
            safe_text(each.reason),
        )
        for each in reversed(events)
    ]


# Disputes -------------------------------------------------------------------------------------


def dispute_head(dispute: Dispute) -> str:
    """Describe the reason of a dispute, and its end, in one line."""
    what = COMPLAINTS[dispute.reason.value]
    if dispute.refund_amount is None:
        held = money(dispute.held_amount, dispute.currency)
        judge = "the bank" if dispute.kind is DisputeKind.CHARGEBACK else "the market"
        return f"! {what}: {held} stays held until {judge} has decided"
    back = money(dispute.refund_amount, dispute.currency)
    why = f" ({safe_text(dispute.resolution)})" if dispute.resolution else ""
    return f"✓ {what}: {back} went back to the buyer{why}"


def sent(file: Evidence) -> str:
    """Describe a file that was sent; the shell prints where it lies."""
    return f"[{file.file_name}] {file.content_type}, {file.size_bytes:,} bytes"


def statements(
    view: DisputeView, user_id: str, zone: tzinfo | None, now: datetime
) -> Sequence[tuple[str, str, str]]:
    """Return time, author and text of each statement, the oldest first; the first is the
    complaint.
    """
    dispute = view.dispute
    side = "buyer" if dispute.buyer_id == user_id else "seller"
    answers = [(each.author, each.text, each.created_at) for each in view.messages]
    files = [(each.author, sent(each), each.created_at) for each in view.evidence]
    said = [
        ("buyer", dispute.text, dispute.created_at),
        *sorted([*answers, *files], key=lambda each: each[2]),
    ]
    return [
        (
            local_time(at, zone, now),
            "you" if author == side else f"the {author}",
            prose(text),
        )
        for author, text, at in said
    ]


# The wallet -----------------------------------------------------------------------------------


def in_account(
    amount: int, account: WalletAccount, currency: str, width: int, *, signed: bool = False
) -> str:
    """Return an amount of one of the two accounts; gas is counted in whole units."""
    sign = "+" if signed and amount > 0 else ""
    if account is WalletAccount.GAS:
        return f"{sign}{amount:,} gas"
    return sign + money(amount, currency, width - 1)


def entry(row: WalletEntry) -> str:
    """Describe why money moved."""
    if row.type is EntryType.GAS:
        return "Gas spent" if row.amount < 0 else "Gas given back"
    if row.type is EntryType.TOPUP and row.account is WalletAccount.GAS:
        return "Gas bought or given"
    return _ENTRIES[row.type]


def what_stays(wallet: Wallet, zone: tzinfo | None, now: datetime) -> str | None:
    """Say how much of a balance can be withdrawn, and when more can; None for all of it."""
    free = wallet.withdrawable_amount
    if free is None or free >= wallet.balance:
        return None
    text = f"{money(free, wallet.currency)} can be withdrawn"
    if wallet.payouts_stopped:
        return f"{text}: a bank has taken a payment back"
    if wallet.held:
        return f"{text}, more from {local_time(wallet.held[0].free_at, zone, now)} on"
    return text


def payment_lines(order: Order, wallet: Wallet) -> Lines:
    """Return the lines of the confirmation before an order is paid from the wallet."""
    total, currency = order.total_amount, order.currency
    lines = [
        ("You pay", money(total, currency)),
        ("In the wallet", money(wallet.balance, currency)),
    ]
    if wallet.balance < total:
        return [*lines, ("Missing", money(total - wallet.balance, currency))]
    return [*lines, ("Left after that", money(wallet.balance - total, currency))]


# Refusals -------------------------------------------------------------------------------------


def refusal(error: InstaSellError, currency: str) -> TonedText:
    """Describe why a step was refused, and what would help."""
    if isinstance(error, InsufficientFunds):
        missing = money(error.missing, currency)
        text = f"Not paid: {missing} is missing in the wallet. W opens it, u tops it up"
    elif isinstance(error, OrderNotReady):
        text = f"Refused: {safe_text(str(error))}. What is shown is up to date now"
    elif isinstance(error, PaymentFailed):
        text = f"The payment failed: {safe_text(str(error))}. Nothing was taken"
    else:
        return formats.refusal(error)
    return text, Tone.BAD
