"""Complete the orders of the demo: winners pay, items are shipped, the seller gets the money.

Three orders, three ends: one is delivered, one is disputed and decided by the admin, and one is
cancelled and refunded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from instasell_cli.exit_codes import CliError
from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.writer import OutputWriter
from instasell_client import AsyncInstaSell
from instasell_client.models.orders import Order, OrderStatus

WAIT_SECONDS = 15.0
LOOK_SECONDS = 0.1


@dataclass
class Settled:
    """Count the results of the orders; amounts in minor units."""

    released: int = 0
    refunded: int = 0
    earned: int = 0
    decided: int = 0


async def settle(
    seller: AsyncInstaSell,
    people: Sequence[AsyncInstaSell],
    admin: AsyncInstaSell,
    say: OutputWriter,
) -> Settled:
    """Take every auction that was won to its end. Raises CliError when an order hangs."""
    settled = Settled()
    before = (await seller.wallet.get()).balance
    won = [(client, order) for client in people async for order in client.orders.list(role="buyer")]
    for number, (buyer, order) in enumerate(won):
        if number == len(won) - 1:
            await _pay_by_card(buyer, order, say)
            await _cancel(seller, order, say)
            settled.refunded += order.total_amount
            continue
        if number % 2:
            await _pay_from_wallet(buyer, order, say)
            await _ship(seller, order, say)
            refund = await _dispute(seller, buyer, admin, order, say)
            settled.decided += 1
            settled.released += order.total_amount - refund
            continue
        await _pay_by_card(buyer, order, say)
        await _ship(seller, order, say)
        await _confirm(buyer, order, say)
        settled.released += order.total_amount
    settled.earned = (await seller.wallet.get()).balance - before
    say.text(f"Sally's balance has grown by {shown_amount(settled.earned)}.")
    return settled


async def _pay_by_card(buyer: AsyncInstaSell, order: Order, say: OutputWriter) -> None:
    paying = await buyer.orders.pay(order.id, "card")
    say.text(f"{order.buyer_name} pays {shown_amount(order.total_amount)} on the provider's page.")
    await _click(paying.checkout_url)

    async def is_paid() -> bool:
        return (await buyer.orders.get(order.id)).order.status is not OrderStatus.PENDING

    await _until(is_paid)


async def _pay_from_wallet(buyer: AsyncInstaSell, order: Order, say: OutputWriter) -> None:
    amount = order.total_amount
    topped = await buyer.wallet.top_up(amount)
    await _click(topped.checkout_url)

    async def has_come() -> bool:
        return (await buyer.wallet.get()).balance >= amount

    await _until(has_come)
    await buyer.orders.pay(order.id, "wallet")
    say.text(f"{order.buyer_name} tops the wallet up and pays {shown_amount(amount)} from it.")


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for the webhook of the provider, by whose word alone anything is paid."""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                if await holds():
                    return
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        raise CliError("the provider's word did not come") from None


async def _ship(seller: AsyncInstaSell, order: Order, say: OutputWriter) -> None:
    await seller.orders.ship(order.id, carrier="Paper Kite Post", tracking=order.id[:8].upper())
    say.text(f"Sally ships {order.title}.")


async def _confirm(buyer: AsyncInstaSell, order: Order, say: OutputWriter) -> None:
    done = await buyer.orders.confirm_delivery(order.id)
    say.text(
        f"{order.buyer_name} confirms that it has come, and {shown_amount(order.total_amount)}"
        f" is released: {done.order.status.value}."
    )


async def _dispute(
    seller: AsyncInstaSell,
    buyer: AsyncInstaSell,
    admin: AsyncInstaSell,
    order: Order,
    say: OutputWriter,
) -> int:
    """Open, answer and decide a dispute; return the refund to the buyer, in minor units."""
    opened = await buyer.disputes.open(order.id, "not_as_described", "One of its legs is loose.")
    await seller.disputes.reply(opened.dispute.id, "It was tight when it left.")
    [waiting] = [each async for each in admin.admin.disputes(status="open")]
    refund = waiting.held_amount // 4
    await admin.admin.resolve_dispute(waiting.id, refund, "a quarter of it, for the repair")
    say.text(
        f"{order.buyer_name} opens a dispute, Sally answers, and the admin decides:"
        f" {shown_amount(refund)} to {order.buyer_name},"
        f" {shown_amount(waiting.held_amount - refund)} to Sally."
    )
    return refund


async def _cancel(seller: AsyncInstaSell, order: Order, say: OutputWriter) -> None:
    await seller.orders.cancel(order.id, "it broke while it was packed")
    say.text(
        f"{order.title} broke while it was packed: Sally cancels the order, and"
        f" {shown_amount(order.total_amount)} goes back to the card."
    )


async def _click(checkout_url: str | None) -> None:
    """Press the button on the provider's page, as a buyer does."""
    import httpx

    if checkout_url is None:
        raise CliError("the payment provider opened no page")
    async with httpx.AsyncClient(timeout=WAIT_SECONDS) as browser:
        headers = {"Accept": "application/json"}
        answer = await browser.post(checkout_url, data={"action": "pay"}, headers=headers)
        answer.raise_for_status()
