"""Print the events of auctions, as text for people or as frames for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from instasell_cli.output.amounts import shown_amount
from instasell_cli.output.writer import OutputWriter

if TYPE_CHECKING:
    from datetime import datetime

    from instasell_client.live import AuctionChange, AuctionEvent, ConnectionState
    from instasell_client.models.auctions import AuctionState, Bid


class EventPrinter:
    """Prints events, as text for people or as the frames of the wire, one a line."""

    def __init__(self, output: OutputWriter, *, as_json_lines: bool) -> None:
        self._output = output
        self._as_json_lines = as_json_lines
        self._titles: dict[str, str] = {}
        self._was_live = False

    def connection(self, state: ConnectionState) -> None:
        """Tell on stderr when the connection is lost, and when it is back."""
        if self._was_live and state.value in ("reconnecting", "live"):
            self._output.note(f"connection: {state.value}")
        self._was_live = self._was_live or state.value == "live"

    def event(self, event: AuctionEvent) -> None:
        """Print one event."""
        if self._as_json_lines:
            frame = {"event": event.event, "data": event.data.model_dump(mode="json")}
            self._output.event(frame)
            return
        auction_id = event.data.auction_id
        if event.event == "joined":
            self._titles[auction_id] = event.data.state.title
        title = self._titles.get(auction_id, auction_id)
        for at, text in _lines_of(event):
            self._output.text(f"{at.astimezone():%H:%M:%S}  {title}: {text}")


def _lines_of(event: AuctionEvent) -> Iterator[tuple[datetime, str]]:
    data = event.data
    if event.event == "joined":
        if not event.resumed:
            yield data.server_time, _standing(event.data.state)
        elif event.data.truncated:
            yield data.server_time, "more bids were missed than are listed here"
        for bid in event.data.missed:
            yield bid.created_at, _bid_text(bid)
        if event.resumed:
            yield data.server_time, _standing(event.data.state)
        return
    if event.event == "bid_placed":
        for bid in event.data.bids:
            yield bid.created_at, _bid_text(bid)
        if not event.data.bids:
            yield data.server_time, _price_text(event.data.current_bid, event.data.leader)
        if event.data.auction_extended:
            yield data.server_time, f"extended, it ends {event.data.end_at.astimezone():%H:%M:%S}"
        return
    for bid in event.data.bids:
        yield bid.created_at, _bid_text(bid)
    yield data.server_time, _change_text(event)


def _standing(state: AuctionState) -> str:
    if state.status in ("ended", "cancelled"):
        return _outcome(state.status.value, state.winner, state.current_bid, state.bid_count)
    bids = f"{_price_text(state.current_bid, state.leader)} ({state.bid_count} bids)"
    shown = bids if state.bid_count else "no bids"
    return (
        f"{state.status.value}, {shown}, minimum {shown_amount(state.minimum_bid)},"
        f" ends {state.end_at.astimezone():%Y-%m-%d %H:%M:%S}"
    )


def _bid_text(bid: Bid) -> str:
    if bid.kind == "raise":
        return f"{bid.bidder} raises their maximum"
    verb = "buys now for" if bid.kind == "buy_now" else "bids"
    return f"{bid.bidder} {verb} {shown_amount(bid.amount)}, {_price_text(bid.price, bid.leader)}"


def _price_text(price: int | None, leader: str | None) -> str:
    if price is None or leader is None:
        return "nobody leads"
    return f"{leader} leads at {shown_amount(price)}"


def _change_text(event: AuctionChange) -> str:
    change = event.data
    if event.event == "auction_ended":
        return _outcome("ended", change.winner, change.price, change.seq)
    if event.event == "auction_cancelled":
        return f"cancelled{f': {change.reason}' if change.reason else ''}"
    return event.event.removeprefix("auction_")


def _outcome(status: str, winner: str | None, price: int | None, bids: int) -> str:
    if status != "ended":
        return status
    if winner is None or price is None:
        from instasell_client.models.auctions import BELOW_RESERVE

        return BELOW_RESERVE if bids else "Ended without a bid"
    return f"ended, {winner} won at {shown_amount(price)}"
