"""Find ids by what people know: the beginning of an id, a SKU, a title."""

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
    """Group the calls of `client.lookups`."""

    @endpoint
    def find(self, kind: PublicKindName, text: str) -> Operation[Matches]:
        """Find running auctions, listings and sellers by id or title.

        The first 6 or more digits of an id also find auctions that are over.

        Args:
            kind: Kind of result.
            text: Beginning of an id, a title, or a part of it.

        Returns:
            Matches: At most 10 matches; `more` says that there are others.

        Raises:
            Invalid

        Example:
            matches = client.lookups.find("auction", "leica").items

        See docs/api.md#get-lookup.
        """
        return get("/lookup", Matches, request(LookupQuery, kind=kind, text=text))

    @endpoint
    def find_own(self, kind: OwnKindName, text: str) -> Operation[Matches]:
        """Find what belongs to you by id, SKU or title.

        Args:
            kind: Kind of result; `account` is for admins.
            text: Beginning of an id, a SKU, a title, or a part of it.

        Returns:
            Matches: At most 10 matches; `more` says that there are others.

        Raises:
            Forbidden, Invalid

        Example:
            matches = client.lookups.find_own("order", "leica").items

        See docs/api.md#get-lookupown.
        """
        return get("/lookup/own", Matches, request(OwnLookupQuery, kind=kind, text=text))
