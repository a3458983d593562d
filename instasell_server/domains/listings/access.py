"""Check whose listings are, and who may see them."""

from __future__ import annotations

from instasell_client.models.errors import ListingNotFound
from instasell_client.models.listings import Listing, ListingStatus
from instasell_server.db.connections import DbConnection
from instasell_server.domains.listings import store
from instasell_server.ports.principal import Principal


class ListingAccess:
    """Check access to listings, for their pictures. Implements `media.PictureRights`."""

    async def check_visible(
        self, connection: DbConnection, reader: Principal | None, listing_id: str
    ) -> None:
        """Raise ListingNotFound for a listing that the reader does not see."""
        await get_visible(connection, reader, listing_id)

    async def check_own(self, connection: DbConnection, seller_id: str, listing_id: str) -> None:
        """Raise ListingNotFound unless the listing is the seller's and active."""
        if not await store.list_own_states(connection, seller_id, [listing_id]):
            raise ListingNotFound


async def get_visible(
    connection: DbConnection, reader: Principal | None, listing_id: str
) -> Listing:
    """Return a listing that the reader may see. Raises ListingNotFound.

    A listing that was removed, or whose seller is suspended, is visible to its seller and to
    admins alone.
    """
    state = await store.get_listing(connection, listing_id)
    is_gone = state.is_hidden or state.listing.status is ListingStatus.REMOVED
    if is_gone and not _may_see_gone(state.listing, reader):
        raise ListingNotFound
    return state.listing


def _may_see_gone(listing: Listing, reader: Principal | None) -> bool:
    return reader is not None and (reader.is_admin or reader.user_id == listing.seller_id)
