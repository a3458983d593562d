"""Group commit: all bids that wait share one transaction, and so one flush of the disk.

A few lanes each drain what waits for their auctions. The Redis locks keep servers from queueing
on the same rows and are a hint only: the row locks and the version decide, and with Redis away
bidding goes on.
"""

from __future__ import annotations

import asyncio
import random
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
from instasell_server.domains.auctions.bidding.lock_hints import LOCK_RETRY_SECONDS, LockHints
from instasell_server.domains.auctions.closing.lifecycle import Lifecycle
from instasell_server.domains.auctions.events import AuctionEvent
from instasell_server.domains.auctions.records import LockedAuction
from instasell_server.ports import Bus, Locks

ROW_PATIENCE_SECONDS = 3.0
RETRY_UNKNOWN_SECONDS = (0.05, 0.2, 0.5, 1.0)
WAITING_MAX = 20_000
SLOW_LANES = 4
STOP_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class Auctioneer:
    """Queue bids one by one and decide them in batches."""

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
        self._hints = LockHints(locks, bus)
        self._lifecycle = lifecycle
        self._lanes = lanes
        self._batch_size = batch_size
        self._queues: dict[str, AuctionQueue] = {}
        # An ordered set: auctions come up in the order in which their first bid came.
        self._ready: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._waiting = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._slow = asyncio.Semaphore(SLOW_LANES)
        self._closing = False

    def start(self) -> None:
        """Start the lanes; call it inside the running loop."""
        for number in range(self._lanes):
            self._spawn(self._lane(), f"auctioneer-{number}")

    async def stop(self) -> None:
        """Decide the bids that wait, then end the lanes."""
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
        """Queue a bid; the future gets its answer, a refusal as a value and never raised.

        Raises Unavailable when too many bids wait already, or when the server is stopping. A
        future that is cancelled leaves the bid in its batch.
        """
        if self._waiting >= WAITING_MAX or self._closing:
            raise Unavailable("too many bids are waiting")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        queue = self._queues.get(command.auction_id)
        if queue is None:
            queue = self._queues[command.auction_id] = AuctionQueue(command.auction_id)
        queue.waiting.append(PendingBid(command, answer, loop.time()))
        self._waiting += 1
        self._make_ready(queue)
        return answer

    def _answer(self, pending: PendingBid, answer: Answer) -> None:
        self._waiting -= 1
        if not pending.answer.done():
            pending.answer.set_result(answer)

    def _answer_all(self, batch: Sequence[PendingBid], error: InstaSellError) -> None:
        for pending in batch:
            self._answer(pending, error)

    def _make_ready(self, queue: AuctionQueue) -> None:
        if queue.busy or not queue.waiting:
            return
        loop = asyncio.get_running_loop()
        delay = queue.not_before - loop.time()
        if delay > 0:
            loop.call_later(delay, self._make_ready, queue)
        else:
            self._ready[queue.id] = None
            self._wake.set()

    async def _lane(self) -> None:
        while True:
            await self._wake.wait()
            # One turn of the loop lets the other sockets that are readable hand in their bids,
            # so that they share this flush of the disk.
            await asyncio.sleep(0)
            queues, batch = self._take()
            if not batch:
                self._wake.clear()
                continue
            try:
                await self._serve_queues(queues, batch)
            except Exception as error:
                _log.exception("batch_failed", bids=len(batch))
                self._answer_all(batch, _as_refusal(error))
            finally:
                self._release_queues(queues)

    def _take(self) -> tuple[list[AuctionQueue], list[PendingBid]]:
        queues: list[AuctionQueue] = []
        batch: list[PendingBid] = []
        while self._ready and len(batch) < self._batch_size:
            auction_id = next(iter(self._ready))
            del self._ready[auction_id]
            queue = self._queues[auction_id]
            if queue.busy or not queue.waiting:
                continue
            queue.busy = True
            queues.append(queue)
            room = self._batch_size - len(batch)
            while queue.waiting and room:
                batch.append(queue.waiting.popleft())
                room -= 1
        return queues, batch

    async def _serve_queues(self, queues: Sequence[AuctionQueue], batch: list[PendingBid]) -> None:
        refused = await self._hints.acquire(queues, batch)
        if refused:
            for pending in reversed(batch):
                if pending.command.auction_id in refused:
                    self._queues[pending.command.auction_id].waiting.appendleft(pending)
            batch[:] = [each for each in batch if each.command.auction_id not in refused]
        if batch:
            try:
                await self._serve(batch)
            finally:
                await self._hints.release(queues)

    def _release_queues(self, queues: Sequence[AuctionQueue]) -> None:
        loop = asyncio.get_running_loop()
        for queue in queues:
            queue.busy = False
            if queue.waiting:
                self._make_ready(queue)
            elif queue.held_since is None:
                # It stays for as long as its lock has to rest.
                loop.call_at(queue.not_before, self._forget, queue)

    def _forget(self, queue: AuctionQueue) -> None:
        idle = not (queue.busy or queue.waiting) and queue.held_since is None
        if idle and self._queues.get(queue.id) is queue:
            del self._queues[queue.id]

    async def _serve(self, batch: Sequence[PendingBid]) -> None:
        """Decide a batch in one transaction, and answer every bid whatever happens to it."""
        metrics.BATCH_SIZE.observe(len(batch))
        try:
            decided, skipped = await self._commit(batch, wait_for_locks=False)
        except OutcomeUnknown:
            await self._resolve(batch)
            return
        except InstaSellError as error:
            self._answer_all(batch, error)
            return
        except Exception:
            # The database refuses a bid, or deciding one breaks down: only that one is to fail.
            _log.exception("batch_failed", bids=len(batch))
            await self._serve_apart(batch)
            return
        if skipped:
            slow = [each for each in batch if each.command.auction_id in skipped]
            batch = [each for each in batch if each.command.auction_id not in skipped]
            self._spawn(self._serve_slowly(slow), "auctioneer-slow")
        await self._finish(batch, decided)

    async def _finish(self, batch: Sequence[PendingBid], decided: BatchResult) -> None:
        """Drop stale copies, so that no bidder reads one after the answer; answer, then broadcast.

        Bidders bid again while the events are broadcast, which makes the next batch a fuller one:
        with 64 sockets on one auction 58 bids a batch instead of 41, and 161 us of the server's
        CPU a bid instead of 187. This is why a batch publishes its events itself, and not as an
        effect of its transaction. What ended in it the outbox publishes again; rooms drop that.
        """
        await self._retire(decided.events)
        for change in decided.changes:
            _log.info(
                "bids_placed",
                auction_id=change.id,
                version=change.version + 1,
                seq=change.standing.seq,
                price=change.standing.price,
            )
        metrics.count_answers(decided.answers)
        for pending, answer in zip(batch, decided.answers, strict=True):
            self._answer(pending, answer)
        try:
            await self._lifecycle.broadcast(decided.events)
        except Exception:
            # The bidders have their answers; the sweep of each hub finds what was not published.
            _log.exception("events_not_published", events=len(decided.events))

    async def _retire(self, events: Sequence[AuctionEvent]) -> None:
        try:
            await self._lifecycle.invalidate(events)
        except Exception:
            # What is committed is acknowledged, whatever becomes of its copies.
            _log.exception("copies_not_retired", events=len(events))

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
                decided = await self._decide(tx, locked, commands)
            except BaseException:
                await tx.rollback()
                raise
        await tx.run_effects(self._database)
        return decided, skipped

    async def _decide(
        self, tx: Transaction, locked: dict[str, LockedAuction], commands: Sequence[BidCommand]
    ) -> BatchResult:
        if not commands:
            await tx.rollback()
            return BatchResult([], [], [], [], [])
        facts, now = await locked_store.read_bidders(tx, commands)
        decided = decide_batch(locked, commands, facts, now)
        if not decided.changes:
            # PostgreSQL waits for no standby in a transaction that writes nothing: an answer from
            # a stored row could tell of a bid that a failover takes back. `confirm` waits.
            is_repeated = any(isinstance(a, BidReceipt) and a.repeated for a in decided.answers)
            await (tx.confirm() if is_repeated else tx.rollback())
            return decided
        if decided.closings:
            await self._lifecycle.record_closings(tx, decided.closings)
        await locked_store.write_and_commit(
            tx, decided.rows, decided.changes, decided.lead_changes, now
        )
        return decided

    async def _serve_slowly(self, batch: Sequence[PendingBid]) -> None:
        """Wait for rows that another transaction has locked, one auction at a time."""
        by_auction: dict[str, list[PendingBid]] = {}
        for pending in batch:
            by_auction.setdefault(pending.command.auction_id, []).append(pending)
        async with self._slow:
            for group in by_auction.values():
                await self._serve_patiently(group)

    async def _serve_patiently(self, group: Sequence[PendingBid]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                decided, _ = await self._commit(group, wait_for_locks=True)
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
                await self._finish(group, decided)
            return

    async def _serve_apart(self, batch: Sequence[PendingBid]) -> None:
        """Decide each auction alone after an error of the database, then each bid alone."""
        groups: dict[str, list[PendingBid]] = {}
        for pending in batch:
            groups.setdefault(pending.command.auction_id, []).append(pending)
        parts: list[list[PendingBid]] = list(groups.values())
        if len(parts) == 1:
            parts = [[pending] for pending in batch]
        for part in parts:
            await self._serve_patiently(part)

    async def _resolve(self, batch: Sequence[PendingBid]) -> None:
        """Find out after a lost COMMIT which bids it stored, by their keys.

        The batch is decided again behind the row locks, so a commit that is still under way is
        waited for, and what it stored is answered from the row.
        """
        for delay in RETRY_UNKNOWN_SECONDS:
            await asyncio.sleep(delay)
            try:
                decided, _ = await self._commit(batch, wait_for_locks=True)
            except (OutcomeUnknown, Unavailable):
                continue
            except Exception:
                _log.exception("lost_commit_not_resolved", bids=len(batch))
                break
            await self._finish(batch, decided)
            return
        self._answer_all(batch, OutcomeUnknown())

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _as_refusal(error: Exception) -> InstaSellError:
    return error if isinstance(error, InstaSellError) else InstaSellError()
