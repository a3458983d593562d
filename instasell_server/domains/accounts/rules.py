"""Check what accounts and their tokens may be: pure rules, without I/O or clock."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from instasell_client.models.accounts import PASSWORD_BYTES_MAX, Role, Scope

FREE_FAILURES = 10
DELAY_SECONDS_MAX = 4.0

_BUYER = frozenset({Scope.READ, Scope.BID, Scope.PAY})
SCOPES_OF_ROLE = {
    Role.BUYER: _BUYER,
    Role.SELLER: _BUYER | {Scope.LIST, Scope.SELL},
    Role.ADMIN: frozenset({Scope.READ, Scope.ADMIN}),
}
"""What the token of a script may be given: no more than its owner's role can do."""


def account_of(email: str) -> str:
    """Return the name under which failures of an address are counted, whether it exists or not."""
    return hashlib.sha256(email.encode("utf-8", "surrogatepass")).hexdigest()


def delay_seconds(failures: int) -> float:
    """Return how long the next attempt waits: from the 11th on, twice as long each ten failures.

    Four seconds at most, so that a user with the right password is served while others guess.
    """
    if failures < FREE_FAILURES:
        return 0.0
    doubled: float = 0.25 * 2 ** min((failures - FREE_FAILURES) // FREE_FAILURES, 10)
    return min(DELAY_SECONDS_MAX, doubled)


def is_storable(text: str) -> bool:
    """Return whether PostgreSQL can hold a text: no NUL and no lone surrogate."""
    return "\x00" not in text and not any(0xD800 <= ord(char) <= 0xDFFF for char in text)


def password_bytes(typed: str) -> bytes | None:
    """Return the bytes that bcrypt hashes, or None for what can be nobody's password."""
    if not is_storable(typed):
        return None
    encoded = typed.encode()
    return encoded if len(encoded) <= PASSWORD_BYTES_MAX else None


def distinct(scopes: Sequence[Scope]) -> list[Scope]:
    """Return the scopes once each, in the order of the enumeration."""
    return [scope for scope in Scope if scope in scopes]


def scopes_beyond(role: Role, scopes: Sequence[Scope]) -> list[Scope]:
    """Return the scopes that an account of this role has not to give."""
    return [scope for scope in distinct(scopes) if scope not in SCOPES_OF_ROLE[role]]
