"""The file of a recording: JSON lines, of which the first says what it is.

    {"instasell_recording": 1, "began_at": "2026-05-04T10:00:00Z"}
    {"ms": 180, "kind": "joined", "data": {...}}

`ms` counts from the beginning. Only public data of the market gets in, and the position of the
recording user in auctions, without the maximum: every line goes through a model that has no
place for anything else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from instasell_client.live import AuctionChange, BidsPlaced
from instasell_client.live.events import ChangeName
from instasell_client.models.auctions import (
    AuctionStatusReply,
    AuctionView,
    Bid,
    BidList,
    LivePage,
    You,
)
from instasell_client.models.base import UUID_PATTERN, Id, Instant
from instasell_client.models.listings import CategoryTree
from instasell_client.models.live import AuctionChanged, BidPlaced, JoinedAuction, JoinedBoard
from instasell_client.models.validation import describe_error

VERSION = 1
FILE_BYTES_MAX = 64 * 1024 * 1024
LINE_BYTES_MAX = 16 * 1024 * 1024
MS_MAX = 7 * 24 * 3600 * 1000
CHANGES = frozenset(get_args(ChangeName))

_UUID = UUID_PATTERN.strip("^$")
_ANSWERS: list[tuple[re.Pattern[str], type[BaseModel]]] = [
    (re.compile(r"/categories"), CategoryTree),
    (re.compile(r"/auctions/live"), LivePage),
    (re.compile(rf"/auctions/{_UUID}"), AuctionView),
    (re.compile(rf"/auctions/{_UUID}/status"), AuctionStatusReply),
    (re.compile(rf"/auctions/{_UUID}/bids"), BidList),
]

Answer = CategoryTree | LivePage | AuctionView | AuctionStatusReply | BidList
Snapshot = JoinedBoard | JoinedAuction


class RecordingError(ValueError):
    """A file that is no recording; the text names it, and the line."""


class RecordedPosition(BaseModel):
    """Hold the position of the recording user in an auction; None where nothing is known of it."""

    model_config = ConfigDict(extra="forbid")

    auction_id: Id
    bidder: str | None = None
    watching: bool | None = None
    is_seller: bool | None = None


class Header(BaseModel):
    """The first line."""

    model_config = ConfigDict(extra="forbid")

    instasell_recording: Annotated[int, Field(strict=True)]
    began_at: Instant


class RecordedEntry(BaseModel):
    """Every other line, before its data is looked at."""

    model_config = ConfigDict(extra="forbid")

    ms: Annotated[int, Field(strict=True, ge=0, le=MS_MAX)]
    kind: str
    path: str | None = None
    data: Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})] = {}


Told = BidsPlaced | AuctionChange
Content = Told | Snapshot | Answer | RecordedPosition | Literal["live", "lost", "end"]


@dataclass(frozen=True, slots=True)
class Moment:
    """Hold what was received `ms` milliseconds after the start; `path` is that of an answer."""

    ms: int
    content: Content
    path: str | None = None


# What gets in --------------------------------------------------------------------------------


def answer_of(path: str, content: bytes | dict[str, Any]) -> Answer | None:
    """Return the part of an answer that a recording may have; None for calls without one.

    Raises ValidationError for an answer that does not fit.
    """
    for pattern, model in _ANSWERS:
        if pattern.fullmatch(path):
            whole = (
                model.model_validate_json(content)
                if isinstance(content, bytes)
                else model.model_validate(content)
            )
            found: Answer = _public(whole)
            return found
    return None


def snapshot_of(data: dict[str, Any]) -> Snapshot:
    """Return the answer to a join, of the board or of an auction. Raises ValidationError."""
    if "auctions" in data:
        return JoinedBoard.model_validate(data)
    joined: JoinedAuction = _public(JoinedAuction.model_validate(data))
    return joined


def told_of(event: str, data: dict[str, Any]) -> Told | None:
    """Read an event of the market; None for private ones. Raises ValidationError."""
    if event == "bid_placed":
        placed = BidPlaced.model_validate(data)
        bid = None if placed.bid is None else _nameless(placed.bid)
        changes = {"bid": bid, "bids": [_nameless(each) for each in placed.bids]}
        return BidsPlaced(placed.model_copy(update=changes))
    if event in CHANGES:
        return AuctionChange(event, _public(AuctionChanged.model_validate(data)))  # type: ignore[arg-type]
    return None


def _public(model: Any) -> Any:
    """Return it without what only the seller, an admin or the bidder is shown."""
    hidden: dict[str, object] = {}
    fields = type(model).model_fields
    if "you" in fields and model.you is not None:
        hidden["you"] = model.you.model_copy(update={"max_amount": None})
    if "your_bids" in fields:
        hidden["your_bids"] = []
    for name in ("orders", "order_id"):
        if name in fields:
            hidden[name] = None
    for kind, name in ((AuctionChanged, "bids"), (BidList, "items"), (JoinedAuction, "missed")):
        if isinstance(model, kind):
            hidden[name] = [_nameless(each) for each in getattr(model, name)]
    return model.model_copy(update=hidden)


def _nameless(bid: Bid) -> Bid:
    return bid.model_copy(update={"bidder_id": None, "bidder_name": None})


# Lines ---------------------------------------------------------------------------------------


def header_line(began_at: datetime) -> bytes:
    """Return the first line of a recording."""
    header = Header(instasell_recording=VERSION, began_at=began_at)
    return header.model_dump_json().encode() + b"\n"


def line_of(moment: Moment) -> bytes:
    """Return a moment as a line."""
    content = moment.content
    entry: dict[str, Any] = {"ms": moment.ms}
    if isinstance(content, str):
        entry["kind"] = content
    elif isinstance(content, BidsPlaced | AuctionChange):
        entry |= {"kind": content.event, "data": _dumped(content.data)}
    elif isinstance(content, JoinedBoard | JoinedAuction):
        entry |= {"kind": "joined", "data": _dumped(content)}
    elif isinstance(content, RecordedPosition):
        entry |= {"kind": "you", "data": _dumped(content)}
    else:
        entry |= {"kind": "answer", "path": moment.path, "data": _dumped(content)}
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _dumped(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_defaults=True)


def _content(entry: RecordedEntry) -> Content | None:
    if entry.kind in ("live", "lost", "end"):
        return entry.kind  # type: ignore[return-value]
    if entry.kind == "joined":
        return snapshot_of(entry.data)
    if entry.kind == "you":
        return RecordedPosition.model_validate(entry.data)
    if entry.kind == "answer":
        return answer_of(entry.path or "", entry.data)
    return told_of(entry.kind, entry.data)


# Files ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that was read whole; `moments` are in order of time."""

    began_at: datetime
    moments: list[Moment]


