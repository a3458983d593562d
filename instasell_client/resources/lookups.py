"""Finding ids by what people know: the beginning of an id, a SKU, a title."""

from __future__ import annotations

from typing import Literal

from instasell_client.endpoint import Mode, Resource, endpoint
from instasell_client.models.lookups import (
    LookupQuery,
    Matches,
    OwnKind,
    OwnLookupQuery,
    PublicKind,
)
from instasell_client.operation import Operation, get, request

PublicKindName = PublicKind | Literal["auction", "listing", "seller"]
OwnKindName = OwnKind | Literal["auction", "listing", "order", "dispute", "conversation", "account"]


class Lookups(Resource[Mode]):
    """`client.lookups`."""

    @endpoint
    def find(self, kind: PublicKindName, text: str) -> Operation[Matches]:
        """Return what everybody sees and `text` may mean: running auctions, listings, sellers.

        The beginning of an id also finds auctions that are over.
        """
        return get("/lookup", Matches, request(LookupQuery, kind=kind, text=text))

    @endpoint
    def find_own(self, kind: OwnKindName, text: str) -> Operation[Matches]:
        """The same among what belongs to the caller. Accounts are for admins: raises Forbidden."""
        return get("/lookup/own", Matches, request(OwnLookupQuery, kind=kind, text=text))
