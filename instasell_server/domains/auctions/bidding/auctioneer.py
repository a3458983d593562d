"""Group commit: all bids that wait share one transaction, and so one flush of the disk.

A few lanes each drain what waits for their auctions. The Redis locks keep servers from queueing
on the same rows and are a hint only: the row locks and the version decide, and with Redis away
bidding goes on.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Coroutine, Sequence

import structlog

from instasell_client.models.auctions import BidReceipt
from instasell_client.models.errors import InstaSellError, OutcomeUnknown, Unavailable
from instasell_server import metrics
from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction
from instasell_server.domains.auctions import locked_store
from instasell_server.domains.auctions.bid_records import BidCommand
from instasell_server.domains.auctions.bidding.auction_queue import AuctionQueue, PendingBid
from instasell_server.domains.auctions.bidding.bid_batch import Answer, BatchResult, decide_batch
from instasell_server.domains.auctions.closing.lifecycle import Lifecycle
from instasell_server.domains.auctions.events import AuctionEvent
from instasell_server.domains.auctions.records import LockedAuction
from instasell_server.ports import Bus, Locks, Unreachable

LOCK_PATIENCE_SECONDS = 0.1
LOCK_HOLD_SECONDS = 0.05
LOCK_REST_SECONDS = 0.005
LOCK_RETRY_SECONDS = (0.005, 0.020)
ROW_PATIENCE_SECONDS = 3.0
RETRY_UNKNOWN_SECONDS = (0.05, 0.2, 0.5, 1.0)
WAITING_MAX = 20_000
SLOW_LANES = 4
STOP_SECONDS = 5.0

_log = structlog.get_logger(__name__)


def lock_name(auction_id: str) -> str:
    """Return the Redis key of an auction's lock."""
    return f"lock:auction:{auction_id}"


