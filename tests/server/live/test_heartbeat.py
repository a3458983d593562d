"""Connections whose other end is gone without a word are found."""

from __future__ import annotations

from collections import Counter
from typing import cast

import aiohttp
import pytest

from instasell_server.realtime import heartbeat as pulse
from instasell_server.realtime.connection import LiveConnection
from instasell_server.realtime.heartbeat import GROUPS, Heartbeat
from instasell_server.routes import LIVE
from tests.support.servers import RunningServer
from tests.support.waiting import until


def only_connection(server: RunningServer) -> LiveConnection:
    """The server's side of the one socket that is open."""
    [found] = server.app[LIVE]._open
    return cast(LiveConnection, found)


async def test_one_who_answers_stays_and_one_who_is_silent_is_cut_off(
    server: RunningServer, http: aiohttp.ClientSession
) -> None:
    async with http.ws_connect("/ws", autoping=False) as socket:
        connection = only_connection(server)
        for _ in range(3):
            connection.check_alive()
            assert (await socket.receive()).type is aiohttp.WSMsgType.PING
            await socket.pong()
            # The answer to a frame shows that what was sent before it has been read.
            await socket.send_json({"event": "ping", "id": 1})
            assert (await socket.receive_json())["event"] == "ack"
        connection.check_alive()
        assert (await socket.receive()).type is aiohttp.WSMsgType.PING
        connection.check_alive()
        ended = (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSE)
        assert (await socket.receive()).type in ended
    await until(lambda: not list(server.app[LIVE]._open))


async def test_a_ping_is_answered_with_its_data(http: aiohttp.ClientSession) -> None:
    async with http.ws_connect("/ws", autoping=False) as socket:
        for data in (b"", b"x" * 125):
            await socket.ping(data)
            answer = await socket.receive()
            assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, data)


async def test_every_connection_has_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting:
        def check_alive(self) -> None:
            pulses[id(self)] += 1

    monkeypatch.setattr(pulse, "PULSE_SECONDS", 0.001)
    pulses: Counter[int] = Counter()
    open_ones, many = Heartbeat(), [Counting() for _ in range(GROUPS * 10)]
    for each in many:
        open_ones.add(each)
    gone = many[0]
    open_ones.discard(gone)

    class Enough(Exception):
        """Ends the rounds."""

    class Last(Counting):
        def check_alive(self) -> None:
            if len(pulses) == len(many) - 1 and min(pulses.values()) >= 2:
                raise Enough

    last = Last()
    open_ones.add(last)
    with pytest.raises(Enough):
        await open_ones.run()
    assert id(gone) not in pulses
    assert max(pulses.values()) - min(pulses.values()) <= 1
    assert set(open_ones) == {*many[1:], last}
