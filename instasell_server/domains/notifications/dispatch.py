"""Dispatch notifications: from causes that transactions left, to rows, events and e-mail.

A cause is deleted in the transaction that inserts its notifications, a page of the audience at a
time, so a crash leaves one or the other. A notification has a unique key besides: no cause notifies
anybody twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import structlog
from pydantic_core import to_json

from instasell_client.models.errors import OutcomeUnknown, Unavailable
from instasell_client.models.live import ServerEvent
from instasell_client.models.notifications import Notification
from instasell_client.models.notifications import NotificationKind as Kind
from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.auctions.history import AuctionHistory
from instasell_server.domains.notifications import rules, store
from instasell_server.domains.notifications.audiences import AUDIENCE_MAX, AudiencePage, Audiences
from instasell_server.domains.notifications.mail_queue import MailQueue
from instasell_server.domains.notifications.message_mails import queue_mail
from instasell_server.domains.notifications.rules import NotificationDraft
from instasell_server.domains.notifications.store import Cause
from instasell_server.ports import Events

CAUSES_AT_ONCE = 50
LEAD_CHANGES_AT_ONCE = 500
ENDINGS_AT_ONCE = 200
AMOUNTS = frozenset({"current_bid", "minimum", "total_amount", "price", "refund_amount", "amount"})

_log = structlog.get_logger(__name__)


class NotificationDispatcher:
    """Dispatch waiting causes. Several servers may: each cause notifies once.

    Without `mails` nothing is sent by e-mail.
    """

    def __init__(
        self,
        database: Database,
        events: Events,
        history: AuctionHistory,
        mails: MailQueue | None,
        *,
        currency: str,
        ending_soon_minutes: int,
    ) -> None:
        self._database = database
        self._events = events
        self._audiences = Audiences(history)
        self._currency = currency
        self._ending_soon_minutes = ending_soon_minutes
        self.mails = mails

    async def work(self) -> bool:
        """Dispatch one round; return whether more may wait than one round takes."""
        async with self._database.connection() as connection:
            due = await store.find_due(connection, self._ending_soon_minutes)
        if due.endings:
            await transact(self._database, self._mark_ending)
        if due.lead_changes:
            await transact(self._database, self._gather_outbid)
        if not any(due):
            return False
        try:
            await transact(self._database, self._dispatch_causes)
        except (Unavailable, OutcomeUnknown):
            raise
        except Exception:
            # Only the cause that cannot be dispatched is to wait.
            _log.exception("causes_not_dispatched")
            await self._dispatch_one_by_one()
        return True

    async def _mark_ending(self, tx: Transaction) -> None:
        ending = await store.mark_ending(tx, self._ending_soon_minutes, ENDINGS_AT_ONCE)
        for auction_id in ending:
            await store.insert_cause(tx, Kind.ENDING_SOON.value, {"auction_id": auction_id})

    async def _gather_outbid(self, tx: Transaction) -> None:
        """Make causes of what changed in leads, one second's at a time and each person once."""
        spans = await store.take_lead_changes(tx, LEAD_CHANGES_AT_ONCE)
        if spans:
            led = await store.list_led(tx, spans)
            for start in range(0, len(led), AUDIENCE_MAX):
                part = led[start : start + AUDIENCE_MAX]
                await store.insert_cause(tx, Kind.OUTBID.value, {"led": part})

    async def _dispatch_causes(self, tx: Transaction) -> None:
        causes = await store.lock_causes(tx, CAUSES_AT_ONCE)
        drafts: list[NotificationDraft] = []
        done: list[int] = []
        for cause in causes:
            drafts += await self._take(tx, cause)
            done.append(cause.id)
            if len(drafts) >= AUDIENCE_MAX:
                break
        if done:
            await self._notify(tx, drafts)
            await store.delete_causes(tx, done)

    async def _take(self, tx: Transaction, cause: Cause) -> Sequence[NotificationDraft]:
        """Return the notifications of a cause; a large audience goes on in a new cause."""
        page: AudiencePage = await self._audiences.of(tx, cause)
        if page.after is not None:
            await store.insert_cause(tx, cause.kind, {**cause.payload, "after": page.after})
        return page.drafts

    async def _dispatch_one_by_one(self) -> None:
        """Dispatch each cause in a transaction of its own; what fails is tried again later."""

        async def one(tx: Transaction) -> bool:
            causes = await store.lock_causes(tx, 1)
            if not causes:
                return False
            [cause] = causes
            failing.append(cause.id)
            await self._notify(tx, await self._take(tx, cause))
            await store.delete_causes(tx, [cause.id])
            failing.clear()
            return True

        for _ in range(CAUSES_AT_ONCE):
            failing: list[int] = []
            try:
                found = await transact(self._database, one)
            except (Unavailable, OutcomeUnknown):
                raise
            except Exception:
                _log.exception("cause_not_dispatched", cause_id=failing)
                await transact(self._database, partial(_put_off, failing))
                continue
            if not found:
                break

    async def _notify(self, tx: Transaction, drafts: Sequence[NotificationDraft]) -> None:
        """Insert the notifications that users want, queue e-mail, send events after the commit."""
        if not drafts:
            return
        # As they happened: the instants of the rows rise in the order in which they are written.
        drafts = list({each[:3]: each for each in map(self._priced, drafts)}.values())
        choices = await store.list_choices(tx, list({each.user_id for each in drafts}))
        wanted: list[NotificationDraft] = []
        mailed: list[NotificationDraft] = []
        for each in drafts:
            ways = rules.channels(each.kind, choices.get((each.user_id, each.kind.value)))
            if ways.in_app:
                wanted.append(each)
            if ways.email and self.mails is not None:
                mailed.append(each)
        await self._queue_mails(tx, mailed)
        if wanted:
            written = await store.insert_notifications(tx, wanted)
            tx.after_commit(partial(self._show, written))

    async def _queue_mails(self, tx: Transaction, drafts: Sequence[NotificationDraft]) -> None:
        if self.mails is None:
            return
        about_messages = [each for each in drafts if each.kind is Kind.MESSAGE]
        for each in drafts:
            if each.kind is not Kind.MESSAGE:
                await self.mails.queue(
                    tx, user_id=each.user_id, kind=each.kind.value, facts=each.facts,
                    cause=each.cause,
                )  # fmt: skip
        # Two servers lock the windows of conversations in one order; messages of each keep theirs.
        for each in sorted(about_messages, key=_conversation_of):
            await queue_mail(tx, self.mails, each)

    def _priced(self, draft: NotificationDraft) -> NotificationDraft:
        if AMOUNTS.isdisjoint(draft.facts):
            return draft
        return draft._replace(facts={**draft.facts, "currency": self._currency})

    async def _show(self, written: Sequence[tuple[str, Notification]]) -> None:
        event = ServerEvent.NOTIFICATION.value
        await self._events.notify_users(
            [(user_id, to_json({"event": event, "data": each})) for user_id, each in written]
        )


def _conversation_of(draft: NotificationDraft) -> tuple[str, str]:
    return draft.user_id, draft.facts["conversation_id"]


async def _put_off(cause_ids: Sequence[int], tx: Transaction) -> None:
    for cause_id in cause_ids:
        await store.update_cause_failed(tx, cause_id)
