"""Fan-out on one server: events come from its own auctioneer and, by the bus, from the others.

A room delivers events in order of version. One that is missing is waited for a moment, then read
from the database once for all. Every two seconds, and when Redis comes back, the hub asks the
database what has changed since it last asked, which finds what was lost with Redis or by a crash
after a commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import structlog

from instasell_client.models.errors import InstaSellError
from instasell_server import metrics
from instasell_server.domains.auctions.changes import AuctionVersion
from instasell_server.domains.auctions.events import AuctionEvent, OwnBid
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.ports import Bus
from instasell_server.realtime.board import Board
from instasell_server.realtime.bus_codec import pack_events, unpack_events
from instasell_server.realtime.event_frames import EncodedEvent, encode_event
from instasell_server.realtime.rooms import AuctionRoom, OwnBidEvent, RoomJoin
from instasell_server.realtime.slow_readers import SlowReaders
from instasell_server.realtime.subscriber import Subscriber
from instasell_server.realtime.subscriber_directory import SubscriberDirectory
from instasell_server.realtime.sweep import Sweep
from instasell_server.realtime.websocket_frames import text_frame

BOARD_TICK_SECONDS = 0.25
SWEEP_SECONDS = 2.0
WINDOW_SECONDS = 1.0
PAUSE_PER_READ = 3.0
"""So reading windows again takes a quarter of one connection's time, however many there are."""

CHANGES_AT_A_TIME = 500
HOLE_PATIENCE_SECONDS = 0.05
"""Servers overtake each other on the bus: most holes close by themselves, without a query."""

# A letter for each form of message: during an update servers of two releases share the bus, pass
# over what they do not know, and find what was in it by the sweep.
_EVENTS, _SESSIONS, _CHANGED, _USER = b"V", b"S", b"C", b"U"
_log = structlog.get_logger(__name__)


