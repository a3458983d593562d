"""Define the root of the errors, and every error that is no conflict with the market's state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple


def code_of(name: str) -> str:
    """Return the code of an error class: BidTooLow is bid_too_low."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class InstaSellError(Exception):
    """Report that a call failed; every other error is below this one.

    The server raises it and answers with its members, the client raises it again for its caller.

    Attributes:
        code: Stable name of the error in snake_case; programs look at this.
        title: What is wrong, for people.
        detail: What is wrong in this case, and the next step; None where the title says it all.
        status: HTTP status of the answer; 0 where there was none.
        data: Members of this kind of error alone, as `minimum` of BidTooLow.
        request_id: Id of the request in the server's log; None where no server has answered.
        retryable: True where the same call may succeed later.
    """

    code: str = "insta_sell_error"
    title: str = "The server has failed; try again later"
    status: int = 500
    retryable: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.code = code_of(cls.__name__)

    def __init__(
        self, detail: str | None = None, *, request_id: str | None = None, **data: Any
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.data: Mapping[str, Any] = data
        self.request_id = request_id

    def __str__(self) -> str:
        return self.detail or self.title

    # What came over the wire from a server of another version may be of another type.
    def _number(self, name: str) -> int | None:
        value = self.data.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def _text(self, name: str) -> str | None:
        value = self.data.get(name)
        return value if isinstance(value, str) else None


class NotFound(InstaSellError):
    """Report what does not exist, or is not the caller's to see."""

    title = "Not found; check the path and the id"
    status = 404


class ListingNotFound(NotFound):
    """Report a listing that does not exist, or is hidden from the caller."""

    title = "There is no such listing; check its id"


class AuctionNotFound(NotFound):
    """Report an auction that does not exist, or is hidden from the caller."""

    title = "There is no such auction; check its id"


class CategoryNotFound(NotFound):
    """Report a category that does not exist."""

    title = "There is no such category; check its id"


class UserNotFound(NotFound):
    """Report an account that does not exist."""

    title = "There is no such account; check its id"


class OrderNotFound(NotFound):
    """Report an order that does not exist, or is not the caller's."""

    title = "There is no such order; check its id"


class TokenNotFound(NotFound):
    """Report a token that this account does not have."""

    title = "There is no such token; check its id"


class DisputeNotFound(NotFound):
    """Report a dispute that does not exist, or is not the caller's."""

    title = "There is no such dispute; check its id"


class ImageNotFound(NotFound):
    """Report a picture that the listing does not have."""

    title = "There is no such picture; check its id"


class EvidenceNotFound(NotFound):
    """Report a file that the dispute does not have, or that is not the caller's to see."""

    title = "There is no such file; check its id"


class ConversationNotFound(NotFound):
    """Report a conversation that does not exist, or is not the caller's."""

    title = "There is no such conversation; check its id"


class AlertNotFound(NotFound):
    """Report an alert that does not exist."""

    title = "There is no such alert; check its id"


class Unauthenticated(InstaSellError):
    """Refuse a call without credentials, or with credentials that are no longer valid."""

    title = "You are not signed in; sign in first"
    status = 401


class BadCredentials(Unauthenticated):
    """Refuse a wrong e-mail address or password, without saying which of the two."""

    title = "E-mail or password is wrong; try again, or reset the password"


class Forbidden(InstaSellError):
    """Refuse what this account may not do."""

    title = "You are not allowed to do that"
    status = 403


class AccountSuspended(Forbidden):
    """Refuse a suspended account everything but reading."""

    title = "Your account is suspended; ask an admin of the market"


class SellerCannotBid(Forbidden):
    """Refuse a seller's bid on their own auction."""

    title = "You cannot bid on your own auction"


class SellerCannotBuy(Forbidden):
    """Refuse a seller's purchase of their own listing."""

    title = "You cannot buy your own listing"


class NotVerified(Forbidden):
    """Refuse a withdrawal to a person whose e-mail address is not verified."""

    title = "Your e-mail address is not verified; verify it first"


class ScopeMissing(Forbidden):
    """Refuse a script's token that lacks the scope."""

    title = "Your token lacks a scope; create a token that has it"

    @property
    def scope(self) -> str | None:
        """Return the scope that the call needs."""
        return self._text("scope")


class BadField(NamedTuple):
    """Name a bad field and how to correct it.

    A tuple, and no pydantic model as on the wire: the process that looks at pictures does without
    pydantic, which would take 0.1 s of the processor time that a file is allowed.
    """

    field: str
    message: str


def _bad_field(entry: object) -> BadField:
    # A pydantic model is iterable, too: unpacked, its fields would pass for the two texts.
    match entry:
        case (str(field), str(message)):
            return BadField(field, message)
    raise TypeError(f"Invalid takes pairs of a field and a message; {entry!r} is none")


class Invalid(InstaSellError):
    """Refuse input that breaks the contract, with one entry for each bad field.

    The client raises it itself, with the same entries, where it can tell before sending. Raises
    TypeError for what is no pair of texts, as `FieldError`, the model of an entry on the wire.
    """

    title = "Some fields are not valid"
    status = 422

    def __init__(
        self,
        errors: Iterable[tuple[str, str]] = (),
        detail: str | None = None,
        *,
        request_id: str | None = None,
        **data: Any,
    ) -> None:
        super().__init__(detail, request_id=request_id, **data)
        self.errors = tuple(map(_bad_field, errors))

    def __str__(self) -> str:
        return "; ".join(f"{field}: {text}" for field, text in self.errors) or super().__str__()

    @classmethod
    def one(cls, field: str, message: str) -> Invalid:
        """Return the error for a single bad field."""
        return cls([(field, message)])


class IdempotencyKeyReused(InstaSellError):
    """Refuse a key that was used for another body."""

    title = "The idempotency key was used for another request; choose a new one"
    status = 422


class Malformed(InstaSellError):
    """Refuse a request that cannot be read at all."""

    title = "The body cannot be read; check its format"
    status = 400


class BadSignature(Malformed):
    """Refuse a message that claims to be the payment provider's, and is not signed by it."""

    title = "The signature is wrong; check the webhook secret"


class TooLarge(InstaSellError):
    """Refuse a body of more bytes than the limit."""

    title = "The body is too large; send less"
    status = 413

    @property
    def limit_bytes(self) -> int | None:
        """Return the limit, in bytes."""
        return self._number("limit_bytes")


class HeadTooLarge(Malformed):
    """Refuse a request line or headers beyond the limit."""

    title = "The request line or the headers are too large; send less"
    status = 431

    @property
    def limit_bytes(self) -> int | None:
        """Return the limit, in bytes."""
        return self._number("limit_bytes")


class TooSlow(Malformed):
    """Refuse a request that did not arrive in time."""

    title = "The request did not arrive in time; send it again"
    status = 408


class MethodNotAllowed(InstaSellError):
    """Refuse a method that the path does not have."""

    title = "The path does not support this method"
    status = 405

    @property
    def allowed(self) -> Sequence[str]:
        """Return the methods that the path supports."""
        value = self.data.get("allowed")
        return [str(method) for method in value] if isinstance(value, list) else ()


class Unsupported(InstaSellError):
    """Refuse a content type that the path does not accept."""

    title = "The path does not accept this content type"
    status = 415


class PaymentFailed(InstaSellError):
    """Report that the payment provider refused; the detail says why."""

    title = "The payment provider refused"
    status = 402


class RateLimited(InstaSellError):
    """Refuse a request that is one too many."""

    title = "Too many requests; wait, then try again"
    status = 429
    retryable = True

    @property
    def retry_after_seconds(self) -> float | None:
        """Return the seconds to wait from the answer on; None where the answer does not say."""
        value = self.data.get("retry_after_seconds")
        return float(value) if isinstance(value, (int, float)) else None


class OutcomeUnknown(InstaSellError):
    """Report that an answer was lost; the same key, sent again, tells what happened."""

    title = "It is not known whether that happened; send it again with the same key"
    status = 503
    retryable = True

    @property
    def idempotency_key(self) -> str | None:
        """Return the key to send again, where the client knows it."""
        return self._text("idempotency_key")


class Unavailable(InstaSellError):
    """Report that a part of the market does not answer; trying again is safe."""

    title = "The market is busy or a part of it is down; try again"
    status = 503
    retryable = True
