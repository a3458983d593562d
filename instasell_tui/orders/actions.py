"""The steps of an order: each is asked for what it needs, confirmed with its amount, and sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from instasell_client import InstaSellError, Invalid
from instasell_client.models.disputes import DisputeReason
from instasell_client.models.money import format_amount, parse_amount
from instasell_client.models.orders import Order, PaymentMethod
from instasell_tui.orders import evidence
from instasell_tui.orders import text as orders_text
from instasell_tui.orders.checkout_screen import CheckoutScreen
from instasell_tui.orders.rules import OrderStep
from instasell_tui.orders.text import Lines
from instasell_tui.widgets.confirm_screen import ConfirmScreen, Question
from instasell_tui.widgets.form_screen import GENERAL, Form, FormField, FormScreen, Values
from instasell_tui.widgets.formats import money, safe_text
from instasell_tui.widgets.path_suggester import PathSuggester
from instasell_tui.widgets.tone import Tone, TonedText

if TYPE_CHECKING:
    from instasell_tui.market.host import MarketApp
    from instasell_tui.orders.host import OrdersApp

FILES_ELSEWHERE: TonedText = (
    "In a browser a path would name a file of the host: use a terminal of your own",
    Tone.BAD,
)
NOTHING_SENT: TonedText = ("Nothing was sent", Tone.PLAIN)

_ADDRESS = (
    FormField("name", "Name"),
    FormField("line1", "Street"),
    FormField("line2", "", required=False),
    FormField("postal_code", "Post code", max_length=20),
    FormField("city", "City"),
    FormField("region", "Region", required=False),
    FormField("country", "Country", max_length=2, placeholder="two letters, as DE"),
)
_REASON = FormField("reason", "Reason", required=False, max_length=500)
_STATEMENT = FormField("text", "What happened", max_length=2000)
FILE = FormField(
    "path",
    "File",
    max_length=4096,
    placeholder="a path; → takes what is suggested",
    suggester=PathSuggester(),
)
_COMPLAINT = (
    FormField("reason", "Reason", options=orders_text.COMPLAINTS),
    _STATEMENT,
)


class OrderActions:
    """Does the steps of orders for a screen. Call `run` from a worker: it waits for answers.

    `tell` says how far a step has come that takes its time.
    """

    def __init__(self, app: OrdersApp, tell: Callable[[str, Tone], None]) -> None:
        self._app = app
        self._tell = tell
        self._orders = app.orders

    async def run(self, step: OrderStep, order: Order) -> TonedText:
        """Do one step; what came of it, in a sentence."""
        do: Mapping[OrderStep, Callable[[Order], Awaitable[TonedText]]] = {
            OrderStep.PAY_WALLET: self._pay_from_wallet,
            OrderStep.PAY_CARD: self._pay_by_card,
            OrderStep.ADDRESS: self._set_address,
            OrderStep.SHIP: self._ship,
            OrderStep.CONFIRM: self._confirm_delivery,
            OrderStep.CANCEL: self._cancel,
            OrderStep.REFUND: self._refund,
            OrderStep.DISPUTE: self._dispute,
            OrderStep.ANSWER: self._answer,
            OrderStep.ATTACH: self._attach,
        }
        try:
            return await do[step](order)
        except InstaSellError as error:
            return orders_text.refusal(error, order.currency)

    async def _confirmed(self, head: str, order: Order, lines: Lines, verb: str) -> bool:
        question = Question(head, safe_text(order.title), lines, verb)
        return await self._app.push_screen_wait(
            ConfirmScreen(question, self._app.armed_after_seconds)
        )

    # The buyer --------------------------------------------------------------------------------

    async def _pay_from_wallet(self, order: Order) -> TonedText:
        wallet = await self._orders.look_at_wallet()
        lines = orders_text.payment_lines(order, wallet)
        if not await self._confirmed("Pay this from your wallet?", order, lines, "Pay"):
            return NOTHING_SENT
        await self._orders.pay_from_wallet(order.id)
        return f"Paid {money(order.total_amount, order.currency)} from the wallet", Tone.GOOD

    async def _pay_by_card(self, order: Order) -> TonedText:
        total = money(order.total_amount, order.currency)
        lines = [("You pay by card", f"{total} {order.currency}")]
        if not await self._confirmed("Pay this by card?", order, lines, "Pay"):
            return NOTHING_SENT
        view = await self._orders.pay_by_card(order.id)
        if view.checkout_url is None:
            return "Paid already", Tone.GOOD
        paid = partial(self._orders.is_paid, order.id)
        page = CheckoutScreen(f"Pay for {safe_text(order.title)}", lines, view.checkout_url, paid)
        if await self._app.push_screen_wait(page):
            return f"Paid {total} by card", Tone.GOOD
        return "Not paid yet: c shows the page again", Tone.PLAIN

    async def _set_address(self, order: Order) -> TonedText:
        form = Form(
            "Where should the item be sent?", safe_text(order.title), _ADDRESS, "Save", _country
        )
        known = order.address.model_dump() if order.address else {}

        async def send(values: Values) -> TonedText:
            values = {**values, "country": values["country"].upper()}
            await self._orders.set_address(order.id, values)
            return "The address is kept", Tone.GOOD

        return await self._filled(form, known, order.currency, send)

    async def _confirm_delivery(self, order: Order) -> TonedText:
        lines = [("The seller gets", money(order.held_amount, order.currency))]
        if not await self._confirmed("Has the item arrived?", order, lines, "It has arrived"):
            return NOTHING_SENT
        await self._orders.confirm_delivery(order.id)
        return "Confirmed: the seller has the money", Tone.GOOD

    async def _dispute(self, order: Order) -> TonedText:
        form = Form("What is wrong?", safe_text(order.title), _COMPLAINT, "Open a dispute")

        async def send(values: Values) -> TonedText:
            await self._orders.dispute(order.id, DisputeReason(values["reason"]), values["text"])
            held = money(order.held_amount, order.currency)
            return f"Opened: {held} stays held until the market has decided", Tone.GOOD

        return await self._filled(form, {}, order.currency, send)

    # The seller -------------------------------------------------------------------------------

    async def _ship(self, order: Order) -> TonedText:
        entries = (
            FormField("carrier", "Carrier", max_length=60),
            FormField("tracking", "Tracking number"),
        )
        form = Form("Ship this order", safe_text(order.title), entries, "Shipped")

        async def send(values: Values) -> TonedText:
            await self._orders.ship(order.id, values["carrier"], values["tracking"])
            return "Shipped: the buyer is to confirm when it has come", Tone.GOOD

        return await self._filled(form, {}, order.currency, send)

    async def _refund(self, order: Order) -> TonedText:
        held, currency = order.held_amount, order.currency
        by_card = order.payment_method is PaymentMethod.CARD
        to = FormField("to", "To", options={"original": "the card", "wallet": "the buyer's wallet"})
        entries = (
            FormField("amount", f"Amount, {currency}", max_length=24),
            *([to] if by_card else []),
            _REASON,
        )
        most = money(held, currency)
        form = Form(
            f"Refund up to {most}", safe_text(order.title), entries, "Go on", _amount(order)
        )

        async def send(values: Values) -> TonedText:
            amount = parse_amount(values["amount"], currency)
            to_wallet = values.get("to", "wallet") == "wallet"
            lines = [
                ("Goes back", money(amount, currency)),
                ("To", "the buyer's wallet" if to_wallet else "the buyer's card"),
                ("Stays held", money(held - amount, currency)),
            ]
            head = "Refund all? It cancels the order" if amount == held else "Refund this much?"
            if not await self._confirmed(head, order, lines, "Refund"):
                return NOTHING_SENT
            await self._orders.refund(
                order.id, amount, to_wallet=to_wallet, reason=values["reason"] or None
            )
            return f"Refunded {money(amount, currency)}", Tone.GOOD

        return await self._filled(form, {"amount": format_amount(held, currency)}, currency, send)

    # Both -------------------------------------------------------------------------------------

    async def _cancel(self, order: Order) -> TonedText:
        form = Form("Cancel this order?", safe_text(order.title), (_REASON,), "Go on")

        async def send(values: Values) -> TonedText:
            lines = [("Goes back to the buyer", money(order.held_amount, order.currency))]
            if not await self._confirmed("Cancel this order?", order, lines, "Cancel the order"):
                return NOTHING_SENT
            await self._orders.cancel(order.id, values["reason"] or None)
            return "The order is cancelled", Tone.GOOD

        return await self._filled(form, {}, order.currency, send)

    async def _answer(self, order: Order) -> TonedText:
        view = await self._orders.dispute_of(order.id)
        if view is None:
            return "There is no dispute", Tone.PLAIN
        form = Form("Say something in the dispute", safe_text(order.title), (_STATEMENT,), "Send")

        async def send(values: Values) -> TonedText:
            await self._orders.answer(view.dispute.id, values["text"])
            return "Said; the other side and the market's admins read it", Tone.GOOD

        return await self._filled(form, {}, order.currency, send)

    async def _attach(self, order: Order) -> TonedText:
        if self._app.is_web:
            return FILES_ELSEWHERE
        view = await self._orders.dispute_of(order.id)
        if view is None:
            return "There is no dispute", Tone.PLAIN
        form = Form(
            "Send a file to both sides and the admins",
            "A picture, a PDF or a text in UTF-8; nobody takes it back",
            (FILE,),
            "Send",
            _sendable,
        )

        async def send(values: Values) -> TonedText:
            self._tell("Reading the file …", Tone.PLAIN)
            try:
                file = await asyncio.to_thread(evidence.read, values["path"])
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                raise Invalid.one("path", reason) from error
            sent = await self._orders.attach(
                view.dispute.id, file, lambda text: self._tell(text, Tone.PLAIN)
            )
            return f"Sent {orders_text.sent(sent)}", Tone.GOOD

        return await self._filled(form, {}, order.currency, send)

    async def _filled(
        self,
        form: Form,
        values: Values,
        currency: str,
        send: Callable[[Values], Awaitable[TonedText]],
    ) -> TonedText:
        """Ask until it is sent or given up; a refusal brings back what was typed."""
        return await ask_form(self._app, form, values, currency, send)


async def ask_form(
    app: MarketApp,
    form: Form,
    values: Values,
    currency: str,
    send: Callable[[Values], Awaitable[TonedText]],
) -> TonedText:
    """Show a form and send it. After a refusal it comes back with what was typed."""
    errors: Values = {}
    while True:
        typed = await app.push_screen_wait(FormScreen(form, values, errors))
        if typed is None:
            return NOTHING_SENT
        try:
            return await send(typed)
        except InstaSellError as error:
            values, errors = typed, _errors(form, error, currency)


def _errors(form: Form, error: InstaSellError, currency: str) -> Values:
    """Return the error at each field; those that belong to no field are shown under the form."""
    names = {entry.name for entry in form.entries}
    if isinstance(error, Invalid) and error.errors:
        found: dict[str, str] = {}
        for each in error.errors:
            name = each.field.rpartition(".")[2]
            found[name if name in names else GENERAL] = safe_text(each.message)
        return found
    return {GENERAL: orders_text.refusal(error, currency)[0]}


def _amount(order: Order) -> Callable[[Values], Values]:
    def check(values: Values) -> Values:
        try:
            amount = parse_amount(values["amount"], order.currency)
        except ValueError as error:
            return {"amount": str(error)}
        if not 0 < amount <= order.held_amount:
            return {
                "amount": f"More than 0, and at most {money(order.held_amount, order.currency)}"
            }
        return {}

    return check


def _sendable(values: Values) -> Values:
    why = evidence.problem(values["path"]) if values["path"] else None
    return {"path": why} if why else {}


def _country(values: Values) -> Values:
    country = values["country"]
    if len(country) == 2 and country.isascii() and country.isalpha():
        return {}
    return {"country": "Two letters, as DE or US"}
