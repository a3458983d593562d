"""Define what the market can answer in place of a result, as one tree for server and client.

    InstaSellError
    - NotFound            ListingNotFound AuctionNotFound CategoryNotFound UserNotFound
                          OrderNotFound TokenNotFound AlertNotFound DisputeNotFound
                          ImageNotFound EvidenceNotFound ConversationNotFound
    - Unauthenticated     BadCredentials
    - Forbidden           AccountSuspended SellerCannotBid SellerCannotBuy ScopeMissing(scope)
                          NotVerified
    - Invalid(errors)     one BadField per field     - IdempotencyKeyReused
    - Malformed           BadSignature HeadTooLarge(limit_bytes) TooSlow
    - TooLarge(limit_bytes)  - MethodNotAllowed(allowed)  - Unsupported
    - Conflict            AuctionNotOpen(auction_status) BidTooLow(minimum) AlreadyLeading(minimum)
                          BuyNowUnavailable(buy_now) ListingInUse ListingHasAuction(auction_id)
                          AuctionHasBids EmailTaken SkuTaken CategoryInUse CategoryExists OutOfStock
                          StillRunning OrderNotReady(order_status) InsufficientFunds(missing)
                          InsufficientGas(missing) NoPayoutAccount LastAdmin DisputeClosed
                          UploadMissing TooManyFiles(limit)
                          ChargebackOpen AuctionStillOpen(auction_status)
                          AuctionHasOrder(order_id) NoRunnerUp
                          FundsHeld(withdrawable, free_at) PayoutsStopped NothingToBook
    - PaymentFailed
    - RateLimited(retry_after_seconds)
    - OutcomeUnknown      the same key, sent again, tells what happened     - Unavailable

A class is the only place of its code (its name in snake_case), title and status. What it is raised
with beside the detail travels in the problem body (RFC 9457) and comes back as `data`.
"""

from __future__ import annotations

from instasell_client.models.errors.base import (
    AccountSuspended,
    AlertNotFound,
    AuctionNotFound,
    BadCredentials,
    BadField,
    BadSignature,
    CategoryNotFound,
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
    code_of,
)
from instasell_client.models.errors.conflicts import (
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
    Conflict,
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
    "BadField",
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
    "code_of",
    "server_errors",
]

_BY_CODE = {
    kind.code: kind
    for kind in globals().values()
    if isinstance(kind, type) and issubclass(kind, InstaSellError)
}


def server_errors() -> dict[str, type[InstaSellError]]:
    """Return every class that a server answers with, by its code."""
    return dict(_BY_CODE)
