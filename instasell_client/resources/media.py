"""Upload and download images of listings and files of disputes.

`add_image` and `add_evidence` do all three steps; the steps are there by themselves for those who
upload by other means.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from instasell_client.endpoint import Mode, Resource, endpoint, multi_step
from instasell_client.errors import Invalid
from instasell_client.models.media import (
    AddEvidence,
    AddImage,
    ArrangeImages,
    Evidence,
    EvidenceType,
    EvidenceUpload,
    Image,
    ImageList,
    ImageType,
    ImageUpload,
    Upload,
)
from instasell_client.operation import (
    CallChain,
    Operation,
    delete,
    get,
    path,
    post,
    put,
    read_nothing,
    reads,
    request,
)

Source = bytes | PathLike[str]
"""The bytes of a file, or the path of one."""

FILE_BYTES_MAX = 2**30
_ANYTHING = "*/*"


class Media(Resource[Mode]):
    """Group the calls of `client.media`. Files go to the storage and back without your token."""

    @endpoint
    def images(self, listing_id: str) -> Operation[ImageList]:
        """List the images of a listing in order; their addresses are valid for 5 minutes.

        Args:
            listing_id: Id of the listing.

        Returns:
            ImageList.

        Raises:
            ListingNotFound, Invalid

        Example:
            images = client.media.images(listing_id).items

        See docs/api.md#get-listingslisting_idimages.
        """
        return get(path("/listings/{}/images", listing_id), ImageList)

    @multi_step
    def add_image(
        self, listing_id: str, source: Source, content_type: ImageType | None = None
    ) -> CallChain[Image]:
        """Upload an image, and show it behind the others.

        Args:
            listing_id: Id of the listing.
            source: Bytes or path of the file.
            content_type: Detected from the first bytes by default.

        Returns:
            Image.

        Raises:
            ListingNotFound, TooManyFiles(limit), Unsupported for other files, Invalid for a size

        Example:
            image = client.media.add_image(listing_id, Path("front.jpg"))

        See docs/api.md#post-listingslisting_idimages.
        """
        data, _ = _read(source)
        kind = content_type or image_type(data)
        made = yield _announce_image(listing_id, kind, len(data))
        yield _send(made.upload, data)
        image: Image = yield _complete_image(listing_id, made.image_id)
        return image

    @endpoint
    def announce_image(
        self, listing_id: str, content_type: ImageType, size: int
    ) -> Operation[ImageUpload]:
        """Announce an image: the first of the three steps of `add_image`.

        Args:
            listing_id: Id of the listing.
            content_type: Type of the image.
            size: Size in bytes.

        Returns:
            ImageUpload: `upload` says how to send the bytes.

        Raises:
            Forbidden, ListingNotFound, TooManyFiles(limit), Invalid

        Example:
            made = client.media.announce_image(listing_id, "image/png", len(data))

        See docs/api.md#post-listingslisting_idimages.
        """
        return _announce_image(listing_id, content_type, size)

    @endpoint
    def send(self, upload: Upload, data: bytes) -> Operation[None]:
        """Send the bytes of an announced file: the second step.

        Args:
            upload: `upload` of the announcement.
            data: Bytes of the file.

        Raises:
            Forbidden when it is too late

        Example:
            client.media.send(made.upload, data)
        """
        return _send(upload, data)

    @endpoint
    def complete_image(self, listing_id: str, image_id: str) -> Operation[Image]:
        """Check and show an uploaded image: the third step. A repeat changes nothing.

        Args:
            listing_id: Id of the listing.
            image_id: `image_id` of the announcement.

        Returns:
            Image.

        Raises:
            Forbidden, ImageNotFound, ListingNotFound, UploadMissing, Invalid

        Example:
            image = client.media.complete_image(listing_id, made.image_id)

        See docs/api.md#post-listingslisting_idimagesimage_idcomplete.
        """
        return _complete_image(listing_id, image_id)

    @endpoint
    def arrange_images(self, listing_id: str, image_ids: Sequence[str]) -> Operation[ImageList]:
        """Set the order of all images of a listing; the first is its cover.

        Args:
            listing_id: Id of the listing.
            image_ids: Ids of all images, in the new order.

        Returns:
            ImageList.

        Raises:
            Forbidden, ListingNotFound, Invalid

        Example:
            client.media.arrange_images(listing_id, [second_id, first_id])

        See docs/api.md#put-listingslisting_idimages.
        """
        body = request(ArrangeImages, image_ids=list(image_ids))
        return put(path("/listings/{}/images", listing_id), reads(ImageList), body)

    @endpoint
    def delete_image(self, listing_id: str, image_id: str) -> Operation[None]:
        """Delete an image.

        Args:
            listing_id: Id of the listing.
            image_id: Id of the image.

        Raises:
            Forbidden, ImageNotFound, ListingNotFound, Invalid

        Example:
            client.media.delete_image(listing_id, image_id)

        See docs/api.md#delete-listingslisting_idimagesimage_id.
        """
        return delete(path("/listings/{}/images/{}", listing_id, image_id))

    @multi_step
    def add_evidence(
        self,
        dispute_id: str,
        source: Source,
        file_name: str | None = None,
        content_type: EvidenceType | None = None,
    ) -> CallChain[Evidence]:
        """Upload an image, a PDF or a text to a dispute, for both sides and the admins.

        Args:
            dispute_id: Id of the dispute.
            source: Bytes or path of the file.
            file_name: Required with bytes; a path has a name.
            content_type: Detected from the first bytes by default.

        Returns:
            Evidence.

        Raises:
            DisputeNotFound, DisputeClosed, TooManyFiles(limit), Unsupported, Invalid

        Example:
            client.media.add_evidence(dispute_id, Path("receipt.pdf"))

        See docs/api.md#post-disputesdispute_idevidence.
        """
        data, name = _read(source)
        name = file_name or name
        if name is None:
            raise Invalid.one("file_name", "give the file a name")
        kind = content_type or evidence_type(data)
        made = yield _announce_evidence(dispute_id, name, kind, len(data))
        yield _send(made.upload, data)
        evidence: Evidence = yield _complete_evidence(dispute_id, made.evidence_id)
        return evidence

    @endpoint
    def announce_evidence(
        self, dispute_id: str, file_name: str, content_type: EvidenceType, size: int
    ) -> Operation[EvidenceUpload]:
        """Announce a file of a dispute, as `announce_image` does for images.

        Args:
            dispute_id: Id of the dispute.
            file_name: Name of the file.
            content_type: Type of the file.
            size: Size in bytes.

        Returns:
            EvidenceUpload: `upload` says how to send the bytes.

        Raises:
            Forbidden, DisputeNotFound, DisputeClosed, TooManyFiles(limit), Invalid

        Example:
            made = client.media.announce_evidence(dispute_id, "a.txt", "text/plain", 9)

        See docs/api.md#post-disputesdispute_idevidence.
        """
        return _announce_evidence(dispute_id, file_name, content_type, size)

    @endpoint
    def complete_evidence(self, dispute_id: str, evidence_id: str) -> Operation[Evidence]:
        """Show an uploaded file of a dispute to both sides.

        Args:
            dispute_id: Id of the dispute.
            evidence_id: `evidence_id` of the announcement.

        Returns:
            Evidence.

        Raises:
            Forbidden, DisputeNotFound, EvidenceNotFound, DisputeClosed, UploadMissing, Invalid

        Example:
            client.media.complete_evidence(dispute_id, made.evidence_id)

        See docs/api.md#post-disputesdispute_idevidenceevidence_idcomplete.
        """
        return _complete_evidence(dispute_id, evidence_id)

    @endpoint
    def fetch(self, url: str, bytes_max: int | None = None) -> Operation[bytes]:
        """Download the file at an address of a reply.

        Args:
            url: Address of a reply, at most 5 minutes old.
            bytes_max: Most bytes to read; a longer file raises ProtocolError.

        Returns:
            bytes.

        Raises:
            Forbidden for an old address, ProtocolError, Invalid

        Example:
            data = client.media.fetch(image.versions[0].url)
        """
        checked = _checked(url)
        return Operation(
            "GET", checked, bytes, accept=_ANYTHING, identified=False, bytes_max=bytes_max
        )


def image_type(data: bytes) -> ImageType:
    """Return the type of an image from its first bytes. Raises Invalid for any other file."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    raise Invalid.one("content_type", "the file is not an image; send a PNG, JPEG, WebP or GIF")


