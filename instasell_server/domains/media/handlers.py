"""The HTTP face of files: what belongs to them, and, for those on our own disk, their bytes."""

from __future__ import annotations

import asyncio

from aiohttp import web

from instasell_client.models.accounts import Scope
from instasell_client.models.errors import (
    Conflict,
    DisputeClosed,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    TooLarge,
    TooManyFiles,
    TooSlow,
    Unavailable,
    Unsupported,
    UploadMissing,
)
from instasell_client.models.media import (
    AddEvidence,
    AddImage,
    ArrangeImages,
    Evidence,
    EvidenceUpload,
    Image,
    ImageList,
    ImageUpload,
)
from instasell_server.domains.media.service import MediaService
from instasell_server.domains.media.transfers import FileAnswer, Transfers, UploadReplaced
from instasell_server.http.rights import RIGHTS
from instasell_server.http.route import PUBLIC, SELLERS, TRADERS, Call, Route, signed_in
from instasell_server.ports import (
    ObjectMissing,
    ObjectTooLarge,
    OwnFiles,
    Unreachable,
    UploadGrant,
    WebhookRefused,
)

SERVICE = web.AppKey("media", MediaService)
TRANSFERS = web.AppKey("transfers", Transfers)
OWN_FILES: web.AppKey[OwnFiles] = web.AppKey("own_files")

UPLOAD_SECONDS = 300
CHUNK_BYTES = 256 * 1024
BYTES = "application/octet-stream"

_LISTING = signed_in(Scope.LIST, roles=SELLERS)
_SPEAKING = signed_in(Scope.PAY, roles=TRADERS)


async def announce_image(call: Call[AddImage, None]) -> ImageUpload:
    """Handle `POST /listings/{id}/images`."""
    service, listing_id = call.service(SERVICE), call.path["listing_id"]
    return await service.announce_image(call.user, listing_id, call.body, call.idempotency_key)


async def complete_image(call: Call[None, None]) -> Image:
    """Handle `POST /listings/{id}/images/{image_id}/complete`."""
    service, path = call.service(SERVICE), call.path
    return await service.complete_image(call.user, path["listing_id"], path["image_id"])


async def list_images(call: Call[None, None]) -> ImageList:
    """Handle `GET /listings/{id}/images`."""
    return await call.service(SERVICE).list_images(call.principal, call.path["listing_id"])


async def arrange_images(call: Call[ArrangeImages, None]) -> ImageList:
    """Handle `PUT /listings/{id}/images`."""
    service, listing_id = call.service(SERVICE), call.path["listing_id"]
    return await service.arrange_images(call.user, listing_id, call.body, call.idempotency_key)


async def remove_image(call: Call[None, None]) -> None:
    """Handle `DELETE /listings/{id}/images/{image_id}`."""
    service, path, key = call.service(SERVICE), call.path, call.idempotency_key
    await service.remove_image(call.user, path["listing_id"], path["image_id"], key)


async def announce_evidence(call: Call[AddEvidence, None]) -> EvidenceUpload:
    """Handle `POST /disputes/{id}/evidence`."""
    service, dispute_id = call.service(SERVICE), call.path["dispute_id"]
    return await service.announce_evidence(call.user, dispute_id, call.body, call.idempotency_key)


async def complete_evidence(call: Call[None, None]) -> Evidence:
    """Handle `POST /disputes/{id}/evidence/{evidence_id}/complete`."""
    service, path = call.service(SERVICE), call.path
    return await service.complete_evidence(call.user, path["dispute_id"], path["evidence_id"])


async def take_bytes(call: Call[None, None]) -> None:
    """Handle `PUT /media/{token}`. The address is the permission; nobody has to sign in."""
    files = _own_files(call)
    try:
        grant = files.check_upload(call.path["token"])
    except WebhookRefused as error:
        raise Forbidden(str(error)) from None
    _check_head(call.request, grant)
    rights, check = call.service(RIGHTS), call.service(SERVICE).upload_check(grant.key)
    body = call.request.content
    try:
        # Counted before anything is waited for, so that it is the later upload that stays.
        with call.service(TRANSFERS).upload(grant.key, body):
            await rights.require(check)
            async with asyncio.timeout(UPLOAD_SECONDS):
                # The address was given before: its owner may be suspended by now.
                async with rights.watch(check) as watch:
                    await watch.during(files.take(grant, body.iter_chunked(CHUNK_BYTES)))
    except UploadReplaced as error:
        raise Conflict(str(error)) from None
    except TimeoutError:
        raise TooSlow(
            f"the bytes stalled, or did not come within {UPLOAD_SECONDS} s; send them faster"
        ) from None
    except Unreachable:
        raise Unavailable("the file storage does not accept it; try again") from None
    except ObjectTooLarge:
        raise TooLarge(limit_bytes=grant.size) from None
    except (ObjectMissing, web.RequestPayloadError):
        raise Malformed(f"the body ended early; send {grant.size} bytes") from None


