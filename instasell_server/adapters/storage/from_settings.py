"""Build the storage that the settings name."""

from __future__ import annotations

from pathlib import Path

from instasell_server.adapters.storage.disk import DiskObjects
from instasell_server.config.settings import Settings
from instasell_server.ports import Objects


def storage_for(settings: Settings, folder: Path) -> Objects:
    """Return an S3 server where the settings have one, else `folder` of the local disk."""
    access, secret = settings.storage_access_key, settings.storage_secret_key
    if settings.storage_endpoint is None or access is None or secret is None:
        given = (settings.jwt_secret, settings.jwt_previous_secret)
        return DiskObjects(
            folder,
            [each.get_secret_value() for each in given if each is not None],
            base_url=settings.storage_public_url or "",
        )
    # The library takes a while to load, which only those wait for who use it.
    from instasell_server.adapters.storage.s3 import S3Objects

    return S3Objects(
        settings.storage_endpoint,
        access_key=access.get_secret_value(),
        secret_key=secret.get_secret_value(),
        bucket=settings.storage_bucket,
        region=settings.storage_region,
        public_url=settings.storage_public_url,
    )
