"""The HTTP face of auctions."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from instasell_client.models.accounts import Role, Scope
from instasell_client.models.auctions import (
    AuctionChecks,
    AuctionsQuery,
    AuctionStatusReply,
    AuctionView,
    BidList,
    BidReceipt,
    BidsQuery,
    BuyNow,
    CancelAuction,
    ChangeQuery,
    CheckAuctions,
    CreateAuction,
    LivePage,
    LiveQuery,
    PlaceBid,
    RelistAuction,
    UpdateAuction,
)
from instasell_client.models.base import Paging
from instasell_client.models.bids import BiddingPage, BiddingQuery
from instasell_client.models.errors import (
    AlreadyLeading,
    AuctionHasBids,
    AuctionHasOrder,
    AuctionNotFound,
    AuctionNotOpen,
    AuctionStillOpen,
    BidTooLow,
    BuyNowUnavailable,
    InsufficientGas,
    ListingHasAuction,
    ListingNotFound,
    NoRunnerUp,
    OutOfStock,
    SellerCannotBid,
)
from instasell_client.models.orders import OrderView
from instasell_client.models.seller_auctions import SellingPage, SellingQuery
from instasell_server.domains.auctions.bidding.bidder_auctions import BidderAuctions
from instasell_server.domains.auctions.pages import AuctionPages
from instasell_server.domains.auctions.selling.checks import AuctionChecker
from instasell_server.domains.auctions.selling.relist import Relisting
from instasell_server.domains.auctions.selling.seller_auctions import SellerAuctions
from instasell_server.domains.auctions.service import AuctionService
from instasell_server.http.encoded_page import FoundPage, PagePath, json_response
from instasell_server.http.route import PUBLIC, SELLERS, TRADERS, Call, Policy, Route, signed_in

SERVICE = web.AppKey("auctions", AuctionService)
RESALE = web.AppKey("resale", Relisting)
PAGES = web.AppKey("auction_pages", AuctionPages)
SELLING = web.AppKey("selling", SellerAuctions)
OWN_BIDS = web.AppKey("own_bids", BidderAuctions)
CHECKER = web.AppKey("auction_checker", AuctionChecker)


async def create_auction(call: Call[CreateAuction, None]) -> AuctionStatusReply:
    """Handle `POST /auctions`."""
    return await call.service(SERVICE).create(call.user, call.body, call.idempotency_key)


async def check_auctions(call: Call[CheckAuctions, None]) -> AuctionChecks:
    """Handle `POST /auctions/check`."""
    return await call.service(CHECKER).check(call.user, call.body)


async def update_auction(call: Call[UpdateAuction, None]) -> AuctionStatusReply:
    """Handle `PUT /auctions/{id}`."""
    service = call.service(SERVICE)
    return await service.update(call.user, call.path["auction_id"], call.body, call.idempotency_key)


async def cancel_auction(call: Call[CancelAuction, ChangeQuery]) -> AuctionStatusReply:
    """Handle `POST /auctions/{id}/cancel`."""
    service = call.service(SERVICE)
    wish, key = call.body or CancelAuction(), call.idempotency_key
    auction_id, dry_run = call.path["auction_id"], call.query.dry_run
    return await service.cancel(call.user, auction_id, wish, key, dry_run=dry_run)


async def offer_runner_up(call: Call[None, None]) -> OrderView:
    """Handle `POST /auctions/{id}/offer-runner-up`."""
    resale, auction_id = call.service(RESALE), call.path["auction_id"]
    return await resale.offer_runner_up(call.user, auction_id, call.idempotency_key)


async def relist(call: Call[RelistAuction, ChangeQuery]) -> AuctionStatusReply:
    """Handle `POST /auctions/{id}/relist`."""
    resale, auction_id = call.service(RESALE), call.path["auction_id"]
    wish, key = call.body or RelistAuction(), call.idempotency_key
    return await resale.relist(call.user, auction_id, wish, key, dry_run=call.query.dry_run)


async def place_bid(call: Call[PlaceBid, None]) -> BidReceipt:
    """Handle `POST /auctions/{id}/bid`."""
    key = call.idempotency_key.key if call.idempotency_key else None
    return await call.service(SERVICE).bid(call.user, call.path["auction_id"], call.body, key)


async def buy_now(call: Call[BuyNow, None]) -> BidReceipt:
    """Handle `POST /auctions/{id}/buy-now`."""
    key = call.idempotency_key.key if call.idempotency_key else None
    return await call.service(SERVICE).buy_now(call.user, call.path["auction_id"], call.body, key)


async def get_auction(call: Call[None, None]) -> AuctionView:
    """Handle `GET /auctions/{id}`."""
    return await call.service(SERVICE).view(call.principal, call.path["auction_id"])


async def get_status(call: Call[None, None]) -> AuctionStatusReply:
    """Handle `GET /auctions/{id}/status`."""
    return await call.service(SERVICE).status(call.path["auction_id"])


async def list_newest(call: Call[None, AuctionsQuery]) -> LivePage:
    """Handle `GET /auctions`."""
    return await call.service(SERVICE).list_newest(call.query)


async def list_live(call: Call[None, LiveQuery]) -> web.StreamResponse:
    """Handle `GET /auctions/live`."""
    return json_response(await call.service(PAGES).live.find_fresh(call.query))


async def list_bids(call: Call[None, BidsQuery]) -> BidList:
    """Handle `GET /auctions/{id}/bids`."""
    return await call.service(SERVICE).bids(call.principal, call.path["auction_id"], call.query)


async def watch(call: Call[None, None]) -> None:
    """Handle `PUT /auctions/{id}/watch`."""
    await call.service(SERVICE).watch(call.user, call.path["auction_id"], on=True)


async def unwatch(call: Call[None, None]) -> None:
    """Handle `DELETE /auctions/{id}/watch`."""
    await call.service(SERVICE).watch(call.user, call.path["auction_id"], on=False)


async def list_selling(call: Call[None, SellingQuery]) -> SellingPage:
    """Handle `GET /auctions/selling`."""
    return await call.service(SELLING).list(call.user, call.query)


async def list_bidding(call: Call[None, BiddingQuery]) -> BiddingPage:
    """Handle `GET /auctions/bidding`."""
    return await call.service(OWN_BIDS).list(call.user, call.query)


async def list_watched(call: Call[None, Paging]) -> LivePage:
    """Handle `GET /auctions/watched`."""
    return await call.service(SERVICE).watched(call.user, call.query)


def find_live_page(app: web.Application, path: PagePath, query: Any) -> FoundPage:
    """Find `GET /auctions/live` for everybody."""
    return app[PAGES].live.find(query)


def find_auction_page(app: web.Application, path: PagePath, query: Any) -> FoundPage:
    """Find `GET /auctions/{id}` for everybody."""
    return app[PAGES].view(path["auction_id"])


def find_status_page(app: web.Application, path: PagePath, query: Any) -> FoundPage:
    """Find `GET /auctions/{id}/status` for everybody."""
    return app[PAGES].status(path["auction_id"])


def find_bids_page(app: web.Application, path: PagePath, query: Any) -> FoundPage:
    """Find `GET /auctions/{id}/bids` for everybody."""
    return app[PAGES].bids(path["auction_id"], query)


_BID_ERRORS = (AuctionNotFound, AuctionNotOpen, BidTooLow, AlreadyLeading, SellerCannotBid)
_OVER_ERRORS = (
    AuctionNotFound, AuctionStillOpen, AuctionHasOrder, ListingHasAuction, ListingNotFound,
    OutOfStock,
)  # fmt: skip
_OPTIONAL = Policy(anonymous=True, scope=Scope.READ)
_SELLING = signed_in(Scope.LIST, roles=SELLERS)
_BIDDING = signed_in(Scope.BID, roles=TRADERS)

ROUTES: list[Route] = [
    Route(
        "POST", "/auctions", create_auction, _SELLING, "Create an auction of a listing",
        body=CreateAuction, reply=AuctionStatusReply, status=201, tag="auctions",
        errors=(ListingNotFound, ListingHasAuction, OutOfStock, InsufficientGas),
    ),
    Route(
        "GET", "/auctions", list_newest, PUBLIC, "List auctions of every status, the newest first",
        query=AuctionsQuery, reply=LivePage, tag="auctions",
    ),
    Route(
        "POST", "/auctions/check", check_auctions, _SELLING,
        "Check auctions as creating them would, and what gas they cost; nothing is created",
        body=CheckAuctions, reply=AuctionChecks, tag="auctions", idempotent=False,
    ),
    Route(
        "GET", "/auctions/live", list_live, PUBLIC, "List open auctions",
        query=LiveQuery, reply=LivePage, tag="auctions", page=find_live_page,
    ),
    Route(
        "GET", "/auctions/watched", list_watched, signed_in(Scope.READ, suspended=True),
        "List the auctions on your watch list",
        query=Paging, reply=LivePage, tag="auctions",
    ),
    Route(
        "GET", "/auctions/bidding", list_bidding, signed_in(Scope.READ, suspended=True),
        "List the auctions that you bid in, the most urgent first",
        query=BiddingQuery, reply=BiddingPage, tag="auctions",
    ),
    Route(
        "GET", "/auctions/selling", list_selling,
        signed_in(Scope.LIST, roles=SELLERS, suspended=True),
        "List the auctions that you created, with their results, the newest first",
        query=SellingQuery, reply=SellingPage, tag="auctions",
    ),
    Route(
        "GET", "/auctions/{auction_id}", get_auction, _OPTIONAL,
        "Get an auction with its listing and your position in it",
        reply=AuctionView, tag="auctions", errors=(AuctionNotFound,), page=find_auction_page,
    ),
    Route(
        "PUT", "/auctions/{auction_id}", update_auction, _SELLING,
        "Edit or reschedule an auction without bids",
        body=UpdateAuction, reply=AuctionStatusReply, tag="auctions",
        errors=(AuctionNotFound, AuctionNotOpen, AuctionHasBids),
    ),
    Route(
        "GET", "/auctions/{auction_id}/status", get_status, PUBLIC, "Get the state of an auction",
        reply=AuctionStatusReply, tag="auctions", errors=(AuctionNotFound,),
        page=find_status_page,
    ),
    Route(
        "GET", "/auctions/{auction_id}/bids", list_bids, _OPTIONAL, "List the bids of an auction",
        query=BidsQuery, reply=BidList, tag="auctions", errors=(AuctionNotFound,),
        page=find_bids_page,
    ),
    Route(
        "POST", "/auctions/{auction_id}/bid", place_bid, _BIDDING, "Place a bid",
        body=PlaceBid, reply=BidReceipt, status=201, tag="auctions", errors=_BID_ERRORS,
    ),
    Route(
        "POST", "/auctions/{auction_id}/buy-now", buy_now, _BIDDING,
        "Buy at the buy-now price, which ends the auction",
        body=BuyNow, reply=BidReceipt, status=201, tag="auctions",
        errors=(AuctionNotFound, AuctionNotOpen, BuyNowUnavailable, SellerCannotBid),
    ),
    Route(
        "POST", "/auctions/{auction_id}/cancel", cancel_auction,
        signed_in(Scope.LIST, roles=SELLERS | {Role.ADMIN}), "Cancel an auction",
        query=ChangeQuery, body=CancelAuction, reply=AuctionStatusReply, tag="auctions",
        body_optional=True, errors=(AuctionNotFound, AuctionNotOpen, AuctionHasBids),
    ),
    Route(
        "POST", "/auctions/{auction_id}/offer-runner-up", offer_runner_up,
        signed_in(Scope.SELL, roles=SELLERS),
        "Offer the item to the next bidder after its order was not paid",
        reply=OrderView, status=201, tag="auctions",
        errors=(*_OVER_ERRORS, NoRunnerUp),
    ),
    Route(
        "POST", "/auctions/{auction_id}/relist", relist, _SELLING,
        "Create a new auction of an item that was not sold",
        query=ChangeQuery, body=RelistAuction, reply=AuctionStatusReply, status=201, tag="auctions",
        body_optional=True, errors=(*_OVER_ERRORS, InsufficientGas),
    ),
    Route(
        "PUT", "/auctions/{auction_id}/watch", watch, signed_in(Scope.BID, roles=TRADERS),
        "Add an auction to your watch list", status=204, tag="auctions", errors=(AuctionNotFound,),
    ),
    Route(
        "DELETE", "/auctions/{auction_id}/watch", unwatch,
        signed_in(Scope.BID, roles=TRADERS), "Remove an auction from your watch list",
        status=204, tag="auctions", errors=(AuctionNotFound,),
    ),
]  # fmt: skip
