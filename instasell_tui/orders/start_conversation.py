"""Beginning a conversation: a question to a seller, or words about an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from instasell_client import InstaSellError
from instasell_client.models.orders import Order
from instasell_tui.orders import text as orders_text
from instasell_tui.orders.actions import ask_form
from instasell_tui.widgets.form_screen import Form, FormField, Values
from instasell_tui.widgets.formats import safe_text
from instasell_tui.widgets.tone import Tone, TonedText

if TYPE_CHECKING:
    from instasell_tui.orders.host import OrdersApp

_TEXT = FormField("text", "Message", max_length=2000)


async def ask_seller(app: OrdersApp, listing_id: str, title: str) -> TonedText:
    """Send a question about a listing. Call it from a worker: it waits for answers."""
    form = Form("Ask the seller", safe_text(title), (_TEXT,), "Send")

    async def send(values: Values) -> TonedText:
        await app.inbox.ask(listing_id, values["text"])
        return "Sent: the answer comes under Messages (M)", Tone.GOOD

    return await ask_form(app, form, {}, app.feed.currency, send)


async def start_order_conversation(app: OrdersApp, order: Order) -> TonedText:
    """Show what was said about an order, or send the first words. Call it from a worker."""
    try:
        conversation = await app.inbox.of_order(order.id)
    except InstaSellError as error:
        return orders_text.refusal(error, order.currency)
    if conversation is not None:
        app.open_conversation(conversation.id)
        return "", Tone.PLAIN
    form = Form("Write to the other side", safe_text(order.title), (_TEXT,), "Send")

    async def send(values: Values) -> TonedText:
        await app.inbox.write(order.id, values["text"])
        return "Sent: the answer comes under Messages (M)", Tone.GOOD

    return await ask_form(app, form, {}, order.currency, send)
