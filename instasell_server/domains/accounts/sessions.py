"""Sessions: PostgreSQL is the truth, `session:{id}` in Redis its copy.

A sign-in whose copy Redis has lost is over, and its row is revoked. While Redis does not answer,
the row decides; a sign-in of that time is noted as one that Redis never had. A script's token
lives longer than a copy does. In these two cases the row refills the copy.

Write access to Redis must make nobody an admin: a copy is signed for its session and for a minute,
after which the row is read again, and what admins do is always decided by the row. A copy
that is not signed, or was made for another session or time, counts as none.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from instasell_client.models.accounts import Role, Scope, UserStatus
from instasell_client.models.errors import InstaSellError, Unauthenticated, Unavailable
from instasell_server.db.connections import Database, DbConnection
from instasell_server.db.outbox import OutboxHandler, OutboxTask, handler_of
from instasell_server.db.shared_read import SharedRead
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.accounts import store
from instasell_server.domains.accounts.jwt import TokenSigner
from instasell_server.domains.accounts.store import Session
from instasell_server.ports import Cache, Events, Unreachable
from instasell_server.ports.principal import Principal

SESSION_DAYS = 7
COPY_SECONDS = SESSION_DAYS * 24 * 3600
COPY_READS_AT_ONCE = 2
FRESH_SECONDS = 60
"""How long a copy is believed; longer than most pauses between two requests of a person."""

_FINAL_VERSION = 2**53 - 1
# Longer than any statement that could have read the session before it was revoked.
_FINAL_SECONDS = 600


def session_key(session_id: str) -> str:
    """Return the seed's cache key of a session."""
    return f"session:{session_id}"


@dataclass(frozen=True)
class CloseSessions(OutboxTask):
    """Drop the copies of revoked sessions, and close their sockets."""

    kind = "session_closed"
    session_ids: Sequence[str]


@dataclass(frozen=True)
class RefreshSessions(OutboxTask):
    """Rewrite the copies of an account's sessions after a change of the account."""

    kind = "sessions_changed"
    user_id: str


class _Copy(NamedTuple):
    """Hold the copy of a session that Redis has, if it answered."""

    is_reachable: bool
    value: bytes | None


