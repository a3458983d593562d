"""The typed client of InstaSell: `InstaSell`, `AsyncInstaSell`, the live session, the errors.

    from instasell_client import InstaSell

    with InstaSell(token="...") as client:
        client.auctions.bid(auction_id, amount=1250)

Names are loaded when they are first used, so that importing the package, its errors or its
models costs neither httpx nor websockets.
"""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "client": ("AsyncInstaSell", "InstaSell"),
    "live": (
        "AuctionChange",
        "AuctionEvent",
        "AuctionFeed",
        "BidsPlaced",
        "BoardEvent",
        "BoardFeed",
        "BoardJoined",
        "ConnectionState",
        "Joined",
        "LiveSession",
        "Notice",
        "NoticeFeed",
        "applied",
    ),
    "profiles": ("Profile", "ProfileStore", "Target", "resolve_target"),
    "address": ("DEFAULT_URL",),
    "errors": (
        "AccountSuspended",
        "AlreadyLeading",
        "AuctionHasBids",
        "AuctionNotFound",
        "AuctionNotOpen",
        "BadCredentials",
        "BidTooLow",
        "BuyNowUnavailable",
        "CategoryExists",
        "CategoryInUse",
        "CategoryNotFound",
        "Conflict",
        "ConnectionFailed",
        "EmailTaken",
        "Forbidden",
        "IdempotencyKeyReused",
        "InstaSellError",
        "Invalid",
        "ListingHasAuction",
        "ListingInUse",
        "ListingNotFound",
        "Malformed",
        "MethodNotAllowed",
        "NotAnInstaSellServer",
        "NotFound",
        "OrderNotFound",
        "OutOfStock",
        "OutcomeUnknown",
        "ProtocolError",
        "RateLimited",
        "ScopeMissing",
        "SellerCannotBid",
        "SkuTaken",
        "StillRunning",
        "Timeout",
        "TokenNotFound",
        "TooLarge",
        "TransportError",
        "Unauthenticated",
        "Unavailable",
        "Unsupported",
        "UserNotFound",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
