"""The live session: one socket for many feeds, kept open with the session; docs/api.md#live."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from instasell_client.errors import (
    ConnectionFailed,
    Forbidden,
    InstaSellError,
    ProtocolError,
)
from instasell_client.http.transport import READS_ONLY
from instasell_client.live.bid_sender import BidSender
from instasell_client.live.clock import Clock
from instasell_client.live.connection_state import ConnectionState, StateCallback, StateTracker
from instasell_client.live.feed_registry import FeedRegistry
from instasell_client.live.feeds import AccountFeed, AuctionFeed, BoardFeed, JoinedFeed
from instasell_client.live.handshake import open_socket
from instasell_client.live.retry import RateLimiter, RetryPolicy, is_transient, wait_seconds
from instasell_client.live.socket_connection import ConnectionLost, SocketConnection
from instasell_client.models.auctions import BidReceipt
from instasell_client.models.base import JsonObject
from instasell_client.models.live import BOARD, BoardView, ClientEvent, LeaveAuction, LiveBid
from instasell_client.models.validation import describe_error
from instasell_client.network import Dial, Observer, Socket
from instasell_client.operation import new_key, request

if TYPE_CHECKING:
    from typing import Self

log = logging.getLogger("instasell_client.live")

JOINS_AT_ONCE_MAX = 8
"""Snapshots of more would come before the answer to a ping, and without it the socket is dead."""


class LiveSession:
    """Watch auctions and the board, and bid, over one socket that reconnects by itself.

    Entering connects, and raises ConnectionFailed, Unauthenticated or NotAnInstaSellServer when
    that does not succeed at once; with `wait_for_server` entering returns at once, and only a
    refusal ends the attempts. A refusal later, as of a token that has ended, is raised by every
    feed. `on_state` is called with each new state of the connection.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        on_state: StateCallback | None = None,
        wait_for_server: bool = False,
        retry_policy: RetryPolicy | None = None,
        dial: Dial | None = None,
        observer: Observer | None = None,
        read_only: bool = False,
    ) -> None:
        self._base_url = base_url
        self._token = token
        self._wait_for_server = wait_for_server
        self._retry_policy = retry_policy or RetryPolicy()
        self._dial = dial or open_socket
        self._observer = observer or Observer()
        self._read_only = read_only
        self._states = StateTracker(on_state)
        self._clock = Clock()
        self._connection: SocketConnection | None = None
        self._failure: InstaSellError | None = None
        self._feeds = FeedRegistry(self._abandon)
        self._bids = BidSender(self._next_connection, self._retry_policy, self._observer)
        self._joins_at_once = asyncio.Semaphore(JOINS_AT_ONCE_MAX)
        self._pace = RateLimiter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep())
        self._keeper.add_done_callback(self._kept)
        if not self._wait_for_server:
            try:
                await self._next_connection()
            except BaseException:
                await self.aclose()
                raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the socket and end every feed; leaving `async with` does it, too.

        Example:
            live = await client.live().__aenter__()
            await live.aclose()
        """
        tasks = [task for task in (self._keeper, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._end(None)

    @property
    def state(self) -> ConnectionState:
        """Return the present state of the connection."""
        return self._states.state

    def states(self) -> AsyncGenerator[ConnectionState, None]:
        """Yield the state of the connection and each new one, until `CLOSED`.

        Returns:
            An iterator of ConnectionState.

        Example:
            async for state in live.states():
                print(state)
        """
        return self._states.states()

    def server_now(self) -> datetime:
        """Return the server's time, for countdowns.

        Returns:
            An instant in UTC; `clock_error_seconds` is its largest error.

        Example:
            left = auction.end_at - live.server_now()
        """
        return self._clock.now()

    @property
    def clock_error_seconds(self) -> float | None:
        """Return the largest error of `server_now`; None before the first answer of the server."""
        return self._clock.error_seconds

    def auction(
        self, auction_id: str, *, after_seq: int | None = None, view: bool = False
    ) -> AuctionFeed:
        """Follow an auction: `AuctionJoined`, then each change once, across lost connections.

        Args:
            auction_id: Id of the auction.
            after_seq: The first `AuctionJoined` has the bids with a higher `seq`.
            view: The first `AuctionJoined` has what `auctions.get` returns, too.

        Returns:
            A feed for `async for`; iterating raises AuctionNotFound and what ends the session.

        Raises:
            Invalid

        Example:
            async for event in live.auction(auction_id, after_seq=12):
                print(event)

        See docs/api.md#live.
        """
        feed = AuctionFeed(
            auction_id,
            after_seq,
            view,
            self._feeds.leave,
            self._start_join,
            lambda: BOARD in self._feeds,
        )
        self._feeds.enter(feed)
        self._start_join(feed)
        return feed

    def board(self, *, view: BoardView | None = None) -> BoardFeed:
        """Follow a view of the open auctions: `BoardJoined`, then what changes in it.

        Args:
            view: Category, text, order and size, one for all board feeds of a session; without it
                the 500 that end soonest. `feed.change_view` shows another one.

        Returns:
            A feed for `async for`; iterating raises what ends the session.

        Example:
            async for event in live.board(view=BoardView(text="watch", limit=100)):
                print(event)

        See docs/api.md#live.
        """
        feed = BoardFeed(self._feeds.leave, self._start_join, view)
        self._feeds.enter(feed)
        self._start_join(feed)
        return feed

    def events(self) -> AccountFeed:
        """Follow your notifications, messages and wallet.

        Returns:
            A feed for `async for`; iterating raises what ends the session.

        Example:
            async for event in live.events():
                print(event.event, event.data)

        See docs/api.md#live.
        """
        feed = AccountFeed(self._feeds.leave)
        self._feeds.listen(feed)
        if self.state is ConnectionState.CLOSED:
            feed.finish(self._failure)
        return feed

    async def bid(
        self,
        auction_id: str,
        *,
        amount: int | None = None,
        max_amount: int | None = None,
        key: str | None = None,
        timeout_seconds: float = 30.0,
    ) -> BidReceipt:
        """Bid, and repeat the bid with the same key until it is answered.

        Args:
            auction_id: Id of the auction.
            amount: Minor units to bid now.
            max_amount: Minor units up to which the market bids for you; others do not see it.
            key: Key that makes a repeat safe; a new one by default.
            timeout_seconds: Seconds to wait for the answer, lost connections included.

        Returns:
            BidReceipt: its `outcome` is `leading` or `outbid`.

        Raises:
            BidTooLow(minimum), AlreadyLeading(minimum), AuctionNotOpen(auction_status),
            AuctionNotFound, SellerCannotBid, Unauthenticated, Invalid; after `timeout_seconds`
            OutcomeUnknown(idempotency_key) if the bid may have been accepted, Timeout if it was
            never sent

        Example:
            receipt = await live.bid(auction_id, amount=9200)

        See docs/api.md#live.
        """
        if self._read_only:
            raise Forbidden(READS_ONLY)
        bid = request(
            LiveBid,
            auction_id=auction_id,
            amount=amount,
            max_amount=max_amount,
            idempotency_key=key or new_key(),
        )
        return await self._bids.send(bid, timeout_seconds)

    async def _next_connection(self) -> SocketConnection:
        while self._connection is None:
            if self._failure is not None:
                raise self._failure
            if self.state is ConnectionState.CLOSED or self._keeper is None:
                raise ConnectionFailed("the live session is not open; enter it with async with")
            await self._states.wait()
        return self._connection

    async def _keep(self) -> None:
        """Connect, serve, and connect again, until a refusal or the end of the session."""
        delays = self._retry_policy.delays()
        while True:
            try:
                socket = await self._dial(self._base_url, self._token)
            except InstaSellError as error:
                if not self._worth_waiting(error):
                    raise
                await asyncio.sleep(wait_seconds(error, delays))
                continue
            async with socket:
                answered = await self._serve(socket)
            if answered:
                delays = self._retry_policy.delays()
            await asyncio.sleep(next(delays))

    def _kept(self, keeper: asyncio.Task[None]) -> None:
        """End the session when its keeper has ended, so that no reader waits for ever."""
        failure = None if keeper.cancelled() else keeper.exception()
        if isinstance(failure, InstaSellError) or failure is None:
            self._end(failure)
        else:
            broken = InstaSellError(f"the live session broke: {failure!r}")
            broken.__cause__ = failure
            self._end(broken)

    def _worth_waiting(self, error: InstaSellError) -> bool:
        patient = self._wait_for_server or self.state is ConnectionState.RECONNECTING
        return patient and is_transient(error)

    async def _serve(self, socket: Socket) -> bool:
        """Serve one socket to its end; return True if it ever answered."""
        self._clock.restart()
        self._pace = RateLimiter()
        connection = SocketConnection(socket, self._clock, self._receive, self._retry_policy.answer)
        self._connection = connection
        self._states.enter(ConnectionState.LIVE)
        self._observer.on_state(live=True)
        pinging = self._start(self._ping(connection))
        for feed in self._feeds:
            self._start_join(feed)
        try:
            log.info("the connection ended: %s", await connection.read())
        finally:
            self._connection = None
            pinging.cancel()
        self._observer.on_state(live=False)
        self._states.enter(ConnectionState.RECONNECTING)
        return connection.answered

    def _receive(self, event: str, data: JsonObject) -> None:
        self._observer.on_notice(event, data)
        self._feeds.receive(event, data)

    async def _ping(self, connection: SocketConnection) -> None:
        """Keep the socket alive, notice when it is dead, and read the server's clock."""
        while True:
            try:
                await connection.ask(ClientEvent.PING, {})
            except ConnectionLost:
                return
            except InstaSellError as error:
                log.warning("a ping was refused: %s", error)
            await asyncio.sleep(self._retry_policy.ping_every)

    def _start_join(self, feed: JoinedFeed[Any]) -> None:
        """Join, now or with the next connection; what comes until the answer is held back."""
        feed.hold()
        if self.state is ConnectionState.CLOSED:
            feed.finish(self._failure)
        elif self._connection is not None:
            self._start(self._join(self._connection, feed))

    async def _join(self, connection: SocketConnection, feed: JoinedFeed[Any]) -> None:
        delays = self._retry_policy.delays()
        while not feed.over:
            if feed.gaps > 1:
                await asyncio.sleep(next(delays))
            data = feed.request().model_dump(exclude_none=True)
            try:
                async with self._joins_at_once:
                    await self._pace.turn()
                    ack = await connection.ask(ClientEvent.JOIN, data)
                feed.joined(ack)
                self._observer.on_joined(ack)
                return
            except ConnectionLost:
                return
            except ValidationError as error:
                feed.finish(
                    ProtocolError(
                        f"the snapshot does not fit the contract: {describe_error(error)}"
                    )
                )
            except InstaSellError as error:
                if not is_transient(error):
                    feed.finish(error)
                    self._feeds.leave(feed)
                else:
                    await asyncio.sleep(wait_seconds(error, delays))

    def _abandon(self, target_id: str) -> None:
        if self._connection is not None:
            data = LeaveAuction(auction_id=target_id).model_dump()
            self._start(_leave(self._connection, data))

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _end(self, failure: InstaSellError | None) -> None:
        self._failure = self._failure or failure
        self._connection = None
        self._states.enter(ConnectionState.CLOSED)
        self._feeds.finish(self._failure)


async def _leave(connection: SocketConnection, data: JsonObject) -> None:
    try:
        await connection.ask(ClientEvent.LEAVE, data)
    except InstaSellError as error:
        log.info("leaving was not answered: %s", error)