def evidence_type(data: bytes) -> EvidenceType:
    """Return the type of a file: as `image_type`, or PDF, or else text."""
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")):
        return image_type(data)
    return "text/plain"


def _announce_image(listing_id: str, content_type: str, size: int) -> Operation[ImageUpload]:
    body = request(AddImage, content_type=content_type, size=size)
    return post(path("/listings/{}/images", listing_id), reads(ImageUpload), body)


def _complete_image(listing_id: str, image_id: str) -> Operation[Image]:
    return post(path("/listings/{}/images/{}/complete", listing_id, image_id), reads(Image))


def _announce_evidence(
    dispute_id: str, file_name: str, content_type: str, size: int
) -> Operation[EvidenceUpload]:
    body = request(AddEvidence, file_name=file_name, content_type=content_type, size=size)
    return post(path("/disputes/{}/evidence", dispute_id), reads(EvidenceUpload), body)


def _complete_evidence(dispute_id: str, evidence_id: str) -> Operation[Evidence]:
    at = path("/disputes/{}/evidence/{}/complete", dispute_id, evidence_id)
    return post(at, reads(Evidence))


def _send(upload: Upload, data: bytes) -> Operation[None]:
    # The transport counts the length when it sends.
    headers = {k: v for k, v in upload.headers.items() if k.lower() != "content-length"}
    return Operation(
        upload.method,
        _checked(upload.url),
        read_nothing,
        body=data,
        headers=headers,
        accept=_ANYTHING,
        identified=False,
    )


def _checked(url: str) -> str:
    if not url.startswith(("/", "http://", "https://")) or url.startswith("//"):
        raise Invalid.one("url", "send the address as a reply gave it")
    return url


def _read(source: Source) -> tuple[bytes, str | None]:
    """Return the bytes, and the name of a path. Raises Invalid for what is too large."""
    if isinstance(source, bytes):
        data, name = source, None
    else:
        at = Path(source)
        with at.open("rb") as file:
            data, name = file.read(FILE_BYTES_MAX + 1), at.name
    if not 1 <= len(data) <= FILE_BYTES_MAX:
        limit = f"the file is too large; send at most {FILE_BYTES_MAX} bytes"
        raise Invalid.one("size", limit if data else "the file is empty; send another one")
    return data, name