def read_recording(path: Path) -> Recording:
    """Read a file. Raises RecordingError, which names the line, and OSError."""
    with path.open("rb") as file:
        data = file.read(FILE_BYTES_MAX + 1)
    if len(data) > FILE_BYTES_MAX:
        raise RecordingError(f"{path} is larger than {FILE_BYTES_MAX // 1024 // 1024} MiB")
    lines = data.splitlines() or [b""]
    began_at = _header(path, lines[0]).began_at
    moments = list(_moments(path, lines[1:]))
    if not any(isinstance(each.content, JoinedBoard) for each in moments):
        raise RecordingError(f"{path} shows no board: it ends before the market had answered")
    return Recording(began_at, moments)


def _header(path: Path, line: bytes) -> Header:
    try:
        header = Header.model_validate_json(line)
    except ValidationError as error:
        raise RecordingError(
            f"{path}, line 1: this is no recording of `instasell tui --record`"
        ) from error
    if header.instasell_recording != VERSION:
        raise RecordingError(
            f"{path}, line 1: a recording of version {header.instasell_recording};"
            f" this program reads version {VERSION}"
        )
    return header


_ENTRY = TypeAdapter(RecordedEntry)


def _moments(path: Path, lines: list[bytes]) -> Iterator[Moment]:
    before = 0
    for number, line in enumerate(lines, 2):
        if not line.strip():
            continue
        try:
            if len(line) > LINE_BYTES_MAX:
                raise ValueError(f"it is longer than {LINE_BYTES_MAX} bytes")
            entry = _ENTRY.validate_json(line)
            content = _content(entry)
            if content is None:
                raise ValueError(f"nothing is known of {entry.path or entry.kind!r}")
        except ValidationError as error:
            raise RecordingError(f"{path}, line {number}: {describe_error(error)}") from None
        except ValueError as error:
            raise RecordingError(f"{path}, line {number}: {error}") from error
        if entry.ms < before:
            raise RecordingError(f"{path}, line {number}: ms goes back to {entry.ms}")
        before = entry.ms
        yield Moment(entry.ms, content, entry.path)


def you_of(content: Content) -> RecordedPosition | None:
    """Return the position of the recording user in a moment."""
    if isinstance(content, RecordedPosition):
        return content
    if isinstance(content, AuctionView):
        return _there(content.state.auction_id, content.you)
    if isinstance(content, JoinedAuction):
        return _there(content.auction_id, content.you)
    return None


def _there(auction_id: str, you: You | None) -> RecordedPosition | None:
    if you is None:
        return None
    return RecordedPosition(
        auction_id=auction_id, bidder=you.bidder, watching=you.watching, is_seller=you.is_seller
    )
