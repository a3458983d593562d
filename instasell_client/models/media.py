"""Pictures of listings and the files of disputes: announced, uploaded, confirmed.

A file takes three steps. Announcing it by type and size gives an address; the bytes go there by
PUT, without a token; confirming has the market look at them. Before that nobody sees the file.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from instasell_client.models.base import Id, Instant, Reply, Request
from instasell_client.models.text import Line

IMAGES_MAX = 12
"""Pictures of one listing."""

EVIDENCE_MAX = 10
"""Files of one side of a dispute."""

ImageType = Literal["image/png", "image/jpeg", "image/webp", "image/gif"]
EvidenceType = Literal[
    "image/png", "image/jpeg", "image/webp", "image/gif", "application/pdf", "text/plain"
]
FileBytes = Annotated[int, Field(strict=True, ge=1, le=2**30)]
FileName = Annotated[Line, Field(min_length=1, max_length=200)]


class AddImage(Request):
    """Announce a picture; `size` in bytes. Of a GIF the first frame is shown."""

    content_type: ImageType
    size: FileBytes


class AddEvidence(Request):
    """Announce a file; `size` in bytes. The name is shown to both sides."""

    content_type: EvidenceType
    size: FileBytes
    file_name: FileName


class ArrangeImages(Request):
    """Give the order of the pictures of a listing; all of them are named."""

    image_ids: Annotated[list[Id], Field(min_length=1, max_length=IMAGES_MAX)]


class Upload(Reply):
    """Say where to send the bytes until `expires_at`, with this method, these headers, no token.

    An address that begins with a slash is one of the server that was asked. It takes exactly the
    type and the number of bytes that were announced.
    """

    url: str
    method: Literal["PUT"] = "PUT"
    headers: dict[str, str]
    expires_at: Instant


class ImageUpload(Reply):
    """Return the id of a picture, and where its bytes go."""

    image_id: Id
    upload: Upload


class EvidenceUpload(Reply):
    """Return the id of a file, and where its bytes go."""

    evidence_id: Id
    upload: Upload


class ImageVersion(Reply):
    """Describe one size of a picture: pixels, bytes, and where it is fetched without a token."""

    width: int
    height: int
    content_type: str
    size_bytes: int
    url: str


class Image(Reply):
    """Describe a picture: its sizes, the smallest first; the addresses hold for 5 minutes.

    The longest sides are 160, 640 and 1600 pixels, or less where the picture is smaller; nothing
    is enlarged.
    """

    id: Id
    position: int
    versions: list[ImageVersion]
    created_at: Instant


class ImageList(Reply):
    """List the pictures of a listing in their order; the first is its cover."""

    items: list[Image]


class Evidence(Reply):
    """Describe a file of one side of a dispute; `url` holds for 5 minutes and needs no token.

    The market encodes pictures again, in a size of 1600 pixels at most.
    """

    id: Id
    author: Literal["buyer", "seller"]
    file_name: str
    content_type: str
    size_bytes: int
    url: str
    created_at: Instant