def _check_head(request: web.Request, grant: UploadGrant) -> None:
    if request.headers.get("Content-Type") != grant.content_type:
        raise Unsupported(f"send the bytes with Content-Type: {grant.content_type}")
    length = request.content_length
    if length is not None and length > grant.size:
        raise TooLarge(limit_bytes=grant.size)
    if length != grant.size:
        raise Invalid.one("Content-Length", f"send exactly {grant.size} bytes, as announced")


async def give_bytes(call: Call[None, None]) -> web.StreamResponse:
    """Handle `GET /media/{token}`."""
    try:
        grant = _own_files(call).check_download(call.path["token"])
    except WebhookRefused as error:
        raise Forbidden(str(error)) from None
    except ObjectMissing:
        raise NotFound("the file was deleted") from None
    headers = {
        "Content-Type": grant.content_type,
        "Content-Disposition": grant.disposition or "inline",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, max-age=300",
    }
    transfers = call.service(TRANSFERS)
    transfers.require_room()
    return FileAnswer(transfers, grant.path, chunk_size=CHUNK_BYTES, headers=headers)


def _own_files(call: Call[None, None]) -> OwnFiles:
    files = call.request.app.get(OWN_FILES)
    if files is None:
        raise NotFound("the market keeps its files elsewhere; their addresses say where")
    return files


ROUTES: list[Route] = [
    Route(
        "GET", "/listings/{listing_id}/images", list_images, PUBLIC,
        "List the pictures of a listing in order, each in several sizes",
        reply=ImageList, tag="media",
    ),
    Route(
        "POST", "/listings/{listing_id}/images", announce_image, _LISTING,
        "Announce a picture; the reply says where to upload it",
        body=AddImage, reply=ImageUpload, status=201, tag="media", errors=(TooManyFiles,),
    ),
    Route(
        "POST", "/listings/{listing_id}/images/{image_id}/complete", complete_image, _LISTING,
        "Confirm the upload of a picture, so that it is shown",
        reply=Image, tag="media", idempotent=False, errors=(UploadMissing, Unsupported),
    ),
    Route(
        "PUT", "/listings/{listing_id}/images", arrange_images, _LISTING,
        "Reorder the pictures of a listing; the first one is the cover",
        body=ArrangeImages, reply=ImageList, tag="media",
    ),
    Route(
        "DELETE", "/listings/{listing_id}/images/{image_id}", remove_image, _LISTING,
        "Delete a picture", status=204, tag="media",
    ),
    Route(
        "POST", "/disputes/{dispute_id}/evidence", announce_evidence, _SPEAKING,
        "Announce a file for an open dispute; the reply says where to upload it",
        body=AddEvidence, reply=EvidenceUpload, status=201, tag="media",
        errors=(TooManyFiles, DisputeClosed),
    ),
    Route(
        "POST", "/disputes/{dispute_id}/evidence/{evidence_id}/complete", complete_evidence,
        _SPEAKING, "Confirm the upload of a file, so that both sides see it",
        reply=Evidence, tag="media", idempotent=False,
        errors=(UploadMissing, Unsupported, DisputeClosed),
    ),
    Route(
        "PUT", "/media/{token}", take_bytes, PUBLIC,
        "Where bytes go that were announced, while the market keeps files on its own disk",
        status=204, tag="media", idempotent=False, notes={"body": "The bytes of the file."},
        errors=(Forbidden, Malformed, TooLarge, Unsupported),
    ),
    Route(
        "GET", "/media/{token}", give_bytes, PUBLIC,
        "The bytes of a file on the market's own disk, by the address that a reply gave",
        tag="media", content=BYTES, errors=(Forbidden, NotFound),
    ),
]  # fmt: skip
