"""Addresses that carry their own permission, by Signature Version 4 of S3.

The SDK's own presigning signs the host alone. Here the type and the length of an upload are signed
as well, so that the storage takes nothing but what was announced.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True, slots=True)
class UrlSigner:
    """Signs for one bucket, at the address by which callers reach it."""

    base_url: str
    bucket: str
    region: str
    access_key: str
    secret_key: str

    def presign(
        self,
        method: str,
        key: str,
        *,
        now: datetime,
        seconds: int,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> str:
        """Return the signed address; a caller sends exactly these `headers`. `now` is in UTC.

        Source: "Authenticating Requests: Using Query Parameters" of the S3 API reference.
        """
        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        base = urlsplit(self.base_url)
        signed = {"host": base.netloc, **{k.lower(): v for k, v in (headers or {}).items()}}
        names = ";".join(sorted(signed))
        parameters = {
            **(query or {}),
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{self.access_key}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(seconds),
            "X-Amz-SignedHeaders": names,
        }
        path = quote(f"/{self.bucket}/{key}", safe="/-_.~")
        text = "&".join(
            f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
            for name, value in sorted(parameters.items())
        )
        lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
        request = "\n".join((method, path, text, lines, names, UNSIGNED))
        digest = hashlib.sha256(request.encode()).hexdigest()
        wanted = "\n".join((ALGORITHM, stamp, scope, digest))
        signature = hmac.new(self._key(stamp[:8]), wanted.encode(), hashlib.sha256).hexdigest()
        return f"{base.scheme}://{base.netloc}{path}?{text}&X-Amz-Signature={signature}"

    def _key(self, day: str) -> bytes:
        key = f"AWS4{self.secret_key}".encode()
        for part in (day, self.region, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return key
