"""Accounts: signing up, in and out, passwords, roles and suspension."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from instasell_client.models.accounts import (
    ChangePassword,
    Grant,
    Login,
    Role,
    Signup,
    UpdateMe,
    User,
    UserStatus,
    VerificationStatus,
)
from instasell_client.models.errors import (
    BadCredentials,
    Conflict,
    EmailTaken,
    Invalid,
    Unauthenticated,
    UserNotFound,
)
from instasell_client.models.validation import field_errors
from instasell_server import metrics
from instasell_server.config.settings import Settings
from instasell_server.db.connections import Database, DbConnection
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.outbox import OutboxHandler, OutboxTask, handler_of
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.accounts import rules, store
from instasell_server.domains.accounts.emails import ODD_EMAIL, canonical_email, spellings
from instasell_server.domains.accounts.failed_sign_ins import (
    AddressHasher,
    FailedSignIns,
    from_address,
    from_session,
)
from instasell_server.domains.accounts.jwt import TokenSigner
from instasell_server.domains.accounts.links import LinkSigner
from instasell_server.domains.accounts.passwords import Passwords
from instasell_server.domains.accounts.pending_signups import MailAboutSignup, PendingSignups
from instasell_server.domains.accounts.recovery import MailResetLink, Recovery
from instasell_server.domains.accounts.sessions import SESSION_DAYS, Sessions
from instasell_server.domains.accounts.sign_in_alerts import AlertOfFailedSignIns, SignInAlerts
from instasell_server.domains.accounts.store import OpenedSession
from instasell_server.domains.accounts.tokens import ScriptTokens
from instasell_server.domains.accounts.weak_passwords import require_strong
from instasell_server.domains.ledger.rules import gas_grant
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.mail.service import MailService
from instasell_server.ports import Cache, Events, Limiter
from instasell_server.ports.principal import Principal

OPENED_MAX = 20
OPENED_NAME = "screen"

BY_ADMIN = "an administrator"
"""The address of sign-ins that an admin makes for others."""

Note = Callable[[Transaction, User], Awaitable[None]]


@dataclass(frozen=True)
class CancelAuctionsOfSeller(OutboxTask):
    """Cancel the open auctions of an account that was suspended."""

    kind = "user_suspended"
    user_id: str
    reason: str


class AccountService:
    """Manage accounts and sign-ins. `close()` ends the threads that hash passwords."""

    def __init__(
        self,
        database: Database,
        cache: Cache,
        limiter: Limiter,
        events: Events,
        ledger: Ledger,
        mails: MailService,
        settings: Settings,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._signup_gas = settings.signup_gas or 0
        self._bursts = SignInAlerts(database)
        self.failures = FailedSignIns(limiter, self._bursts.leave)
        self._signer = TokenSigner.of(settings)
        self._addresses = AddressHasher(self._signer.derive_key("known addresses"))
        self._passwords = Passwords(settings.bcrypt_rounds)
        self._sessions = Sessions(database, cache, events, self._signer)
        self.tokens = ScriptTokens(database, self._sessions, self._signer)
        links = LinkSigner.of(settings)
        self.recovery = Recovery(database, limiter, mails, self._sessions, self._passwords, links)
        self.pending_signups = PendingSignups(
            database, limiter, ledger, mails, self._passwords, links, settings
        )
        self.outbox_handlers: Sequence[OutboxHandler] = (
            *self._sessions.outbox_handlers,
            handler_of(MailResetLink, self.recovery.carry_out_forgotten),
            handler_of(AlertOfFailedSignIns, self._bursts.carry_out),
            handler_of(MailAboutSignup, self.pending_signups.carry_out),
        )

    def close(self) -> None:
        """Let the threads end."""
        self._passwords.close()

    async def authenticate(self, token: str) -> Principal:
        """Return the principal that a token represents. Raises Unauthenticated."""
        return await self._sessions.authenticate(token)

    async def get_current(self, connection: DbConnection, principal: Principal) -> Principal:
        """Return who a caller is by now. Raises Unauthenticated."""
        return await self._sessions.get_current(connection, principal)

    async def sign_up(self, wanted: Signup, address: str) -> Grant:
        """Create an account with a wallet, and sign it in. Raises EmailTaken."""
        return await self._sign_up(wanted, address, None)

    async def enter(self, wanted: Signup, note: Note) -> tuple[Grant, bool]:
        """Sign an account in by its password, or up where its address has none; True for new ones.

        For an admin who enters many. `note` is called in the transaction that makes an account.
        Raises BadCredentials, Invalid, and RateLimited after ten wrong passwords of an account.
        """
        async with self._database.connection() as connection:
            there = await store.find_account(connection, spellings(wanted.email))
        if there is None:
            # Another request may sign the same address up at this moment.
            with contextlib.suppress(EmailTaken):
                return await self._sign_up(wanted, BY_ADMIN, note), True
        given = Login(email=wanted.email, password=wanted.password)
        return await self.log_in(given, BY_ADMIN), False

    async def _sign_up(self, wanted: Signup, address: str, note: Note | None) -> Grant:
        password = wanted.password.get_secret_value().encode()
        name = wanted.display_name
        user, hashed = await self._create(wanted.email, password, name, wanted.role, note)
        opened = await self._open(user.id, hashed, address)
        if opened is None:
            raise BadCredentials
        return await self._grant(opened)

    async def log_in(self, given: Login, address: str) -> Grant:
        """Begin a session. Raises BadCredentials, and RateLimited after ten failures there.

        `address` is where it comes from, as limits count it.
        """
        emails, source = spellings(given.email), from_address(address)
        email = emails[0]
        await self.failures.require_attempts(email, source)
        found = None
        if rules.is_storable(email):
            address_hash = self._addresses.hash(address)
            async with self._database.connection() as connection:
                found = await store.find_sign_in(connection, emails, address_hash)
        hashed = found.password_hash if found else None
        password = rules.password_bytes(given.password.get_secret_value())
        is_known = found is not None and found.is_known
        async with self.failures.attempt(email, source, is_known=is_known):
            matches = await self._passwords.check(password, hashed)
        if not matches or password is None or found is None:
            await self.failures.record(email, source, address)
            raise BadCredentials
        # Guesses that were sent at once were all let in above, so the last word is here.
        await self.failures.require_attempts(email, source)
        upgraded = await self._upgraded(found.user_id, password, found.password_hash)
        opened = await self._open(found.user_id, upgraded, address)
        if opened is None:
            raise BadCredentials
        return await self._grant(opened)

    async def log_out(self, principal: Principal) -> None:
        """End the session that asks."""
        await self._sessions.end(principal.user_id, only=principal.session_id)

    async def open_session(self, principal: Principal) -> Grant:
        """Open a session of the same rights from the one that asks, which it never outlives.

        Of more than `OPENED_MAX` the oldest end. Raises Conflict for a session that was itself
        opened like this, Unauthenticated when the one that asks has ended.
        """

        async def work(tx: Transaction) -> OpenedSession:
            opened = await store.open_session(
                tx, principal.user_id, principal.session_id, name=OPENED_NAME, days=SESSION_DAYS
            )
            if opened is None:
                if await store.is_opened_by_another(tx, principal.session_id):
                    raise Conflict("a session that another one opened opens no more; sign in")
                raise Unauthenticated("the session has ended; sign in again")
            for session_id in await store.list_surplus_opened(
                tx, principal.user_id, principal.session_id, OPENED_MAX
            ):
                await self._sessions.end_within(tx, principal.user_id, only=session_id)
            return opened

        return await self._grant(await transact(self._database, work))

    async def change_password(
        self, principal: Principal, wanted: ChangePassword, address: str
    ) -> None:
        """Set a new password; end every other session. Raises Invalid for a wrong old one."""
        # By session, because a thief of one could guess from many addresses.
        source = from_session(principal.session_id)
        async with self._database.connection() as connection:
            email, name, hashed = await store.get_password_hash(connection, principal.user_id)
        await self.failures.require_attempts(email, source)
        old = rules.password_bytes(wanted.old_password.get_secret_value())
        if not await self._passwords.check(old, hashed):
            await self.failures.record(email, source, address)
            raise Invalid.one("old_password", "give the password that the account has")
        await self.failures.require_attempts(email, source)
        new_password = wanted.new_password.get_secret_value()
        require_strong("new_password", new_password, email, name)
        new_hash = await self._passwords.hash(new_password.encode())
        cause = f"password:{uuid.uuid4()}"

        async def work(tx: Transaction) -> None:
            if not await store.replace_password_hash(tx, principal.user_id, hashed, new_hash):
                raise Conflict("the password was changed meanwhile; sign in with the new one")
            await self._sessions.end_within(tx, principal.user_id, keep=principal.session_id)
            await store.delete_known_addresses(tx, principal.user_id)
            await self.recovery.notify_password_changed(tx, principal.user_id, cause)

        await transact(self._database, work)

    async def get_me(self, principal: Principal) -> User:
        """Get the account of the caller."""
        async with self._database.connection() as connection:
            return await store.get_user(connection, principal.user_id)

    async def update_me(
        self, principal: Principal, wanted: UpdateMe, key: RequestKey | None
    ) -> User:
        """Change what an account may change of itself."""

        async def work(tx: Transaction) -> User:
            return await store.update_display_name(tx, principal.user_id, wanted.display_name)

        return await once(self._database, key, User, work)

    async def become_seller(self, principal: Principal, key: RequestKey | None) -> User:
        """Make a buyer a seller, in every session at once; a seller stays one."""

        async def work(tx: Transaction) -> User:
            await self.set_role_within(tx, principal.user_id, Role.SELLER)
            return await store.get_user(tx, principal.user_id)

        return await once(self._database, key, User, work)

    async def suspend(self, user_id: str, reason: str) -> User:
        """Suspend an account in a transaction of its own. Raises UserNotFound."""

        async def work(tx: Transaction) -> User:
            await self.suspend_within(tx, user_id, reason)
            return await store.get_user(tx, user_id)

        return await transact(self._database, work)

    async def suspend_within(self, tx: Transaction, user_id: str, reason: str) -> bool:
        """End every session of an account, which may only read from then on.

        Its open auctions are cancelled after the commit, by the outbox. False when the
        account was suspended before, or does not exist.
        """
        changed = await store.update_status(tx, user_id, UserStatus.SUSPENDED)
        if changed:
            tx.after_commit(durable=[CancelAuctionsOfSeller(user_id, reason)])
        await self._sessions.end_within(tx, user_id)
        return changed

    async def unsuspend(self, user_id: str) -> User:
        """Let a suspended account act again. Raises UserNotFound."""

        async def work(tx: Transaction) -> User:
            await self.unsuspend_within(tx, user_id)
            return await store.get_user(tx, user_id)

        return await transact(self._database, work)

    async def unsuspend_within(self, tx: Transaction, user_id: str) -> bool:
        """Unsuspend in a transaction of the caller's; False when nothing had to change."""
        changed = await store.update_status(tx, user_id, UserStatus.ACTIVE)
        if changed:
            self._sessions.refresh_after_commit(tx, user_id)
        return changed

    async def set_role_within(self, tx: Transaction, user_id: str, role: Role) -> bool:
        """Give an account a role, in every session at once; False when it has it already."""
        changed = await store.update_role(tx, user_id, role)
        if changed:
            self._sessions.refresh_after_commit(tx, user_id)
        return changed

    async def verify_within(self, tx: Transaction, user_id: str) -> bool:
        """Take an address as proved; False when it was."""
        return await store.update_verification(tx, user_id, VerificationStatus.VERIFIED)

    async def get_within(self, connection: DbConnection, user_id: str) -> User:
        """Get an account. Raises UserNotFound."""
        return await store.get_user(connection, user_id)

    async def create_admin(self, email: str, password: str) -> User:
        """Create an account with the role admin. Raises EmailTaken, Invalid."""
        try:
            wanted = Signup.model_validate({"email": email, "password": password})
        except ValidationError as error:
            raise Invalid(field_errors(error, "body")) from None
        encoded = wanted.password.get_secret_value().encode()
        user, _ = await self._create(wanted.email, encoded, None, Role.ADMIN)
        return user

    async def remove_admin(self, email: str) -> None:
        """Make an admin a buyer, and end its sessions. Raises UserNotFound, Conflict."""

        async def work(tx: Transaction) -> None:
            user_id = await store.find_account(tx, spellings(email))
            if user_id is None:
                raise UserNotFound
            if (await store.get_user(tx, user_id)).role is not Role.ADMIN:
                raise Conflict("the account is no admin; there is nothing to do")
            await store.update_role(tx, user_id, Role.BUYER)
            await self._sessions.end_within(tx, user_id)

        await transact(self._database, work)

    async def delete_old_addresses(self) -> int:
        """Delete addresses that were not used for 90 days; return how many went."""
        async with self._database.connection() as connection:
            return await store.delete_old_addresses(connection)

    async def delete_old_sessions(self) -> int:
        """Delete sessions that expired 30 days ago; return how many went."""
        async with self._database.connection() as connection:
            return await store.delete_old_sessions(connection)

    async def _create(
        self,
        typed_email: str,
        password: bytes,
        display_name: str | None,
        role: Role,
        note: Note | None = None,
    ) -> tuple[User, str]:
        email, emails = canonical_email(typed_email), spellings(typed_email)
        if email is None:
            raise Invalid.one("email", ODD_EMAIL)
        require_strong("password", password.decode(), email, display_name)
        hashed = await self._passwords.hash(password)

        async def work(tx: Transaction) -> User:
            if len(emails) > 1 and await store.find_account(tx, emails) is not None:
                raise EmailTaken("sign in, or choose another address")
            user = await store.insert_user(
                tx, email=email, password_hash=hashed, display_name=display_name, role=role
            )
            if self._signup_gas and role is not Role.ADMIN:
                await self._ledger.post(tx, [gas_grant(user.id, self._signup_gas)])
            if role is not Role.ADMIN:
                await self.recovery.send_verification(tx, user.id)
            if note is not None:
                await note(tx, user)
            return user

        user = await transact(self._database, work)
        metrics.USER_REGISTRATIONS.labels(role.value).inc()
        return user, hashed

    async def _upgraded(self, user_id: str, password: bytes, hashed: str) -> str:
        """Hash the password at today's cost, so that all checks take the same time."""
        if not self._passwords.is_outdated(hashed):
            return hashed
        new_hash = await self._passwords.hash(password)
        async with self._database.connection() as connection:
            await store.replace_password_hash(connection, user_id, hashed, new_hash)
        return new_hash

    async def _open(self, user_id: str, hashed: str, address: str) -> OpenedSession | None:
        address_hash = self._addresses.hash(address)
        async with self._database.connection() as connection:
            return await store.insert_login(connection, user_id, hashed, SESSION_DAYS, address_hash)

    async def _grant(self, opened: OpenedSession) -> Grant:
        session = opened.session
        await self._sessions.remember(session)
        token = self._signer.sign(session.user_id, session.id, session.expires_at)
        return Grant(token=token, expires_at=session.expires_at, user=opened.user)
