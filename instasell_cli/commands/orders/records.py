"""An order as one record: what it is, what has happened to it, and what is due next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.schemas import ORDER_VIEW, record_of
from instasell_cli.output.times import local_text
from instasell_cli.output.writer import clean

if TYPE_CHECKING:
    from datetime import datetime

    from instasell_cli.output.writer import OutputWriter
    from instasell_client.models.orders import Address, Order, OrderEvent, OrderView


def print_order(output: OutputWriter, view: OrderView) -> None:
    """Print an order with its history."""
    for_people = output.for_people
    output.one(ORDER_VIEW, order_record(view, for_people=for_people), view.order.currency)


def order_record(view: OrderView, *, for_people: bool) -> Mapping[str, object]:
    """Return an order with its history as one flat record; `for_people` has lines of text in it."""
    order = view.order
    record = {
        **record_of(order),
        "due": due_text(order),
        "checkout_url": view.checkout_url,
        "events": [record_of(event) for event in view.events],
    }
    if for_people:
        record["events"] = "\n".join(map(_event_line, view.events))
        record["address"] = "\n".join(_address_lines(order.address)) if order.address else None
    return record


def due_text(order: Order) -> str | None:
    """Describe the next step, its party and its command; return None for an order that is
    finished.
    """
    status = order.status.value
    if status == "pending":
        money = f"{shown_amount(order.total_amount, order.currency)} {order.currency}"
        until = _local(order.payment_due_at)
        return f"the buyer pays {money} by {until}: instasell orders pay {order.id}"
    if status == "processing":
        return f"the seller ships it: instasell orders ship {order.id}"
    if status == "shipped":
        confirms = f"the buyer confirms that it has come: instasell orders confirm {order.id}"
        if order.escrow_release_at is None:
            return confirms
        return (
            f"{confirms}; unheard, the seller gets the money on {_local(order.escrow_release_at)}"
        )
    if status == "disputed":
        return f"an admin decides the dispute: instasell disputes list --order {order.id}"
    return None


def _local(instant: datetime) -> str:
    return local_text(instant.isoformat())


def _event_line(event: OrderEvent) -> str:
    # Reasons are other people's: a line break in one would pass for an event of its own.
    return (
        f"{_local(event.created_at)}  {event.to_status.value}: {clean(event.reason)}"
        f" ({event.actor})"
    )


def _address_lines(address: Address) -> Iterator[str]:
    town = f"{address.postal_code} {address.city}"
    parts = (address.name, address.line1, address.line2, town, address.region, address.country)
    return (clean(part) for part in parts if part)
