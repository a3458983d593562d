"""Finding ids by what people know of a thing."""

from __future__ import annotations

from instasell_client.models.errors import Forbidden
from instasell_client.models.lookups import LookupQuery, Matches, OwnKind, OwnLookupQuery
from instasell_server.db.connections import Database
from instasell_server.domains.lookups import rules, store
from instasell_server.ports.principal import Principal

MATCHES_MAX = 10

_ALL_FOR_ADMINS = frozenset({OwnKind.ORDER, OwnKind.DISPUTE, OwnKind.ACCOUNT})


class LookupService:
    """Looks ids up. `public` serves what everybody sees, from a replica if there is one."""

    def __init__(self, database: Database, public: Database) -> None:
        self._database = database
        self._public = public

    async def find(self, query: LookupQuery) -> Matches:
        """Return what everybody sees and the text may mean."""
        return await self._find(self._public, query.kind, query.text, None)

    async def find_own(self, reader: Principal, query: OwnLookupQuery) -> Matches:
        """Return what belongs to the reader, or to anybody for an admin. Raises Forbidden."""
        if query.kind is OwnKind.ACCOUNT and not reader.is_admin:
            raise Forbidden("only admins look accounts up")
        everybody = reader.is_admin and query.kind in _ALL_FOR_ADMINS
        owner = None if everybody else reader.user_id
        return await self._find(self._database, query.kind, query.text, owner)

    async def _find(self, database: Database, kind: str, text: str, owner: str | None) -> Matches:
        async with database.connection() as connection:
            found = await store.find_matches(
                connection,
                str(kind),
                text,
                rules.id_range(text),
                owner=owner,
                limit=MATCHES_MAX + 1,
            )
        return Matches(items=found[:MATCHES_MAX], more=len(found) > MATCHES_MAX)
