"""Events as bytes on the bus between servers."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from instasell_server.domains.auctions.events import OwnBid
from instasell_server.realtime.event_frames import EncodedEvent

_HEAD = struct.Struct("!36sQQ?HII")
_OWN_BID = struct.Struct("!36sI?Q")


def pack_events(events: Sequence[EncodedEvent]) -> bytes:
    """Return the events as one message for the bus."""
    parts: list[bytes] = []
    for each in events:
        parts.append(
            _HEAD.pack(
                each.auction_id.encode(), each.version, each.seq, each.conflates,
                len(each.own_bids), len(each.frame), len(each.board),
            )
        )  # fmt: skip
        parts += (each.frame, each.board)
        for own in each.own_bids:
            parts.append(
                _OWN_BID.pack(own.user_id.encode(), own.bidder_no, own.leading, own.max_amount)
            )
    return b"".join(parts)


def unpack_events(body: bytes) -> list[EncodedEvent]:
    """Return the events of a message that `pack_events` made."""
    events: list[EncodedEvent] = []
    offset = 0
    while offset < len(body):
        auction_id, version, seq, conflates, own_count, frame_length, board_length = (
            _HEAD.unpack_from(body, offset)
        )
        begin = offset + _HEAD.size
        middle = begin + frame_length
        end = middle + board_length
        offset = end + own_count * _OWN_BID.size
        own_bids = tuple(
            OwnBid(user_id.decode(), number, leading, max_amount)
            for user_id, number, leading, max_amount in _OWN_BID.iter_unpack(body[end:offset])
        )
        events.append(
            EncodedEvent(
                auction_id.decode(), version, seq, body[begin:middle], body[middle:end],
                conflates, own_bids,
            )
        )  # fmt: skip
    return events
