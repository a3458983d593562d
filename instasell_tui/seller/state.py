"""Hold the seller's auctions with their results, the listings, and the steps on both."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal

from instasell_client.models.listings import CategoryNode, Condition, Listing
from instasell_client.models.money import parse_amount
from instasell_client.models.seller_auctions import SellingAuction, SellingPart

if TYPE_CHECKING:
    from collections.abc import Iterable

    from instasell_tui.market.connection import MarketConnection

PAGE = 100

Values = Mapping[str, str]
Kind = Literal["direct", "auction"]
_REMOVABLE: tuple[Literal["reserve"], Literal["buy_now"]] = ("reserve", "buy_now")


class SellerState:
    """Serves the screen of those who sell. All that writes raises Forbidden under read-only."""

    def __init__(self, feed: MarketConnection) -> None:
        self._feed = feed
        self.auction_fee: int | None = None

    async def auctions(
        self, part: SellingPart, cursor: str | None = None
    ) -> tuple[list[SellingAuction], str | None]:
        """Return a page of the user's auctions of one part, and where the next begins."""
        page = await self._feed.client.auctions.selling_page(part=part, cursor=cursor, limit=PAGE)
        self.auction_fee = page.auction_gas_fee
        return page.items, page.next

    async def listings(self, cursor: str | None = None) -> tuple[list[Listing], str | None]:
        """Return a page of the user's listings, the newest first, and where the next begins."""
        user = self._feed.user
        assert user is not None
        page = await self._feed.client.listings.page(
            seller=user.id, sort="newest", cursor=cursor, limit=PAGE
        )
        return page.items, page.next

    async def fees(self) -> None:
        """Read what the market asks in gas."""
        page = await self._feed.client.auctions.selling_page(limit=1)
        self.auction_fee = page.auction_gas_fee

    # Steps ------------------------------------------------------------------------------------

    async def cancel_auction(self, auction_id: str, reason: str | None) -> None:
        """End an auction without bids. Raises AuctionHasBids, AuctionNotOpen."""
        self._feed.require_writable()
        await self._feed.client.auctions.cancel(auction_id, reason)

    async def create_auction(self, listing_id: str, values: Values, seconds: int) -> str:
        """Start an auction of a listing; its id. Raises ListingHasAuction, InsufficientGas."""
        self._feed.require_writable()
        create = partial(
            self._feed.client.auctions.create,
            listing_id,
            min_bid=self._amount(values["min_bid"]),
            duration_seconds=seconds,
            reserve=self._optional(values["reserve"]),
            buy_now=self._optional(values["buy_now"]),
        )
        made = await self._feed.keys.send_once(
            ("auction", listing_id, _frozen(values), seconds),
            lambda key: create(idempotency_key=key),
        )
        return made.state.auction_id

    async def relist(self, auction_id: str, values: Values, known: Values, seconds: int) -> None:
        """Put an unsold auction up again. What is as in `known` stays as it was, to the second.

        Raises AuctionHasOrder, ListingHasAuction, InsufficientGas.
        """
        self._feed.require_writable()
        changed = {name: text for name, text in values.items() if text != known[name]}
        relist = partial(
            self._feed.client.auctions.relist,
            auction_id,
            duration_seconds=seconds if "duration" in changed else None,
            min_bid=self._optional(changed.get("min_bid", "")),
            reserve=self._optional(changed.get("reserve", "")),
            buy_now=self._optional(changed.get("buy_now", "")),
            without=[name for name in _REMOVABLE if changed.get(name) == ""],
        )
        await self._feed.keys.send_once(
            ("relist", auction_id, _frozen(changed), seconds),
            lambda key: relist(idempotency_key=key),
        )

    async def offer(self, auction_id: str) -> int:
        """Offer an unpaid auction to the next bidder; return the price. Raises NoRunnerUp."""
        self._feed.require_writable()
        offer = self._feed.client.auctions.offer_runner_up
        made = await self._feed.keys.send_once(
            ("offer", auction_id), lambda key: offer(auction_id, idempotency_key=key)
        )
        return made.order.total_amount

    async def add(self, values: Values, category_id: str) -> Listing:
        """Make a listing. Raises Invalid."""
        self._feed.require_writable()
        kind: Kind = "auction" if values["type"] == "auction" else "direct"
        is_direct = kind == "direct"
        create = partial(
            self._feed.client.listings.create,
            type=kind,
            title=values["title"],
            description=values["description"],
            category_id=category_id,
            condition=Condition(values["condition"]),
            price=self._amount(values["price"]) if is_direct else None,
            stock=int(values["stock"]) if is_direct else 1,
            shipping_amount=self._optional(values["shipping"]) or 0,
        )
        return await self._feed.keys.send_once(
            ("listing", category_id, _frozen(values)), lambda key: create(idempotency_key=key)
        )

    async def change(self, listing: Listing, values: Values) -> Listing:
        """Write new values of a listing. Raises Invalid, AuctionHasBids."""
        self._feed.require_writable()
        is_direct = listing.price is not None
        return await self._feed.client.listings.update(
            listing.id,
            title=values["title"] if values["title"] != listing.title else None,
            price=self._amount(values["price"]) if is_direct else None,
            stock=int(values["stock"]) if is_direct else None,
            shipping_amount=self._optional(values["shipping"]) or 0,
        )

    async def remove(self, listing_id: str) -> None:
        """Take a listing away. Raises ListingInUse."""
        self._feed.require_writable()
        await self._feed.client.listings.delete(listing_id)

    def _amount(self, text: str) -> int:
        return parse_amount(text, self._feed.currency)

    def _optional(self, text: str) -> int | None:
        return self._amount(text) if text else None


def _frozen(values: Values) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(values.items()))


def paths_of(nodes: Iterable[CategoryNode]) -> dict[str, str]:
    """Return the ids of all categories by their paths, in the order of the tree."""
    found: dict[str, str] = {}
    for node in nodes:
        found[node.path] = node.id
        found.update(paths_of(node.children))
    return found
