"""Bidders who bid at random over sockets and HTTP, whatever happens to the servers.

Each keeps to its own seed and writes down what it asked and what was answered. A bid whose answer
is lost is sent again under its key until an answer comes.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.checker.history import Log, Operation, Watch
from tests.server.accounts_support import Person, sign_up
from tests.support.sockets import Frame, LiveSocket, SocketEnded, live_socket

PATIENCE_SECONDS = 15.0
"""After this an answer counts as lost. Longer than any time-out inside the server."""

RECONNECT_SECONDS = 0.05
LOST = (SocketEnded, aiohttp.ClientError, ConnectionError, TimeoutError, OSError)


@dataclass(frozen=True)
class Lot:
    """An auction that is bid on, with the least first bid."""

    auction_id: str
    min_bid: int


@dataclass
class Wish:
    """A bid that has a key and may have to be sent more than once."""

    lot: Lot
    key: str
    bid: dict[str, int]


class Bidder:
    """One client of the market, with one bid under way at a time."""

    def __init__(
        self,
        number: int,
        person: Person,
        urls: Sequence[str],
        log: Log,
        seen: dict[str, int],
        *,
        by_socket: bool,
    ) -> None:
        self.number = number
        self.person = person
        self.urls = list(urls)
        self.log = log
        self.by_socket = by_socket
        self.unresolved: list[Wish] = []
        self._rng = random.Random(number)
        self._keys = itertools.count(1)
        self._seen = seen
        self._socket: LiveSocket | None = None
        self._stack = AsyncExitStack()

    async def close(self) -> None:
        """Hang up."""
        await self._stack.aclose()
        self._socket = None

    async def run(self, lots: Sequence[Lot], stop: asyncio.Event, pause_seconds: float) -> None:
        """Bid until `stop` is set."""
        while not stop.is_set():
            if self.unresolved:
                await self.resolve(stop)
            else:
                await self.attempt(self.wish_for(self._rng.choice(lots)))
            await asyncio.sleep(self._rng.uniform(0, pause_seconds))

    def wish_for(self, lot: Lot) -> Wish:
        """A bid around what the bidders believe to be the least; a quarter is too low."""
        least = self._seen.get(lot.auction_id, lot.min_bid)
        low = self._rng.random() < 0.25
        amount = max(1, least + (-self._rng.randrange(5) - 1 if low else self._rng.randrange(50)))
        bid = {"amount": amount}
        kind = self._rng.random()
        if kind < 0.2:
            bid = {"max_amount": amount + self._rng.randrange(500)}
        elif kind < 0.3:
            bid["max_amount"] = amount + self._rng.randrange(500)
        return Wish(lot, f"{self.number}-{next(self._keys)}", bid)

    async def attempt(self, wish: Wish) -> Operation:
        """Send a bid once and write down what comes of it."""
        lot, person = wish.lot, self.person
        handle = self.log.invoke(self.number, lot.auction_id, person.id, wish.key, **wish.bid)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                frame = await self._send(wish)
        except LOST:
            self.log.complete(handle, "unknown")
            await self.close()
        else:
            self.log.answer(handle, frame)
            self._learn(lot, frame)
        done = self.log.operations[handle]
        if done.outcome == "unknown" and wish not in self.unresolved:
            self.unresolved.append(wish)
        return done

    async def resolve(self, stop: asyncio.Event | None = None) -> None:
        """Send again what has no answer, with the same keys, until each has one."""
        while self.unresolved and not (stop is not None and stop.is_set()):
            wish = self.unresolved[0]
            answer = await self.attempt(wish)
            # One that was put off was not judged, so the attempt before it stays unknown.
            if answer.outcome == "unknown" or answer.code == "unavailable":
                await asyncio.sleep(RECONNECT_SECONDS)
            else:
                self.unresolved.remove(wish)

    def _learn(self, lot: Lot, frame: Frame) -> None:
        data = frame["data"]
        least = data.get("minimum_bid") if frame["event"] == "ack" else data.get("minimum")
        if least is not None and frame["data"].get("code") != "already_leading":
            self._seen[lot.auction_id] = max(least, self._seen.get(lot.auction_id, 0))

    async def _send(self, wish: Wish) -> Frame:
        if not self.by_socket:
            return await self._post(wish)
        if self._socket is None:
            url = self._rng.choice(self.urls)
            opened = live_socket(url, self.person.token)
            self._socket = await self._stack.enter_async_context(opened)
        return await self._socket.bid(wish.lot.auction_id, wish.key, **wish.bid)

    async def _post(self, wish: Wish) -> Frame:
        url = f"{self._rng.choice(self.urls)}/auctions/{wish.lot.auction_id}/bid"
        headers = {
            "Authorization": f"Bearer {self.person.token}",
            "Idempotency-Key": wish.key,
        }
        async with self.person.http.post(url, json=wish.bid, headers=headers) as response:
            data: dict[str, Any] = await response.json()
            return {"event": "ack" if response.status < 300 else "error", "data": data}


class Watcher:
    """A connection that joins auctions and writes down every message, over and over."""

    def __init__(self, url: str, lots: Sequence[Lot]) -> None:
        self.watches: list[Watch] = []
        self._url = url
        self._lots = lots
        self._now: dict[str, Watch] = {}
        self._joined = asyncio.Event()

    async def run(self) -> None:
        """Watch until it is cancelled; a lost connection is made again."""
        while True:
            with suppress(*LOST, aiohttp.WSServerHandshakeError):
                async with live_socket(self._url) as socket:
                    await self._watch(socket)
            for watch in self._now.values():
                watch.is_cut = True
            self._now = {}
            self._joined.clear()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _watch(self, socket: LiveSocket) -> None:
        for lot in self._lots:
            joined = await socket.ack("join_auction", {"auction_id": lot.auction_id})
            watch = Watch(lot.auction_id, joined["version"], joined["seq"])
            self._now[lot.auction_id] = watch
            self.watches.append(watch)
        self._joined.set()
        while True:
            await socket.more_than(0)
            for frame in socket.events:
                self._now[frame["data"]["auction_id"]].frames.append(_without_weight(frame))
            socket.events.clear()

    async def joined(self) -> None:
        """Wait until every auction is watched."""
        await self._joined.wait()

    def versions(self) -> dict[str, int]:
        """The newest version of each auction that the present connection has received."""
        return {
            key: watch.frames[-1]["data"]["version"] if watch.frames else watch.joined_version
            for key, watch in self._now.items()
        }


def _without_weight(frame: Frame) -> Frame:
    """Return what the checker looks at; a long run has very many frames."""
    data = frame["data"]
    kept = {"version": data["version"], "seq": data["seq"], "bids": data.get("bids", [])}
    return {"event": frame["event"], "data": kept | {"conflated": data.get("conflated", False)}}


async def gather_bidders(
    http: aiohttp.ClientSession, urls: Sequence[str], count: int, log: Log
) -> list[Bidder]:
    """New accounts, every fourth of which bids over HTTP. `http` begins at one of the servers."""
    people = [await sign_up(http) for _ in range(count)]
    # All bidders share what one has seen, as if each of them watched the auction.
    seen: dict[str, int] = {}
    return [
        Bidder(number, person, urls, log, seen, by_socket=number % 4 != 0)
        for number, person in enumerate(people, 1)
    ]
