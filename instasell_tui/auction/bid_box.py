"""Show the fields for a bid: the amount, the automatic maximum, and the result of the last bid."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Button, Input, Label, Static

from instasell_client.models.money import format_amount, parse_amount
from instasell_tui.widgets.formats import money
from instasell_tui.widgets.tone import Tone

AMOUNT_CHARS_MAX = 24


@dataclass(frozen=True, slots=True)
class BidInput:
    """Hold the amounts as typed, in minor units; at least one of the two is there."""

    amount: int | None
    max_amount: int | None


class BidBox(Vertical):
    """Ask for a bid; the amount follows the minimum until the user types another."""

    class Wanted(Message):
        """Report that the user wants to bid the amounts in the box."""

        def __init__(self, bid_input: BidInput) -> None:
            super().__init__()
            self.bid_input = bid_input

    class BuyNowWanted(Message):
        """Report that the user wants to buy at once."""

    def __init__(self) -> None:
        super().__init__()
        self._filled = ""
        self._minimum: int | None = None
        self._currency = "USD"
        self._shipping = 0
        self._told = ""

    def compose(self) -> ComposeResult:
        with Horizontal(id="fields"):
            yield Label("Bid", classes="field-name")
            yield Input(id="amount", compact=True, max_length=AMOUNT_CHARS_MAX)
            yield Label("Maximum", classes="field-name")
            yield Input(
                id="maximum", compact=True, placeholder="automatic", max_length=AMOUNT_CHARS_MAX
            )
            yield Button("Bid", id="bid", compact=True)
            yield Button("Buy now", id="buy-now", compact=True)
        yield Static(id="outcome")

    # Showing ----------------------------------------------------------------------------------

    def follow(
        self, minimum: int | None, buy_now: int | None, currency: str, shipping: int
    ) -> None:
        """Follow the auction: a field that the user has not touched takes the new minimum."""
        self._currency, self._shipping = currency, shipping
        button = self.query_one("#buy-now", Button)
        button.display = buy_now is not None
        if buy_now is not None:
            button.label = Text(f"Buy now {money(buy_now, currency)}")
        field = self.query_one("#amount", Input)
        untouched = field.value == self._filled or (not field.value and not field.has_focus)
        self._minimum = minimum
        if untouched:
            self._fill()
        self._hint()

    def refill(self, minimum: int | None) -> None:
        """Put a new minimum in, whatever was typed before."""
        self._minimum = minimum
        self._fill()

    def _fill(self) -> None:
        amount = self._minimum
        self._filled = "" if amount is None else format_amount(amount, self._currency)
        field = self.query_one("#amount", Input)
        if field.value != self._filled:
            field.value = self._filled

    def set_open(self, *, on: bool) -> None:
        """Enable or disable the fields: `on` says that a bid can be sent at this moment."""
        for each in self.query("Input, Button"):
            each.disabled = not on

    def tell(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """Say what came of a bid; with nothing to say, what the fields come to with shipping."""
        self._told = text
        outcome = self.query_one("#outcome", Static)
        outcome.update(Text(text))
        for each in Tone:
            outcome.set_class(each is tone, f"-{each.value}")
        self._hint()

    @on(Input.Changed)
    def _hint(self) -> None:
        if not self._told:
            self.query_one("#outcome", Static).update(Text(self._total()))

    def _total(self) -> str:
        """Return the most that would be paid, as soon as shipping makes it another amount."""
        maximum, amount = self._amount_in("maximum"), self._amount_in("amount")
        most = maximum if isinstance(maximum, int) else amount
        if not self._shipping or not isinstance(most, int):
            return ""
        total = money(most + self._shipping, self._currency)
        upto = "at most " if isinstance(maximum, int) else ""
        return f"{upto}{total} with {money(self._shipping, self._currency)} for shipping"

    def clear_maximum(self) -> None:
        """Clear the maximum, which the server has taken; the field is free for another."""
        self.query_one("#maximum", Input).value = ""

    # Typing -----------------------------------------------------------------------------------

    def read(self) -> BidInput | None:
        """Return the amounts in the fields; None, with a message, when they cannot be read."""
        amount = self._amount_in("amount")
        maximum = self._amount_in("maximum")
        if isinstance(amount, str) or isinstance(maximum, str):
            self.tell(amount if isinstance(amount, str) else str(maximum), Tone.BAD)
            return None
        if amount is None and maximum is None:
            self.tell("Type what you bid", Tone.BAD)
            return None
        if maximum is not None and self.query_one("#amount", Input).value == self._filled:
            # The user did not type the minimum in the field: the maximum is what is meant, and
            # the server bids no more than it has to.
            amount = None
        if amount is not None and maximum is not None and amount > maximum:
            self.tell("Your bid is above your maximum; raise the maximum", Tone.BAD)
            return None
        return BidInput(amount, maximum)

    def _amount_in(self, field: str) -> int | str | None:
        text = self.query_one(f"#{field}", Input).value.strip()
        if not text:
            return None
        try:
            amount = parse_amount(text, self._currency)
        except ValueError as error:
            return str(error)
        return amount or "A bid is more than zero"

    @on(Input.Submitted)
    @on(Button.Pressed, "#bid")
    def _bid(self, event: Message) -> None:
        event.stop()
        bid_input = self.read()
        if bid_input is not None:
            self.post_message(self.Wanted(bid_input))

    @on(Button.Pressed, "#buy-now")
    def _buy(self, event: Message) -> None:
        event.stop()
        self.post_message(self.BuyNowWanted())
