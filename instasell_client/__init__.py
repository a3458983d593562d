"""The typed client of InstaSell: `InstaSell`, `AsyncInstaSell`, the live session, the errors.

    from instasell_client import InstaSell

    with InstaSell(token="...") as client:
        client.auctions.bid(auction_id, amount=1250)

Names are loaded when they are first used, so that importing the package, its errors or its
models costs neither httpx nor websockets.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from instasell_client.address import (
        DEFAULT_URL,
    )
    from instasell_client.client import (
        AsyncInstaSell,
        InstaSell,
    )
    from instasell_client.errors import (
        AccountSuspended,
        AlertNotFound,
        AlreadyLeading,
        AuctionHasBids,
        AuctionHasOrder,
        AuctionNotFound,
        AuctionNotOpen,
        AuctionStillOpen,
        BadCredentials,
        BadSignature,
        BidTooLow,
        BuyNowUnavailable,
        CategoryExists,
        CategoryInUse,
        CategoryNotFound,
        ChargebackOpen,
        Conflict,
        ConnectionFailed,
        ConversationNotFound,
        DisputeClosed,
        DisputeNotFound,
        EmailTaken,
        EvidenceNotFound,
        Forbidden,
        FundsHeld,
        HeadTooLarge,
        IdempotencyKeyReused,
        ImageNotFound,
        InstaSellError,
        InsufficientFunds,
        InsufficientGas,
        Invalid,
        LastAdmin,
        ListingHasAuction,
        ListingInUse,
        ListingNotFound,
        Malformed,
        MethodNotAllowed,
        NoPayoutAccount,
        NoRunnerUp,
        NotAnInstaSellServer,
        NotFound,
        NothingToBook,
        NotVerified,
        OrderNotFound,
        OrderNotReady,
        OutcomeUnknown,
        OutOfStock,
        PaymentFailed,
        PayoutsStopped,
        ProtocolError,
        RateLimited,
        ScopeMissing,
        SellerCannotBid,
        SellerCannotBuy,
        SkuTaken,
        StillRunning,
        Timeout,
        TokenNotFound,
        TooLarge,
        TooManyFiles,
        TooSlow,
        TransportError,
        Unauthenticated,
        Unavailable,
        Unsupported,
        UploadMissing,
        UserNotFound,
    )
    from instasell_client.live import (
        AccountEvent,
        AccountFeed,
        AuctionChange,
        AuctionEvent,
        AuctionFeed,
        AuctionJoined,
        BidsPlaced,
        BoardEvent,
        BoardFeed,
        BoardJoined,
        ConnectionState,
        LiveSession,
        apply_change,
    )
    from instasell_client.profiles import (
        Profile,
        ProfileError,
        ProfileStore,
        ServerTarget,
        resolve_target,
    )

__all__ = [
    "DEFAULT_URL",
    "AccountEvent",
    "AccountFeed",
    "AccountSuspended",
    "AlertNotFound",
    "AlreadyLeading",
    "AsyncInstaSell",
    "AuctionChange",
    "AuctionEvent",
    "AuctionFeed",
    "AuctionHasBids",
    "AuctionHasOrder",
    "AuctionJoined",
    "AuctionNotFound",
    "AuctionNotOpen",
    "AuctionStillOpen",
    "BadCredentials",
    "BadSignature",
    "BidTooLow",
    "BidsPlaced",
    "BoardEvent",
    "BoardFeed",
    "BoardJoined",
    "BuyNowUnavailable",
    "CategoryExists",
    "CategoryInUse",
    "CategoryNotFound",
    "ChargebackOpen",
    "Conflict",
    "ConnectionFailed",
    "ConnectionState",
    "ConversationNotFound",
    "DisputeClosed",
    "DisputeNotFound",
    "EmailTaken",
    "EvidenceNotFound",
    "Forbidden",
    "FundsHeld",
    "HeadTooLarge",
    "IdempotencyKeyReused",
    "ImageNotFound",
    "InstaSell",
    "InstaSellError",
    "InsufficientFunds",
    "InsufficientGas",
    "Invalid",
    "LastAdmin",
    "ListingHasAuction",
    "ListingInUse",
    "ListingNotFound",
    "LiveSession",
    "Malformed",
    "MethodNotAllowed",
    "NoPayoutAccount",
    "NoRunnerUp",
    "NotAnInstaSellServer",
    "NotFound",
    "NotVerified",
    "NothingToBook",
    "OrderNotFound",
    "OrderNotReady",
    "OutOfStock",
    "OutcomeUnknown",
    "PaymentFailed",
    "PayoutsStopped",
    "Profile",
    "ProfileError",
    "ProfileStore",
    "ProtocolError",
    "RateLimited",
    "ScopeMissing",
    "SellerCannotBid",
    "SellerCannotBuy",
    "ServerTarget",
    "SkuTaken",
    "StillRunning",
    "Timeout",
    "TokenNotFound",
    "TooLarge",
    "TooManyFiles",
    "TooSlow",
    "TransportError",
    "Unauthenticated",
    "Unavailable",
    "Unsupported",
    "UploadMissing",
    "UserNotFound",
    "apply_change",
    "resolve_target",
]

_HOMES = {
    "address": ("DEFAULT_URL",),
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
        "AuctionJoined",
        "LiveSession",
        "AccountEvent",
        "AccountFeed",
        "apply_change",
    ),
    "profiles": ("Profile", "ProfileError", "ProfileStore", "ServerTarget", "resolve_target"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOME_OF.get(name, 'errors')}")
    value: object = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
