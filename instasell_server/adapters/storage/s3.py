"""Files on an S3 server, by the SDK of MinIO. The SDK is synchronous, so it works in threads."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import MinioException, S3Error

from instasell_server.adapters.storage.signer import UrlSigner
from instasell_server.ports import (
    PRESIGNED_SECONDS,
    ObjectMissing,
    ObjectTooLarge,
    Unreachable,
    UploadAddress,
)

T = TypeVar("T")

CONNECT_SECONDS = 2.0
READ_SECONDS = 10.0
THREADS_MAX = 4
READS_MAX = 3
"""Tries at one object whose answer breaks off."""

_ABSENT = frozenset({"NoSuchKey", "NoSuchObject"})


class S3Objects:
    """Implements `Objects`. `endpoint` is how we reach the storage, `public_url` how callers do.

    Both are `http(s)://host[:port]`. `clock` gives the instant in UTC by which addresses are
    signed.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        access_key: str,
        secret_key: str,
        bucket: str,
        region: str,
        public_url: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        at = urlsplit(endpoint)
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            maxsize=THREADS_MAX,
            retries=urllib3.Retry(total=1, backoff_factor=0.1, status_forcelist=(502, 503, 504)),
        )
        # The region keeps the SDK from asking the storage for it.
        self._client = Minio(
            endpoint=at.netloc,
            access_key=access_key,
            secret_key=secret_key,
            secure=at.scheme == "https",
            region=region,
            http_client=self._http,
        )
        self._bucket = bucket
        base_url = (public_url or endpoint).rstrip("/")
        self._signer = UrlSigner(base_url, bucket, region, access_key, secret_key)
        self._clock = clock
        self._threads = asyncio.Semaphore(THREADS_MAX)

    def presign_upload(self, key: str, *, content_type: str, size: int) -> UploadAddress:
        """See Objects."""
        now = self._clock()
        headers = {"Content-Type": content_type, "Content-Length": str(size)}
        url = self._signer.presign("PUT", key, now=now, seconds=PRESIGNED_SECONDS, headers=headers)
        return UploadAddress(url, headers, now + timedelta(seconds=PRESIGNED_SECONDS))

    def presign_download(
        self, key: str, *, content_type: str, disposition: str | None = None
    ) -> str:
        """See Objects."""
        query = {"response-content-type": content_type}
        if disposition is not None:
            query["response-content-disposition"] = disposition
        return self._signer.presign(
            "GET", key, now=self._clock(), seconds=PRESIGNED_SECONDS, query=query
        )

    async def read(self, key: str, limit_bytes: int) -> bytes:
        """See Objects."""
        return await self._run(lambda: self._read_whole(key, limit_bytes))

    def _read_whole(self, key: str, limit_bytes: int) -> bytes:
        # An answer that breaks off, as when the object is replaced meanwhile, is asked for again.
        for _ in range(READS_MAX - 1):
            with contextlib.suppress(urllib3.exceptions.ProtocolError):
                return self._read(key, limit_bytes)
        return self._read(key, limit_bytes)

    def _read(self, key: str, limit_bytes: int) -> bytes:
        # Asked for its head, every S3 server tells in the same way that an object is not there.
        found = self._client.stat_object(bucket_name=self._bucket, object_name=key)
        if (found.size or 0) > limit_bytes:
            raise ObjectTooLarge(key)
        response = self._client.get_object(bucket_name=self._bucket, object_name=key)
        try:
            data: bytes = response.read(limit_bytes + 1)
        finally:
            response.close()
            response.release_conn()
        if len(data) > limit_bytes:
            raise ObjectTooLarge(key)
        return data

    async def write(self, key: str, data: bytes, content_type: str) -> None:
        """See Objects."""
        await self._run(
            lambda: self._client.put_object(
                bucket_name=self._bucket,
                object_name=key,
                data=io.BytesIO(data),
                length=len(data),
                content_type=content_type,
            )
        )

    async def delete_under(self, folders: Sequence[str]) -> None:
        """See Objects."""
        await self._run(lambda: self._delete_under(folders))

    def _delete_under(self, folders: Sequence[str]) -> None:
        unwanted = [
            DeleteObject(str(each.object_name))
            for folder in folders
            for each in self._client.list_objects(
                bucket_name=self._bucket, prefix=f"{folder}/", recursive=True
            )
        ]
        if not unwanted:
            return
        failures = self._client.remove_objects(
            bucket_name=self._bucket, delete_object_list=unwanted
        )
        # The SDK deletes while its answer is read.
        left = [each for each in failures if each.code not in _ABSENT]
        if left:
            raise Unreachable(f"{len(left)} objects were not deleted: {left[0].code}")

    async def _run(self, work: Callable[[], T]) -> T:
        """Work in a thread, with a bound. Raises ObjectMissing, Unreachable."""
        async with self._threads:
            try:
                return await asyncio.to_thread(work)
            except S3Error as error:
                if error.code in _ABSENT:
                    raise ObjectMissing from None
                raise Unreachable(f"the storage answered {error.code}") from error
            except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
                raise Unreachable(f"the storage does not answer: {type(error).__name__}") from error

    async def close(self) -> None:
        """See Objects."""
        with contextlib.suppress(Exception):
            self._http.clear()
