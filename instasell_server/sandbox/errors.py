"""Errors in Stripe's shape.

An error either says that a request was never carried out (`InvalidRequest` and those below it),
or how it ended once it was begun (`RequestRefused`, `Declined`). Only the latter are kept for its
idempotency key.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """Report an error to a caller of the API. `begun` says whether the work had begun."""

    status = 400
    kind = "invalid_request_error"
    begun = False

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        status: int | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        if status is not None:
            self.status = status
        self.error: Json = {"type": self.kind, "message": message}
        if code is not None:
            self.error["code"] = code
            self.error["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        if param is not None:
            self.error["param"] = param
        self.error.update(more)

    def body(self) -> Json:
        """Return the body of the reply."""
        return {"error": self.error}


class InvalidRequest(ApiError):
    """Refuse a request that is wrong itself: 400, with the parameter's name."""


class BodyRefused(InvalidRequest):
    """Refuse a body that is not read to its end: 408 or 415, and the connection is closed."""


class Unauthorised(ApiError):
    """Refuse a key that is missing or wrong: 401."""

    status = 401


class Missing(ApiError):
    """There is no such object: 404, or 400 where a parameter named it."""

    status = 404

    def __init__(self, noun: str, object_id: str, param: str = "id", status: int = 404) -> None:
        super().__init__(
            f"No such {noun}: '{object_id}'", param=param, code="resource_missing", status=status
        )


class RequestRefused(ApiError):
    """Refuse what cannot be done, though the request is well-formed: 400."""

    begun = True


class Declined(ApiError):
    """Report that the card's bank said no: 402. What the attempt left behind is kept."""

    status = 402
    kind = "card_error"
    begun = True


class KeyReused(ApiError):
    """Refuse an idempotency key with another request (400), or too early (409)."""

    kind = "idempotency_error"


class Broken(ApiError):
    """Report a fault of the provider: 500."""

    status = 500
    kind = "api_error"
