"""Find the owner of a token, for paths that name the caller, such as those of the wallet."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from instasell_client.models.accounts import User
from instasell_client.operation import Operation, get, path

T = TypeVar("T")

WHO_AM_I = get("/auth/me", User)


class TokenOwner:
    """Remember the account of a token, which is then asked for once and not for every call.

    Another token may be another account's, and is asked for again.
    """

    def __init__(self) -> None:
        self._known: tuple[str | None, str] | None = None

    def find(self, token: str | None) -> str | None:
        """Return the id of the token's account, or None while it is not known."""
        # Read once: another thread may replace it between two looks.
        owner = self._known
        return owner[1] if owner is not None and owner[0] == token else None

    def keep(self, token: str | None, user: User) -> str:
        """Remember whose token it is, and return the id."""
        self._known = (token, user.id)
        return user.id


def with_user_id(operation: Operation[T], user_id: str) -> Operation[T]:
    """Return the operation with the caller's id in its path."""
    return replace(operation, path=path(operation.path, user_id), owned=False)
