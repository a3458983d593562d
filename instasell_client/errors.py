"""What a call can raise, as one tree; every class of the market's own tree has its twin here.

    InstaSellError
    - NotFound            ListingNotFound AuctionNotFound CategoryNotFound UserNotFound
                          OrderNotFound TokenNotFound
    - Unauthenticated     BadCredentials
    - Forbidden           AccountSuspended SellerCannotBid ScopeMissing(scope)
    - Invalid(errors)     one entry per field     - IdempotencyKeyReused
    - Malformed  - TooLarge(limit_bytes)  - MethodNotAllowed(allowed)  - Unsupported
    - Conflict            AuctionNotOpen(auction_status) BidTooLow(minimum) AlreadyLeading(minimum)
                          BuyNowUnavailable(buy_now) ListingInUse ListingHasAuction(auction_id)
                          AuctionHasBids EmailTaken SkuTaken CategoryInUse CategoryExists OutOfStock
                          StillRunning
    - RateLimited(retry_after_seconds)
    - OutcomeUnknown      the same key, sent again, tells what happened     - Unavailable
    - TransportError      nothing that the market said: raised by the client alone
      - ConnectionFailed    no connection, or it was lost before the answer
      - Timeout             no answer in time
      - ProtocolError       an answer that does not fit the wire contract
        - NotAnInstaSellServer   somebody else answers at this address

A refusal carries `code` (stable: look at this one), `title` and `detail` (for people), `data` (its
own members), `request_id` (for the log) and `status`. `retryable`: the same call may succeed later.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from instasell_client.models.problems import FieldError


def code_of(name: str) -> str:
    """The code of an error class: BidTooLow is bid_too_low."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class InstaSellError(Exception):
    """The root. `data` holds what the refusal says beside the members that all of them have."""

    code: str = "insta_sell_error"
    title: str = "Something went wrong"
    status: int = 500
    retryable: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.code = code_of(cls.__name__)

    def __init__(self, detail: str | None = None, **data: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.data: Mapping[str, Any] = data
        self.request_id: str | None = None

    def __str__(self) -> str:
        return self.detail or self.title

    def _number(self, name: str) -> int | None:
        value = self.data.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def _text(self, name: str) -> str | None:
        value = self.data.get(name)
        return value if isinstance(value, str) else None


class NotFound(InstaSellError):
    """What does not exist, or is not the caller's to see."""

    title = "Not found"
    status = 404


class ListingNotFound(NotFound):
    """No such listing."""

    title = "There is no such listing"


class AuctionNotFound(NotFound):
    """No such auction."""

    title = "There is no such auction"


class CategoryNotFound(NotFound):
    """No such category."""

    title = "There is no such category"


class UserNotFound(NotFound):
    """No such account."""

    title = "There is no such account"


class OrderNotFound(NotFound):
    """No such order, or not the caller's."""

    title = "There is no such order"


class TokenNotFound(NotFound):
    """No such token of this account."""

    title = "There is no such token"


class Unauthenticated(InstaSellError):
    """No credentials, or credentials that do not hold (any more)."""

    title = "Sign in first"
    status = 401


class BadCredentials(Unauthenticated):
    """E-mail or password is wrong; which of the two is not told."""

    title = "E-mail or password is wrong"


class Forbidden(InstaSellError):
    """Signed in, but not allowed."""

    title = "That is not allowed"
    status = 403


class AccountSuspended(Forbidden):
    """A suspended account reads and does nothing else."""

    title = "This account is suspended"


class SellerCannotBid(Forbidden):
    """Nobody bids on his own auction."""

    title = "A seller cannot bid on the own auction"


class ScopeMissing(Forbidden):
    """A script's token without the scope."""

    title = "The token lacks a scope"

    @property
    def scope(self) -> str | None:
        """The scope that the call needs."""
        return self._text("scope")


class Invalid(InstaSellError):
    """Input that breaks the contract, with one entry for each bad field.

    Raised by the client itself where it can tell before sending, with the same entries.
    """

    title = "Some fields are not valid"
    status = 422

    def __init__(
        self, errors: Sequence[FieldError] = (), detail: str | None = None, **data: Any
    ) -> None:
        super().__init__(detail, **data)
        self.errors: Sequence[FieldError] = tuple(errors)

    def __str__(self) -> str:
        named = "; ".join(f"{error.field}: {error.message}" for error in self.errors)
        return named or super().__str__()


class IdempotencyKeyReused(InstaSellError):
    """The key was used for another body."""

    title = "The idempotency key was used for another request; choose a new one"
    status = 422


class Malformed(InstaSellError):
    """A body that cannot be read at all."""

    title = "The body cannot be read"
    status = 400


class TooLarge(InstaSellError):
    """More bytes than the limit."""

    title = "The body is too large"
    status = 413

    @property
    def limit_bytes(self) -> int | None:
        """The limit, in bytes."""
        return self._number("limit_bytes")


class MethodNotAllowed(InstaSellError):
    """The path exists with other methods."""

    title = "The path does not take this method"
    status = 405

    @property
    def allowed(self) -> Sequence[str]:
        """The methods that the path takes."""
        value = self.data.get("allowed")
        return [str(method) for method in value] if isinstance(value, list) else ()


class Unsupported(InstaSellError):
    """A content type that the path does not read."""

    title = "The path does not read this content type"
    status = 415


class Conflict(InstaSellError):
    """The request is sound, but the state of the market is against it."""

    title = "The state of the market does not allow that"
    status = 409


class AuctionNotOpen(Conflict):
    """Not started, over, or called off."""

    title = "The auction is not open"

    @property
    def auction_status(self) -> str | None:
        """What the auction is instead of open: one of `AuctionStatus`."""
        return self._text("auction_status")


class BidTooLow(Conflict):
    """Under the minimum."""

    title = "The bid is too low"

    @property
    def minimum(self) -> int | None:
        """What would be taken now, in minor units."""
        return self._number("minimum")


class AlreadyLeading(Conflict):
    """The leader's own maximum is not raised by this."""

    title = "You lead already with a maximum that is as high"

    @property
    def minimum(self) -> int | None:
        """The least maximum that would raise it, in minor units."""
        return self._number("minimum")


class BuyNowUnavailable(Conflict):
    """No buy-now price, or bidding has taken it away, or it is another one."""

    title = "Buy now is not available"

    @property
    def buy_now(self) -> int | None:
        """The price where it differs from what was sent, in minor units."""
        return self._number("buy_now")


class ListingInUse(Conflict):
    """An order or an auction with bids holds the listing."""

    title = "The listing is in use"


class ListingHasAuction(Conflict):
    """One open auction for a listing at most."""

    title = "The listing has an open auction"

    @property
    def auction_id(self) -> str | None:
        """The auction that is open."""
        return self._text("auction_id")


class AuctionHasBids(Conflict):
    """Only an auction without bids may be changed like this."""

    title = "The auction has bids"


class EmailTaken(Conflict):
    """An account with this address exists."""

    title = "An account with this e-mail address exists"


class SkuTaken(Conflict):
    """Another listing of the seller has this `seller_sku`."""

    title = "Another of your listings has this seller_sku"


class CategoryInUse(Conflict):
    """A category with listings or categories in it stays."""

    title = "The category is in use"


class CategoryExists(Conflict):
    """A name is unique within its parent."""

    title = "The category exists"


class OutOfStock(Conflict):
    """Fewer are left than were asked for."""

    title = "Out of stock"


class StillRunning(Conflict):
    """The first request with this key has not been answered yet."""

    title = "The first request with this key is still running"
    retryable = True


class RateLimited(InstaSellError):
    """Too many requests."""

    title = "Too many requests"
    status = 429
    retryable = True

    @property
    def retry_after_seconds(self) -> float | None:
        """When to come back, in seconds from the answer; None where it was not told."""
        value = self.data.get("retry_after_seconds")
        return float(value) if isinstance(value, (int, float)) else None


class OutcomeUnknown(InstaSellError):
    """The answer was lost; the same key sent again tells what happened."""

    title = "It is not known whether that happened; send it again with the same key"
    status = 503
    retryable = True

    @property
    def idempotency_key(self) -> str | None:
        """The key to send again, where the client knows it."""
        return self._text("idempotency_key")


class Unavailable(InstaSellError):
    """A part of the market does not answer; trying again is safe."""

    title = "The market is busy or a part of it is down; try again"
    status = 503
    retryable = True


class TransportError(InstaSellError):
    """The market said nothing, or nothing that can be understood. `status` is 0."""

    title = "There is no answer from the market"
    status = 0


class ConnectionFailed(TransportError):
    """No connection, or one that was lost before the answer."""

    title = "The market cannot be reached"
    retryable = True


class Timeout(TransportError):
    """No answer in time."""

    title = "The market did not answer in time"
    retryable = True


class ProtocolError(TransportError):
    """An answer that does not fit the wire contract; client and server may be too far apart."""

    title = "The answer does not fit the contract of this client"


class NotAnInstaSellServer(ProtocolError):
    """Somebody else answers at this address."""

    title = "There is no InstaSell server at this address"
