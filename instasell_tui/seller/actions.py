"""The steps of a seller: each is asked for what it needs, confirmed, and sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from instasell_client import InstaSellError, Invalid
from instasell_client.models.listings import Listing
from instasell_client.models.money import format_amount
from instasell_client.models.seller_auctions import SellingAuction
from instasell_tui.orders import text as orders_text
from instasell_tui.orders.actions import FILE, FILES_ELSEWHERE, NOTHING_SENT, ask_form
from instasell_tui.orders.evidence import locate_file
from instasell_tui.orders.text import Lines
from instasell_tui.seller import text as seller_text
from instasell_tui.seller.listing_import import (
    ImportColumns,
    ImportFailed,
    ImportProgress,
    ImportTarget,
    import_listings,
)
from instasell_tui.seller.state import paths_of
from instasell_tui.widgets.confirm_screen import ConfirmScreen, Question
from instasell_tui.widgets.form_screen import Form, FormField, Values
from instasell_tui.widgets.formats import money, safe_text
from instasell_tui.widgets.tone import Tone, TonedText

if TYPE_CHECKING:
    from instasell_tui.seller.host import SellerApp

Send = Callable[[Values], Awaitable[TonedText]]

_REASON = FormField("reason", "Reason", required=False, max_length=500)


class SellerActions:
    """Does the steps for the seller's screen. Call them from a worker: they wait for answers.

    `tell` says how far a step has come that takes its time.
    """

    def __init__(self, app: SellerApp, tell: Callable[[str, Tone], None]) -> None:
        self._app = app
        self._tell = tell
        self._feed = app.feed
        self._seller = app.seller

    @property
    def _currency(self) -> str:
        return self._feed.currency

    async def start_auction(self, listing: Listing) -> TonedText:
        """Start an auction, after a confirmation that names its gas."""

        async def send(values: Values) -> TonedText:
            seconds = seller_text.seconds_of(values["duration"])
            await self._seller.create_auction(listing.id, values, seconds)
            return "It is up: bidders see it from now on", Tone.GOOD

        known = {"min_bid": "", "duration": "3d", "reserve": "", "buy_now": ""}
        return await self._on_terms("Auction this item", listing.title, known, send, "")

    async def relist(self, own: SellingAuction) -> TonedText:
        """Relist an auction that found no buyer, on the terms of the last time or on others."""
        known = seller_text.terms_of(own, self._currency)

        async def send(values: Values) -> TonedText:
            seconds = seller_text.seconds_of(values["duration"])
            await self._seller.relist(own.state.auction_id, values, known, seconds)
            return "It runs again: bidders see it from now on", Tone.GOOD

        return await self._on_terms("Relist this auction", own.state.title, known, send, " again")

    async def _on_terms(
        self, head: str, title: str, known: Values, start: Send, again: str
    ) -> TonedText:
        currency = self._currency
        check = partial(seller_text.wrong_terms, currency=currency)
        form = Form(head, safe_text(title), _terms(currency), "Go on", check)
        wallet = await self._app.orders.look_at_wallet()
        if self._seller.auction_fee is None:
            await self._seller.fees()

        async def send(values: Values) -> TonedText:
            terms = dict(values)
            if again and values["duration"] == known["duration"]:
                # The length is kept to the second, and was typed in minutes at best.
                terms["duration"] = f"{values['duration']}, as last time"
            lines = seller_text.terms(terms, currency, self._seller.auction_fee, wallet.gas_balance)
            if not await self._confirmed(f"Start the auction{again}?", title, lines, "Start"):
                return NOTHING_SENT
            return await start(values)

        return await self._filled(form, known, send)

    async def cancel_auction(self, own: SellingAuction) -> TonedText:
        """End an auction without bids."""
        title = own.state.title
        form = Form("Cancel this auction?", safe_text(title), (_REASON,), "Go on")

        async def send(values: Values) -> TonedText:
            lines = [("Comes back", f"{own.gas_fee:,} gas")]
            if not await self._confirmed("Cancel this auction?", title, lines, "Cancel it"):
                return NOTHING_SENT
            await self._seller.cancel_auction(own.state.auction_id, values["reason"] or None)
            return "The auction is cancelled", Tone.GOOD

        return await self._filled(form, {}, send)

    async def offer(self, own: SellingAuction) -> TonedText:
        """Offer an auction that was not paid to the next bidder."""
        lines = [
            ("To", "the next bidder, at their last bid"),
            ("To pay within", "the usual time"),
        ]
        if not await self._confirmed("Offer it on?", own.state.title, lines, "Offer it"):
            return NOTHING_SENT
        try:
            total = await self._seller.offer(own.state.auction_id)
        except InstaSellError as error:
            return orders_text.refusal(error, self._currency)
        return f"Offered: {money(total, self._currency)} is to be paid", Tone.GOOD

    async def add(self) -> TonedText:
        """Make a listing."""
        currency, paths = self._currency, paths_of(self._feed.categories)
        entries = (
            FormField("type", "Sold", options={"direct": "at a price", "auction": "by auction"}),
            FormField("title", "Title", max_length=200),
            FormField("description", "Description", required=False, max_length=20000),
            FormField("category", "Category", max_length=200, placeholder="as Home > Clocks"),
            FormField("condition", "Condition", options=seller_text.CONDITIONS),
            FormField("price", f"Price, {currency}", required=False, max_length=24),
            FormField("stock", "How many", max_length=7),
            FormField("shipping", "Shipping", required=False, max_length=24),
        )
        check = partial(seller_text.wrong_listing_fields, paths=paths, currency=currency)
        form = Form("Something to sell", "By auction it needs no price", entries, "Add it", check)

        async def send(values: Values) -> TonedText:
            path = seller_text.find_path(values["category"], paths)
            assert path is not None
            made = await self._seller.add(values, paths[path])
            if made.price is None:
                return "Added: p auctions it", Tone.GOOD
            return f"On sale at {money(made.price, currency)}", Tone.GOOD

        return await self._filled(form, {"stock": "1"}, send)

    async def bring_in(self) -> TonedText:
        """Import a file of listings, after every row of it has been checked."""
        if self._app.is_web:
            return FILES_ELSEWHERE
        form = Form(
            "Listings from a file",
            "CSV, JSON lines or Excel, as the shell takes it",
            (
                FILE,
                FormField("maps", "Columns", False, 1000, "as Name=title, Cost=price"),
                FormField("sets", "The same for all", False, 1000, "as condition=new"),
            ),
            "Look at it",
            _columns,
        )

        async def send(values: Values) -> TonedText:
            path = locate_file(values["path"])
            columns = ImportColumns.typed(values["maps"], values["sets"])
            try:
                found = await self._judged(path, columns, dry_run=True)
                if not found.counts["created"] + found.counts["updated"]:
                    return f"Nothing to bring in: {seller_text.told_of(found)}", Tone.PLAIN
                lines = seller_text.verdict_lines(found)
                if not await self._confirmed("Bring these in?", path.name, lines, "Bring in"):
                    return NOTHING_SENT
                done = await self._judged(path, columns, dry_run=False)
            except ImportFailed as error:
                raise Invalid.one("path", str(error)) from error
            tone = Tone.BAD if done.complaints else Tone.GOOD
            return f"Brought in: {seller_text.told_of(done)}", tone

        return await self._filled(form, {}, send)

    async def _judged(self, path: Path, columns: ImportColumns, *, dry_run: bool) -> ImportProgress:
        feed, verb = self._feed, "Looking at" if dry_run else "Bringing in"
        self._tell(f"{verb} {safe_text(path.name)} …", Tone.PLAIN)
        market = ImportTarget(feed.client.base_url, feed.client.token, self._currency)

        def tell(rows: int) -> None:
            self._tell(f"{verb} {safe_text(path.name)}: {rows:,} rows …", Tone.PLAIN)

        return await import_listings(path, market, columns, dry_run=dry_run, tell=tell)

    async def edit(self, listing: Listing) -> TonedText:
        """Change a listing."""
        currency = self._currency
        entries = [FormField("title", "Title", max_length=200)]
        known = {
            "title": listing.title,
            "shipping": format_amount(listing.shipping_amount, currency),
        }
        if listing.price is not None:
            entries += [
                FormField("price", f"Price, {currency}", max_length=24),
                FormField("stock", "How many", max_length=7),
            ]
            known |= {
                "price": format_amount(listing.price, currency),
                "stock": str(listing.stock),
            }
        entries.append(FormField("shipping", "Shipping", required=False, max_length=24))
        check = partial(seller_text.wrong_listing_fields, paths={}, currency=currency)
        form = Form("Change this listing", safe_text(listing.title), entries, "Save", check)

        async def send(values: Values) -> TonedText:
            await self._seller.change(listing, values)
            return "Changed", Tone.GOOD

        return await self._filled(form, known, send)

    async def remove(self, listing: Listing) -> TonedText:
        """Take a listing out of every list."""
        lines = [("Left", f"{listing.stock:,}"), ("Orders of it", "go on")]
        if not await self._confirmed("Take it away?", listing.title, lines, "Take it away"):
            return NOTHING_SENT
        try:
            await self._seller.remove(listing.id)
        except InstaSellError as error:
            return orders_text.refusal(error, self._currency)
        return "It is taken away", Tone.GOOD

    async def _confirmed(self, head: str, title: str, lines: Lines, verb: str) -> bool:
        question = Question(head, safe_text(title), lines, verb)
        return await self._app.push_screen_wait(
            ConfirmScreen(question, self._app.armed_after_seconds)
        )

    async def _filled(self, form: Form, values: Values, send: Send) -> TonedText:
        return await ask_form(self._app, form, values, self._currency, send)


def _columns(values: Values) -> Values:
    """Return what is wrong with how the columns are to be read."""
    wrong: dict[str, str] = {}
    for name in ("maps", "sets"):
        try:
            ImportColumns.typed(values[name], "")
        except ValueError as error:
            wrong[name] = str(error)
    return wrong


def _terms(currency: str) -> Sequence[FormField]:
    return (
        FormField("min_bid", f"Minimum bid, {currency}", max_length=24),
        FormField("duration", "Runs for", max_length=20, placeholder="as 3d, 12h or 45m"),
        FormField("reserve", "Hidden reserve", required=False, max_length=24),
        FormField("buy_now", "Buy now", required=False, max_length=24),
    )
