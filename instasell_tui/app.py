"""The application: one feed, the board under everything, other screens on top of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, ClassVar

import rich
import textual
from rich.segment import Segments
from rich.traceback import Traceback
from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import Monochrome, NoColor
from textual.screen import ModalScreen, Screen
from textual.theme import Theme

from instasell_client import DEFAULT_URL
from instasell_tui import palette, screens
from instasell_tui.board import text as board_text
from instasell_tui.board.messages import AuctionOver, Outbid
from instasell_tui.board.screen import BoardScreen
from instasell_tui.board.state import BoardAuction
from instasell_tui.inbox import text as inbox_text
from instasell_tui.keys import apply_key_file, display_keys
from instasell_tui.market import messages
from instasell_tui.market.bars import StatusBar
from instasell_tui.recording.mode import RecordingMode
from instasell_tui.theme.stylesheets import CachedStylesheet
from instasell_tui.theme.themes import DEFAULTS, NAMES, OURS
from instasell_tui.widgets.formats import clip, safe_text
from instasell_tui.widgets.key_queue import KeyQueue
from instasell_tui.widgets.message_log import MessageLog
from instasell_tui.widgets.tone import Tone
from instasell_tui.wiring.connected_app import ConnectedApp

if TYPE_CHECKING:
    from instasell_tui.market.paged_list import PagedListScreen

TITLE_CELLS = 40
NOTICE_CELLS = 120
NOTICE_SECONDS = 8.0
ARMED_AFTER_SECONDS = 0.4
POLL_SECONDS = 3.0
SETTLE_SECONDS = 2.0

_SEEN_ELSEWHERE = frozenset(
    {"outbid", "won", "lost", "auction_ended", "auction_cancelled", "message"}
)
"""The kinds of notifications that the board and the conversations show by themselves."""

Remember = Callable[[str, str], None]
"""Called with the e-mail and the token of a user who wants to stay signed in; may block."""

KeepTheme = Callable[[str], None]
"""Called with the name of the theme that the user chose; may block."""


class InstaSellApp(ConnectedApp):
    """The terminal screen.

    `token` signs in without a question; without one the sign-in screen comes first. `read_only`
    shows everything and changes nothing. `theme` is "dark", "light", "16" or the name of any
    theme; one that is not known leaves the dark one. `keys` are entries of keys.toml, and `remarks`
    the messages to show at the start. `zone` is the zone of the times that are shown (the system's
    by default); `clock` stands in for the server's, where time must stand still. `settled` is
    called once, when what an opening brings with it is over. `recording` records what the
    server sends, or replaces the server.
    """

    CSS_PATH = [
        f"theme/{name}.tcss"
        for name in (*("app", "board", "auction", "orders"), *("admin", "dialogs"))
    ]
    TITLE = "InstaSell"
    COMMANDS = {palette.Commands}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "person", "Sign in/out", show=False, id="app.person"),
        Binding("t", "next_theme", "Theme", show=False, id="app.theme"),
        Binding("B", "bids", "My bids", show=False, id="app.bids"),
        Binding("o", "orders", "Orders", show=False, id="app.orders"),
        Binding("W", "wallet", "Wallet", show=False, id="app.wallet"),
        Binding("L", "selling", "Selling", show=False, id="app.selling"),
        Binding("A", "admin", "Admin", show=False, id="app.admin"),
        Binding("M", "messages", "Messages", show=False, id="app.messages"),
        Binding("N", "notices", "Notifications", show=False, id="app.notices"),
        Binding("exclamation_mark", "log", "Log", show=False, id="app.log"),
        Binding("question_mark", "help", "Help", key_display="?", id="app.help"),
        Binding(
            *("ctrl+p", "command_palette", "palette"),
            show=False,
            priority=True,
            tooltip="Every command by name",
            id="app.commands",
        ),
    ]

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        token: str | None = None,
        *,
        read_only: bool = False,
        theme: str = "dark",
        keep_theme: KeepTheme | None = None,
        remember: Remember | None = None,
        zone: tzinfo | None = None,
        clock: Callable[[], datetime] | None = None,
        armed_after_seconds: float = ARMED_AFTER_SECONDS,
        poll_seconds: float = POLL_SECONDS,
        keys: Mapping[str, object] | None = None,
        remarks: Sequence[str] = (),
        recording: RecordingMode | None = None,
        settled: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        if self.no_color:
            # Greys are colours too; without any, signs, words and reversed lines tell everything.
            greys = [each for each in self._filters if not isinstance(each, Monochrome)]
            self._filters = [*greys, NoColor()]
        for each in OURS:
            self.register_theme(each)
        # Set before anything is parsed: a theme that comes later has all of it parsed again.
        first = NAMES.get(theme, theme)
        self._worn = first if first in self.available_themes else OURS[0].name
        self.set_reactive(App.theme, self._worn)
        self.stylesheet = CachedStylesheet(variables=self.get_css_variables())
        self._recording = recording or RecordingMode()
        client = self._recording.client(base_url, token, read_only=read_only)
        if (replay := self._recording.replay) is not None:
            read_only, clock = True, replay.clock
        self.connect(client, read_only=read_only, clock=clock)
        self.zone = zone
        self.armed_after_seconds = armed_after_seconds
        self.poll_seconds = poll_seconds
        self._remember = remember
        self._keep_theme = keep_theme
        self.keys, slips = self._chosen(keys or {})
        self._first_remarks = [*remarks, *slips]
        self._settled = settled
        self.typed = KeyQueue(self)
        self.remarks = MessageLog(self.feed.now)

    def _chosen(self, keys: Mapping[str, object]) -> tuple[dict[str, str], list[str]]:
        if not keys:
            return {}, []
        # To know what has keys, all screens are loaded, which the board need not wait for.
        from instasell_tui.navigation import PLACES

        return apply_key_file(keys, type(self), PLACES)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the defaults for variables of our styles that other themes lack."""
        return {**super().get_theme_variable_defaults(), **DEFAULTS}

    async def on_event(self, event: events.Event) -> None:
        """Queue what is typed, so that each key meets what the one before has opened."""
        if not self.typed.takes(event):
            await super().on_event(event)

    async def on_mount(self) -> None:
        self.typed.start()
        self.theme_changed_signal.subscribe(self, self._theme_chosen)
        self.set_keymap(self.keys)
        if self._settled is not None:
            self.set_timer(SETTLE_SECONDS, self._settled)
        self.feed.subscribe(self)
        self._recording.attach(self)
        await self.feed.start()
        self.push_screen(BoardScreen())
        if (replay := self._recording.replay) is not None:
            self.feed.spawn(replay.run())
        elif self.feed.client.token is None:
            self.push_screen(screens.SignInScreen())
        for remark in self._first_remarks:
            self.call_after_refresh(self.say, remark, Tone.BAD)

    async def _close_all(self) -> None:
        # A screen loses its widgets before it ends itself, and what it reads would be drawn there.
        self.workers.cancel_all()
        await self.typed.stop()
        await super()._close_all()

    async def on_unmount(self) -> None:
        await self.feed.stop()
        await self.session.end()
        await self.feed.client.aclose()
        self._recording.close()

    def _fatal_error(self) -> None:
        """Print the error without the values of variables: among them are passwords and tokens."""
        trace = Traceback(show_locals=False, width=None, suppress=[rich, textual])
        self._exit_renderables.append(Segments(self.console.render(trace, self.console.options)))
        self._close_messages_no_wait()

    # Where people go --------------------------------------------------------------------------

    def open_auction(self, auction_id: str) -> None:
        """Show one auction, in place of another that is shown."""
        if isinstance(self.screen, screens.AuctionScreen):
            self.switch_screen(screens.AuctionScreen(auction_id))
        else:
            self.push_screen(screens.AuctionScreen(auction_id))

    def open_order(self, order_id: str) -> None:
        """Show one order."""
        self.push_screen(screens.OrderScreen(order_id))

    def open_conversation(self, conversation_id: str) -> None:
        """Show what two people said to each other."""
        self.push_screen(screens.ConversationScreen(conversation_id))

    def action_bids(self) -> None:
        """Show the auctions that one bids in."""
        self._go_to(screens.BidsScreen)

    def action_orders(self) -> None:
        """Show the orders of the user."""
        self._go_to(screens.OrdersScreen)

    def action_wallet(self) -> None:
        """Show the wallet of the user."""
        self._go_to(screens.WalletScreen)

    def action_selling(self) -> None:
        """Show the seller screen."""
        self._go_to(screens.SellerScreen)

    def action_admin(self) -> None:
        """Show the admin screen, to an admin."""
        if self.admin.is_mine:
            self._go_to(screens.AdminScreen)

    def action_messages(self) -> None:
        """Show whom one speaks with."""
        self._go_to(screens.ConversationsScreen)

    def action_notices(self) -> None:
        """Show what the market has told."""
        self._go_to(screens.NoticesScreen)

    def _go_to(self, kind: type[PagedListScreen]) -> None:
        """Go back to a screen that is open beneath, else open it in place of its like."""
        if isinstance(self.screen, ModalScreen | screens.SignInScreen) or self._is_replay():
            # The dialog that is open needs an answer first.
            return
        if any(isinstance(each, kind) for each in self.screen_stack):
            while not isinstance(self.screen, kind):
                self.pop_screen()
        else:
            self.push_screen(kind())

    def _is_replay(self) -> bool:
        """Tell, in a replay, that there is nobody in it who could sign in."""
        if self._recording.replay is not None:
            self.say("This is a replay: it has the board and its auctions.", Tone.PLAIN)
        return self._recording.replay is not None

    def action_help(self) -> None:
        self.push_screen(screens.HelpScreen())

    def action_next_theme(self) -> None:
        """Change from dark to light to sixteen colours, and from any other theme to dark."""
        names = [theme.name for theme in OURS]
        at = names.index(self.theme) + 1 if self.theme in names else 0
        self.theme = names[at % len(names)]

    @work(exclusive=True, group="theme")
    async def _theme_chosen(self, theme: Theme) -> None:
        if self._keep_theme is not None and theme.name != self._worn:
            self._worn = theme.name
            try:
                await asyncio.to_thread(self._keep_theme, theme.name)
            except OSError as error:
                self.say(f"The theme is not kept: {error}", Tone.BAD)

    @work(group="ask")
    async def action_person(self) -> None:
        """Sign in, or ask whether to sign out."""
        if isinstance(self.screen, ModalScreen | screens.SignInScreen) or self._is_replay():
            return
        user = self.feed.user
        if user is None:
            self.push_screen(screens.SignInScreen())
            return
        from instasell_tui.widgets.confirm_screen import ConfirmScreen, sign_out_question

        question = sign_out_question(user.display_name)
        if await self.push_screen_wait(ConfirmScreen(question, self.armed_after_seconds)):
            await self.session.sign_out()
            self.say("Signed out", Tone.PLAIN)

    @property
    def can_remember(self) -> bool:
        """Return whether the user can stay signed in on this computer."""
        return self._remember is not None

    async def remember(self, email: str) -> None:
        """Keep the token for the next start, and go on with a session of the screen's own."""
        token = self.feed.client.token
        if self._remember is None or token is None:
            return
        try:
            await asyncio.to_thread(self._remember, email, token)
            self.session.share()
            await self.session.open()
        except (OSError, ValueError) as error:
            self.say(f"Not kept: {error}", Tone.BAD)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield the commands of the screen, of the application, and then those of Textual."""
        yield from palette.of_screen(screen)
        yield from palette.of_app(self)
        yield from super().get_system_commands(screen)

    # What the feed tells ----------------------------------------------------------------------

    def on_outbid(self, message: Outbid) -> None:
        self._announce(message.auction, *board_text.outbid(message.auction, self.feed.currency))

    def on_auction_over(self, message: AuctionOver) -> None:
        self._announce(message.auction, *board_text.result(message.auction, self.feed.currency))

    def _announce(self, auction: BoardAuction, text: str, tone: Tone) -> None:
        """Say what happened to an auction, unless its page fills the screen and shows it."""
        self.bell()
        page = self.auction.page
        if page is None or page.auction_id != auction.auction_id:
            self.say(f"{clip(auction.title, TITLE_CELLS)}\n{text}", tone)

    def on_notification_arrived(self, message: messages.NotificationArrived) -> None:
        notice = message.notice
        if notice.kind not in _SEEN_ELSEWHERE:
            title = clip(inbox_text.subject(notice), TITLE_CELLS)
            self.say(f"{title}\n{inbox_text.sentence(notice)}", Tone.PLAIN)

    def on_message_arrived(self, message: messages.MessageArrived) -> None:
        said, user = message.said, self.feed.user
        if user is None or said.author_id == user.id:
            return
        if not isinstance(self.screen, screens.ConversationsScreen | screens.ConversationScreen):
            text = clip(safe_text(said.text), NOTICE_CELLS)
            self.say(f"{safe_text(said.author_name)} writes (M)\n{text}", Tone.PLAIN)

    def say(self, text: str, tone: Tone) -> None:
        """Say something on a line of its own, for what its screen cannot say any more."""
        if text:
            self.remarks.add(text, tone, NOTICE_SECONDS)
            for screen in self.screen_stack:
                for bar in screen.query(StatusBar):
                    bar.show_remarks()

    def keep(self, text: str, tone: Tone) -> None:
        """Put what a screen says itself into the log."""
        if text:
            self.remarks.add(text, tone, 0)

    @property
    def news(self) -> str:
        """Return the counts of what is new, for the top of every screen."""
        return inbox_text.news(self.inbox.unread_notices, self.inbox.unread_messages)

    @property
    def log_key(self) -> str:
        """Return the key that shows all messages."""
        return display_keys(self.keys.get("app.log", "exclamation_mark").split(","))

    def action_log(self) -> None:
        """Show the messages of this screen."""
        if not isinstance(self.screen, ModalScreen):
            from instasell_tui.widgets import text_screen as reading

            self.push_screen(reading.log_of(self.remarks.all, self.zone, self.feed.now()))

    async def on_signed_out(self, message: messages.SignedOut) -> None:
        await self.feed.restart()
        # A person who quits meanwhile leaves no screen to put a question on.
        if self.screen_stack and not isinstance(self.screen, screens.SignInScreen):
            self.push_screen(screens.SignInScreen(f"You were signed out: {message.reason}"))
