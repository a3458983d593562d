"""E-mail: written down in the transaction that causes it, sent later, and never twice.

A mail is marked just before its content goes to the mail server. Where the server then says no,
the mark is taken back and it is tried again. Where nothing is heard, because the connection or
the sender died, the mail may have arrived: it is not sent again, and an alert tells an operator.
What a lost mail said is found in the market; a second one about money would mislead.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog

from instasell_client.models.errors import InstaSellError
from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.mail import store
from instasell_server.domains.mail.renderer import render
from instasell_server.domains.mail.rules import (
    ATTEMPTS_MAX,
    MESSAGE_DIGEST,
    delay_seconds,
    is_stale,
    within_limits,
)
from instasell_server.domains.mail.store import DueMail
from instasell_server.ports import (
    DeliveryUnknown,
    MailRefused,
    MailTransport,
    OutgoingMail,
    Unreachable,
)

BATCH = 8
TRY_SECONDS = 90.0
LEASE_SECONDS = 150
"""Longer than a try, so that no sender takes what another is still sending."""
KEPT_DAYS = 90

MAIL_FAILED = "mail_failed"
MAIL_UNKNOWN = "mail_unknown"
UNKNOWN_OUTCOME = "unknown whether it was delivered; not sent again"

Unseal = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Adds to the facts of a kind what may stand in the mail and nowhere else."""

_log = structlog.get_logger(__name__)


class _LeaseLost(Exception):
    """Report that another sender has the mail by now."""


