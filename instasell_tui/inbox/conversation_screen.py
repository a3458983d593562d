"""Show the messages of a conversation, the newest at the end, and a field for the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.table import Table
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Input, Static

from instasell_client import InstaSellError
from instasell_client.models.messages import Conversation, Message
from instasell_tui.inbox import text as inbox_text
from instasell_tui.market import messages
from instasell_tui.market.bars import StatusBar, TopBar
from instasell_tui.market.connection import ConnectionStatus
from instasell_tui.widgets.footer import Footer
from instasell_tui.widgets.formats import local_time, prose, safe_text

if TYPE_CHECKING:
    from instasell_tui.inbox.host import InboxApp

TEXT_CHARACTERS_MAX = 2000
TICK_SECONDS = 1.0


class ConversationScreen(Screen[None]):
    """Shows one conversation; what is typed is sent by Enter and stays until it has gone."""

    app: InboxApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="conversation.back"),
        Binding("pageup", "older", "Older", show=False, id="conversation.older"),
        Binding("f2", "order", "Order", id="conversation.order"),
    ]

    def __init__(self, conversation_id: str) -> None:
        super().__init__()
        self._conversation_id = conversation_id
        self._said: list[Message] = []
        self._next: str | None = None
        self._failure: str | None = None
        self._read_once = False
        self._sending = False

    def compose(self) -> ComposeResult:
        yield TopBar("Messages")
        yield Static(id="title")
        with VerticalScroll(id="said", can_focus=False):
            yield Static(id="lines")
        yield Static(id="outcome")
        yield Input(
            id="text", max_length=TEXT_CHARACTERS_MAX, placeholder="Write, and Enter sends it"
        )
        yield StatusBar()
        yield Footer()

    def on_mount(self) -> None:
        self.app.feed.subscribe(self)
        self.set_interval(TICK_SECONDS, self._show)
        field = self.query_one("#text", Input)
        field.display = not self.app.feed.read_only
        field.focus()
        self._draw()

    def on_unmount(self) -> None:
        self.app.feed.unsubscribe(self)

    def on_screen_resume(self) -> None:
        self._show()
        self._read()

    @property
    def _conversation(self) -> Conversation | None:
        known = self.app.inbox.conversations
        return next((each for each in known if each.id == self._conversation_id), None)

    @on(messages.InboxChanged)
    def _show(self) -> None:
        if not self.is_current:
            return
        feed, conversation = self.app.feed, self._conversation
        self.query_one(TopBar).show(feed)
        self.query_one(StatusBar).show(feed, self.app.zone, self._failure or "")
        if conversation is not None:
            name = inbox_text.other_side(conversation)
            title = f"{name} · {inbox_text.about(conversation)}"
            self.query_one("#title", Static).update(Text(title, overflow="ellipsis", no_wrap=True))
        self.refresh_bindings()

    def _draw(self) -> None:
        feed, conversation = self.app.feed, self._conversation
        you = conversation.you if conversation else None
        table = Table.grid(padding=(0, 2))
        for _ in range(2):
            table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        if self._next is not None:
            table.add_row("", "", Text("PgUp brings what was said before", style="dim"))
        for each in self._said:
            time = local_time(each.created_at, self.app.zone, feed.now())
            who = "you" if each.author == you else safe_text(each.author_name)
            table.add_row(Text(time, style="dim"), Text(who), Text(prose(each.text)))
        if not self._said:
            table.add_row("", "", Text(self._nothing(), style="dim"))
        self.query_one("#lines", Static).update(table)
        self.call_after_refresh(self.query_one("#said").scroll_end, animate=False)

    def _nothing(self) -> str:
        if self._failure is not None:
            return f"! {self._failure}"
        if not self._read_once:
            return "Asking the market …"
        return "Nothing was said yet. What you write below is the first of it."

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Take what leads nowhere out of the footer."""
        if action == "order":
            return self._conversation is not None and self._conversation.order_id is not None
        return True

    # What changes -----------------------------------------------------------------------------

    @on(messages.MessageArrived)
    def _came(self, event: messages.MessageArrived) -> None:
        if event.said.conversation_id == self._conversation_id:
            self._read()

    @on(messages.ConnectionChanged)
    def _connection_changed(self) -> None:
        self._show()
        if self.app.feed.status is ConnectionStatus.LIVE:
            self._read()

    @work(exclusive=True, group="read")
    async def _read(self) -> None:
        """Read the newest page; what was read before stays unless there is a hole."""
        inbox = self.app.inbox
        try:
            if self._conversation is None:
                await inbox.look_at_conversations()
            newest, following = await inbox.said(self._conversation_id)
        except InstaSellError as error:
            self._failure = safe_text(str(error))
            self._show()
            self._draw()
            return
        self._failure, self._read_once = None, True
        known = {each.seq for each in self._said}
        if not known or (newest and newest[-1].seq > max(known) + 1):
            self._said, self._next = newest[::-1], following
        else:
            self._said += [each for each in newest[::-1] if each.seq not in known]
        self._show()
        self._draw()
        if self._said and self.is_current:
            await inbox.mark_seen(self._conversation_id, self._said[-1].seq)

    @work(exclusive=True, group="older")
    async def action_older(self) -> None:
        if self._next is None:
            return
        try:
            older, self._next = await self.app.inbox.said(self._conversation_id, self._next)
        except InstaSellError as error:
            self._failure = safe_text(str(error))
        else:
            self._said = [*older[::-1], *self._said]
            self._draw()
        self._show()

    # What people do ---------------------------------------------------------------------------

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if text and not self._sending:
            self._sending = True
            self._send(text)

    @work(group="send")
    async def _send(self, text: str) -> None:
        field, outcome = self.query_one("#text", Input), self.query_one("#outcome", Static)
        try:
            await self.app.inbox.send(self._conversation_id, text)
        except InstaSellError as error:
            outcome.update(Text(f"Not sent: {safe_text(str(error))}"))
        else:
            outcome.update(Text())
            field.value = ""
            self._read()
        finally:
            self._sending = False

    def action_order(self) -> None:
        conversation = self._conversation
        if conversation is not None and conversation.order_id is not None:
            self.app.open_order(conversation.order_id)

    def action_back(self) -> None:
        self.dismiss()
