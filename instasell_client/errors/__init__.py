"""List what a call can raise, as one tree; each class of the server's tree has its twin here.

    InstaSellError
    - NotFound            ListingNotFound AuctionNotFound CategoryNotFound UserNotFound
                          OrderNotFound TokenNotFound AlertNotFound DisputeNotFound
                          ImageNotFound EvidenceNotFound
                          ConversationNotFound
    - Unauthenticated     BadCredentials
    - Forbidden           AccountSuspended SellerCannotBid SellerCannotBuy ScopeMissing(scope)
                          NotVerified
    - Invalid(errors)     one entry per field     - IdempotencyKeyReused
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
    - TransportError      not an answer of the market: only the client raises it
      - ConnectionFailed    no connection, or it was lost before the answer
      - Timeout             no answer in time
      - ProtocolError       an answer that does not fit the wire contract
        - NotAnInstaSellServer   another program answers at this address

A refusal carries `code` (stable: look at this one), `title` and `detail` (for people), `data` (its
own members), `request_id` (for the log) and `status`. `retryable`: the same call may succeed later.
"""

from __future__ import annotations

from instasell_client.errors.base import (
    AccountSuspended,
    AlertNotFound,
    AuctionNotFound,
    BadCredentials,
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
from instasell_client.errors.conflicts import (
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
from instasell_client.errors.transport import (
    ConnectionFailed,
    NotAnInstaSellServer,
    ProtocolError,
    Timeout,
    TransportError,
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
    "BadSignature",
    "BidTooLow",
    "BuyNowUnavailable",
    "CategoryExists",
    "CategoryInUse",
    "CategoryNotFound",
    "ChargebackOpen",
    "Conflict",
    "ConnectionFailed",
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
    "ProtocolError",
    "RateLimited",
    "ScopeMissing",
    "SellerCannotBid",
    "SellerCannotBuy",
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
    "code_of",
]
