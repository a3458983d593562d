"""How the server is."""

from __future__ import annotations

import json
from dataclasses import replace

from instasell_client.endpoint import Resource, Way, endpoint
from instasell_client.models.base import JsonObject
from instasell_client.operation import Operation


def _object(answer: bytes) -> JsonObject:
    found = json.loads(answer)
    if not isinstance(found, dict):
        raise ValueError("the answer is not an object")
    return found


class Operations(Resource[Way]):
    """`client.operations`."""

    @endpoint
    def health(self) -> Operation[JsonObject]:
        """Whether the process lives."""
        return _probe("/healthz")

    @endpoint
    def ready(self) -> Operation[JsonObject]:
        """Whether its engines answer as well. Raises Unavailable at once, without a retry."""
        return _probe("/readyz")


def _probe(at: str) -> Operation[JsonObject]:
    return replace(Operation("GET", at, _object), identified=False, retried=False)
