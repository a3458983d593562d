"""The pictures of one listing, each as large as the terminal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from instasell_client import InstaSellError
from instasell_client.models.media import Image
from instasell_tui.auction.picture import PictureView
from instasell_tui.auction.pictures import PictureUnfit
from instasell_tui.widgets.formats import count, safe_text

if TYPE_CHECKING:
    from instasell_tui.auction.host import AuctionApp

ADDRESSES_HOLD = timedelta(minutes=4)
"""A minute less than the market says, for the way."""


class PicturesScreen(ModalScreen[None]):
    """Escape closes it; the arrows go to the other pictures."""

    app: AuctionApp

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,v,enter", "dismiss", "Close"),
        Binding("right,down,space", "turn(1)", "Next"),
        Binding("left,up", "turn(-1)", "Previous"),
    ]

    def __init__(self, listing_id: str, title: str) -> None:
        super().__init__()
        self._listing_id = listing_id
        self._title = title
        self._images: list[Image] = []
        self._listed_at: datetime | None = None
        self._at = 0

    def compose(self) -> ComposeResult:
        with Vertical(id="pictures"):
            yield PictureView("picture")
            yield Static(id="caption")

    def on_mount(self) -> None:
        self.query_one("#pictures").border_title = Text(self._title)
        self._show()

    def action_turn(self, steps: int) -> None:
        if len(self._images) > 1:
            self._at = (self._at + steps) % len(self._images)
            self._show()

    @work(exclusive=True)
    async def _show(self) -> None:
        pictures, frame = self.app.pictures, self.query_one(PictureView)
        frame.show(None, "Fetching the picture …")
        try:
            now = self.app.feed.now()
            if self._listed_at is None or now - self._listed_at > ADDRESSES_HOLD:
                self._images, self._listed_at = await pictures.of(self._listing_id), now
                self._at = min(self._at, max(len(self._images) - 1, 0))
            if not self._images:
                frame.show(None, "There are no pictures")
            else:
                frame.show(await pictures.load(self._images[self._at]))
        except (InstaSellError, PictureUnfit) as error:
            frame.show(None, f"No picture: {safe_text(str(error))}")
        caption = "Esc closes"
        if len(self._images) > 1:
            caption = f"{self._at + 1} of {count(len(self._images), 'picture')} · ← →  {caption}"
        self.query_one("#caption", Static).update(Text(caption))
