"""Define the refusals that do not depend on the state of the market."""

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
    """Report what does not exist, or is not the caller's to see."""

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
    status = 401


class BadCredentials(Unauthenticated):
    """Refuse a wrong e-mail address or password; the answer does not say which."""

    title = "E-mail or password is wrong"


class Forbidden(InstaSellError):
    """Signed in, but not allowed."""

    title = "That is not allowed"
    status = 403


class AccountSuspended(Forbidden):
    """A suspended account reads and does nothing else."""

    title = "This account is suspended"


class SellerCannotBid(Forbidden):
    """Refuse a seller's bid on their own auction."""

    title = "A seller cannot bid on the own auction"


class SellerCannotBuy(Forbidden):
    """Refuse a seller's purchase of their own listing."""

    title = "A seller cannot buy the own goods"


class NotVerified(Forbidden):
    """Money leaves only to people whose address is proven."""

    title = "The e-mail address is not verified"


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


class BadSignature(Malformed):
    """A message that says it comes from the payment provider, and is not signed by it."""

    title = "The signature does not hold"


class TooLarge(InstaSellError):
    """More bytes than the limit."""

    title = "The body is too large"
    status = 413

    @property
    def limit_bytes(self) -> int | None:
        """The limit, in bytes."""
        return self._number("limit_bytes")


class HeadTooLarge(Malformed):
    """A request line or headers beyond the limit."""

    title = "The head of the request is too large"
    status = 431

    @property
    def limit_bytes(self) -> int | None:
        """The limit, in bytes."""
        return self._number("limit_bytes")


class TooSlow(Malformed):
    """A request that did not arrive in time."""

    title = "The request did not arrive in time"
    status = 408


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


class PaymentFailed(InstaSellError):
    """The payment provider refused; the detail says why."""

    title = "The payment provider refused"
    status = 402


class RateLimited(InstaSellError):
    """Too many requests."""

    title = "Too many requests"
    status = 429
    retryable = True

    @property
    def retry_after_seconds(self) -> float | None:
        """Return the seconds to wait from the answer on; None where the answer does not say."""
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
