"""The payment provider's page: its link, and the wait until it is paid there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from instasell_client import InstaSellError, RateLimited, TransportError, Unavailable
from instasell_tui.orders.browser import open_page
from instasell_tui.widgets.confirm_screen import pairs
from instasell_tui.widgets.formats import safe_text

if TYPE_CHECKING:
    from instasell_tui.orders.host import OrdersApp

POLLS_QUICK, POLLS_MAX = 20, 120
SLOWER = 3
"""After the quick ones there is this much more time between two questions: 16 minutes in all."""


class CheckoutScreen(ModalScreen[bool]):
    """Return True once it is paid, False when the wait was stopped; the page stays open then.

    `paid` asks the server; an error is shown, and ends the wait unless it passes by itself.
    """

    app: OrdersApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "browse", "Open in the browser", priority=True),
        Binding("y", "copy", "Copy the link"),
        Binding("r", "ask", "Ask now"),
        Binding("escape", "leave", "Stop waiting"),
    ]
    AUTO_FOCUS = ""

    def __init__(
        self,
        head: str,
        lines: Sequence[tuple[str, str]],
        url: str,
        paid: Callable[[], Awaitable[bool]],
    ) -> None:
        super().__init__()
        self._head = head
        self._lines = lines
        self.url = safe_text(url)
        self._paid = paid

    def compose(self) -> ComposeResult:
        with Vertical(id="checkout"):
            yield Static(Text(self._head), id="head")
            yield Static(pairs(self._lines), id="lines")
            yield Static(Text("Pay on this page of the payment provider:"), id="lead")
            yield Static(Text(safe_text(self.url), overflow="fold"), id="link")
            yield Static(id="state")
            with Horizontal(id="answers"):
                yield Button(Text("⏎ Open"), id="browse")
                yield Button(Text("y Copy"), id="copy")
                yield Button(Text("r Ask now"), id="ask")
                yield Button(Text("Esc Stop waiting"), id="leave")

    def on_mount(self) -> None:
        self._wait()
        self._open()

    def _tell(self, text: str, *, bad: bool = False) -> None:
        state = self.query_one("#state", Static)
        state.update(Text(text))
        state.set_class(bad, "-bad")

    def _lead(self, text: str) -> None:
        self.query_one("#lead", Static).update(Text(text))

    @work(exclusive=True, group="browser")
    async def _open(self) -> None:
        if not await open_page(self.app, self.url):
            self._lead("No browser here: open this page on any device:")

    @work(exclusive=True, group="wait")
    async def _wait(self) -> None:
        """Ask again and again, slower after a while, and not for ever."""
        for number in range(POLLS_MAX):
            self._tell("◌ Waiting until it is paid …")
            try:
                if await self._paid():
                    self.dismiss(True)
                    return
            except (TransportError, Unavailable, RateLimited) as error:
                self._tell(f"◌ No answer yet ({safe_text(str(error))}); asking again …", bad=True)
            except InstaSellError as error:
                self._tell(f"■ {safe_text(str(error))}. Escape goes back", bad=True)
                return
            pause = self.app.poll_seconds
            await asyncio.sleep(pause if number < POLLS_QUICK else pause * SLOWER)
        self._tell("■ Not paid yet. r asks again; Escape goes back, and the link stays", bad=True)

    def action_browse(self) -> None:
        """Enter opens the page, unless another button has the focus."""
        focused = self.focused
        if isinstance(focused, Button) and focused.id != "browse":
            focused.press()
        else:
            self._open()

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.url)
        self._lead("The link is copied, if the terminal allows that:")

    def action_ask(self) -> None:
        self._wait()

    def action_leave(self) -> None:
        self.workers.cancel_group(self, "wait")
        self.dismiss(False)

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        await self.run_action(str(event.button.id))