class MailService:
    """Queue and send the mails of a market. Without a `transport` due mails are dropped."""

    def __init__(
        self, database: Database, transport: MailTransport | None, *, currency: str, unseal: Unseal
    ) -> None:
        self._database = database
        self._transport = transport
        self._currency = currency
        self._unseal = unseal
        self._making = asyncio.Lock()

    async def queue(
        self,
        tx: Transaction,
        *,
        user_id: str,
        kind: str,
        facts: Mapping[str, Any],
        cause: str,
        send_at: datetime | None = None,
    ) -> None:
        """Queue a mail, once for each (user_id, kind, cause); sent after the commit or later.

        Amounts in `facts` are minor units, instants are aware. No secret belongs there.
        """
        await store.insert_email(tx, user_id, kind, within_limits(facts), cause, send_at)

    async def queue_to_address(
        self, tx: Transaction, *, address: str, kind: str, facts: Mapping[str, Any], cause: str
    ) -> None:
        """Queue a mail to an address that has no account, once for each (kind, cause)."""
        await store.insert_email_to_address(tx, address, kind, within_limits(facts), cause)

    async def send_due(self) -> int:
        """Send what is due, `BATCH` mails at most; return how many were taken up."""
        await self._close_unknown()
        async with self._database.connection() as connection:
            due = await store.lease_due(connection, BATCH, LEASE_SECONDS)
        # Each is brought to its end, whatever becomes of the others.
        ended = await asyncio.gather(*(self._send(mail) for mail in due), return_exceptions=True)
        for outcome in ended:
            if outcome is not None:
                raise outcome
        return len(due)

    async def delete_old(self) -> int:
        """Delete mails that were done with long ago; return how many."""
        async with self._database.connection() as connection:
            return await store.delete_old(connection, KEPT_DAYS)

    async def _send(self, mail: DueMail) -> None:
        if self._transport is None:
            return await self._finish(mail, "dropped", "there is no mail server")
        if is_stale(mail.kind, mail.facts, mail.leased_at):
            return await self._finish(mail, "dropped", "out of date")
        if mail.kind == MESSAGE_DIGEST:
            counted = await self._count_messages(mail)
            if counted is None:
                return await self._finish(mail, "dropped", "read meanwhile")
            mail = counted
        is_handed_over = False

        async def hand_over() -> None:
            nonlocal is_handed_over
            async with self._database.connection() as connection:
                if not await store.update_handed_over(connection, mail):
                    raise _LeaseLost
            is_handed_over = True

        try:
            async with asyncio.timeout(TRY_SECONDS):
                await self._transport.send(await self._letter(mail), hand_over)
        except _LeaseLost:
            return None
        except MailRefused as error:
            return await self._finish(mail, "failed", str(error))
        except (DeliveryUnknown, TimeoutError) as error:
            if is_handed_over:
                return await self._give_up(mail, MAIL_UNKNOWN, UNKNOWN_OUTCOME)
            return await self._postpone(mail, type(error).__name__)
        except Unreachable as error:
            return await self._postpone(mail, str(error))
        except InstaSellError:
            # The database is away, which decides nothing about the mail.
            raise
        except Exception as error:
            # A text of this error could carry a token; its kind and place are enough.
            _log.error("mail_not_made", kind=mail.kind, mail_id=mail.id, error=type(error).__name__)
            return await self._postpone(mail, f"not made: {type(error).__name__}")
        return await self._finish(mail, "sent")

    async def _count_messages(self, mail: DueMail) -> DueMail | None:
        """Return the mail with what is unread at this moment; None when nothing is."""
        conversation_id = mail.facts["conversation_id"]
        async with self._database.connection() as connection:
            found = await store.find_unread_messages(connection, mail.user_id, conversation_id)
        return mail._replace(facts={**mail.facts, **found}) if found else None

    async def _letter(self, mail: DueMail) -> OutgoingMail:
        """Make the text of a mail, and let bids and others have a turn before the next one.

        A mail takes 3 ms: five of a round in one go doubled the p99 of bids beside many sign-ups.
        """
        async with self._making:
            facts = self._unseal(mail.kind, mail.facts)
            made = render(mail.kind, facts, mail.display_name, self._currency)
            await asyncio.sleep(0)
        return OutgoingMail(
            number=mail.id,
            key=mail.message_key,
            address=mail.address,
            subject=made.subject,
            text=made.text,
            html=made.html,
            written_at=mail.created_at,
        )

    async def _finish(self, mail: DueMail, state: str, error: str | None = None) -> None:
        async with self._database.connection() as connection:
            await store.update_done(connection, mail, state, error and error[:200])
        if error is not None:
            tell = _log.warning if state == "failed" else _log.info
            tell(f"mail_{state}", mail_id=mail.id, kind=mail.kind, reason=error)

    async def _postpone(self, mail: DueMail, reason: str) -> None:
        if mail.attempts >= ATTEMPTS_MAX:
            return await self._give_up(mail, MAIL_FAILED, reason)
        delay = delay_seconds(mail.attempts, random.random())
        async with self._database.connection() as connection:
            await store.update_postponed(connection, mail, delay, reason[:200])
        _log.warning(
            "mail_postponed",
            mail_id=mail.id,
            kind=mail.kind,
            attempts=mail.attempts,
            reason=reason,
        )
        return None

    async def _give_up(self, mail: DueMail, alert: str, reason: str) -> None:
        async def work(tx: Transaction) -> None:
            if await store.update_done(tx, mail, "failed", reason[:200]):
                details = {"kind": mail.kind, "attempts": mail.attempts, "reason": reason}
                await store.insert_alert(tx, alert, mail.id, details)

        await transact(self._database, work)
        _log.error(alert, mail_id=mail.id, kind=mail.kind, reason=reason)

    async def _close_unknown(self) -> None:
        """Give up what a sender left that died while the content was on its way."""

        async def work(tx: Transaction) -> list[tuple[int, str]]:
            lost = await store.close_unknown(tx, BATCH, UNKNOWN_OUTCOME)
            for mail_id, kind in lost:
                details = {"kind": kind, "reason": UNKNOWN_OUTCOME}
                await store.insert_alert(tx, MAIL_UNKNOWN, mail_id, details)
            return lost

        for mail_id, kind in await transact(self._database, work):
            _log.error(MAIL_UNKNOWN, mail_id=mail_id, kind=kind, reason=UNKNOWN_OUTCOME)
