"""E-mail about messages: the first of a conversation at once, those behind it gathered into one.

What is gathered says how many are unread when it goes, and does not go when all were read.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from instasell_server.db import clock
from instasell_server.db.queries import load
from instasell_server.db.transaction import Transaction
from instasell_server.domains.mail.rules import MESSAGE_DIGEST
from instasell_server.domains.notifications.mail_queue import MailQueue
from instasell_server.domains.notifications.rules import NotificationDraft

GAP_SECONDS = 1800
GAP_MAX_SECONDS = 8 * 3600
"""Each gathered e-mail that is followed by another doubles the gap, up to this."""

_sql = load(__file__, "message_mails.sql")


class Window(NamedTuple):
    """Hold when e-mail about a conversation may go to one of its sides."""

    next_at: datetime
    gathered_at: datetime | None
    gap_seconds: int


class Decision(NamedTuple):
    """Hold when the e-mail about a message goes; None where a later one counts it too."""

    send_at: datetime | None
    window: Window


def decide(window: Window, now: datetime) -> Decision:
    """Decide when the e-mail about a message of this moment goes. Pure."""
    if window.next_at <= now:
        opened = Window(now + timedelta(seconds=GAP_SECONDS), None, GAP_SECONDS)
        return Decision(now, opened)
    if window.gathered_at is not None and window.gathered_at > now:
        return Decision(None, window)
    gap = min(GAP_MAX_SECONDS, 2 * window.gap_seconds)
    following = window.next_at + timedelta(seconds=gap)
    return Decision(window.next_at, Window(following, window.next_at, gap))


async def queue_mail(tx: Transaction, mails: MailQueue, draft: NotificationDraft) -> None:
    """Queue the e-mail about a message, or have one that waits count it."""
    conversation_id = draft.facts["conversation_id"]
    key = {"user_id": draft.user_id, "conversation_id": conversation_id}
    await tx.execute(_sql.insert_window, {**key, "gap_seconds": GAP_SECONDS})
    window = Window(**await tx.one(_sql.lock_window, key))
    now = await clock.get_now(tx)
    decision = decide(window, now)
    if decision.send_at is None:
        return
    await tx.execute(_sql.update_window, {**key, **decision.window._asdict()})
    if decision.send_at <= now:
        await mails.queue(
            tx,
            user_id=draft.user_id,
            kind=draft.kind.value,
            facts=draft.facts,
            cause=draft.cause,
        )
        return
    await mails.queue(
        tx,
        user_id=draft.user_id,
        kind=MESSAGE_DIGEST,
        facts={"conversation_id": conversation_id},
        cause=f"messages:{conversation_id}:{decision.send_at.isoformat()}",
        send_at=decision.send_at,
    )