class Auctioneer:
    """Takes bids one by one and serves them in batches."""

    def __init__(
        self,
        database: Database,
        locks: Locks,
        bus: Bus,
        lifecycle: Lifecycle,
        *,
        lanes: int,
        batch_size: int,
    ) -> None:
        self._database = database
        self._locks = locks
        self._bus = bus
        self._lifecycle = lifecycle
        self._lanes = lanes
        self._batch_size = batch_size
        self._token = secrets.token_hex(8)
        self._desks: dict[str, AuctionQueue] = {}
        # An ordered set: auctions come up in the order in which their first bid came.
        self._ready: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._waiting = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._slow = asyncio.Semaphore(SLOW_LANES)
        self._closing = False

    def start(self) -> None:
        """Opens the lanes; call it inside the running loop."""
        for number in range(self._lanes):
            self._spawn(self._lane(), f"auctioneer-{number}")

    async def stop(self) -> None:
        """Serves what waits, then closes the lanes."""
        self._closing = True
        try:
            async with asyncio.timeout(STOP_SECONDS):
                while self._waiting:
                    self._wake.set()
                    await asyncio.sleep(0.01)
        except TimeoutError:
            # Their keys tell later what became of them; the rest of the server has to stop too.
            _log.error("bids_left_unanswered", bids=self._waiting)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def submit(self, command: BidCommand) -> asyncio.Future[Answer]:
        """Queues a bid; the future gets its verdict, a refusal as a value and never raised.

        Raises Unavailable when too many bids wait already, or when the server is stopping. A
        future that is cancelled leaves the bid in its batch.
        """
        if self._waiting >= WAITING_MAX or self._closing:
            raise Unavailable("too many bids are waiting")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        desk = self._desks.get(command.auction_id)
        if desk is None:
            desk = self._desks[command.auction_id] = AuctionQueue(command.auction_id)
        desk.waiting.append(PendingBid(command, answer, loop.time()))
        self._waiting += 1
        self._make_ready(desk)
        return answer

    def _answer(self, waiting: PendingBid, answer: Answer) -> None:
        self._waiting -= 1
        if not waiting.answer.done():
            waiting.answer.set_result(answer)

    def _answer_all(self, batch: Sequence[PendingBid], error: InstaSellError) -> None:
        for waiting in batch:
            self._answer(waiting, error)

    def _make_ready(self, desk: AuctionQueue) -> None:
        if desk.busy or not desk.waiting:
            return
        loop = asyncio.get_running_loop()
        delay = desk.not_before - loop.time()
        if delay > 0:
            loop.call_later(delay, self._make_ready, desk)
        else:
            self._ready[desk.id] = None
            self._wake.set()

    async def _lane(self) -> None:
        while True:
            await self._wake.wait()
            # One turn of the loop lets the other sockets that are readable hand in their bids.
            await asyncio.sleep(0)
            desks, batch = self._take()
            if not batch:
                self._wake.clear()
                continue
            try:
                await self._serve_desks(desks, batch)
            except Exception as error:
                _log.exception("batch_failed", bids=len(batch))
                self._answer_all(batch, _as_refusal(error))
            finally:
                self._release_desks(desks)

    def _take(self) -> tuple[list[AuctionQueue], list[PendingBid]]:
        desks: list[AuctionQueue] = []
        batch: list[PendingBid] = []
        while self._ready and len(batch) < self._batch_size:
            auction_id = next(iter(self._ready))
            del self._ready[auction_id]
            desk = self._desks[auction_id]
            if desk.busy or not desk.waiting:
                continue
            desk.busy = True
            desks.append(desk)
            room = self._batch_size - len(batch)
            while desk.waiting and room:
                batch.append(desk.waiting.popleft())
                room -= 1
        return desks, batch

    async def _serve_desks(self, desks: Sequence[AuctionQueue], batch: list[PendingBid]) -> None:
        refused = await self._lock(desks, batch)
        if refused:
            for waiting in reversed(batch):
                if waiting.command.auction_id in refused:
                    self._desks[waiting.command.auction_id].waiting.appendleft(waiting)
            batch[:] = [each for each in batch if each.command.auction_id not in refused]
        if batch:
            try:
                await self._serve(batch)
            finally:
                await self._unlock(desks)

    async def _lock(self, desks: Sequence[AuctionQueue], batch: Sequence[PendingBid]) -> set[str]:
        """Takes the Redis locks; returns the auctions that have to wait for theirs."""
        wanted = [desk for desk in desks if desk.held_since is None]
        if not wanted:
            return set()
        now = asyncio.get_running_loop().time()
        try:
            got = await self._locks.acquire([lock_name(desk.id) for desk in wanted], self._token)
        except Unreachable:
            return set()
        missed = {desk.id for desk in wanted if lock_name(desk.id) not in got}
        for desk in wanted:
            if desk.id not in missed:
                desk.held_since = now
        if not missed:
            return missed
        metrics.LOCK_MISSES.inc(len(missed))
        impatient = {
            each.command.auction_id for each in batch if now - each.since >= LOCK_PATIENCE_SECONDS
        }
        for auction_id in missed - impatient:
            self._desks[auction_id].not_before = now + random.uniform(*LOCK_RETRY_SECONDS)
        return missed - impatient

    async def _unlock(self, desks: Sequence[AuctionQueue]) -> None:
        """Frees the locks of auctions that nothing waits for, or that were held long enough."""
        now = asyncio.get_running_loop().time()
        rest = LOCK_REST_SECONDS if self._bus.peers else 0.0
        free: list[str] = []
        for desk in desks:
            if desk.held_since is None:
                continue
            if desk.waiting and now - desk.held_since < LOCK_HOLD_SECONDS:
                continue
            desk.held_since = None
            desk.not_before = now + rest
            free.append(lock_name(desk.id))
        if free:
            await self._locks.release(free, self._token)

    def _release_desks(self, desks: Sequence[AuctionQueue]) -> None:
        loop = asyncio.get_running_loop()
        for desk in desks:
            desk.busy = False
            if desk.waiting:
                self._make_ready(desk)
            elif desk.held_since is None:
                # It stays for as long as its lock has to rest.
                loop.call_at(desk.not_before, self._forget, desk)

    def _forget(self, desk: AuctionQueue) -> None:
        idle = not (desk.busy or desk.waiting) and desk.held_since is None
        if idle and self._desks.get(desk.id) is desk:
            del self._desks[desk.id]

    async def _serve(self, batch: Sequence[PendingBid]) -> None:
        """Answers every bid of a batch, whatever happens to it."""
        metrics.BATCH_SIZE.observe(len(batch))
        try:
            judged, skipped = await self._commit(batch, wait_for_locks=False)
        except OutcomeUnknown:
            await self._resolve(batch)
            return
        except InstaSellError as error:
            self._answer_all(batch, error)
            return
        except Exception:
            # The database refuses a bid, or judging one breaks down: only that one is to suffer.
            _log.exception("batch_failed", bids=len(batch))
            await self._serve_apart(batch)
            return
        if skipped:
            slow = [each for each in batch if each.command.auction_id in skipped]
            batch = [each for each in batch if each.command.auction_id not in skipped]
            self._spawn(self._serve_slowly(slow), "auctioneer-slow")
        await self._finish(batch, judged)

    async def _finish(self, batch: Sequence[PendingBid], judged: BatchResult) -> None:
        """Drop stale copies, so that no bidder reads one after the answer; answer, then broadcast.

        Bidders bid again while the events are broadcast, which makes the next batch a fuller one.
        """
        retired = await self._retire(judged.events)
        for change in judged.changes:
            _log.info(
                "bids_placed",
                auction_id=change.id,
                version=change.version + 1,
                seq=change.standing.seq,
                price=change.standing.price,
            )
        metrics.count_answers(judged.answers)
        for waiting, answer in zip(batch, judged.answers, strict=True):
            self._answer(waiting, answer)
        try:
            await self._lifecycle.broadcast(judged.events, retired=retired)
        except Exception:
            # The bidders have their answers; the sweep of each hub finds what was not published.
            _log.exception("events_not_published", events=len(judged.events))

    async def _retire(self, events: Sequence[AuctionEvent]) -> bool:
        try:
            return await self._lifecycle.invalidate(events)
        except Exception:
            # What is committed is acknowledged, whatever becomes of its copies.
            _log.exception("copies_not_retired", events=len(events))
            return False

    async def _commit(
        self, batch: Sequence[PendingBid], *, wait_for_locks: bool
    ) -> tuple[BatchResult, set[str]]:
        """Run one transaction. Return what was decided, and the auctions that were locked."""
        ids = sorted({each.command.auction_id for each in batch})
        async with self._database.connection() as connection:
            tx = Transaction(
                connection, locked_store.BEGIN, timeout_seconds=locked_store.SILENCE_SECONDS
            )
            try:
                lock = locked_store.lock_waiting if wait_for_locks else locked_store.lock_free
                locked = await lock(tx, ids)
                skipped = set() if wait_for_locks else set(ids) - locked.keys()
                commands = [
                    each.command for each in batch if each.command.auction_id not in skipped
                ]
                judged = await self._judge(tx, locked, commands)
            except BaseException:
                await tx.rollback()
                raise
        await tx.run_after_commit()
        return judged, skipped

    async def _judge(
        self, tx: Transaction, locked: dict[str, LockedAuction], commands: Sequence[BidCommand]
    ) -> BatchResult:
        if not commands:
            await tx.rollback()
            return BatchResult([], [], [], [], [])
        facts, now = await locked_store.read_bidders(tx, commands)
        judged = decide_batch(locked, commands, facts, now)
        if not judged.changes:
            is_repeated = any(isinstance(a, BidReceipt) and a.repeated for a in judged.answers)
            await (tx.confirm() if is_repeated else tx.rollback())
            return judged
        if judged.closings:
            await self._lifecycle.record_closings(tx, judged.closings)
        await locked_store.write_and_commit(
            tx, judged.rows, judged.changes, judged.lead_changes, now
        )
        return judged

    async def _serve_slowly(self, batch: Sequence[PendingBid]) -> None:
        """Wait for rows that another transaction has locked, one auction at a time."""
        by_auction: dict[str, list[PendingBid]] = {}
        for waiting in batch:
            by_auction.setdefault(waiting.command.auction_id, []).append(waiting)
        async with self._slow:
            for group in by_auction.values():
                await self._serve_patiently(group)

    async def _serve_patiently(self, group: Sequence[PendingBid]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                judged, _ = await self._commit(group, wait_for_locks=True)
            except OutcomeUnknown:
                await self._resolve(group)
            except Unavailable as error:
                if loop.time() - group[0].since < ROW_PATIENCE_SECONDS:
                    await asyncio.sleep(random.uniform(*LOCK_RETRY_SECONDS))
                    continue
                self._answer_all(group, error)
            except Exception as error:
                _log.exception("bids_failed", bids=len(group))
                if len(group) > 1:
                    await self._serve_apart(group)
                else:
                    self._answer_all(group, _as_refusal(error))
            else:
                await self._finish(group, judged)
            return

    async def _serve_apart(self, batch: Sequence[PendingBid]) -> None:
        """After an error of the database: each auction alone, then each bid alone."""
        groups: dict[str, list[PendingBid]] = {}
        for waiting in batch:
            groups.setdefault(waiting.command.auction_id, []).append(waiting)
        parts: list[list[PendingBid]] = list(groups.values())
        if len(parts) == 1:
            parts = [[waiting] for waiting in batch]
        for part in parts:
            await self._serve_patiently(part)

    async def _resolve(self, batch: Sequence[PendingBid]) -> None:
        """After a lost COMMIT: the stored keys tell which bids had been taken.

        The batch is judged again behind the row locks, so a commit that is still under way is
        waited for, and what it stored is answered from the row.
        """
        for delay in RETRY_UNKNOWN_SECONDS:
            await asyncio.sleep(delay)
            try:
                judged, _ = await self._commit(batch, wait_for_locks=True)
            except (OutcomeUnknown, Unavailable):
                continue
            except Exception:
                _log.exception("lost_commit_not_resolved", bids=len(batch))
                break
            await self._finish(batch, judged)
            return
        self._answer_all(batch, OutcomeUnknown())

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _as_refusal(error: Exception) -> InstaSellError:
    return error if isinstance(error, InstaSellError) else InstaSellError()
