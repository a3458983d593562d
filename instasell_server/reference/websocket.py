"""The part of `docs/api.md` about the frames of the WebSocket, made from their models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from instasell_client.models.auctions import BidReceipt
from instasell_client.models.live import (
    AuctionChanged,
    Authenticate,
    BidPlaced,
    ClientEvent,
    JoinAuction,
    JoinedAuction,
    JoinedBoard,
    LeaveAuction,
    LiveBid,
    ServerEvent,
    YourBid,
)
from instasell_client.models.messages import NewMessage
from instasell_client.models.notifications import Notification
from instasell_client.models.problems import Problem
from instasell_client.models.wallets import Wallet
from instasell_server.http.openapi import REF, Mode

INTRODUCTION = (
    "Frames are JSON texts of at most 4 KiB: `event`, `data`, and an `id` of your choice. Each is"
    " answered by an `ack` or an `error` of the same `id`; an `error` has a Problem as its `data`,"
    " and `id` null where the frame's could not be read. Pass over events that you do not know."
)

_CLIENT: dict[ClientEvent, tuple[type[BaseModel] | None, str]] = {
    ClientEvent.AUTHENTICATE: (Authenticate, "`user_id`"),
    ClientEvent.JOIN: (JoinAuction, "JoinedAuction, or JoinedBoard for `*`"),
    ClientEvent.LEAVE: (LeaveAuction, "nothing"),
    ClientEvent.BID: (LiveBid, "BidReceipt"),
    ClientEvent.PING: (None, "`server_time`"),
}
_SERVER: dict[ServerEvent, type[BaseModel]] = {
    ServerEvent.BID_PLACED: BidPlaced,
    ServerEvent.STARTED: AuctionChanged,
    ServerEvent.ENDED: AuctionChanged,
    ServerEvent.CANCELLED: AuctionChanged,
    ServerEvent.UPDATED: AuctionChanged,
    ServerEvent.YOUR_BID_CHANGED: YourBid,
    ServerEvent.NEW_MESSAGE: NewMessage,
    ServerEvent.NOTIFICATION: Notification,
    ServerEvent.WALLET_CHANGED: Wallet,
}
_CLOSE_CODES = {
    1001: "the server stops; connect again",
    1003: "a binary frame; send texts",
    1008: "too many frames; send fewer",
    1009: "a frame of more than 4 KiB",
    4401: "the session or token has ended; sign in again",
    4403: "your role has changed; connect again",
}

Json = dict[str, Any]


def frame_lines() -> Iterator[str]:
    """Yield the lines that list every frame with its data."""
    yield from ("### Frames", "", INTRODUCTION, "")
    yield from ("| the client sends | data | the ack's data |", "|---|---|---|")
    for asked, (model, answer) in _CLIENT.items():
        yield f"| `{asked.value}` | {model.__name__ if model else 'nothing'} | {answer} |"
    yield from ("", "| the server sends | data |", "|---|---|")
    for told, kind in _SERVER.items():
        yield f"| `{told.value}` | {kind.__name__} |"
    yield from ("", "| the server closes with | because |", "|---|---|")
    for code, reason in _CLOSE_CODES.items():
        yield f"| {code} | {reason} |"
    yield ""


def frame_schemas() -> Json:
    """Return the schemas of all frames' data, by the name of their model."""
    wanted: dict[tuple[type[BaseModel], Mode], None] = {}
    for model, _ in _CLIENT.values():
        if model is not None:
            wanted[model, "validation"] = None
    answers: list[type[BaseModel]] = [JoinedAuction, JoinedBoard, BidReceipt, Problem]
    for kind in (*_SERVER.values(), *answers):
        wanted[kind, "serialization"] = None
    _, schema = models_json_schema(list(wanted), by_alias=False, ref_template=REF)
    found: Json = schema.get("$defs", {})
    return found
