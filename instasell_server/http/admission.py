"""Decide who may call a route: its policy against the caller."""

from __future__ import annotations

from instasell_client.models.accounts import UserStatus
from instasell_client.models.errors import (
    AccountSuspended,
    Forbidden,
    ScopeMissing,
    Unauthenticated,
)
from instasell_server.http.route import Policy
from instasell_server.ports.principal import Principal


def admit(policy: Policy, principal: Principal | None) -> Principal | None:
    """Return the caller as a route sees them. Raises Unauthenticated or Forbidden.

    Where anybody may come, a token without the scope sees what anybody sees.
    """
    if principal is None:
        if not policy.anonymous:
            raise Unauthenticated
        return None
    if principal.scopes is not None and (policy.scope is None or not principal.may(policy.scope)):
        if policy.anonymous:
            return None
        if policy.scope is None:
            raise ScopeMissing("no token of a script may do this; sign in", scope=None)
        raise ScopeMissing(
            f"make a token with the scope {policy.scope.value}", scope=policy.scope.value
        )
    if principal.role not in policy.roles:
        allowed = ", ".join(sorted(role.value for role in policy.roles))
        raise Forbidden(f"this is for accounts with the role {allowed}")
    if principal.status is UserStatus.SUSPENDED and not policy.suspended:
        raise AccountSuspended
    return principal
