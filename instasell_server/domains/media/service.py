"""Pictures of listings and files of disputes, and who may send and see them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from instasell_client.models.base import Empty
from instasell_client.models.errors import EvidenceNotFound, Forbidden, ImageNotFound, Invalid
from instasell_client.models.media import (
    AddEvidence,
    AddImage,
    ArrangeImages,
    Evidence,
    EvidenceUpload,
    Image,
    ImageList,
    ImageUpload,
    ImageVersion,
)
from instasell_server.db.connections import Database, DbConnection
from instasell_server.db.idempotency import RequestKey, once
from instasell_server.db.outbox import OutboxHandler, handler_of
from instasell_server.db.transaction import Transaction
from instasell_server.domains.media import rules, store
from instasell_server.domains.media.picture_pool import PicturePool
from instasell_server.domains.media.store import File, NewFile
from instasell_server.domains.media.uploads import (
    PENDING_BYTES_MAX,
    Check,
    RemoveObjects,
    Uploads,
    object_key,
)
from instasell_server.ports import Objects
from instasell_server.ports.principal import Principal


class PictureRights(Protocol):
    """Check whose listings are, as `listings` knows it."""

    async def check_own(self, connection: DbConnection, seller_id: str, listing_id: str) -> None:
        """Raise ListingNotFound unless the listing is the seller's and active."""
        ...

    async def check_visible(
        self, connection: DbConnection, reader: Principal | None, listing_id: str
    ) -> None:
        """Raise ListingNotFound for a listing that the reader does not see."""
        ...


class EvidenceRights(Protocol):
    """Check who may say something in a dispute, as `disputes` knows it."""

    async def lock_side(self, tx: Transaction, user_id: str, dispute_id: str) -> None:
        """Lock an open dispute. Raises DisputeNotFound for a stranger, DisputeClosed."""
        ...

    async def get_buyer(self, connection: DbConnection, dispute_id: str) -> str:
        """Get the buyer's id. Raises DisputeNotFound."""
        ...


