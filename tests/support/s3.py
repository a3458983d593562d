"""A real S3 server for tests: `rclone serve s3`."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from minio import Minio

ACCESS_KEY = "market-access-key"
SECRET_KEY = "for-tests-only-and-no-secret"
START_SECONDS = 20


@dataclass(frozen=True)
class S3Server:
    """A real S3 server, and the folder in which it keeps its buckets."""

    url: str
    folder: Path

    def bucket(self) -> str:
        """A new, empty bucket."""
        name = f"bucket-{uuid.uuid4().hex[:12]}"
        client = Minio(
            endpoint=self.url.removeprefix("http://"),
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            secure=False,
            region="us-east-1",
        )
        client.make_bucket(bucket_name=name)
        return name

    def settings(self) -> dict[str, Any]:
        """The settings of a server that keeps files in a new bucket."""
        return {
            "storage_endpoint": self.url,
            "storage_access_key": ACCESS_KEY,
            "storage_secret_key": SECRET_KEY,
            "storage_bucket": self.bucket(),
        }


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """`rclone serve s3`, one for each process that runs tests."""
    folder = tmp_path_factory.mktemp("s3")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(
        [
            str(Path(sys.executable).with_name("rclone")),
            *("serve", "s3", str(folder), "--addr", address, "--config", "/dev/null"),
            *("--auth-key", f"{ACCESS_KEY},{SECRET_KEY}"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://{address}"
    deadline = time.monotonic() + START_SECONDS
    try:
        while True:
            try:
                httpx.get(url)
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the S3 server did not start"
                assert process.poll() is None, "the S3 server ended"
                time.sleep(0.02)
        yield S3Server(url, folder)
    finally:
        process.kill()
        process.wait()
