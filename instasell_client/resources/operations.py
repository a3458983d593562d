"""Check the health of the server."""

from __future__ import annotations

from dataclasses import replace

from instasell_client.endpoint import Mode, Resource, endpoint
from instasell_client.models.operations import Health, Readiness
from instasell_client.operation import Operation, get


class Operations(Resource[Mode]):
    """Group the calls of `client.operations`."""

    @endpoint
    def health(self) -> Operation[Health]:
        """Check that the server process runs; there is no retry.

        Returns:
            Health.

        Raises:
            ConnectionFailed, Timeout

        Example:
            print(client.operations.health().status)

        See docs/api.md#get-healthz.
        """
        return replace(get("/healthz", Health), identified=False, retried=False)

    @endpoint
    def ready(self) -> Operation[Readiness]:
        """Check that the server and its engines can serve requests; there is no retry.

        Returns:
            Readiness.

        Raises:
            Unavailable, ConnectionFailed, Timeout

        Example:
            print(client.operations.ready().status)

        See docs/api.md#get-readyz.
        """
        return replace(get("/readyz", Readiness), identified=False, retried=False)
