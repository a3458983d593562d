"""How the server is."""

from __future__ import annotations

from dataclasses import replace

from instasell_client.endpoint import Mode, Resource, endpoint
from instasell_client.models.operations import Health, Readiness
from instasell_client.operation import Operation, get


class Operations(Resource[Mode]):
    """`client.operations`."""

    @endpoint
    def health(self) -> Operation[Health]:
        """Whether the process lives."""
        return replace(get("/healthz", Health), identified=False, retried=False)

    @endpoint
    def ready(self) -> Operation[Readiness]:
        """Whether its engines answer as well. Raises Unavailable at once, without a retry."""
        return replace(get("/readyz", Readiness), identified=False, retried=False)
