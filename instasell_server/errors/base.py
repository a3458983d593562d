"""The root of the tree, and every refusal that is no conflict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar


def code_of(name: str) -> str:
    """Return the code of an error class: BidTooLow is bid_too_low."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class InstaSellError(Exception):
    """The root. `detail` is a sentence for the person; `data` travels in the problem body."""

    code: ClassVar[str] = "insta_sell_error"
    title: ClassVar[str] = "Something went wrong"
    retryable: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.code = code_of(cls.__name__)

    def __init__(self, detail: str | None = None, **data: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.data: Mapping[str, Any] = data


class NotFound(InstaSellError):
    """Report what does not exist, or is not the caller's to see."""

    title = "Not found"


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


class DisputeNotFound(NotFound):
    """No such dispute, or not the caller's."""

    title = "There is no such dispute"


class ImageNotFound(NotFound):
    """No such picture of the listing."""

    title = "There is no such picture"


class EvidenceNotFound(NotFound):
    """No such file of the dispute, or not the caller's."""

    title = "There is no such file"


class ConversationNotFound(NotFound):
    """No such conversation, or not the caller's."""

    title = "There is no such conversation"


class AlertNotFound(NotFound):
    """No such alert."""

    title = "There is no such alert"


class Unauthenticated(InstaSellError):
    """No credentials, or credentials that do not hold (any more)."""

    title = "Sign in first"


class BadCredentials(Unauthenticated):
    """Refuse a wrong e-mail address or password, without saying which of the two."""

    title = "E-mail or password is wrong"


class Forbidden(InstaSellError):
    """Signed in, but not allowed."""

    title = "That is not allowed"


class AccountSuspended(Forbidden):
    """A suspended account reads and does nothing else."""

    title = "This account is suspended"


class SellerCannotBid(Forbidden):
    """Refuse a seller's bid on their own auction."""

    title = "A seller cannot bid on the own auction"


class SellerCannotBuy(Forbidden):
    """Refuse a seller's purchase of their own item."""

    title = "A seller cannot buy the own goods"


class NotVerified(Forbidden):
    """Money leaves only to people whose address is proven."""

    title = "The e-mail address is not verified"


class ScopeMissing(Forbidden):
    """A script's token without the scope; `scope` names it."""

    title = "The token lacks a scope"


class Invalid(InstaSellError):
    """Input that breaks the contract, with one entry for each bad field."""

    title = "Some fields are not valid"

    def __init__(
        self, errors: Iterable[tuple[str, str]], detail: str | None = None, **data: Any
    ) -> None:
        super().__init__(detail, **data)
        self.errors = list(errors)

    @classmethod
    def one(cls, field: str, message: str) -> Invalid:
        """Report a single bad field."""
        return cls([(field, message)])


class IdempotencyKeyReused(InstaSellError):
    """The key was used for another body."""

    title = "The idempotency key was used for another request; choose a new one"


class Malformed(InstaSellError):
    """A body that cannot be read at all."""

    title = "The body cannot be read"


class BadSignature(Malformed):
    """A message that says it comes from the payment provider, and is not signed by it."""

    title = "The signature does not hold"


class TooLarge(InstaSellError):
    """More bytes than the limit; `limit_bytes` names it."""

    title = "The body is too large"


class HeadTooLarge(Malformed):
    """A request line or headers beyond the limit; `limit_bytes` names it."""

    title = "The head of the request is too large"


class TooSlow(Malformed):
    """A request that did not arrive in time."""

    title = "The request did not arrive in time"


class MethodNotAllowed(InstaSellError):
    """The path exists with other methods; `allowed` names them."""

    title = "The path does not take this method"


class Unsupported(InstaSellError):
    """A content type that the path does not read."""

    title = "The path does not read this content type"


class Conflict(InstaSellError):
    """The request is sound, but the state of the market is against it."""

    title = "The state of the market does not allow that"


class PaymentFailed(InstaSellError):
    """The payment provider refused; the detail says why."""

    title = "The payment provider refused"


class RateLimited(InstaSellError):
    """Too many; `retry_after_seconds` tells when to come back."""

    title = "Too many requests"
    retryable = True


class OutcomeUnknown(InstaSellError):
    """The answer of the database was lost; the same key sent again tells what happened."""

    title = "It is not known whether that happened; send it again with the same key"
    retryable = True


class Unavailable(InstaSellError):
    """A part of the market does not answer; trying again is safe."""

    title = "The market is busy or a part of it is down; try again"
    retryable = True
