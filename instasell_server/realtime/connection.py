"""One connection at /ws: its frames, its sign-in, its joins and its bids."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from aiohttp.abc import AbstractStreamWriter
from pydantic_core import to_json

from instasell_client.models import errors
from instasell_client.models.accounts import Role, Scope
from instasell_client.models.live import (
    BOARD,
    Authenticate,
    BoardView,
    ClientEvent,
    JoinAuction,
    LeaveAuction,
    LiveBid,
)
from instasell_server.domains.auctions.bidding.bid_batch import Answer
from instasell_server.http.frame_limit import FrameLimit
from instasell_server.http.problems import problem_of
from instasell_server.ports.principal import Principal
from instasell_server.realtime.board import DEFAULT_VIEW
from instasell_server.realtime.budgets import (
    ADDRESS_FRAMES,
    ADDRESS_FRAMES_PER_SECOND,
    BOARD_COST,
    FRAMES,
    FRAMES_PER_SECOND,
    Rate,
    TokenBucket,
)
from instasell_server.realtime.connection_services import ConnectionServices
from instasell_server.realtime.frame_reader import (
    FrameId,
    FrameRefused,
    answer_head,
    parse_data,
    read_frame,
)
from instasell_server.realtime.snapshots import AuctionPage, JoinAnswer, JoinSnapshot
from instasell_server.realtime.subscriber import ANSWER_BYTES_MAX, WHOLE_BYTES_MAX, Subscriber
from instasell_server.realtime.websocket_frames import (
    PING_FRAME,
    frame_head,
    pong_frame,
    text_frame,
)

ROOMS_MAX = 1000
BIDS_IN_FLIGHT_MAX = 64
FAREWELL_SECONDS = 1.0
SESSION_ENDED = 4401
"""The close code that tells a client to sign in again."""

RIGHTS_CHANGED = 4403
"""The close code that tells a client to connect again, with the rights that it has now."""

OWN_FRAMES = Rate(FRAMES, FRAMES_PER_SECOND)
SHARED_FRAMES = Rate(ADDRESS_FRAMES, ADDRESS_FRAMES_PER_SECOND)
_log = structlog.get_logger("instasell.live")


class LiveConnection:
    """One socket of thousands. Frames are answered in order, except that bids wait for batches."""

    __slots__ = (
        "_address", "_bids_in_flight", "_expiry", "_frame_limit", "_frames", "_heard", "_hub",
        "_join_bucket", "_joining", "_principal", "_services", "_shared_frames", "_socket",
        "_watcher", "_writer",
    )  # fmt: skip

    def __init__(
        self,
        services: ConnectionServices,
        socket: web.WebSocketResponse,
        transport: asyncio.WriteTransport,
        writer: AbstractStreamWriter,
        frame_limit: FrameLimit,
        address: str,
        principal: Principal | None,
    ) -> None:
        self._services = services
        self._hub = services.hub
        self._socket = socket
        self._writer = writer
        self._frame_limit = frame_limit
        self._address = address
        self._watcher = Subscriber(transport, self._session_over)
        self._expiry: asyncio.TimerHandle | None = None
        # Frames behind a join wait for it, with no more around them than a future.
        self._joining: asyncio.Future[Any] | None = None
        self._join_bucket: TokenBucket | None = None
        self._bids_in_flight = 0
        self._frames: TokenBucket | None = None
        self._shared_frames = services.frames.of(address) if services.frames else None
        self._heard = True
        self._sign_in(principal)

    async def run(self) -> None:
        """Serve the connection until it ends."""
        self._hub.add(self._watcher)
        try:
            async for message in self._socket:
                self._heard = True
                self._frame_limit.message_taken()
                if self._joining is not None:
                    await asyncio.wait((self._joining,))
                if self._watcher.waiting_bytes > ANSWER_BYTES_MAX:
                    # No answer is made for one who does not take those that are there.
                    await self._writer.drain()
                if delay := self._count_for_address():
                    await asyncio.sleep(delay)
                # What waits of a connection that was cut off has nobody to be answered to.
                if self._watcher.is_cut_off or not await self._accept(message):
                    break
        except ConnectionError:
            pass
        finally:
            if self._expiry is not None:
                self._expiry.cancel()
            self._hub.remove(self._watcher)
            # A bid that is under way is decided, whether anybody waits for the answer or not.

    async def go_away(self) -> None:
        """Close because the server stops."""
        await self._close(WSCloseCode.GOING_AWAY, b"the server stops")

    def check_alive(self) -> None:
        """Ping the other end, or cut it off if it said nothing since the last ping.

        What a slow reader says may wait in its turn to be read; it has a deadline of its own.
        """
        if not self._heard and not self._watcher.is_slow:
            self._watcher.abort()
        self._heard = False
        self._watcher.write_control(PING_FRAME)

    def _sign_in(self, principal: Principal | None) -> None:
        self._principal = principal
        if principal is None:
            return
        self._hub.sign_in(
            self._watcher,
            principal.user_id,
            principal.session_id,
            may_read=principal.may(Scope.READ),
        )
        delay = max(0.0, principal.expires_at - time.time())
        loop = asyncio.get_running_loop()
        if self._expiry is not None:
            self._expiry.cancel()
        # The loop's timers are bounded; a token that lives longer than a day is looked at then.
        self._expiry = loop.call_later(min(delay, 86400.0), self._expire)

    def _expire(self) -> None:
        if self._principal is not None and self._principal.expires_at <= time.time():
            self._session_over()
        else:
            self._sign_in(self._principal)

    def _session_over(self, is_over: bool = True) -> None:
        if is_over:
            farewell = self._close(SESSION_ENDED, b"the session has ended")
        else:
            farewell = self._close(RIGHTS_CHANGED, b"your rights have changed; connect again")
        self._services.spawn(farewell)

    async def _close(self, code: int, reason: bytes) -> None:
        """Say why and hang up; one who does not take the farewell in is cut off."""
        # What the other end answers comes behind everything that it sent before.
        self._frame_limit.lift()
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._socket.close(code=code, message=reason, drain=False)
        except (TimeoutError, ConnectionError):
            self._watcher.abort()

    # Frames -----------------------------------------------------------------------------------

    async def _accept(self, message: WSMessage) -> bool:
        """Handle one message; False ends the connection."""
        if message.type is WSMsgType.PONG:
            return True
        if message.type is WSMsgType.BINARY:
            await self._close(WSCloseCode.UNSUPPORTED_DATA, b"send text frames")
        if message.type not in (WSMsgType.TEXT, WSMsgType.PING):
            return False
        if not self._within_budget():
            await self._close(WSCloseCode.POLICY_VIOLATION, b"too many frames")
            return False
        if message.type is WSMsgType.PING:
            self._watcher.write_control(pong_frame(message.data))
            return True
        try:
            frame_id, event, data = read_frame(message.data)
        except FrameRefused as refused:
            self._refuse(refused.frame_id, refused.error)
            return True
        try:
            if event is ClientEvent.BID:
                self._start_bid(frame_id, parse_data(LiveBid, data))
            else:
                await self._handle(frame_id, event, data)
        except errors.InstaSellError as error:
            self._refuse(frame_id, error)
        except Exception:
            _log.exception("frame_failed")
            self._refuse(frame_id, errors.InstaSellError())
        return True

    def _within_budget(self) -> bool:
        if self._services.frames is None:
            return True
        if self._frames is None:
            self._frames = TokenBucket(OWN_FRAMES)
        self._frames.take(1)
        return self._frames.refill(OWN_FRAMES) >= 0

    def _count_for_address(self) -> float:
        """Count a frame for the address; return the seconds that it has to wait for its turn."""
        if self._shared_frames is None:
            return 0.0
        self._shared_frames.take(1)
        return self._shared_frames.wait_seconds(SHARED_FRAMES, 0)

    def _count_join(self, cost: int = 1) -> None:
        limits = self._services.join_limits
        self._join_bucket = limits.count(self._join_bucket, self._address, cost)

    async def _handle(self, frame_id: FrameId, event: ClientEvent, data: dict[str, Any]) -> None:
        if event is ClientEvent.JOIN:
            self._join(frame_id, parse_data(JoinAuction, data))
        elif event is ClientEvent.LEAVE:
            self._leave(frame_id, parse_data(LeaveAuction, data))
        elif event is ClientEvent.AUTHENTICATE:
            wish = parse_data(Authenticate, data)
            self._count_join()
            principal = await self._services.authenticate(wish.token)
            self._sign_in(principal)
            self._ack(frame_id, to_json({"user_id": principal.user_id}))
        else:
            now = await self._services.clock.submit(None)
            if isinstance(now, errors.InstaSellError):
                raise now
            self._ack(frame_id, now)

    def _ack(self, frame_id: FrameId, data: bytes) -> None:
        self._hub.answer(self._watcher, text_frame(answer_head("ack", frame_id) + data + b"}"))

    def _refuse(self, frame_id: FrameId, error: errors.InstaSellError) -> None:
        problem = problem_of(error).model_dump_json(exclude_none=True).encode()
        self._hub.answer(self._watcher, text_frame(answer_head("error", frame_id) + problem + b"}"))

    # Rooms ------------------------------------------------------------------------------------

    def _join(self, frame_id: FrameId, wish: JoinAuction) -> None:
        auction_id, subscriber = wish.auction_id, self._watcher
        self._count_join(BOARD_COST if auction_id == BOARD else 1)
        if auction_id == BOARD:
            wanted = wish.view if isinstance(wish.view, BoardView) else DEFAULT_VIEW
            self._hub.board.start_joining(subscriber, wanted)
            self._joining = self._services.joins.submit_board(wanted, self._reader_id)
        else:
            if len(subscriber.rooms) >= ROOMS_MAX and not self._hub.watches(subscriber, auction_id):
                raise errors.RateLimited(
                    f"a connection joins at most {ROOMS_MAX} auctions; leave some first"
                )
            self._hub.start_joining(subscriber, auction_id)
            view = AuctionPage(self._reader) if wish.view else None
            self._joining = self._services.joins.submit(
                auction_id, self._reader_id, wish.after_seq, view
            )
        self._joining.add_done_callback(partial(self._answer_join, frame_id, auction_id))

    @property
    def _reader_id(self) -> str | None:
        """Return the account whose own affairs this socket may read."""
        return self._watcher.user_id if self._watcher.may_read else None

    @property
    def _reader(self) -> Principal | None:
        """Return who reads a page over this socket: never an admin, whose role it could outlive."""
        principal = self._principal if self._watcher.may_read else None
        return principal and replace(principal, role=Role.BUYER)

    def _answer_join(
        self, frame_id: FrameId, auction_id: str, reading: asyncio.Future[JoinAnswer]
    ) -> None:
        self._joining = None
        found = errors.InstaSellError() if reading.cancelled() else reading.result()
        if isinstance(found, errors.InstaSellError):
            self._stop_watching(auction_id)
            self._refuse(frame_id, found)
            return
        if auction_id == BOARD:
            self._hub.board.set_own(self._watcher, found.own)
        parts = (answer_head("ack", frame_id), *found.data, b"}")
        size = sum(map(len, parts))
        if size > WHOLE_BYTES_MAX:
            self._joining = asyncio.ensure_future(self._stream_join(auction_id, found, parts))
            return
        self._hub.answer(self._watcher, frame_head(size), *parts)
        self._finish_join(auction_id, found)

    async def _stream_join(
        self, auction_id: str, found: JoinSnapshot, parts: Sequence[bytes]
    ) -> None:
        """Send a long answer as fast as it is read; requests and events wait for its end."""
        try:
            await self._hub.stream(self._watcher, parts, self._writer.drain)
        except ConnectionError:
            return
        self._joining = None
        self._finish_join(auction_id, found)

    def _finish_join(self, auction_id: str, found: JoinSnapshot) -> None:
        if auction_id == BOARD:
            self._hub.finish_joining_board(self._watcher, found.versions)
        else:
            version = found.versions[auction_id]
            self._hub.finish_joining(self._watcher, auction_id, version, found.seq)
        _log.info("joined", auction_id=auction_id, user_id=self._watcher.user_id)

    def _stop_watching(self, auction_id: str) -> None:
        if auction_id == BOARD:
            self._hub.board.leave(self._watcher)
        else:
            self._hub.leave(self._watcher, auction_id)

    def _leave(self, frame_id: FrameId, wish: LeaveAuction) -> None:
        self._stop_watching(wish.auction_id)
        self._ack(frame_id, b"{}")
        _log.info("left", auction_id=wish.auction_id, user_id=self._watcher.user_id)

    # Bids -------------------------------------------------------------------------------------

    def _start_bid(self, frame_id: FrameId, wish: LiveBid) -> None:
        principal = self._principal
        if principal is None:
            raise errors.Unauthenticated("watching works without signing in, bidding does not")
        if not principal.may(Scope.BID):
            raise errors.ScopeMissing("make a token with the scope bid", scope=Scope.BID.value)
        if self._bids_in_flight >= BIDS_IN_FLIGHT_MAX:
            raise errors.RateLimited("too many bids wait on this connection", retry_after_seconds=1)
        auctions = self._services.auctions
        if not auctions.try_count_bid(principal):
            self._bids_in_flight += 1
            self._services.spawn(self._bid(frame_id, principal, wish))
            return
        # There is nothing to wait for but the verdict, and a callback costs a tenth of a task.
        verdict = auctions.submit_bid(principal, wish.auction_id, wish, wish.idempotency_key)
        self._bids_in_flight += 1
        verdict.add_done_callback(partial(self._tell_verdict, frame_id))

    async def _bid(self, frame_id: FrameId, bidder: Principal, wish: LiveBid) -> None:
        try:
            answer: Answer = await self._services.auctions.bid(
                bidder, wish.auction_id, wish, wish.idempotency_key
            )
        except errors.InstaSellError as error:
            answer = error
        except Exception:
            _log.exception("bid_failed")
            answer = errors.InstaSellError()
        self._answer_bid(frame_id, answer)

    def _tell_verdict(self, frame_id: FrameId, verdict: asyncio.Future[Answer]) -> None:
        self._answer_bid(
            frame_id, errors.InstaSellError() if verdict.cancelled() else verdict.result()
        )

    def _answer_bid(self, frame_id: FrameId, answer: Answer) -> None:
        self._bids_in_flight -= 1
        if isinstance(answer, errors.InstaSellError):
            self._refuse(frame_id, answer)
        else:
            self._ack(frame_id, answer.__pydantic_serializer__.to_json(answer))
