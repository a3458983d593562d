"""Pictures of goods and files of disputes: announced, uploaded, confirmed, fetched.

`add_image` and `add_evidence` do all three steps; the steps are there by themselves for those who
upload by other means.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from instasell_client.endpoint import Mode, Resource, endpoint, multi_step
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
    invalid,
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
    """`client.media`. Files go to the storage and come from there without the client's token."""

    @endpoint
    def images(self, listing_id: str) -> Operation[ImageList]:
        """The pictures of a listing in their order; their addresses hold for 5 minutes."""
        return get(path("/listings/{}/images", listing_id), ImageList)

    @multi_step
    def add_image(
        self, listing_id: str, source: Source, content_type: ImageType | None = None
    ) -> CallChain[Image]:
        """Uploads a picture behind those that are there, and shows it.

        Without a type the first bytes tell it. Raises ListingNotFound, TooManyFiles, Unsupported
        for what is no picture, Invalid for one that is too large.
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
        """The first step: says what comes, `size` in bytes, and learns where it goes."""
        return _announce_image(listing_id, content_type, size)

    @endpoint
    def send(self, upload: Upload, data: bytes) -> Operation[None]:
        """The second step: puts the bytes where they go. Raises Forbidden when that is too late."""
        return _send(upload, data)

    @endpoint
    def complete_image(self, listing_id: str, image_id: str) -> Operation[Image]:
        """The third step: has the picture looked at and shown; a repeat changes nothing.

        Raises UploadMissing, Unsupported, Invalid, ImageNotFound.
        """
        return _complete_image(listing_id, image_id)

    @endpoint
    def arrange_images(self, listing_id: str, image_ids: Sequence[str]) -> Operation[ImageList]:
        """Puts all pictures of a listing in this order; the first is its cover."""
        body = request(ArrangeImages, image_ids=list(image_ids))
        return put(path("/listings/{}/images", listing_id), reads(ImageList), body)

    @endpoint
    def delete_image(self, listing_id: str, image_id: str) -> Operation[None]:
        """Takes a picture away. Raises ImageNotFound."""
        return delete(path("/listings/{}/images/{}", listing_id, image_id))

    @multi_step
    def add_evidence(
        self,
        dispute_id: str,
        source: Source,
        file_name: str | None = None,
        content_type: EvidenceType | None = None,
    ) -> CallChain[Evidence]:
        """Uploads a picture, a PDF or a text for both sides and the admins of a dispute.

        A path brings its name along. Raises DisputeNotFound, DisputeClosed, TooManyFiles,
        Unsupported, Invalid.
        """
        data, name = _read(source)
        name = file_name or name
        if name is None:
            raise invalid("file_name", "give the file a name")
        kind = content_type or evidence_type(data)
        made = yield _announce_evidence(dispute_id, name, kind, len(data))
        yield _send(made.upload, data)
        evidence: Evidence = yield _complete_evidence(dispute_id, made.evidence_id)
        return evidence

    @endpoint
    def announce_evidence(
        self, dispute_id: str, file_name: str, content_type: EvidenceType, size: int
    ) -> Operation[EvidenceUpload]:
        """As `announce_image`, for a file of a dispute."""
        return _announce_evidence(dispute_id, file_name, content_type, size)

    @endpoint
    def complete_evidence(self, dispute_id: str, evidence_id: str) -> Operation[Evidence]:
        """As `complete_image`, for a file of a dispute."""
        return _complete_evidence(dispute_id, evidence_id)

    @endpoint
    def fetch(self, url: str, bytes_max: int | None = None) -> Operation[bytes]:
        """The bytes at an address of a reply. Raises Forbidden when it is older than 5 minutes.

        With `bytes_max` no more is read, whatever comes: more than that raises ProtocolError.
        """
        checked = _checked(url)
        return Operation(
            "GET", checked, bytes, accept=_ANYTHING, identified=False, bytes_max=bytes_max
        )


def image_type(data: bytes) -> ImageType:
    """What kind of picture the first bytes say it is. Raises Invalid for any other file."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    raise invalid("content_type", "the file is no PNG, JPEG, WebP or GIF")


def evidence_type(data: bytes) -> EvidenceType:
    """As `image_type`; a file that is no picture is a PDF or a text."""
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
    # The length is counted by whoever sends.
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
        raise invalid("url", "take the address as a reply gave it")
    return url


def _read(source: Source) -> tuple[bytes, str | None]:
    """The bytes, and the name that a path brings along. Raises Invalid for what is too large."""
    if isinstance(source, bytes):
        data, name = source, None
    else:
        at = Path(source)
        with at.open("rb") as file:
            data, name = file.read(FILE_BYTES_MAX + 1), at.name
    if not 1 <= len(data) <= FILE_BYTES_MAX:
        raise invalid("size", "the file is empty" if not data else "the file is too large")
    return data, name
