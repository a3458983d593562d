"""The stream of a person's own events, across lost connections.

A socket tells what happens while it is open. After a connection was lost, what the market keeps
(notifications, messages, the wallet) is read, so that what happened meanwhile comes late and in
order, and what came already does not come again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import ValidationError

from instasell_client import InstaSellError
from instasell_client.live import (
    AccountEvent,
    AccountFeed,
    ConnectionState,
    LiveSession,
    RetryPolicy,
)
from instasell_client.live.retry import is_transient, wait_seconds
from instasell_client.models.messages import Conversation, NewMessage

if TYPE_CHECKING:
    from instasell_client import AsyncInstaSell
    from instasell_client.models.base import JsonObject
    from instasell_client.models.notifications import Notification

log = logging.getLogger("instasell_cli")

LATE_COMMIT = timedelta(seconds=60)
"""An event may be committed after a younger one, but not by more than this."""

CAUGHT_UP_MAX = 1000
SEEN_MAX = 5000


@dataclass(frozen=True)
class StreamedEvent:
    """Hold an event. `id` is the same each time it arrives; `data` is that of the live event."""

    id: str
    notice: AccountEvent
    at: datetime

    @property
    def names(self) -> frozenset[str]:
        """Return the names by which it can be asked for."""
        kind = self.notice.data.get("kind") if self.notice.event == "notification" else None
        return frozenset({self.notice.event} | ({kind} if isinstance(kind, str) else set()))

    def record(self) -> JsonObject:
        """Return the record that is printed and forwarded."""
        return {"id": self.id, "event": self.notice.event, "data": self.notice.data}


@dataclass
class EventStream:
    """Tells a person's events, each once. Use `watch` in a live session.

    `tell` must not block. `overflowed` is called when more was missed than is read again.
    """

    client: AsyncInstaSell
    tell: Callable[[StreamedEvent], None]
    overflowed: Callable[[], None]
    _seen: dict[str, None] = field(default_factory=dict)
    _newest: dict[str, datetime] = field(default_factory=dict)
    _known: dict[str, int] = field(default_factory=dict)
    _wallet_version: int = -1
    _behind: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def begin(self) -> None:
        """Note earlier events, which are not printed. Raises Unauthenticated, and the like."""
        self._wallet_version = (await self.client.wallet.get()).version
        for notice in (await self.client.notifications.page(limit=100)).items:
            self._note("notification", notice.id, notice.created_at)
        for conversation in (await self.client.messages.conversations_page(limit=100)).items:
            self._known[conversation.id] = conversation.message_count
            self._note("new_message", conversation.id, conversation.updated_at)

    def on_state(self, state: ConnectionState) -> None:
        """Take the connection's states in; with each new connection something may be missing."""
        if state is ConnectionState.LIVE:
            self._behind.set()

    async def watch(self, live: LiveSession) -> None:
        """Tell events until the session ends, and raise what ended it."""
        async with live.events() as feed, asyncio.TaskGroup() as group:
            catching_up = group.create_task(self._keep_up())
            await self._read(feed)
            catching_up.cancel()

    async def _read(self, feed: AccountFeed) -> None:
        async for notice in feed:
            async with self._turn:
                await self._catch_up()
                self._take(notice)

    async def _keep_up(self) -> None:
        while True:
            await self._behind.wait()
            async with self._turn:
                await self._catch_up()

    async def _catch_up(self) -> None:
        """Tell what was missed; what comes live meanwhile waits for its turn."""
        delays = RetryPolicy().delays()
        while self._behind.is_set():
            self._behind.clear()
            try:
                missed = [*await self._notifications(), *await self._messages()]
                wallet = await self.client.wallet.get()
            except InstaSellError as error:
                if not is_transient(error):
                    raise
                self._behind.set()
                await asyncio.sleep(wait_seconds(error, delays))
                continue
            # They were read newest first; of those of one instant the first one stays first.
            missed.reverse()
            for happening in sorted(missed, key=lambda each: each.at):
                self._pass_on(happening)
            self._take(AccountEvent("wallet_changed", wallet.model_dump(mode="json")))

    async def _notifications(self) -> Sequence[StreamedEvent]:
        missed: list[StreamedEvent] = []
        async for notice in self.client.notifications.list():
            if self._is_old("notification", notice.created_at):
                break
            if len(missed) == CAUGHT_UP_MAX:
                self.overflowed()
                break
            missed.append(_of_notification(notice))
        return missed

    async def _messages(self) -> Sequence[StreamedEvent]:
        missed: list[StreamedEvent] = []
        async for conversation in self.client.messages.conversations():
            if self._is_old("new_message", conversation.updated_at):
                break
            if conversation.message_count > self._known.get(conversation.id, 0):
                missed += await self._said(conversation)
            if len(missed) >= CAUGHT_UP_MAX:
                self.overflowed()
                break
        return missed

    async def _said(self, conversation: Conversation) -> Sequence[StreamedEvent]:
        said: list[StreamedEvent] = []
        known = self._known.get(conversation.id, 0)
        async for message in self.client.messages.list(conversation.id):
            if message.seq <= known or self._is_old("new_message", message.created_at):
                break
            if len(said) == CAUGHT_UP_MAX:
                self.overflowed()
                break
            said.append(_of_message(NewMessage(conversation=conversation, message=message)))
        return said

    def _take(self, notice: AccountEvent) -> None:
        try:
            self._told_live(notice)
        except ValidationError as error:
            log.warning("a %s that does not fit was passed over: %s", notice.event, error)

    def _told_live(self, notice: AccountEvent) -> None:
        if (wallet := notice.wallet) is not None:
            if wallet.version > self._wallet_version:
                self._wallet_version = wallet.version
                key = f"{wallet.user_id}/{wallet.version}"
                self.tell(StreamedEvent(key, notice, wallet.updated_at))
        elif (message := notice.message) is not None:
            self._pass_on(_of_message(message, notice))
        elif (told := notice.notification) is not None:
            self._pass_on(_of_notification(told, notice))

    def _pass_on(self, happening: StreamedEvent) -> None:
        if happening.id in self._seen:
            return
        self._note(happening.notice.event, happening.id, happening.at)
        self.tell(happening)

    def _note(self, event: str, key: str, at: datetime) -> None:
        self._newest[event] = max(at, self._newest.get(event, at))
        self._seen[key] = None
        if len(self._seen) > SEEN_MAX:
            del self._seen[next(iter(self._seen))]

    def _is_old(self, event: str, at: datetime) -> bool:
        newest = self._newest.get(event, datetime.min.replace(tzinfo=UTC) + LATE_COMMIT)
        return at < newest - LATE_COMMIT


def _of_notification(told: Notification, notice: AccountEvent | None = None) -> StreamedEvent:
    notice = notice or AccountEvent("notification", told.model_dump(mode="json"))
    return StreamedEvent(told.id, notice, told.created_at)


def _of_message(told: NewMessage, notice: AccountEvent | None = None) -> StreamedEvent:
    notice = notice or AccountEvent("new_message", told.model_dump(mode="json"))
    key = f"{told.message.conversation_id}/{told.message.seq}"
    return StreamedEvent(key, notice, told.message.created_at)
