"""Define what can go wrong in the market, as one tree with data and stable codes.

    InstaSellError
    - NotFound            ListingNotFound AuctionNotFound CategoryNotFound UserNotFound
                          OrderNotFound TokenNotFound AlertNotFound DisputeNotFound
                          ImageNotFound EvidenceNotFound
                          ConversationNotFound
    - Unauthenticated     BadCredentials
    - Forbidden           AccountSuspended SellerCannotBid SellerCannotBuy ScopeMissing
                          NotVerified
    - Invalid             one entry per field; IdempotencyKeyReused
    - Malformed           a body that is no JSON at all; BadSignature HeadTooLarge TooSlow
    - TooLarge  - MethodNotAllowed  - Unsupported
    - Conflict            AuctionNotOpen BidTooLow AlreadyLeading BuyNowUnavailable ListingInUse
                          ListingHasAuction AuctionHasBids EmailTaken SkuTaken CategoryInUse
                          CategoryExists OutOfStock StillRunning OrderNotReady InsufficientFunds
                          InsufficientGas NoPayoutAccount LastAdmin DisputeClosed ChargebackOpen
                          AuctionStillOpen AuctionHasOrder NoRunnerUp
                          FundsHeld PayoutsStopped NothingToBook
                          UploadMissing TooManyFiles
    - PaymentFailed
    - RateLimited
    - OutcomeUnknown
    - Unavailable

Nothing here knows HTTP; `http/problems.py` holds the one map to statuses. A class's code is its
name in snake_case, and its data fields travel beside it in the problem body.
"""

from __future__ import annotations

from instasell_server.errors.base import (
    AccountSuspended,
    AlertNotFound,
    AuctionNotFound,
    BadCredentials,
    BadSignature,
    CategoryNotFound,
    Conflict,
    ConversationNotFound,
    DisputeNotFound,
    EvidenceNotFound,
    Forbidden,
    HeadTooLarge,
    IdempotencyKeyReused,
    ImageNotFound,
    InstaSellError,
    Invalid,
    ListingNotFound,
    Malformed,
    MethodNotAllowed,
    NotFound,
    NotVerified,
    OrderNotFound,
    OutcomeUnknown,
    PaymentFailed,
    RateLimited,
    ScopeMissing,
    SellerCannotBid,
    SellerCannotBuy,
    TokenNotFound,
    TooLarge,
    TooSlow,
    Unauthenticated,
    Unavailable,
    Unsupported,
    UserNotFound,
)
from instasell_server.errors.conflicts import (
    AlreadyLeading,
    AuctionHasBids,
    AuctionHasOrder,
    AuctionNotOpen,
    AuctionStillOpen,
    BidTooLow,
    BuyNowUnavailable,
    CategoryExists,
    CategoryInUse,
    ChargebackOpen,
    DisputeClosed,
    EmailTaken,
    FundsHeld,
    InsufficientFunds,
    InsufficientGas,
    LastAdmin,
    ListingHasAuction,
    ListingInUse,
    NoPayoutAccount,
    NoRunnerUp,
    NothingToBook,
    OrderNotReady,
    OutOfStock,
    PayoutsStopped,
    SkuTaken,
    StillRunning,
    TooManyFiles,
    UploadMissing,
)


def tree() -> dict[str, type[InstaSellError]]:
    """Return every error class by its code."""
    found: dict[str, type[InstaSellError]] = {}
    waiting: list[type[InstaSellError]] = [InstaSellError]
    while waiting:
        kind = waiting.pop()
        found[kind.code] = kind
        waiting.extend(kind.__subclasses__())
    return found


__all__ = [
    "AccountSuspended",
    "AlertNotFound",
    "AlreadyLeading",
    "AuctionHasBids",
    "AuctionHasOrder",
    "AuctionNotFound",
    "AuctionNotOpen",
    "AuctionStillOpen",
    "BadCredentials",
    "BadSignature",
    "BidTooLow",
    "BuyNowUnavailable",
    "CategoryExists",
    "CategoryInUse",
    "CategoryNotFound",
    "ChargebackOpen",
    "Conflict",
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
    "InstaSellError",
    "InsufficientFunds",
    "InsufficientGas",
    "Invalid",
    "LastAdmin",
    "ListingHasAuction",
    "ListingInUse",
    "ListingNotFound",
    "Malformed",
    "MethodNotAllowed",
    "NoPayoutAccount",
    "NoRunnerUp",
    "NotFound",
    "NotVerified",
    "NothingToBook",
    "OrderNotFound",
    "OrderNotReady",
    "OutOfStock",
    "OutcomeUnknown",
    "PaymentFailed",
    "PayoutsStopped",
    "RateLimited",
    "ScopeMissing",
    "SellerCannotBid",
    "SellerCannotBuy",
    "SkuTaken",
    "StillRunning",
    "TokenNotFound",
    "TooLarge",
    "TooManyFiles",
    "TooSlow",
    "Unauthenticated",
    "Unavailable",
    "Unsupported",
    "UploadMissing",
    "UserNotFound",
    "tree",
]
