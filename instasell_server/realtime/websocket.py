"""One connection at /ws: its frames, its sign-in, its bids."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

import structlog
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from pydantic_core import to_json

from instasell_client.models.accounts import Scope
from instasell_client.models.live import (
    BOARD,
    FRAME_BYTES_MAX,
    Authenticate,
    ClientEvent,
    JoinAuction,
    LeaveAuction,
    LiveBid,
)
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.domains.auctions.judging import Answer
from instasell_server.domains.auctions.service import AuctionService
from instasell_server.errors import (
    Forbidden,
    InstaSellError,
    RateLimited,
    ScopeMissing,
    Unauthenticated,
)
from instasell_server.http.passage import PASSAGE
from instasell_server.http.problems import problem_of
from instasell_server.http.route import Call
from instasell_server.principal import Principal
from instasell_server.realtime.frame_reader import (
    FrameId,
    FrameRefused,
    parse_data,
    read_frame,
)
from instasell_server.realtime.hub import Hub
from instasell_server.realtime.joins import JoinAnswer, Joins
from instasell_server.realtime.pulse import Pulse
from instasell_server.realtime.watcher import PING_FRAME, Watcher, pong_frame, text_frame

ROOMS_MAX = 1000
BIDS_IN_FLIGHT_MAX = 64
UNREAD_BYTES_MAX = 4 * 1024 * 1024
FLOOD_FRAMES = 300
FLOOD_FRAMES_PER_SECOND = 60
FAREWELL_SECONDS = 1.0
SESSION_ENDED = 4401
"""The close code that tells a client to sign in again."""

_log = structlog.get_logger("instasell.live")


class LiveEndpoint:
    """What connections need of the server."""

    def __init__(
        self,
        hub: Hub,
        history: AuctionHistory,
        auctions: AuctionService,
        authenticate: Callable[[str], Awaitable[Principal]],
        *,
        origins: list[str],
        limited: bool,
    ) -> None:
        self.hub = hub
        self.history = history
        self.joins = Joins(history)
        self.auctions = auctions
        self.authenticate = authenticate
        self.limited = limited
        self._origins = frozenset(origins)
        self._open = Pulse()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begins to look after the connections; call it inside the running loop."""
        self.spawn(self._open.run())

    async def serve(self, call: Call[None, None]) -> web.StreamResponse:
        """GET /ws"""
        self._check_origin(call.request)
        socket = web.WebSocketResponse(
            # aiohttp refuses what reaches its limit, not only what exceeds it.
            max_msg_size=FRAME_BYTES_MAX + 1,
            autoping=False,
            compress=False,
        )
        await socket.prepare(call.request)
        # Each frame asks for its own scope, so a token that may bid and not read is let in here.
        principal = call.request[PASSAGE].principal
        connection = Connection(self, socket, call.request, principal)
        self._open.add(connection)
        try:
            await connection.run()
        finally:
            self._open.discard(connection)
        return socket

    async def close(self) -> None:
        """Says goodbye to everybody; for a clean stop."""
        await self.joins.stop()
        open_ones = cast(Iterable[Connection], self._open)
        await asyncio.gather(*(each.go_away() for each in open_ones), return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs what no frame waits for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _check_origin(self, request: web.Request) -> None:
        """Refuses a page of another site, which a browser would lend the user's credentials."""
        origin = request.headers.get("Origin")
        if origin is None or origin in self._origins:
            return
        if urlsplit(origin).netloc != request.host:
            raise Forbidden("this origin may not connect; name it in INSTASELL_CORS_ORIGINS")


class Connection:
    """One socket. Frames are answered in order, except that bids wait for their batches."""

    # A market has thousands of them open that only watch.
    __slots__ = (
        "_bids_in_flight", "_budget", "_budget_at", "_endpoint", "_expiry", "_heard", "_hub",
        "_joining", "_principal", "_socket", "_watcher",
    )  # fmt: skip

    def __init__(
        self,
        endpoint: LiveEndpoint,
        socket: web.WebSocketResponse,
        request: web.Request,
        principal: Principal | None,
    ) -> None:
        if request.transport is None:
            raise ConnectionResetError("the connection went away during its upgrade")
        # The transports of uvloop are no subclasses of those of asyncio.
        transport = cast(asyncio.WriteTransport, request.transport)
        self._endpoint = endpoint
        self._hub = endpoint.hub
        self._socket = socket
        self._watcher = Watcher(transport, self._session_over)
        self._principal: Principal | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._joining: asyncio.Future[JoinAnswer] | None = None
        self._bids_in_flight = 0
        self._budget = float(FLOOD_FRAMES)
        self._budget_at = time.monotonic()
        self._heard = True
        self._sign_in(principal)

    async def run(self) -> None:
        """Serves the connection until it ends."""
        self._hub.add(self._watcher)
        try:
            async for message in self._socket:
                self._heard = True
                if self._joining is not None:
                    # One who joins waits here, with no more around it than a future.
                    await asyncio.wait((self._joining,))
                if not await self._accept(message):
                    break
        finally:
            if self._expiry is not None:
                self._expiry.cancel()
            self._hub.remove(self._watcher)
            # A bid that is under way goes on: its verdict stands whether anybody waits or not.

    async def go_away(self) -> None:
        """Closes because the server stops."""
        await self._close(WSCloseCode.GOING_AWAY, b"the server stops")

    def pulse(self) -> None:
        """Pings the other end, or cuts it off if it said nothing since the last ping."""
        if not self._heard:
            self._watcher.abort()
        self._heard = False
        self._watcher.write(PING_FRAME)

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

    def _session_over(self) -> None:
        self._endpoint.spawn(self._close(SESSION_ENDED, b"the session has ended"))

    async def _close(self, code: int, reason: bytes) -> None:
        """Says why and hangs up; one who does not take the farewell in is cut off."""
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._socket.close(code=code, message=reason, drain=False)
        except (TimeoutError, ConnectionError):
            self._watcher.abort()

    # Frames -----------------------------------------------------------------------------------

    async def _accept(self, message: WSMessage) -> bool:
        """Handles one message; False ends the connection."""
        if message.type is WSMsgType.PONG:
            return True
        if message.type is WSMsgType.BINARY:
            await self._close(WSCloseCode.UNSUPPORTED_DATA, b"send text frames")
        if message.type not in (WSMsgType.TEXT, WSMsgType.PING):
            return False
        if not self._within_budget() or self._watcher.waiting_bytes > UNREAD_BYTES_MAX:
            await self._close(WSCloseCode.POLICY_VIOLATION, b"too many frames")
            return False
        if message.type is WSMsgType.PING:
            self._watcher.write(pong_frame(message.data))
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
        except InstaSellError as error:
            self._refuse(frame_id, error)
        except Exception:
            _log.exception("frame_failed")
            self._refuse(frame_id, InstaSellError())
        return True

    def _within_budget(self) -> bool:
        """A bucket of frames that fills up again with time."""
        if not self._endpoint.limited:
            return True
        now = time.monotonic()
        self._budget += (now - self._budget_at) * FLOOD_FRAMES_PER_SECOND
        self._budget = min(self._budget, float(FLOOD_FRAMES)) - 1
        self._budget_at = now
        return self._budget >= 0

    async def _handle(self, frame_id: FrameId, event: ClientEvent, data: dict[str, Any]) -> None:
        if event is ClientEvent.JOIN:
            self._join(frame_id, parse_data(JoinAuction, data))
        elif event is ClientEvent.LEAVE:
            self._leave(frame_id, parse_data(LeaveAuction, data))
        elif event is ClientEvent.AUTHENTICATE:
            principal = await self._endpoint.authenticate(parse_data(Authenticate, data).token)
            self._sign_in(principal)
            self._ack(frame_id, to_json({"user_id": principal.user_id}))
        else:
            self._ack(frame_id, to_json({"server_time": await self._endpoint.history.now()}))

    def _ack(self, frame_id: FrameId, data: bytes) -> None:
        head = b'{"event":"ack","id":' + to_json(frame_id) + b',"data":'
        self._watcher.write(text_frame(head + data + b"}"))

    def _refuse(self, frame_id: FrameId, error: InstaSellError) -> None:
        problem = problem_of(error).model_dump_json(exclude_none=True).encode()
        head = b'{"event":"error","id":' + to_json(frame_id) + b',"data":'
        self._watcher.write(text_frame(head + problem + b"}"))

    # Rooms ------------------------------------------------------------------------------------

    def _join(self, frame_id: FrameId, wish: JoinAuction) -> None:
        auction_id, watcher = wish.auction_id, self._watcher
        if auction_id == BOARD:
            self._hub.start_joining_board(watcher)
            self._joining = self._endpoint.joins.submit(BOARD, self._reader_id)
        else:
            if watcher.rooms >= ROOMS_MAX and not self._hub.watches(watcher, auction_id):
                raise RateLimited(
                    f"a connection joins at most {ROOMS_MAX} auctions; leave some first"
                )
            self._hub.start_joining(watcher, auction_id)
            self._joining = self._endpoint.joins.submit(auction_id, self._reader_id, wish.after_seq)
        self._joining.add_done_callback(partial(self._finish_join, frame_id, auction_id))

    @property
    def _reader_id(self) -> str | None:
        """The account whose own affairs this socket may read."""
        return self._watcher.user_id if self._watcher.may_read else None

    def _finish_join(
        self, frame_id: FrameId, auction_id: str, reading: asyncio.Future[JoinAnswer]
    ) -> None:
        self._joining = None
        found = InstaSellError() if reading.cancelled() else reading.result()
        if isinstance(found, InstaSellError):
            self._stop_watching(auction_id)
            self._refuse(frame_id, found)
            return
        self._ack(frame_id, found.data)
        if auction_id == BOARD:
            self._hub.finish_joining_board(self._watcher, found.versions)
        else:
            version = found.versions[auction_id]
            self._hub.finish_joining(self._watcher, auction_id, version, found.seq)
        _log.info("joined", auction_id=auction_id, user_id=self._watcher.user_id)

    def _stop_watching(self, auction_id: str) -> None:
        if auction_id == BOARD:
            self._hub.leave_board(self._watcher)
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
            raise Unauthenticated("watching works without signing in, bidding does not")
        if not principal.may(Scope.BID):
            raise ScopeMissing("make a token with the scope bid", scope=Scope.BID.value)
        if self._bids_in_flight >= BIDS_IN_FLIGHT_MAX:
            raise RateLimited("too many bids wait on this connection", retry_after_seconds=1)
        auctions = self._endpoint.auctions
        if auctions.limits_bids:
            self._bids_in_flight += 1
            self._endpoint.spawn(self._bid(frame_id, principal, wish))
            return
        # Without a limit to ask for there is nothing to wait for but the verdict, and a callback
        # costs a tenth of a task.
        verdict = auctions.bid_soon(principal, wish.auction_id, wish, wish.idempotency_key)
        self._bids_in_flight += 1
        verdict.add_done_callback(partial(self._tell_verdict, frame_id))

    async def _bid(self, frame_id: FrameId, bidder: Principal, wish: LiveBid) -> None:
        try:
            answer: Answer = await self._endpoint.auctions.bid(
                bidder, wish.auction_id, wish, wish.idempotency_key
            )
        except InstaSellError as error:
            answer = error
        except Exception:
            _log.exception("bid_failed")
            answer = InstaSellError()
        self._answer_bid(frame_id, answer)

    def _tell_verdict(self, frame_id: FrameId, verdict: asyncio.Future[Answer]) -> None:
        self._answer_bid(frame_id, InstaSellError() if verdict.cancelled() else verdict.result())

    def _answer_bid(self, frame_id: FrameId, answer: Answer) -> None:
        self._bids_in_flight -= 1
        if isinstance(answer, InstaSellError):
            self._refuse(frame_id, answer)
        else:
            self._ack(frame_id, answer.__pydantic_serializer__.to_json(answer))
