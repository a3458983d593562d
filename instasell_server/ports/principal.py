"""Describe who calls."""

from __future__ import annotations

from dataclasses import dataclass

from instasell_client.models.accounts import Role, Scope, UserStatus


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in user, or the script of one.

    `scopes` is None for a sign-in, which may do all that its role may.
    """

    user_id: str
    role: Role
    status: UserStatus
    session_id: str
    scopes: frozenset[Scope] | None
    expires_at: float

    @property
    def is_admin(self) -> bool:
        """Return whether the role is admin."""
        return self.role is Role.ADMIN

    def may(self, scope: Scope) -> bool:
        """Return whether the token, if it is a script's, has the scope."""
        return self.scopes is None or scope in self.scopes
