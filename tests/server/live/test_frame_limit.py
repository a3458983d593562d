"""Frames by the thousand, and messages in pieces: some are fine, and none hold everybody up."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from instasell_client.models.live import FRAME_BYTES_MAX
from instasell_server.http.frame_limit import FRAGMENTS_MAX, MESSAGES_MAX, FrameLimit
from tests.server.edge.raw import HEAD_END, RawSocket, raw_socket
from tests.support.servers import RunningServer

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
    """Hold what a parser was given."""

    def __init__(self) -> None:
        self.data = b""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.data += data
        return b"not a frame" in data, b""

    def feed_eof(self) -> None:
        pass


class Calls:
    """Hold what a connection was asked for."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def pause_frames(self) -> None:
        self.names.append("pause")

    def resume_frames(self) -> None:
        self.names.append("resume")

    def cut_off(self) -> None:
        self.names.append("cut off")

    def end_frames(self) -> None:
        self.names.append("end")


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_frames_are_counted_however_their_bytes_arrive(step: int) -> None:
    long = bytes([TEXT | 0x80, 0x80 | 126]) + (300).to_bytes(2, "big") + bytes(304)
    longest = bytes([TEXT, 0x80 | 127]) + (70_000).to_bytes(8, "big") + bytes(70_004)
    whole = long + longest + frame(CONTINUATION, b"x" * 9) * (FRAGMENTS_MAX - 1)
    taken, calls = Taken(), Calls()
    limit = FrameLimit(taken, calls)
    for at in range(0, len(whole), step):
        assert limit.feed_data(whole[at : at + step]) == (False, b"")
    assert taken.data == whole
    assert not calls.names
    assert limit.feed_data(frame(CONTINUATION)) == (True, b"")
    assert calls.names == ["cut off"]


@pytest.mark.parametrize("step", [1, 5, 64, 100_000])
def test_so_many_messages_are_parsed_ahead_and_all_come_in_the_end(step: int) -> None:
    one = (
        frame(TEXT, b"x" * 40)
        + frame(PING, b"y" * 3, final=True)
        + frame(CONTINUATION, b"z" * 40, final=True)
    )
    whole = one * 100
    taken, calls = Taken(), Calls()
    limit = FrameLimit(taken, calls)
    pieces = [whole[at : at + step] for at in range(0, len(whole), step)]
    handled, most = 0, 0
    while taken.data != whole:
        # As a transport does, which reads once more in the moment that it is paused.
        while pieces and calls.names[-1:] != ["pause"]:
            assert limit.feed_data(pieces.pop(0)) == (False, b"")
        most = max(most, 2 * (len(taken.data) // len(one)) - handled)
        limit.message_taken()
        handled += 1
    assert MESSAGES_MAX - 2 <= most <= MESSAGES_MAX
    assert set(calls.names) == {"pause", "resume"}
    assert calls.names[-1] == "resume"


def test_what_is_held_back_may_end_the_connection() -> None:
    taken, calls = Taken(), Calls()
    limit = FrameLimit(taken, calls)
    pings = frame(PING, final=True) * MESSAGES_MAX
    assert limit.feed_data(pings + frame(TEXT, b"not a frame", final=True)) == (False, b"")
    for _ in range(MESSAGES_MAX):
        limit.message_taken()
    assert calls.names == ["pause", "end"]


def test_a_connection_that_closes_hears_the_last_frame() -> None:
    taken, calls = Taken(), Calls()
    limit = FrameLimit(taken, calls)
    pings = frame(PING, final=True) * 10 * MESSAGES_MAX
    limit.feed_data(pings)
    assert taken.data == pings[: len(pings) // 10]
    limit.lift()
    assert taken.data == pings
    assert calls.names == ["pause", "resume"]
    limit.feed_data(pings)
    assert taken.data == pings * 2


def test_what_may_wait_stays_below_the_limit_of_the_parser() -> None:
    """At its own limit aiohttp resumes a transport that was paused here."""
    overhead, limit_bytes = 128, 2 * 64 * 1024
    assert MESSAGES_MAX * (FRAME_BYTES_MAX + overhead) < limit_bytes
