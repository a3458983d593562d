"""List the facts of an order, as names and values: its amounts, and the delivery address."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.widgets import Static

from instasell_client.models.orders import Order
from instasell_tui.orders import text as orders_text


class OrderFacts(Container):
    """Two boxes, beside or above each other as the styles have it."""

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="amounts", can_focus=False):
            yield Static(id="amount-lines")
        with VerticalScroll(id="delivery", can_focus=False):
            yield Static(id="delivery-lines")

    def on_mount(self) -> None:
        self.query_one("#amounts").border_title = "Amounts"
        self.query_one("#delivery").border_title = "Delivery"

    def show(self, order: Order, user_id: str) -> None:
        """Show an order as this person sees it."""
        amounts = _table(orders_text.amounts(order), right=True)
        self.query_one("#amount-lines", Static).update(amounts)
        delivery = _table(orders_text.delivery(order, user_id), right=False)
        self.query_one("#delivery-lines", Static).update(delivery)

    def clear(self) -> None:
        """Show nothing."""
        for name in ("#amount-lines", "#delivery-lines"):
            self.query_one(name, Static).update(Text(""))


def _table(lines: Sequence[tuple[str, str]], *, right: bool) -> Table:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(justify="right" if right else "left", ratio=1, overflow="fold")
    for name, value in lines:
        table.add_row(Text(name, style="dim"), Text(value))
    return table
