"""Frames by the thousand, and messages in pieces: some are fine, and none hold everybody up."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from instasell_server.http.frame_limit import AT_ONCE_MAX, FRAGMENTS_MAX, FrameLimit
from tests.server.edge.raw import HEAD_END, RawSocket, raw_socket
from tests.serving import RunningServer

TEXT, CONTINUATION, PING = 0x1, 0x0, 0x9
ASKED = json.dumps({"event": "ping", "id": 7, "data": {}}).encode()


def frame(kind: int, payload: bytes = b"", *, final: bool = False) -> bytes:
    """A frame of a client whose mask is zero."""
    return bytes([kind | (0x80 if final else 0), 0x80 | len(payload)]) + bytes(4) + payload


def in_pieces(pieces: int) -> bytes:
    """A ping of ours of which the first frame has all, and `pieces` more have nothing."""
    empty = frame(CONTINUATION)
    return frame(TEXT, ASKED) + empty * (pieces - 1) + frame(CONTINUATION, final=True)


async def upgrade(socket: RawSocket, server: RunningServer) -> None:
    """Make a WebSocket of a connection."""
    head = (
        "GET /ws HTTP/1.1", f"Host: {urlsplit(server.base_url).netloc}", "Upgrade: websocket",
        "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )  # fmt: skip
    socket.send("\r\n".join(head).encode() + HEAD_END)
    assert (await socket.head()).status == 101


async def test_a_message_may_come_in_pieces(server: RunningServer) -> None:
    async with raw_socket(server.base_url) as socket:
        await upgrade(socket, server)
        for _ in range(2):
            socket.send(in_pieces(FRAGMENTS_MAX))
            assert b'"event":"ack","id":7' in await socket.until(b"server_time")


async def test_who_sends_pieces_without_an_end_is_cut_off(server: RunningServer) -> None:
    async with raw_socket(server.base_url) as socket:
        await upgrade(socket, server)
        # Pings in between change nothing.
        few = frame(CONTINUATION) * 100 + frame(PING, final=True)
        socket.send(frame(TEXT, ASKED) + few * (1 + FRAGMENTS_MAX // 100))
        # Whether this is read at all, it must not be answered.
        socket.send(frame(CONTINUATION, final=True))
        assert b'"id":7' not in await socket.until_closed()


class Taken:
    """What a parser was given."""

    def __init__(self) -> None:
        self.data = b""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        pass


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_frames_are_counted_however_their_bytes_arrive(step: int) -> None:
    long = bytes([TEXT | 0x80, 0x80 | 126]) + (300).to_bytes(2, "big") + bytes(304)
    longest = bytes([TEXT, 0x80 | 127]) + (70_000).to_bytes(8, "big") + bytes(70_004)
    whole = long + longest + frame(CONTINUATION, b"x" * 9) * (FRAGMENTS_MAX - 1)
    taken, cuts = Taken(), []
    limit = FrameLimit(taken, lambda: cuts.append(1))
    for at in range(0, len(whole), step):
        assert limit.feed_data(whole[at : at + step]) == (False, b"")
    assert taken.data == whole
    assert not cuts
    assert limit.feed_data(frame(CONTINUATION)) == (True, b"")
    assert cuts == [1]


def test_so_many_frames_at_once_and_no_more() -> None:
    taken, cuts = Taken(), []
    limit = FrameLimit(taken, lambda: cuts.append(1))
    pings = frame(PING, final=True) * AT_ONCE_MAX
    for _ in range(2):
        assert limit.feed_data(pings) == (False, b"")
    assert taken.data == pings * 2
    assert not cuts
    assert limit.feed_data(pings + frame(PING, final=True)) == (True, b"")
    assert (cuts, taken.data) == ([1], pings * 2)
