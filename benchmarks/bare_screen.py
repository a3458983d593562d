"""The yardsticks of the screen: bare applications of Textual, each a process of its own.

`python -m benchmarks.bare_screen URL` shows the board of URL in Textual's own DataTable: each
change sets the cells that it changes, and nothing else happens. No models, no countdowns, no
flashes. `python -m benchmarks.bare_screen` shows a line of text.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Static
from websockets.asyncio.client import connect

FIRST_LINE = "Here it is"
_COLUMNS = {"Auction": 60, "Price": 16, "Bids": 6, "Leader": 14, "Ends": 9}


class BareText(App[None]):
    """A line of text."""

    def compose(self) -> ComposeResult:
        yield Static(FIRST_LINE)


class BareTable(App[None]):
    """The board of a market as a table."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def compose(self) -> ComposeResult:
        yield DataTable[str](cursor_type="row")

    def on_mount(self) -> None:
        table = self._table
        for name, width in _COLUMNS.items():
            table.add_column(name, key=name, width=width)
        self.run_worker(self._watch())

    @property
    def _table(self) -> DataTable[str]:
        return self.query_one(DataTable[str])

    async def _watch(self) -> None:
        async with connect(self._url, compression=None, max_size=None) as socket:
            await socket.send(json.dumps({"event": "join_auction", "id": 1, "data": {}}))
            async for text in socket:
                frame = json.loads(text)
                if frame["event"] == "ack":
                    self._fill(frame["data"]["auctions"])
                else:
                    self._change(frame["data"])

    def _fill(self, states: list[dict[str, Any]]) -> None:
        for state in states:
            shown = (state["title"], _price(state), str(state["bid_count"]), _leader(state))
            self._table.add_row(*shown, state["end_at"][11:19], key=state["auction_id"])

    def _change(self, change: dict[str, Any]) -> None:
        table, key = self._table, change["auction_id"]
        table.update_cell(key, "Price", _price(change))
        table.update_cell(key, "Bids", str(change["bid_count"]))
        table.update_cell(key, "Leader", _leader(change))
        table.update_cell(key, "Ends", change["end_at"][11:19])


def _price(state: dict[str, Any]) -> str:
    amount = state["current_bid"]
    return "–" if amount is None else f"{amount / 100:,.2f}"


def _leader(state: dict[str, Any]) -> str:
    return state["leader"] or "–"


if __name__ == "__main__":
    (BareTable(sys.argv[1]) if len(sys.argv) > 1 else BareText()).run()
