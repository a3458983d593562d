"""The calls of `client.media`: what goes out, and what the answer becomes."""

from __future__ import annotations

from typing import Any

from instasell_client.models import media
from tests.client.call_case import Case
from tests.client.samples import LATER, LISTING, NOON, ORDER, OTHER

UPLOAD: dict[str, Any] = {
    "url": "/media/a.token",
    "method": "PUT",
    "headers": {"Content-Type": "image/png", "Content-Length": "2"},
    "expires_at": LATER,
}
VERSION = {
    "width": 160,
    "height": 80,
    "content_type": "image/jpeg",
    "size_bytes": 5,
    "url": "https://files.example/images/1?X-Amz-Signature=1",
}
IMAGE = {"id": OTHER, "position": 0, "versions": [VERSION], "created_at": NOON}
EVIDENCE = {
    "id": OTHER,
    "author": "buyer",
    "file_name": "a.pdf",
    "content_type": "application/pdf",
    "size_bytes": 5,
    "url": "/media/another.token",
    "created_at": NOON,
}

MEDIA = {
    "media.images": Case(
        lambda c: c.media.images(LISTING),
        "GET", f"/listings/{LISTING}/images", {"items": [IMAGE]}, media.ImageList,
    ),
    "media.announce_image": Case(
        lambda c: c.media.announce_image(LISTING, "image/png", 5),
        "POST", f"/listings/{LISTING}/images",
        {"image_id": OTHER, "upload": UPLOAD}, media.ImageUpload,
        {"content_type": "image/png", "size": 5}, keyed=True,
    ),
    "media.send": Case(
        lambda c: c.media.send(media.Upload(**UPLOAD), b"{}"),
        "PUT", "/media/a.token", None, None, {},
    ),
    "media.fetch": Case(
        lambda c: c.media.fetch("/media/a.token"), "GET", "/media/a.token", "bytes", bytes
    ),
    "media.complete_image": Case(
        lambda c: c.media.complete_image(LISTING, OTHER),
        "POST", f"/listings/{LISTING}/images/{OTHER}/complete", IMAGE, media.Image,
        keyed=True,
    ),
    "media.arrange_images": Case(
        lambda c: c.media.arrange_images(LISTING, [OTHER]),
        "PUT", f"/listings/{LISTING}/images", {"items": []}, media.ImageList,
        {"image_ids": [OTHER]}, keyed=True,
    ),
    "media.delete_image": Case(
        lambda c: c.media.delete_image(LISTING, OTHER),
        "DELETE", f"/listings/{LISTING}/images/{OTHER}", None, None, keyed=True,
    ),
    "media.announce_evidence": Case(
        lambda c: c.media.announce_evidence(OTHER, "a.pdf", "application/pdf", 5),
        "POST", f"/disputes/{OTHER}/evidence",
        {"evidence_id": OTHER, "upload": UPLOAD}, media.EvidenceUpload,
        {"content_type": "application/pdf", "size": 5, "file_name": "a.pdf"}, keyed=True,
    ),
    "media.complete_evidence": Case(
        lambda c: c.media.complete_evidence(OTHER, ORDER),
        "POST", f"/disputes/{OTHER}/evidence/{ORDER}/complete", EVIDENCE,
        media.Evidence, keyed=True,
    ),
}  # fmt: skip