class Sessions:
    """Keep track of who is signed in."""

    def __init__(
        self, database: Database, cache: Cache, events: Events, signer: TokenSigner
    ) -> None:
        self._database = database
        self._cache = cache
        self._events = events
        self._signer = signer
        self._copy_key = signer.derive_key("session copies")
        # Requests that come together share an exchange with Redis; each costs 60 us alone.
        self._copies = SharedRead[str, _Copy](self._read_copies, at_once=COPY_READS_AT_ONCE)
        self.outbox_handlers: Sequence[OutboxHandler] = (
            handler_of(CloseSessions, self._close),
            handler_of(RefreshSessions, self._refresh),
        )

    async def authenticate(self, token: str) -> Principal:
        """Return the principal of a token. Raises Unauthenticated, Unavailable (no database)."""
        user_id, session_id = self._signer.read(token)
        found = await self._copies.submit(session_id)
        if isinstance(found, InstaSellError):
            raise found
        if not found.is_reachable:
            principal = _principal(await self._find(session_id))
        else:
            copy = found.value
            copied = self._unseal(copy, session_id) if copy is not None else None
            if copied is None:
                principal = _principal(await self._restore(session_id, lost=copy is None))
            elif copied.role is Role.ADMIN:
                principal = _principal(await self._find(session_id))
            else:
                principal = copied
        if principal.user_id != user_id or principal.expires_at <= time.time():
            raise _over()
        return principal

    async def _read_copies(self, session_ids: Sequence[str]) -> Mapping[str, _Copy]:
        try:
            copies = await self._cache.get_many([session_key(each) for each in session_ids])
        except Unreachable:
            return dict.fromkeys(session_ids, _Copy(is_reachable=False, value=None))
        return {
            session_id: _Copy(is_reachable=True, value=copy)
            for session_id, copy in zip(session_ids, copies, strict=True)
        }

    async def get_current(self, connection: DbConnection, principal: Principal) -> Principal:
        """Return who a caller is by now, in the caller's transaction. Raises Unauthenticated."""
        session = await store.find_session(connection, principal.session_id)
        if session is None or session.user_id != principal.user_id:
            raise _over()
        return _principal(session)

    async def _find(self, session_id: str) -> Session:
        async with self._database.connection() as connection:
            session = await store.find_session(connection, session_id)
        if session is None:
            raise _over()
        return session

    async def _restore(self, session_id: str, *, lost: bool) -> Session:
        """Read the row behind a copy that is lost or makes no sense."""
        session = await self._find(session_id)
        if lost and session.kind == "login" and session.is_copied:
            await self.end(session.user_id, only=session.id)
            raise _over()
        await self.remember(session)
        return session

    async def remember(self, session: Session) -> bool:
        """Put a copy of a session into Redis, and note it where that fails or is caught up."""
        seconds = min(COPY_SECONDS, int(session.expires_at.timestamp() - time.time()))
        is_copied = await self._cache.put(
            session_key(session.id),
            self.seal(session, signed_at=time.time()),
            version=session.version,
            ttl_seconds=max(1, seconds),
        )
        if is_copied != session.is_copied:
            async with self._database.connection() as connection:
                await store.update_copied(connection, session.id, is_copied=is_copied)
        return is_copied

    def seal(self, session: Session, *, signed_at: float) -> bytes:
        """Return the copy of a session: a signature and what is signed."""
        text = json.dumps(
            {
                "user_id": session.user_id,
                "role": session.role,
                "status": session.status,
                "scopes": sorted(session.scopes) if session.kind == "token" else None,
                "expires_at": session.expires_at.timestamp(),
                "version": session.version,
                "signed_at": signed_at,
            }
        ).encode()
        return self._signature(session.id, text) + b"." + text

    def _unseal(self, copy: bytes, session_id: str) -> Principal | None:
        """Return the principal of a copy, or None for one that is not ours or not fresh."""
        signature, _, text = copy.partition(b".")
        if not hmac.compare_digest(signature, self._signature(session_id, text)):
            return None
        copied = json.loads(text)
        if abs(time.time() - copied["signed_at"]) > FRESH_SECONDS:
            return None
        scopes = copied["scopes"]
        return Principal(
            user_id=copied["user_id"],
            role=Role(copied["role"]),
            status=UserStatus(copied["status"]),
            session_id=session_id,
            scopes=None if scopes is None else frozenset(Scope(each) for each in scopes),
            expires_at=copied["expires_at"],
        )

    def _signature(self, session_id: str, text: bytes) -> bytes:
        signed = session_id.encode() + b"\n" + text
        return hmac.new(self._copy_key, signed, hashlib.sha256).hexdigest().encode()

    async def end(self, user_id: str, *, only: str | None = None, kind: str | None = None) -> bool:
        """End a session, or all of a kind; False when there was none."""

        async def work(tx: Transaction) -> bool:
            return await self.end_within(tx, user_id, only=only, kind=kind)

        return await transact(self._database, work)

    async def end_within(
        self,
        tx: Transaction,
        user_id: str,
        *,
        only: str | None = None,
        kind: str | None = None,
        keep: str | None = None,
    ) -> bool:
        """End a session, those of a kind, or all but one, in the caller's transaction.

        Their sockets are closed after the commit. Returns False when there was none.
        """
        ended = await store.revoke_sessions(tx, user_id, only=only, kind=kind, keep=keep)
        if ended.live_ids:
            task = CloseSessions(ended.live_ids)
            tx.after_commit(partial(self._close, task), durable=[task])
        return ended.any

    def refresh_after_commit(self, tx: Transaction, user_id: str) -> None:
        """Have the copies of an account's sessions follow a change of the account."""
        task = RefreshSessions(user_id)
        tx.after_commit(partial(self._refresh, task), durable=[task])

    async def _close(self, task: CloseSessions) -> None:
        versions = {session_key(each): _FINAL_VERSION for each in task.session_ids}
        is_dropped = await self._cache.invalidate(versions, ttl_seconds=_FINAL_SECONDS)
        await self._events.close_sessions(task.session_ids)
        if not is_dropped:
            raise Unavailable("the copies of ended sessions could not be dropped")

    async def _refresh(self, task: RefreshSessions) -> None:
        async with self._database.connection() as connection:
            sessions = await store.list_sessions(connection, task.user_id)
        for session in sessions:
            if not await self.remember(session):
                raise Unavailable("the copies of changed sessions could not be written")
        # A socket keeps the rights of its opening, so it is opened again.
        await self._events.reopen_sessions([session.id for session in sessions])


def _principal(session: Session) -> Principal:
    return Principal(
        user_id=session.user_id,
        role=session.role,
        status=session.status,
        session_id=session.id,
        scopes=session.scopes if session.kind == "token" else None,
        expires_at=session.expires_at.timestamp(),
    )


def _over() -> Unauthenticated:
    return Unauthenticated("the session has ended; sign in again")
