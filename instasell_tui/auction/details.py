"""Write what an auction is about as a page to read. Pure: no widgets, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from instasell_client.models.auctions import AuctionView
from instasell_tui.widgets.formats import count, local_time, money, prose, safe_text

DESCRIPTION_MAX = 20_000


def description(view: AuctionView) -> str:
    """Return what the seller wrote."""
    return prose(view.description[:DESCRIPTION_MAX]) or "The seller wrote no description."


def page_of(view: AuctionView, currency: str, now: datetime, zone: tzinfo | None) -> RenderableType:
    """Return the description with the facts under it."""
    state, seller = view.state, view.seller
    record = "" if seller is None else f", {count(seller.sales_completed, 'sale')}"
    reserve = "none" if not state.has_reserve else "met" if state.reserve_met else "not met"
    late = f"a bid in the last {state.extension_window_seconds} s adds {state.extension_seconds} s"
    facts = [
        ("Category", safe_text(view.category_path)),
        ("Condition", safe_text(view.condition)),
        ("Seller", safe_text(view.seller_name) + record),
        ("Began", local_time(state.start_at, zone, now)),
        ("Ends", f"{local_time(state.end_at, zone, now)}; {late}"),
        ("Bidding from", money(state.min_bid, currency)),
        ("Buy now", money(state.buy_now, currency)),
        ("Reserve", reserve),
        ("Shipping", money(state.shipping_amount, currency)),
        ("Auction", state.auction_id),
    ]
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(Text(name), Text(value))
    return Group(Text(description(view)), Text(), table)


def row(texts: Sequence[str]) -> Table:
    """Return texts in columns of equal width, so that rows of the same number are aligned."""
    table = Table.grid(padding=(0, 1), expand=True)
    for _ in texts:
        table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_row(*(Text(text, no_wrap=True, overflow="ellipsis") for text in texts))
    return table
