"""Prove an e-mail address and reset a forgotten password, by links sent by mail."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass

from instasell_client.models.accounts import Forgot, Reset, VerificationStatus
from instasell_client.models.errors import Conflict, Invalid, RateLimited, ScopeMissing
from instasell_server.db.connections import Database
from instasell_server.db.outbox import OutboxTask, leave_task
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.accounts import link_store, rules, store
from instasell_server.domains.accounts.emails import spellings
from instasell_server.domains.accounts.links import (
    RESET_PASSWORD,
    VERIFY_EMAIL,
    LinkSigner,
    Purpose,
)
from instasell_server.domains.accounts.passwords import Passwords
from instasell_server.domains.accounts.sessions import Sessions
from instasell_server.domains.accounts.weak_passwords import require_strong
from instasell_server.domains.mail.service import MailService
from instasell_server.ports import Limiter
from instasell_server.ports.principal import Principal

PASSWORD_CHANGED = "password_changed"
VERIFY_HOURS = 72
RESET_HOURS = 1
WINDOW_SECONDS = 3600
MAILS_MAX = 3
"""Links of a kind that an account is sent in an hour."""
ASKING_MAX = 20
"""Times in an hour that one address may say that a password is forgotten."""


@dataclass(frozen=True)
class MailResetLink(OutboxTask):
    """Mail a link to the account of an address, if it has one."""

    kind = "password_forgotten"
    email: str
    link_id: str


class Recovery:
    """Send links to accounts, and do what a link permits."""

    def __init__(
        self,
        database: Database,
        limiter: Limiter,
        mails: MailService,
        sessions: Sessions,
        passwords: Passwords,
        signer: LinkSigner,
    ) -> None:
        self._database = database
        self._limiter = limiter
        self._mails = mails
        self._sessions = sessions
        self._passwords = passwords
        self._signer = signer

    async def send_verification(self, tx: Transaction, user_id: str) -> None:
        """Mail the link that proves the address; the account waits for it from then on."""
        link_id = str(uuid.uuid4())
        expires_at = await link_store.insert_link(
            tx, link_id, user_id, Purpose.VERIFY, VERIFY_HOURS
        )
        facts = {"link_id": link_id, "expires_at": expires_at}
        await self._mails.queue(
            tx, user_id=user_id, kind=VERIFY_EMAIL, facts=facts, cause=f"link:{link_id}"
        )
        await store.update_verification(tx, user_id, VerificationStatus.PENDING)

    async def send_verification_again(self, principal: Principal) -> None:
        """Send the mail again on demand. Raises Conflict for a proven address, and RateLimited."""
        if principal.scopes is not None:
            raise ScopeMissing("no token of a script may do this; sign in", scope=None)
        async with self._database.connection() as connection:
            user = await store.get_user(connection, principal.user_id)
        if user.verification_status is VerificationStatus.VERIFIED:
            raise Conflict("the address is verified; there is nothing to do")
        await self._count("verify", principal.user_id, MAILS_MAX)

        async def work(tx: Transaction) -> None:
            await self.send_verification(tx, principal.user_id)

        await transact(self._database, work)

    async def verify(self, token: str) -> None:
        """Take an address as proven. Raises Invalid for a token that opens nothing."""
        link_id = self._read(Purpose.VERIFY, token)

        async def work(tx: Transaction) -> None:
            user_id = await link_store.use_link(tx, link_id, Purpose.VERIFY)
            if user_id is None:
                raise _opens_nothing(Purpose.VERIFY)
            await store.update_verification(tx, user_id, VerificationStatus.VERIFIED)

        await transact(self._database, work)

    async def forgot(self, given: Forgot, address: str) -> None:
        """Have a link mailed to the account of an address, if there is one. Raises RateLimited.

        The account is looked for later, by the outbox: what is done here, and how long it takes,
        is the same for every address. Nor is it told when an account has had its mails.
        """
        await self._count("forgot", address, ASKING_MAX)
        email = spellings(given.email)[0]
        quota = await self._limiter.hit(
            "forgot-account",
            rules.account_of(email),
            limit=MAILS_MAX,
            window_seconds=WINDOW_SECONDS,
        )
        if not quota.allowed or not rules.is_storable(email):
            return
        await leave_task(self._database, MailResetLink(email, link_id=str(uuid.uuid4())))

    async def carry_out_forgotten(self, task: MailResetLink) -> None:
        """Look for the account of the address, and queue the mail."""
        link_id = task.link_id

        async def work(tx: Transaction) -> None:
            user_id = await store.find_account(tx, spellings(task.email))
            if user_id is None:
                return
            expires_at = await link_store.insert_link(
                tx, link_id, user_id, Purpose.RESET, RESET_HOURS
            )
            facts = {"link_id": link_id, "expires_at": expires_at}
            await self._mails.queue(
                tx, user_id=user_id, kind=RESET_PASSWORD, facts=facts, cause=f"link:{link_id}"
            )

        await transact(self._database, work)

    async def reset(self, wanted: Reset) -> None:
        """Set a new password by a link; end every session and token of the account.

        Raises Invalid for a token that opens nothing.
        """
        link_id = self._read(Purpose.RESET, wanted.token.get_secret_value())
        # Hashing is dear, so it is not done for a link that is used up.
        async with self._database.connection() as connection:
            if not await link_store.is_open(connection, link_id, Purpose.RESET):
                raise _opens_nothing(Purpose.RESET)
        password = wanted.password.get_secret_value()
        require_strong("password", password)
        new_hash = await self._passwords.hash(password.encode())

        async def work(tx: Transaction) -> None:
            user_id = await link_store.use_link(tx, link_id, Purpose.RESET)
            if user_id is None:
                raise _opens_nothing(Purpose.RESET)
            user = await store.get_user(tx, user_id)
            # The link of a password that is refused stays as it was, for another try.
            require_strong("password", password, user.email, user.display_name)
            await store.update_password_hash(tx, user_id, new_hash)
            await self._sessions.end_within(tx, user_id)
            await store.delete_known_addresses(tx, user_id)
            await self.notify_password_changed(tx, user_id, f"link:{link_id}")

        await transact(self._database, work)

    async def notify_password_changed(self, tx: Transaction, user_id: str, cause: str) -> None:
        """Mail the owner of an account that its password was changed."""
        await self._mails.queue(tx, user_id=user_id, kind=PASSWORD_CHANGED, facts={}, cause=cause)

    async def delete_old_links(self) -> int:
        """Delete links that expired 30 days ago; return how many went."""
        async with self._database.connection() as connection:
            return await link_store.delete_old_links(connection)

    def _read(self, purpose: Purpose, token: str) -> str:
        link_id = self._signer.read(purpose, token.strip())
        if link_id is None:
            raise _opens_nothing(purpose)
        return link_id

    async def _count(self, bucket: str, who: str, limit: int) -> None:
        quota = await self._limiter.hit(bucket, who, limit=limit, window_seconds=WINDOW_SECONDS)
        if not quota.allowed:
            seconds = max(1, math.ceil(quota.reset_after_seconds))
            raise RateLimited(
                f"{limit} mails an hour are sent; come back in {seconds} s",
                retry_after_seconds=seconds,
            )


def _opens_nothing(purpose: Purpose) -> Invalid:
    way = "instasell auth verify" if purpose is Purpose.VERIFY else "instasell auth forgot"
    return Invalid.one("token", f"the token is wrong, used or expired; ask for a new one: {way}")
