"""Carries out what happens by itself: sessions that expire, payouts and refunds that settle."""

from __future__ import annotations

import asyncio
import contextlib
import time

import structlog

from instasell_server.sandbox import checkout, connect, refunds
from instasell_server.sandbox.records import PlannedEvent, SandboxRecords
from instasell_server.sandbox.settings import Faults
from instasell_server.sandbox.store import Store

PRUNE_SECONDS = 3600.0
ERROR_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class Schedule:
    """Carries plans out when they are due, between `start` and `stop`."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._prune_at = 0.0
        store.on_plan = self.wake

    def wake(self) -> None:
        """Have it look again at what is due."""
        self._wake.set()

    async def start(self) -> None:
        """Begin to carry plans out."""
        self._task = asyncio.create_task(self._run(), name="sandbox-schedule")

    async def stop(self) -> None:
        """Stop; what is due is carried out after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                if time.monotonic() >= self._prune_at:
                    await self._store.transact(SandboxRecords.prune)
                    self._prune_at = time.monotonic() + PRUNE_SECONDS
                pause = await self._store.transact(self._carry_out)
            except Exception:
                _log.exception("timetable_failed")
                pause = ERROR_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(pause, PRUNE_SECONDS)):
                    await self._wake.wait()

    def _carry_out(self, records: SandboxRecords) -> float:
        """Carry out one plan, if one is due; return the seconds until the next."""
        held = []
        if self._faults.hold_payouts:
            held.append(connect.SETTLE)
        if self._faults.hold_refunds:
            held.append(refunds.SETTLE)
        plan = records.find_next_plan(tuple(held))
        if plan is None:
            return PRUNE_SECONDS
        if plan.due_at > records.now:
            return plan.due_at - records.now
        records.drop_plan(plan.seq)
        self._settle(records, plan)
        return 0.0

    def _settle(self, records: SandboxRecords, plan: PlannedEvent) -> None:
        if plan.kind == checkout.EXPIRE:
            checkout.expire_planned(records, plan.object_id)
        elif plan.kind == connect.SETTLE:
            connect.settle_planned(records, plan.object_id, self._faults)
        elif plan.kind == refunds.SETTLE:
            refunds.settle_planned(records, plan.object_id, self._faults)
