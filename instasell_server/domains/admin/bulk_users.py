"""Many accounts at once, for an admin: a market for tests, or one that moves here from elsewhere.

Each account is signed in by its password, so no admin acts for a user whose password they lack;
what is new is made in a transaction of its own, with its row of the log.
"""

from __future__ import annotations

import asyncio

from instasell_client.models.accounts import Role, Signup, User, UserStatus
from instasell_client.models.admin import EnteredOutcome, EnteredUser, EnteredUsers, EnterUsers
from instasell_client.models.errors import (
    BadCredentials,
    Conflict,
    Forbidden,
    InstaSellError,
    Invalid,
    RateLimited,
)
from instasell_server.db.transaction import Transaction
from instasell_server.domains.accounts.service import AccountService
from instasell_server.domains.admin import store
from instasell_server.domains.admin.action_log import Action
from instasell_server.ports.principal import Principal

AT_ONCE_MAX = 4
"""Passwords that are hashed for one request at once, so that others can sign in meanwhile."""


class BulkUsers:
    """Enters accounts. Every admin may, and a script's token with the scope `admin`."""

    def __init__(self, accounts: AccountService) -> None:
        self._accounts = accounts

    async def enter(self, admin: Principal, wanted: EnterUsers) -> EnteredUsers:
        """Sign each account in, or up. Raises Forbidden when the admin's rights end meanwhile."""
        places = asyncio.Semaphore(AT_ONCE_MAX)

        async def enter(person: Signup) -> EnteredUser:
            async with places:
                return await self._enter(admin, wanted.reason, person)

        found = await asyncio.gather(*map(enter, wanted.users), return_exceptions=True)
        items = []
        for each in found:
            if isinstance(each, BaseException):
                raise each
            items.append(each)
        return EnteredUsers(items=items)

    async def _enter(self, admin: Principal, reason: str, person: Signup) -> EnteredUser:
        async def note(tx: Transaction, user: User) -> None:
            current = await self._accounts.get_current(tx, admin)
            if current.role is not Role.ADMIN or current.status is not UserStatus.ACTIVE:
                raise Forbidden("this is for accounts with the role admin")
            await store.insert_action(
                tx,
                admin_id=admin.user_id,
                action=Action.CREATE_USER.value,
                subject=("user", user.id),
                reason=reason,
                details={"role": user.role.value},
            )

        try:
            grant, is_new = await self._accounts.enter(person, note)
        except (BadCredentials, Conflict, Invalid, RateLimited) as error:
            return _refused(person, error)
        return EnteredUser(
            email=person.email,
            outcome=EnteredOutcome.CREATED if is_new else EnteredOutcome.EXISTING,
            user=grant.user,
            token=grant.token,
            expires_at=grant.expires_at,
        )


def _refused(person: Signup, error: InstaSellError) -> EnteredUser:
    message = error.detail or error.title
    if isinstance(error, Invalid):
        message = "; ".join(f"{field}: {text}" for field, text in error.errors)
    return EnteredUser(
        email=person.email, outcome=EnteredOutcome.REFUSED, code=error.code, message=message
    )
