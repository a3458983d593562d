"""Tokens for scripts: sessions that live longer and may do less."""

from __future__ import annotations

from instasell_client.models.accounts import CreateToken, TokenGrant, TokenList
from instasell_client.models.errors import Conflict, Invalid, TokenNotFound, Unauthenticated
from instasell_server.db.connections import Database
from instasell_server.db.transaction import Transaction, transact
from instasell_server.domains.accounts import rules, store
from instasell_server.domains.accounts.jwt import TokenSigner
from instasell_server.domains.accounts.sessions import Sessions
from instasell_server.ports.principal import Principal

TOKENS_MAX = 100


class ScriptTokens:
    """Create, list and end the tokens of an account, for its owner."""

    def __init__(self, database: Database, sessions: Sessions, signer: TokenSigner) -> None:
        self._database = database
        self._sessions = sessions
        self._signer = signer

    async def create(self, principal: Principal, wanted: CreateToken) -> TokenGrant:
        """Create a new token, whose secret is shown this once. Raises Invalid, Conflict."""
        beyond = rules.scopes_beyond(principal.role, wanted.scopes)
        if beyond:
            names = ", ".join(beyond)
            raise Invalid.one("scopes", f"leave out {names}; a {principal.role} cannot have them")

        async def work(tx: Transaction) -> TokenGrant:
            await store.lock_owner(tx, principal.user_id)
            if await store.count_tokens(tx, principal.user_id) >= TOKENS_MAX:
                raise Conflict(f"an account has {TOKENS_MAX} tokens at most; delete one first")
            token = await store.insert_token(
                tx,
                user_id=principal.user_id,
                session_id=principal.session_id,
                name=wanted.name,
                scopes=rules.distinct(wanted.scopes),
                days=wanted.expires_in_days,
            )
            if token is None:
                raise Unauthenticated("the session has ended; sign in again")
            secret = self._signer.sign(principal.user_id, token.id, token.expires_at)
            return TokenGrant(**dict(token), token=secret)

        return await transact(self._database, work)

    async def list(self, principal: Principal) -> TokenList:
        """List the live tokens, newest first."""
        async with self._database.connection() as connection:
            return TokenList(items=await store.list_tokens(connection, principal.user_id))

    async def delete(self, principal: Principal, token_id: str) -> None:
        """End a token at once. Raises TokenNotFound."""
        if not await self._sessions.end(principal.user_id, only=token_id, kind="token"):
            raise TokenNotFound