class MediaService:
    """Pictures of listings and files of disputes.

    `file_bytes_max` limits each file, and `pending_bytes_max` what an account has announced.
    """

    def __init__(
        self,
        database: Database,
        objects: Objects,
        pictures: PicturePool,
        listings: PictureRights,
        disputes: EvidenceRights,
        *,
        file_bytes_max: int,
        pending_bytes_max: int = PENDING_BYTES_MAX,
    ) -> None:
        self._database = database
        self._objects = objects
        self._listings = listings
        self._disputes = disputes
        self._uploads = Uploads(
            database,
            objects,
            pictures,
            file_bytes_max=file_bytes_max,
            pending_bytes_max=pending_bytes_max,
        )
        self.outbox_handlers: Sequence[OutboxHandler] = (
            handler_of(RemoveObjects, self._uploads.carry_out_removal),
        )
        self.delete_abandoned = self._uploads.delete_abandoned

    def upload_check(self, key: str) -> Callable[[DbConnection], Awaitable[None]]:
        """Return what asks whether bytes may still come for an upload's key.

        It raises Forbidden when the file is gone or its owner may not act any more.
        """
        file_id = key.split("/")[1]

        async def check(connection: DbConnection) -> None:
            allowed = await store.may_upload(connection, file_id)
            if allowed is None:
                raise Forbidden("this upload has ended; announce the file again")
            if not allowed:
                raise Forbidden("the account that announced the file may not upload any more")

        return check

    # Pictures ---------------------------------------------------------------------------------

    async def announce_image(
        self, seller: Principal, listing_id: str, request: AddImage, key: RequestKey | None
    ) -> ImageUpload:
        """Announce a picture. Raises ListingNotFound, Invalid, TooManyFiles."""
        file = NewFile(seller.user_id, request.content_type, request.size, listing_id=listing_id)
        file_id = await self._uploads.announce(file, self._owner_check(seller, listing_id), key)
        return ImageUpload(
            image_id=file_id, upload=await self._uploads.address(file_id, ImageNotFound)
        )

    async def complete_image(self, seller: Principal, listing_id: str, image_id: str) -> Image:
        """Look at what was uploaded and show it from now on; a repeat changes nothing.

        Raises ImageNotFound, UploadMissing, and for a file that is refused, which is gone then,
        Unsupported or Invalid.
        """
        file = await self._uploads.find(seller, image_id, ImageNotFound, listing_id=listing_id)
        await self._uploads.complete(file, self._owner_check(seller, listing_id), ImageNotFound)
        async with self._database.connection() as connection:
            images = await self.images_of(connection, listing_id)
        for image in images:
            if image.id == image_id:
                return image
        raise ImageNotFound

    async def list_images(self, reader: Principal | None, listing_id: str) -> ImageList:
        """List the pictures of a listing in their order. Raises ListingNotFound."""
        async with self._database.connection() as connection:
            await self._listings.check_visible(connection, reader, listing_id)
            return ImageList(items=await self.images_of(connection, listing_id))

    async def images_of(self, connection: DbConnection, listing_id: str) -> list[Image]:
        """Return the pictures of a listing that the caller has found visible."""
        files = await store.list_images(connection, listing_id)
        return [self._image(file, place) for place, file in enumerate(files)]

    async def images_of_many(
        self, connection: DbConnection, listing_ids: Sequence[str]
    ) -> dict[str, list[Image]]:
        """Return the pictures of listings that the caller has found visible, by listing."""
        found = await store.list_images_of(connection, listing_ids)
        return {
            listing_id: [self._image(file, place) for place, file in enumerate(files)]
            for listing_id, files in found.items()
        }

    async def arrange_images(
        self, seller: Principal, listing_id: str, request: ArrangeImages, key: RequestKey | None
    ) -> ImageList:
        """Put the pictures in an order. Raises ListingNotFound, Invalid."""

        async def work(tx: Transaction) -> Empty:
            await store.lock_owner(tx, seller.user_id)
            await self._listings.check_own(tx, seller.user_id, listing_id)
            known = [file.id for file in await store.list_images(tx, listing_id)]
            if sorted(request.image_ids) != sorted(known):
                raise Invalid.one(
                    "image_ids",
                    "name each picture of the listing once; GET /listings/{id}/images lists them",
                )
            await store.update_positions(tx, request.image_ids)
            return Empty()

        await once(self._database, key, Empty, work)
        return await self.list_images(seller, listing_id)

    async def remove_image(
        self, seller: Principal, listing_id: str, image_id: str, key: RequestKey | None
    ) -> None:
        """Take a picture away, also one that is still to come. Raises ImageNotFound."""

        async def work(tx: Transaction) -> Empty:
            await store.lock_owner(tx, seller.user_id)
            await self._listings.check_own(tx, seller.user_id, listing_id)
            file = await store.lock_file(tx, image_id)
            if file is None or file.listing_id != listing_id:
                raise ImageNotFound
            await self._uploads.remove(tx, file)
            return Empty()

        await once(self._database, key, Empty, work)

    def _owner_check(self, seller: Principal, listing_id: str) -> Check:
        async def check(tx: Transaction) -> None:
            await self._listings.check_own(tx, seller.user_id, listing_id)

        return check

    # Evidence ---------------------------------------------------------------------------------

    async def announce_evidence(
        self, author: Principal, dispute_id: str, request: AddEvidence, key: RequestKey | None
    ) -> EvidenceUpload:
        """Announce a file. Raises DisputeNotFound, DisputeClosed, Invalid, TooManyFiles."""
        file = NewFile(
            author.user_id,
            request.content_type,
            request.size,
            dispute_id=dispute_id,
            file_name=request.file_name,
        )
        file_id = await self._uploads.announce(file, self._side_check(author, dispute_id), key)
        upload = await self._uploads.address(file_id, EvidenceNotFound)
        return EvidenceUpload(evidence_id=file_id, upload=upload)

    async def complete_evidence(
        self, author: Principal, dispute_id: str, evidence_id: str
    ) -> Evidence:
        """Confirm a file as `complete_image` does; raises EvidenceNotFound, DisputeClosed."""
        file = await self._uploads.find(
            author, evidence_id, EvidenceNotFound, dispute_id=dispute_id
        )
        await self._uploads.complete(file, self._side_check(author, dispute_id), EvidenceNotFound)
        async with self._database.connection() as connection:
            buyer_id = await self._disputes.get_buyer(connection, dispute_id)
            found = await self.evidence_of(connection, dispute_id, buyer_id)
        [evidence] = [each for each in found if each.id == evidence_id]
        return evidence

    async def evidence_of(
        self, connection: DbConnection, dispute_id: str, buyer_id: str
    ) -> list[Evidence]:
        """Return the files of a dispute that the caller has found visible, the oldest first."""
        files = await store.list_evidence(connection, dispute_id)
        return [self._evidence(file, buyer_id) for file in files]

    def _side_check(self, author: Principal, dispute_id: str) -> Check:
        async def check(tx: Transaction) -> None:
            await self._disputes.lock_side(tx, author.user_id, dispute_id)

        return check

    def _image(self, file: File, place: int) -> Image:
        versions = [
            ImageVersion(
                width=each.width,
                height=each.height,
                content_type=each.content_type,
                size_bytes=each.size_bytes,
                url=self._objects.presign_download(
                    object_key(file, each.name), content_type=each.content_type
                ),
            )
            for each in file.versions
        ]
        return Image(id=file.id, position=place, versions=versions, created_at=file.created_at)

    def _evidence(self, file: File, buyer_id: str) -> Evidence:
        [version] = file.versions
        assert file.file_name is not None
        is_picture = version.content_type == rules.PICTURE_TYPE
        url = self._objects.presign_download(
            object_key(file, version.name),
            content_type=version.content_type,
            disposition=None if is_picture else rules.disposition_of(file.file_name),
        )
        return Evidence(
            id=file.id,
            author="buyer" if file.owner_id == buyer_id else "seller",
            file_name=file.file_name,
            content_type=version.content_type,
            size_bytes=version.size_bytes,
            url=url,
            created_at=file.created_at,
        )