class Hub:
    """Send events to subscribers; implements `ports.Events` and the auctions' `EventPublisher`."""

    def __init__(self, bus: Bus, history: AuctionHistory) -> None:
        self._bus = bus
        self._history = history
        self._rooms: dict[str, AuctionRoom] = {}
        self._watchers = SubscriberDirectory()
        self._slow = SlowReaders()
        self.board = Board(history.board, self._slow)
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweep = Sweep(history)
        self._sweep_now = asyncio.Event()

    def start(self) -> None:
        """Listen to the bus and start the ticks; call it inside the running loop."""
        self._bus.listen(self._receive, self._sweep_now.set)
        self._spawn(self._tick())
        self._spawn(self._sweep_on())
        self._spawn(self._read_windows())

    async def stop(self) -> None:
        """End the ticks. The sockets are closed by those who serve them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Events -----------------------------------------------------------------------------------

    async def publish(self, events: Sequence[AuctionEvent]) -> None:
        """Send events to this server's subscribers at once, then to the other servers."""
        encoded = [encode_event(each) for each in events]
        for event in encoded:
            self._deliver(event)
        if encoded:
            await self._bus.publish([_EVENTS + pack_events(encoded)])

    async def close_sessions(self, session_ids: Sequence[str]) -> None:
        """Close every socket of these sessions, on all servers."""
        self._close_local(session_ids, is_over=True)
        await self._bus.publish([_SESSIONS + ",".join(session_ids).encode()])

    async def reopen_sessions(self, session_ids: Sequence[str]) -> None:
        """Make every socket of these sessions connect again, on all servers."""
        if session_ids:
            self._close_local(session_ids, is_over=False)
            await self._bus.publish([_CHANGED + ",".join(session_ids).encode()])

    async def notify_user(self, user_id: str, frame: bytes) -> None:
        """Send a frame to a user's sockets, on all servers."""
        await self.notify_users([(user_id, frame)])

    async def notify_users(self, frames: Sequence[tuple[str, bytes]]) -> None:
        """Send each of these users a frame, on all servers."""
        for user_id, frame in frames:
            self._tell_local(user_id, frame)
        await self._bus.publish([_USER + user_id.encode() + frame for user_id, frame in frames])

    async def _receive(self, message: bytes) -> None:
        kind, body = message[:1], message[1:]
        if kind == _EVENTS:
            for event in unpack_events(body):
                self._deliver(event)
        elif kind == _SESSIONS:
            self._close_local(body.decode().split(","), is_over=True)
        elif kind == _CHANGED:
            self._close_local(body.decode().split(","), is_over=False)
        elif kind == _USER:
            self._tell_local(body[:36].decode(), body[36:])

    def _deliver(self, event: EncodedEvent) -> None:
        room = self._rooms.get(event.auction_id)
        self._take_on_board(event, room)
        if room is None:
            return
        self._send(room, room.take(event))
        if room.held and room.version is not None and not room.filling:
            room.filling = True
            self._spawn(self._fill(room))

    def _send(self, room: AuctionRoom, events: Sequence[EncodedEvent]) -> None:
        for event in events:
            for joining in room.joining.values():
                joining.events.append(event)
            data = text_frame(event.frame)
            spared = 0
            for subscriber, seen in room.watchers.items():
                if event.version > seen and not subscriber.offer(data):
                    self._slow.spare(subscriber, (event.auction_id,))
                    spared += 1
            if spared:
                metrics.FRAMES_DROPPED.inc(spared)
            for own in event.own_bids:
                self._send_own_bid(room, event, own)

    def _send_own_bid(self, room: AuctionRoom, event: EncodedEvent, own: OwnBid) -> None:
        """Send a bidder's position to those sockets of the bidder that are in the room."""
        kept = OwnBidEvent(event.auction_id, event.version, own)
        for subscriber in self._watchers.of_user(own.user_id):
            if subscriber in room.joining:
                room.joining[subscriber].own_bids.append(kept)
            elif event.version > room.watchers.get(subscriber, event.version):
                self._slow.offer_own_bid(subscriber, kept)

    def _take_on_board(self, event: EncodedEvent, room: AuctionRoom | None) -> None:
        """Take an event for the next tick; positions of bidders wait for no tick."""
        if self.board.empty or not self.board.take(event):
            return
        for own in event.own_bids:
            kept = OwnBidEvent(event.auction_id, event.version, own)
            for subscriber in self._watchers.of_user(own.user_id):
                has_got_it = room is not None and subscriber in room
                joining = self.board.join_of(subscriber)
                if joining is None and not self.board.is_watched_by(subscriber):
                    continue
                if joining is not None and not has_got_it:
                    joining.own_bids.append(kept)
                elif not has_got_it:
                    self._slow.offer_own_bid(subscriber, kept)
                if not self.board.shows(subscriber, event.auction_id):
                    self._spawn(self._adopt(subscriber, event.auction_id))

    async def _adopt(self, subscriber: Subscriber, auction_id: str) -> None:
        """Show a bidder an auction that its board lacks."""
        try:
            auction = await self.board.read_auction(auction_id)
        except InstaSellError as error:
            _log.warning("auction_not_shown", auction_id=auction_id, code=error.code)
        else:
            if auction is not None:
                self.board.adopt(subscriber, auction)

    async def _fill(self, room: AuctionRoom) -> None:
        """Wait a moment for what is missing, then read it, once for all subscribers."""
        try:
            await asyncio.sleep(HOLE_PATIENCE_SECONDS)
            if room.held:
                await self._catch_up(room)
        finally:
            room.filling = False

    async def _catch_up(self, room: AuctionRoom) -> bool:
        """Send a room what it has missed; return whether it could be read."""
        if room.version is None:
            return False
        try:
            events = await self._history.events_since(room.auction_id, room.version, room.seq)
        except InstaSellError as error:
            _log.warning("hole_not_filled", auction_id=room.auction_id, code=error.code)
            return False
        for number, event in enumerate(map(encode_event, events)):
            self._send(room, room.take(event) if number else room.skip_to(event))
            self._take_on_board(event, room)
        return True

    # Who watches ------------------------------------------------------------------------------

    def add(self, subscriber: Subscriber) -> None:
        """Add a socket that has opened."""
        self._watchers.add(subscriber)
        metrics.OPEN_SOCKETS.set(len(self._watchers))

    def remove(self, subscriber: Subscriber) -> None:
        """Remove a socket that is gone from every room."""
        self._watchers.discard(subscriber)
        self._slow.discard(subscriber)
        self.board.leave(subscriber)
        for auction_id in list(subscriber.rooms):
            self.leave(subscriber, auction_id)
        metrics.OPEN_SOCKETS.set(len(self._watchers))

    def sign_in(
        self, subscriber: Subscriber, user_id: str, session_id: str, *, may_read: bool
    ) -> None:
        """Name the account behind a socket, and whether it may read what is the account's."""
        self._watchers.sign_in(subscriber, user_id, session_id, may_read=may_read)

    def watches(self, subscriber: Subscriber, auction_id: str) -> bool:
        """Return whether a subscriber receives an auction's events, or is about to."""
        room = self._rooms.get(auction_id)
        return room is not None and subscriber in room

    def start_joining(self, subscriber: Subscriber, auction_id: str) -> None:
        """Buffer an auction's events for a subscriber until `finish_joining`."""
        room = self._rooms.get(auction_id)
        if room is None:
            room = self._rooms[auction_id] = AuctionRoom(auction_id)
        subscriber.enter_room(auction_id)
        room.watchers.pop(subscriber, None)
        room.joining[subscriber] = RoomJoin()

    def finish_joining(
        self, subscriber: Subscriber, auction_id: str, version: int, seq: int
    ) -> None:
        """Send a subscriber with the snapshot of `version` what came after."""
        room = self._rooms.get(auction_id)
        if room is None or subscriber not in room.joining:
            return
        self._send(room, room.begin(version, seq))
        meanwhile = room.joining.pop(subscriber)
        room.watchers[subscriber] = version
        for event in meanwhile.events:
            if event.version > version and not subscriber.offer(text_frame(event.frame)):
                self._slow.spare(subscriber, (auction_id,))
        self._slow.offer_own_bids(subscriber, meanwhile.own_bids, {auction_id: version})

    def leave(self, subscriber: Subscriber, auction_id: str) -> None:
        """Remove a subscriber from an auction, also one that never got its snapshot."""
        room = self._rooms.get(auction_id)
        if room is None or subscriber not in room:
            return
        subscriber.leave_room(auction_id)
        room.watchers.pop(subscriber, None)
        room.joining.pop(subscriber, None)
        if room.empty:
            del self._rooms[auction_id]

    def finish_joining_board(self, subscriber: Subscriber, versions: Mapping[str, int]) -> None:
        """Send a subscriber with a snapshot of these versions what came after."""
        meanwhile = self.board.finish_joining(subscriber, versions)
        if meanwhile is not None:
            self._slow.offer_own_bids(subscriber, meanwhile.own_bids, versions)

    def _close_local(self, session_ids: Iterable[str], *, is_over: bool) -> None:
        for session_id in session_ids:
            for subscriber in self._watchers.of_session(session_id):
                subscriber.end_session(is_over=is_over)

    def _tell_local(self, user_id: str, frame: bytes) -> None:
        data = text_frame(frame)
        for subscriber in self._watchers.of_user(user_id):
            self.answer(subscriber, data)

    def answer(self, subscriber: Subscriber, *frames: bytes) -> None:
        """Write what is never spared: whole frames, or one in parts."""
        self._slow.answer(subscriber, *frames)

    async def stream(
        self, subscriber: Subscriber, parts: Sequence[bytes], drain: Callable[[], Awaitable[None]]
    ) -> None:
        """Write a long answer as its reader takes it; events wait meanwhile."""
        await self._slow.stream(subscriber, parts, drain)

    # Ticks ------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(BOARD_TICK_SECONDS)
            self._send_board()
            self._serve_slow()

    def _send_board(self) -> None:
        if kept_back := self.board.send():
            metrics.FRAMES_DROPPED.inc(kept_back)

    def _serve_slow(self) -> None:
        self._slow.serve(self._newest_frame)

    def _newest_frame(self, subscriber: Subscriber, auction_id: str) -> bytes | None:
        room = self._rooms.get(auction_id)
        newest = self.board.newest_frames(subscriber, auction_id)
        if room is not None and room.latest is not None and subscriber in room:
            newest += text_frame(room.latest.board)
        return newest or None

    async def _read_windows(self) -> None:
        """Read again, one after another, the windows of the board that may have changed."""
        while True:
            await asyncio.sleep(WINDOW_SECONDS)
            for window in self.board.take_dirty():
                began = time.monotonic()
                try:
                    await self.board.read(window.view)
                except InstaSellError as error:
                    _log.warning("board_not_read", code=error.code)
                    self.board.mark(window)
                except Exception:
                    _log.exception("board_not_read")
                await asyncio.sleep(PAUSE_PER_READ * (time.monotonic() - began))

    async def _sweep_on(self) -> None:
        while True:
            self._sweep_now.clear()
            try:
                await self._compare()
            except InstaSellError as error:
                _log.warning("sweep_failed", code=error.code)
            except Exception:
                _log.exception("sweep_failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._sweep_now.wait()

    async def _compare(self) -> None:
        """Find what nobody told of, among the changes since the last look."""
        is_watched = self._is_watched
        look = await self._sweep.look(with_changes=is_watched)
        if not is_watched and self._is_watched:
            # Those who came meanwhile may have read a state from before this look.
            return
        changes = await self._all_versions() if look.changes is None else look.changes
        unsettled: list[str] = []
        for number, change in enumerate(changes):
            if number % CHANGES_AT_A_TIME == CHANGES_AT_A_TIME - 1:
                await asyncio.sleep(0)
            if not await self._compare_room(change):
                unsettled.append(change.auction_id)
            await self._compare_board(change)
        self.board.drop_over()
        await self._sweep.finish(look, unsettled)

    @property
    def _is_watched(self) -> bool:
        return bool(self._rooms) or not self.board.empty

    async def _all_versions(self) -> Sequence[AuctionVersion]:
        """Read the versions of everything that is watched, where changes alone are not known."""
        self.board.mark_all()
        return await self._sweep.current({*self._rooms, *self.board.states.versions})

    async def _compare_room(self, change: AuctionVersion) -> bool:
        """Bring a room up to a change; False when it has to be looked at again."""
        room = self._rooms.get(change.auction_id)
        if room is None or (room.version is not None and change.version <= room.version):
            return True
        if room.version is None or room.filling:
            # Its first snapshot may be from before the change, and a read that fills may fail.
            return False
        return await self._catch_up(room)

    async def _compare_board(self, change: AuctionVersion) -> None:
        board, auction_id = self.board, change.auction_id
        known = board.states.versions.get(auction_id)
        if known is None:
            board.mark_unknown(change)
        if known is not None or (change.is_open and board.has_room):
            before = max(known or 0, change.version - 1)
            events = await self._history.events_since(auction_id, before, 0)
            if events and known is None and board.has_room:
                board.admit(auction_id)
            if events:
                board.take(encode_event(events[-1]))
        if change.is_over:
            board.states.retire(auction_id)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
