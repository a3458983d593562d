"""Hold the notifications of the signed-in user, and the conversations with other users."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal, cast

from pydantic import ValidationError

from instasell_client import AccountEvent, InstaSellError
from instasell_client.models.messages import Conversation, Message, NewMessage
from instasell_client.models.notifications import Notification, NotificationKind, Preference
from instasell_tui.market import messages
from instasell_tui.market.pending_keys import Request

if TYPE_CHECKING:
    from instasell_tui.market.connection import MarketConnection

PAGE = 100
log = logging.getLogger("instasell_tui")


class InboxState:
    """Serves the screens of notices and of messages, and the counts at the top of all screens."""

    def __init__(self, feed: MarketConnection) -> None:
        self._feed = feed
        self._marks = 0
        self.forget_person()
        feed.on_forget(self.forget_person)
        feed.on_account_event(self._take_event)

    def forget_person(self) -> None:
        """Forget the person, so that another sees nothing of them."""
        self.notices: list[Notification] = []
        self.conversations: list[Conversation] = []
        self.unread_notices = 0
        self.loaded_notices = self.loaded_conversations = False
        self.next_notices: str | None = None
        self.next_conversations: str | None = None

    @property
    def unread_messages(self) -> int:
        """Return the number of unread messages of others, in the conversations that have been
        read.
        """
        return sum(each.unread_count for each in self.conversations)

    # What comes by itself ---------------------------------------------------------------------

    def _take_event(self, event: AccountEvent) -> None:
        """Take in what the live session brought for this person alone."""
        try:
            if (told := event.notification) is not None:
                self._take_notice(told)
            elif (brought := event.message) is not None:
                self._take_message(brought)
        except ValidationError as error:
            log.warning("a notice that does not fit the contract was passed over: %s", error)

    def _take_notice(self, told: Notification) -> None:
        if all(each.id != told.id for each in self.notices):
            self.notices.insert(0, told)
            self.unread_notices += told.read_at is None
            self._feed.post(messages.InboxChanged)
            self._feed.post(lambda: messages.NotificationArrived(told))

    def _take_message(self, brought: NewMessage) -> None:
        self._put(brought.conversation)
        self._feed.post(lambda: messages.MessageArrived(brought.message))

    def _put(self, conversation: Conversation) -> None:
        """Keep the newest state of each conversation, the one with the last message on top."""
        known = [each for each in self.conversations if each.id == conversation.id]
        if known and known[0].message_count > conversation.message_count:
            return
        others = [each for each in self.conversations if each.id != conversation.id]
        self.conversations = sorted(
            [conversation, *others], key=lambda each: each.updated_at, reverse=True
        )
        self._feed.post(messages.InboxChanged)

    # Reading ----------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read the newest of both, for the counts."""
        await self.look_at_notices()
        await self.look_at_conversations()

    async def look_at_notices(self, *, further: bool = False) -> None:
        """Read the newest notices, or the next older ones."""
        client, cursor = self._feed.client, self.next_notices if further else None
        token, marks = client.token, self._marks
        known = {each.id for each in self.notices}
        page = await client.notifications.page(cursor=cursor, limit=PAGE)
        if token != client.token or (further and cursor != self.next_notices):
            return
        if marks != self._marks:
            # The answer may be from before what was marked meanwhile.
            await self.look_at_notices(further=further)
            return
        # A notification that arrived meanwhile may be newer than the answer.
        known |= {each.id for each in page.items}
        told = [each for each in self.notices if each.id not in known]
        self.notices = [*self.notices, *page.items] if further else [*told, *page.items]
        self.unread_notices = page.unread_count + sum(each.read_at is None for each in told)
        self.next_notices = page.next
        self.loaded_notices = True
        self._feed.post(messages.InboxChanged)

    async def look_at_conversations(self, *, further: bool = False) -> None:
        """Read the conversations that were last spoken in, or the next older ones."""
        client, cursor = self._feed.client, self.next_conversations if further else None
        token = client.token
        page = await client.messages.conversations_page(cursor=cursor, limit=PAGE)
        if token != client.token or (further and cursor != self.next_conversations):
            return
        before = self.conversations if further else []
        self.conversations = [*before, *page.items]
        self.next_conversations, self.loaded_conversations = page.next, True
        self._feed.post(messages.InboxChanged)

    async def of_order(self, order_id: str) -> Conversation | None:
        """Return the conversation about an order, if there is any message in it."""
        page = await self._feed.client.messages.conversations_page(order_id=order_id, limit=1)
        return page.items[0] if page.items else None

    async def said(
        self, conversation_id: str, cursor: str | None = None
    ) -> tuple[list[Message], str | None]:
        """Return a page of messages, the newest first, and where older ones begin."""
        page = await self._feed.client.messages.page(conversation_id, cursor=cursor, limit=PAGE)
        return page.items, page.next

    # Steps ------------------------------------------------------------------------------------

    async def mark_read(self, notice: Notification) -> None:
        """Mark one notification as read; under read-only it stays as it is."""
        if notice.read_at is None and not self._feed.read_only:
            self._marked(
                (await self._feed.client.notifications.mark_read([notice.id])).unread_count
            )
            self._replace(notice.id)

    async def mark_all_read(self) -> None:
        """Mark all loaded notifications as read, and all that are older."""
        self._feed.require_writable()
        if self.notices:
            newest = self.notices[0].id
            done = await self._feed.client.notifications.mark_read(up_to=newest)
            for each in list(self.notices):
                self._replace(each.id)
            self._marked(done.unread_count)

    def _marked(self, unread_count: int) -> None:
        self._marks += 1
        self.unread_notices = unread_count
        self._feed.post(messages.InboxChanged)

    def _replace(self, notice_id: str) -> None:
        now = self._feed.now()
        self.notices = [
            each.model_copy(update={"read_at": each.read_at or now})
            if each.id == notice_id
            else each
            for each in self.notices
        ]

    async def preferences(self) -> list[Preference]:
        """Read the channels of each kind of notification."""
        return (await self._feed.client.notifications.preferences()).items

    async def prefer(
        self, kind: str, channel: Literal["in_app", "email"], *, on: bool
    ) -> list[Preference]:
        """Turn a channel of a kind on or off; all kinds as they are then. Raises Invalid."""
        self._feed.require_writable()
        change = {channel: on}
        # A kind that this client does not know is refused by it with the names that it does.
        known = cast("NotificationKind", kind)
        return (await self._feed.client.notifications.set_preference(known, **change)).items

    async def mark_seen(self, conversation_id: str, up_to: int) -> None:
        """Mark messages that were seen; what cannot be marked now is marked later."""
        if self._feed.read_only:
            return
        try:
            self._put(await self._feed.client.messages.mark_read(conversation_id, up_to))
        except InstaSellError as error:
            log.info("messages stay unread: %s", error)

    async def ask(self, listing_id: str, text: str) -> NewMessage:
        """Ask the seller of a listing. Raises Forbidden for a listing of the user, RateLimited."""
        ask = self._feed.client.messages.ask
        return await self._send_once(
            ("ask", listing_id, text), lambda key: ask(listing_id, text, idempotency_key=key)
        )

    async def write(self, order_id: str, text: str) -> NewMessage:
        """Write to the other side of an order. Raises RateLimited, Invalid."""
        write = self._feed.client.messages.write
        return await self._send_once(
            ("write", order_id, text), lambda key: write(order_id, text, idempotency_key=key)
        )

    async def send(self, conversation_id: str, text: str) -> NewMessage:
        """Say something in a conversation. Raises RateLimited, Invalid."""
        send = self._feed.client.messages.send
        return await self._send_once(
            ("send", conversation_id, text),
            lambda key: send(conversation_id, text, idempotency_key=key),
        )

    async def _send_once(
        self, request: Request, send: Callable[[str], Awaitable[NewMessage]]
    ) -> NewMessage:
        self._feed.require_writable()
        made = await self._feed.keys.send_once(request, send)
        self._put(made.conversation)
        return made
