"""Sign-ups that become accounts once their address is proved by the token of a mail.

What is done for a sign-up, and what is answered, is the same for every address. Whether there is
an account is looked up later, by the outbox, and only the mail differs. No password is kept until
the proof, and then the one that comes with it: nobody can prepare an account for the address of
another person and wait until that person proves it.
"""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass

from instasell_client.models.accounts import Signup, SignupPending, VerificationStatus
from instasell_client.models.errors import EmailTaken, Invalid, RateLimited
from instasell_server import metrics
from instasell_server.config.settings import Settings
from instasell_server.db.connections import Database
from instasell_server.db.outbox import OutboxTask
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.accounts import pending_store, rules, store
from instasell_server.domains.accounts.emails import ODD_EMAIL, canonical_email, spellings
from instasell_server.domains.accounts.links import CONFIRM_SIGNUP, LinkSigner, Purpose
from instasell_server.domains.accounts.passwords import Passwords
from instasell_server.domains.accounts.weak_passwords import require_strong
from instasell_server.domains.ledger.rules import gas_grant
from instasell_server.domains.ledger.service import Ledger
from instasell_server.domains.mail.service import MailService
from instasell_server.ports import Limiter

SIGNUP_ATTEMPTED = "signup_attempted"
PROOF_HOURS = 72
HOUR_SECONDS = 3600
DAY_SECONDS = 86_400
MAILS_MAX = 3
"""Mails about a sign-up that an address is sent in a day."""
SIGNUPS_MAX = 20
"""Sign-ups that one network address may ask for in an hour."""

PENDING = SignupPending(
    message="A mail was sent to this address. It says how to go on: run `instasell auth verify`,"
    " paste the token of the mail and choose your password; then sign in."
)


@dataclass(frozen=True)
class MailAboutSignup(OutboxTask):
    """Mail the token of a sign-up; or tell the account of that address that one was tried."""

    kind = "signup_requested"
    signup_id: str


class PendingSignups:
    """Take sign-ups, mail their tokens, and make accounts of those that are proved."""

    def __init__(
        self,
        database: Database,
        limiter: Limiter,
        ledger: Ledger,
        mails: MailService,
        passwords: Passwords,
        signer: LinkSigner,
        settings: Settings,
    ) -> None:
        self._database = database
        self._limiter = limiter
        self._ledger = ledger
        self._mails = mails
        self._passwords = passwords
        self._signer = signer
        self._signup_gas = settings.signup_gas or 0
        self.is_on = settings.proves_signups

    async def request(self, wanted: Signup, address: str) -> SignupPending:
        """Take a sign-up and have a mail sent. Raises Invalid, RateLimited.

        `address` is where it comes from, as limits count it. An address that has had its mails of
        the day gets no more, and the answer does not say so.
        """
        await self._count_signups(address)
        email = canonical_email(wanted.email)
        if email is None:
            raise Invalid.one("email", ODD_EMAIL)
        # Checked although it is not kept, so that a person who types a weak one hears of it now.
        require_strong("password", wanted.password.get_secret_value(), email, wanted.display_name)
        quota = await self._limiter.hit(
            "signup-account", rules.account_of(email), limit=MAILS_MAX, window_seconds=DAY_SECONDS
        )
        if not quota.allowed:
            return PENDING
        signup_id = str(uuid.uuid4())

        async def work(tx: Transaction) -> None:
            await pending_store.insert_pending(
                tx,
                signup_id,
                email=email,
                display_name=wanted.display_name,
                role=wanted.role,
                hours=PROOF_HOURS,
            )
            tx.after_commit(durable=[MailAboutSignup(signup_id)])

        await transact(self._database, work)
        return PENDING

    async def carry_out(self, task: MailAboutSignup) -> None:
        """Look whether the address has an account, and queue the mail."""
        signup_id = task.signup_id
        cause = f"signup:{signup_id}"

        async def work(tx: Transaction) -> None:
            pending = await pending_store.find_pending(tx, signup_id)
            if pending is None:
                return
            user_id = await store.find_account(tx, spellings(pending.email))
            if user_id is not None:
                await pending_store.delete_pending(tx, signup_id)
                await self._mails.queue(
                    tx, user_id=user_id, kind=SIGNUP_ATTEMPTED, facts={}, cause=cause
                )
                return
            facts = {"link_id": signup_id, "expires_at": pending.expires_at}
            await self._mails.queue_to_address(
                tx, address=pending.email, kind=CONFIRM_SIGNUP, facts=facts, cause=cause
            )

        await transact(self._database, work)

    async def prove(self, token: str, password: str | None) -> bool:
        """Make the account of a sign-up; False for a token that is not one of a sign-up.

        Raises Invalid for a used or expired token, for a missing or weak password, and for a
        password with the token of an account; EmailTaken when the address got an account meanwhile.
        """
        signup_id = self._signer.read(Purpose.SIGNUP, token.strip())
        if signup_id is None:
            if password is not None and self._signer.read(Purpose.VERIFY, token.strip()):
                raise Invalid.one("password", "leave it out: the account of this token has one")
            return False
        # Hashing is dear, so it is not done for a sign-up that is used up.
        async with self._database.connection() as connection:
            pending = await pending_store.find_pending(connection, signup_id)
        if pending is None:
            raise _used_up()
        if password is None:
            raise Invalid.one("password", "choose the password of the new account")
        require_strong("password", password, pending.email, pending.display_name)
        password_hash = await self._passwords.hash(password.encode())

        async def work(tx: Transaction) -> None:
            proved = await pending_store.use_pending(tx, signup_id)
            if proved is None:
                raise _used_up()
            if await store.find_account(tx, spellings(proved.email)) is not None:
                raise EmailTaken("sign in, or set a new password: instasell auth forgot")
            user = await store.insert_user(
                tx,
                email=proved.email,
                password_hash=password_hash,
                display_name=proved.display_name,
                role=proved.role,
            )
            await store.update_verification(tx, user.id, VerificationStatus.VERIFIED)
            if self._signup_gas:
                await self._ledger.post(tx, [gas_grant(user.id, self._signup_gas)])

        await transact(self._database, work)
        metrics.USER_REGISTRATIONS.labels(pending.role.value).inc()
        return True

    async def delete_old(self) -> int:
        """Delete sign-ups that nobody proved in time; return how many."""
        async with self._database.connection() as connection:
            return await pending_store.delete_old_pending(connection)

    async def _count_signups(self, address: str) -> None:
        quota = await self._limiter.hit(
            "signup", address, limit=SIGNUPS_MAX, window_seconds=HOUR_SECONDS
        )
        if not quota.allowed:
            seconds = max(1, math.ceil(quota.reset_after_seconds))
            raise RateLimited(
                f"Too many sign-ups from here: the limit is {SIGNUPS_MAX} an hour; come back in"
                f" {seconds} s",
                retry_after_seconds=seconds,
            )


def _used_up() -> Invalid:
    return Invalid.one(
        "token", "the token is used or expired; sign in, or sign up again: instasell auth signup"
    )
