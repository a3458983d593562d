"""Show the item where there is room for it: the first picture, and the seller's description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from instasell_client import InstaSellError
from instasell_client.models.auctions import AuctionView
from instasell_tui.auction.details import description
from instasell_tui.auction.picture import PictureView
from instasell_tui.auction.pictures import PictureUnfit

if TYPE_CHECKING:
    from instasell_tui.auction.host import AuctionApp


class ItemPanel(Horizontal):
    """Asks for the picture once, and only where it is in sight."""

    app: AuctionApp

    def __init__(self) -> None:
        super().__init__()
        self._listing_id: str | None = None
        self._asked = False

    def compose(self) -> ComposeResult:
        yield PictureView("cover")
        with VerticalScroll(id="description"):
            yield Static(id="prose")

    def on_mount(self) -> None:
        self.query_one("#description").border_title = "Description"
        cover = self.query_one(PictureView)
        cover.border_title = "Picture"
        cover.display = False

    def show(self, view: AuctionView) -> None:
        """Show the item of an auction."""
        self.query_one("#prose", Static).update(Text(description(view)))
        self._listing_id = view.state.listing_id
        self._look()

    def on_resize(self) -> None:
        self._look()

    def _look(self) -> None:
        if self._listing_id is not None and not self._asked and self.size.height:
            self._asked = True
            self._load(self._listing_id)

    @work(exclusive=True)
    async def _load(self, listing_id: str) -> None:
        cover, pictures = self.query_one(PictureView), self.app.pictures
        if not pictures.may_show_cover():
            cover.display = True
            cover.show(None, "v shows the pictures")
            return
        try:
            images = await pictures.of(listing_id)
            cover.display = bool(images)
            if images:
                cover.border_subtitle = f"v: all {len(images)}" if len(images) > 1 else "v: larger"
                cover.show(await pictures.load(images[0]))
        except (InstaSellError, PictureUnfit):
            cover.show(None, "no picture")
