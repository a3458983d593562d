"""Find accounts and change what they may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal, TypedDict, Unpack

from instasell_client.endpoint import Mode, Resource, endpoint, paged
from instasell_client.models.accounts import Role, User, UserStatus
from instasell_client.models.admin import EnteredUsers, EnterUsers, Reason, SetRole, UsersQuery
from instasell_client.models.base import Page
from instasell_client.operation import (
    Operation,
    Pages,
    get,
    pages,
    path,
    post,
    post_once,
    reads,
    request,
)

RoleName = Role | Literal["buyer", "seller", "admin"]
StatusName = UserStatus | Literal["active", "suspended"]


class UserFilters(TypedDict, total=False):
    """Select accounts."""

    q: str | None
    role: RoleName | None
    status: StatusName | None


class UserCalls(Resource[Mode]):
    """Administer accounts."""

    @paged
    def users(self, *, page_size: int = 100, **filters: Unpack[UserFilters]) -> Pages[User]:
        """List the accounts, the newest first.

        Args:
            q: A part of the e-mail address or the name, or an id.
            role: Only accounts of this role.
            status: Only `active` or `suspended` accounts.
            page_size: Items of each request, 1 to 100.

        Returns:
            An iterator of User; pages are requested as you read.

        Raises:
            Forbidden, Invalid

        Example:
            for user in client.admin.users(q="ada", status="suspended"):
                print(user.email)

        See docs/api.md#get-adminusers.
        """
        return pages(partial(_users, limit=page_size, **filters))

    @endpoint
    def users_page(
        self, *, cursor: str | None = None, limit: int = 50, **filters: Unpack[UserFilters]
    ) -> Operation[Page[User]]:
        """Return one page of `users`.

        Args:
            filters: Those of `users`.
            cursor: `next` of the page before; the first page by default.
            limit: Items of the page, 1 to 100.

        Returns:
            Page[User].

        Raises:
            Forbidden, Invalid

        Example:
            page = client.admin.users_page(role="seller", limit=20)

        See docs/api.md#get-adminusers.
        """
        return _users(cursor, limit=limit, **filters)

    @endpoint
    def enter_users(
        self, users: Sequence[Mapping[str, object]], reason: str
    ) -> Operation[EnteredUsers]:
        """Sign in accounts by their passwords, or create those that do not exist.

        A repeat is safe.

        Args:
            users: Up to 100 mappings of `email`, `password`, and for new accounts `display_name`
                and `role`.
            reason: Text for the audit log.

        Returns:
            EnteredUsers: for each account its token, or the `code` of what refused it.

        Raises:
            Forbidden, Invalid

        Example:
            client.admin.enter_users([{"email": email, "password": password}], "Migration")

        See docs/api.md#post-adminusersbulk.
        """
        body = request(EnterUsers, users=[dict(user) for user in users], reason=reason)
        return post_once("/admin/users/bulk", reads(EnteredUsers), body)

    @endpoint
    def suspend(self, user_id: str, reason: str) -> Operation[User]:
        """Suspend an account: its sessions end, its open auctions are cancelled, it may only read.

        Args:
            user_id: Id of the account.
            reason: Text for the audit log.

        Returns:
            User.

        Raises:
            UserNotFound, LastAdmin, Forbidden for your own account, Invalid

        Example:
            client.admin.suspend(user_id, "Fraud")

        See docs/api.md#post-adminusersuser_idsuspend.
        """
        at = path("/admin/users/{}/suspend", user_id)
        return post(at, reads(User), request(Reason, reason=reason))

    @endpoint
    def unsuspend(self, user_id: str, reason: str) -> Operation[User]:
        """End the suspension of an account.

        Args:
            user_id: Id of the account.
            reason: Text for the audit log.

        Returns:
            User.

        Raises:
            UserNotFound, Forbidden, Invalid

        Example:
            client.admin.unsuspend(user_id, "Appeal accepted")

        See docs/api.md#post-adminusersuser_idunsuspend.
        """
        at = path("/admin/users/{}/unsuspend", user_id)
        return post(at, reads(User), request(Reason, reason=reason))

    @endpoint
    def set_role(self, user_id: str, role: RoleName, reason: str) -> Operation[User]:
        """Give an account a role, in all its sessions at once.

        Args:
            user_id: Id of the account.
            role: `buyer`, `seller` or `admin`.
            reason: Text for the audit log.

        Returns:
            User.

        Raises:
            UserNotFound, LastAdmin, Forbidden for your own account, Invalid

        Example:
            client.admin.set_role(user_id, "seller", "Contract")

        See docs/api.md#post-adminusersuser_idrole.
        """
        at = path("/admin/users/{}/role", user_id)
        return post(at, reads(User), request(SetRole, role=role, reason=reason))

    @endpoint
    def verify(self, user_id: str, reason: str) -> Operation[User]:
        """Mark the e-mail address of an account as verified.

        Args:
            user_id: Id of the account.
            reason: Text for the audit log.

        Returns:
            User.

        Raises:
            UserNotFound, Forbidden, Invalid

        Example:
            client.admin.verify(user_id, "Confirmed by phone")

        See docs/api.md#post-adminusersuser_idverify.
        """
        at = path("/admin/users/{}/verify", user_id)
        return post(at, reads(User), request(Reason, reason=reason))

    @endpoint
    def allow_payouts(self, user_id: str, reason: str) -> Operation[User]:
        """Allow the withdrawals of an account again, after a chargeback stopped them.

        Args:
            user_id: Id of the account.
            reason: Text for the audit log.

        Returns:
            User.

        Raises:
            UserNotFound, Forbidden, Invalid

        Example:
            client.admin.allow_payouts(user_id, "Debt paid")

        See docs/api.md#post-adminusersuser_idallow-payouts.
        """
        at = path("/admin/users/{}/allow-payouts", user_id)
        return post(at, reads(User), request(Reason, reason=reason))


def _users(cursor: str | None, **filters: object) -> Operation[Page[User]]:
    return get("/admin/users", Page[User], request(UsersQuery, cursor=cursor, **filters))
